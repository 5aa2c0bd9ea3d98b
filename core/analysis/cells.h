/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which rows belong together, found once for all analyzers.
 *
 * A cell here is what has the same run, model, backend, mode, phase, status, context length,
 * concurrency and launch, and either a latency in all of its rows or in none of them.  Analyzers
 * see two tables of "ctxmark" (ctxmark-plugin(3)): `cells`, and `cell_rows`, which has the rows one
 * cell after another. */

#ifndef CORE_ANALYSIS_CELLS_H
#define CORE_ANALYSIS_CELLS_H

#include <stddef.h>

#include "core/analysis/columns.h"

enum cells_column {
    CELLS_BEGIN,
    CELLS_COUNT,
    CELLS_PEAK,
    CELLS_LIMIT,
    CELLS_SPILLED,
    CELLS_COLUMNS
};
enum cell_rows_column { CELL_ROWS_ROW, CELL_ROWS_LATENCY, CELL_ROWS_COLUMNS };

/* Names, units and definitions of the tables' columns. */
extern const struct ctxmark_table_column cells_columns[CELLS_COLUMNS];
extern const struct ctxmark_table_column cell_rows_columns[CELL_ROWS_COLUMNS];

struct cells {
    size_t count, row_count;
    double *cells[CELLS_COLUMNS];    /* [count], cells in the order of their first rows */
    double *rows[CELL_ROWS_COLUMNS]; /* [row_count] */
};

/* Cells of all rows; cells_free() in either case.  0, or -1: out of memory, or 2^32 rows. */
int cells_make(const struct columns *c, struct cells *ret);
void cells_free(struct cells *c);

#endif
