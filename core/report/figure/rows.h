/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Reading the tables of analysis.json by the names of their columns. */

#ifndef CORE_REPORT_FIGURE_ROWS_H
#define CORE_REPORT_FIGURE_ROWS_H

#include <stdbool.h>

#include <jansson.h>

/* The table of that name; NULL: none. */
const json_t *table_find(const json_t *analysis, const char *analyzer, const char *name);
/* A value by the column's name; NULL where there is no such column. */
const json_t *row_value(const json_t *table, size_t row, const char *column);
double row_number(const json_t *table, size_t row, const char *column);    /* NaN: unknown */
const char *row_text(const json_t *table, size_t row, const char *column); /* "": unknown */
bool row_flag(const json_t *table, size_t row, const char *column);        /* false: unknown */
size_t table_rows(const json_t *table);                                    /* NULL: 0 */
/* Whether the column has this text there; always, for wanted NULL. */
bool row_is(const json_t *table, size_t row, const char *column, const char *wanted);

#endif
