/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* "Did you mean ...?": the nearest of some known words. */

#ifndef CORE_CONFIG_SUGGEST_H
#define CORE_CONFIG_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *word; /* what was written */
    const char *best; /* the nearest so far; NULL: none is near enough */
    size_t distance;
};

struct suggest suggest_begin(const char *word);

/* Offers a known word, which must outlive the suggestion; NULL is passed over. */
void suggest_offer(struct suggest *s, const char *known);

/* Writes " (did you mean 'BEST'?)", or "" if nothing is near enough; returns buffer. */
const char *suggest_words(const struct suggest *s, char *buffer, size_t size);

/* Letters to insert, delete, replace or swap with a neighbour to turn a into b; capped at 64 for
 * long words. */
size_t suggest_distance(const char *a, const char *b);

#endif
