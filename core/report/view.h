/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What of a table is shown: keys, values with their bounds behind them, notes.  Details, columns
 * without a value, and what is the same in all rows take no column. */

#ifndef CORE_REPORT_VIEW_H
#define CORE_REPORT_VIEW_H

#include "core/report/doc.h"

/* A view of a table of analysis.json, which it borrows; NULL: out of memory (doc->failed). */
const struct table_view *view_make(struct doc *d, const json_t *table);

/* "median [low, high]", without the underscores of names; the unit is not in it. */
void view_heading(struct buf *out, const struct table_view *v, const struct table_column *c);
const char *view_unit(const struct table_view *v, const struct table_column *c);
const char *view_definition(const struct table_view *v, const struct table_column *c);

/* The value at (row, column), and " [low, high]" if that is known. */
void view_cell(struct buf *out, const struct table_view *v, size_t row,
               const struct table_column *c);
void view_interval(struct buf *out, const struct table_view *v, size_t row,
                   const struct table_column *c);

/* Whether a row's grouping columns differ from those of the row before. */
bool view_begins_group(const struct table_view *v, size_t row);

/* "t-analyzer-name", "t-analyzer-name-12". */
char *view_anchor(struct doc *d, const char *analyzer, const char *table, json_int_t row);

#endif
