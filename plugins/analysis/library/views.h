/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Reading the tables of other analyzers.  A table or column that is not there reads as unknown. */

#ifndef ANALYSIS_VIEWS_H
#define ANALYSIS_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

struct view {
    const char *analyzer, *table;
    struct ctxmark_table_view table_view;
    uint64_t count; /* rows; 0: no such table */
};

/* Names live as long as the view. */
struct view view_get(const struct ctxmark_host *h, const char *analyzer, const char *table);

/* NaN, NULL: unknown. */
double view_number(const struct view *v, uint64_t row, const char *column);
const char *view_text(const struct view *v, uint64_t row, const char *column);
bool view_text_is(const struct view *v, uint64_t row, const char *column, const char *text);

/* The first row from `from` on whose keys are these; a key that is NULL, NaN or no column of the
 * table matches any.  -1: none. */
int64_t view_find(const struct view *v, uint64_t from, const char *model, const char *backend,
                  const char *mode, double context_length);

#endif
