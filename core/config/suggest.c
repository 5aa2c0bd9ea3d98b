/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance, three rows of the usual table. */
size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t na = strlen(a), nb = strlen(b);
    if (na > LONGEST || nb > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped)
                now[j] = least(now[j], above2[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

struct suggest suggest_begin(const char *word)
{
    return (struct suggest){.word = word, .distance = LONGEST};
}

void suggest_offer(struct suggest *s, const char *known)
{
    if (!known)
        return;
    size_t d = suggest_distance(s->word, known);
    size_t most = (strlen(s->word) + 1) / 3; /* more letters wrong make another word */
    if (d < s->distance && d <= (most ? most : 1) && d < strlen(known)) {
        s->distance = d;
        s->best = known;
    }
}

const char *suggest_words(const struct suggest *s, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (s->best)
        snprintf(buffer, size, " (did you mean '%s'?)", s->best);
    return buffer;
}
