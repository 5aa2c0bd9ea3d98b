/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "family.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void family_free(struct family *f)
{
    free(f->sides);
    free(f->contexts);
    free(f->raw);
    free(f->log);
    free(f->shared);
    for (size_t i = 0; i < sizeof f->texts / sizeof *f->texts; i++)
        free(f->texts[i]);
}

static int compare_names(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strverscmp(*a, *b);
}

size_t family_side(const struct family *f, const char *name)
{
    size_t i = 0;
    while (i < f->side_count && strcmp(f->sides[i], name) != 0)
        i++;
    return i;
}

/* The distinct sides and contexts of the family at `first`. */
static void list_levels(struct family *f, const struct sides *s, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++) {
        const char *side = sides_of(s, s->items[i]);
        double context = s->items[i]->context;
        if (family_side(f, side) == f->side_count)
            f->sides[f->side_count++] = side;
        if (!f->context_count || f->contexts[f->context_count - 1] != context)
            f->contexts[f->context_count++] = context;
    }
    qsort(f->sides, f->side_count, sizeof *f->sides, compare_names);
}

static void fill_cell(struct family *f, const struct rows *r, const struct group *g, double *values,
                      size_t at)
{
    size_t n = group_values(g, &r->latency, values);
    f->raw[at] = anova_cell_make(values, n);
    for (size_t i = 0; i < n; i++) {
        f->no_log |= !(values[i] > 0);
        values[i] = log(values[i]);
    }
    f->log[at] = anova_cell_make(values, n);
}

static void mark_shared(struct family *f)
{
    for (size_t k = 0; k < f->context_count; k++) {
        f->shared[k] = true;
        for (size_t i = 0; i < f->side_count; i++)
            f->shared[k] &= f->raw[i * f->context_count + k].n > 0;
        f->shared_count += f->shared[k];
    }
}

static void add_word(char *list, const char *word)
{
    size_t len = strlen(list);
    if (len + 1 < FAMILY_TEXT_SIZE)
        snprintf(list + len, FAMILY_TEXT_SIZE - len, "%s%s", len ? ", " : "", word);
}

static void add_context(char *list, double context)
{
    char word[32];
    snprintf(word, sizeof word, "%.0f", context);
    add_word(list, word);
}

static int list_words(struct family *f)
{
    for (size_t i = 0; i < sizeof f->texts / sizeof *f->texts; i++)
        if (!(f->texts[i] = calloc(1, FAMILY_TEXT_SIZE)))
            return -1;
    size_t base = family_side(f, f->baseline);
    for (size_t i = 0; i < f->side_count; i++)
        add_word(f->texts[FAMILY_LEVELS_A], f->sides[i]);
    for (size_t k = 0; k < f->context_count; k++) {
        bool other = false;
        for (size_t i = 0; i < f->side_count; i++)
            other |= i != base && f->raw[i * f->context_count + k].n > 0;
        if (f->raw[base * f->context_count + k].n > 0)
            add_context(f->texts[FAMILY_CONTEXTS_A], f->contexts[k]);
        if (other)
            add_context(f->texts[FAMILY_CONTEXTS_B], f->contexts[k]);
        if (f->shared[k])
            add_context(f->texts[FAMILY_LEVELS_B], f->contexts[k]);
        for (size_t i = 0; i < f->side_count; i++) {
            char word[128];
            if (f->raw[i * f->context_count + k].n > 0)
                continue;
            snprintf(word, sizeof word, "%.0f (not on %.80s)", f->contexts[k], f->sides[i]);
            add_word(f->texts[FAMILY_NOTE], word);
        }
    }
    if (*f->texts[FAMILY_NOTE]) {
        size_t len = strnlen(f->texts[FAMILY_NOTE], FAMILY_TEXT_SIZE - 12);
        memmove(f->texts[FAMILY_NOTE] + 10, f->texts[FAMILY_NOTE], len);
        memcpy(f->texts[FAMILY_NOTE], "left out: ", 10);
    }
    return 0;
}

int family_make(struct family *f, const struct sides *s, const struct rows *r, size_t first,
                size_t n, double *values)
{
    *f = (struct family){.any = s->items[first], .baseline = sides_baseline(s, first, n)};
    f->sides = calloc(n, sizeof *f->sides);
    f->contexts = calloc(n, sizeof *f->contexts);
    f->shared = calloc(n, sizeof *f->shared);
    if (!f->sides || !f->contexts || !f->shared)
        return -1;
    list_levels(f, s, first, n);
    size_t cells = f->side_count * f->context_count, k = 0;
    f->raw = calloc(cells, sizeof *f->raw);
    f->log = calloc(cells, sizeof *f->log);
    if (!f->raw || !f->log)
        return -1;
    for (size_t i = first; i < first + n; i++) {
        while (f->contexts[k] != s->items[i]->context)
            k++;
        fill_cell(f, r, s->items[i], values,
                  family_side(f, sides_of(s, s->items[i])) * f->context_count + k);
    }
    mark_shared(f);
    return list_words(f);
}
