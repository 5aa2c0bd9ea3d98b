/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Values of the reference against values of analysis.json, counted. */

#ifndef TESTS_ANALYSIS_EXPECT_H
#define TESTS_ANALYSIS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct tally {
    const char *set;
    const json_t *analysis;
    size_t agreed, differed;
};

/* Counts and prints a difference. */
void expect_other(struct tally *t, const char *path, const char *expected, const char *got);
/* A number or flag; NaN: null; infinity: no such value. */
double expect_value(const json_t *v);
/* Equal within relative |expected| + 1e-13 scale; null and NaN are equal. */
void expect_number(struct tally *t, const char *path, const json_t *expected, double got,
                   double relative, double scale);
void expect_text(struct tally *t, const char *path, const json_t *expected, const json_t *got);

/* Where a value is looked for: a table, and a row of it. */
struct place {
    const json_t *table;
    size_t row;
    bool found;
};

/* What a row must have in its key columns; NULL and NaN: any. */
struct wanted {
    const json_t *item; /* its model, backend and mode, where it has them */
    double context_length, threshold_ms, n;
    const char *quantity, *center, *range;
};

/* Any row of the item's model, backend and mode; and at that context. */
struct wanted wanted_any(const json_t *item);
struct wanted wanted_at(const json_t *item, double context);

/* Whether a row has that text in a column, where the table has the column. */
bool row_has_text(const json_t *table, size_t row, const char *key, const char *want);
bool row_fits(const json_t *table, size_t row, const struct wanted *w);

struct place place_find(const struct tally *t, const char *analyzer, const char *table,
                        struct wanted w);
/* The value of a column there; NULL: none. */
const json_t *place_get(const struct place *p, const char *column);

#endif
