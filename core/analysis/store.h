/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Columns in one sealed memory file, which any number of processes map read-only. */

#ifndef CORE_ANALYSIS_STORE_H
#define CORE_ANALYSIS_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

#include "core/analysis/cells.h"
#include "core/analysis/columns.h"
#include "core/base/err.h"

struct store {
    const unsigned char *base; /* all but the values */
    size_t size, row_count, column_count;
    struct store_column *columns; /* [column_count] store.c's own */
    struct ctxmark_column cells[CELLS_COLUMNS], cell_rows[CELL_ROWS_COLUMNS];
};

/* Adds to the columns' memory file what is not in it yet: their names and texts, and the tables of
 * their cells; and seals it.  The columns are cleared; the file is the caller's; -1: e says why. */
int store_write(struct columns *c, struct err *e);

/* Maps such a file (fd is not needed any longer afterwards).  0 or -1. */
int store_map(int fd, struct store *ret, struct err *e);
void store_unmap(struct store *s);

const char *store_name(const struct store *s, size_t column);
/* Column as an analyzer sees it, valid until store_unmap().  0 or -1: out of memory. */
int store_column(struct store *s, size_t column, struct ctxmark_column *ret);
/* The table `cells` or `cell_rows` of cells.h; its data live as long as s.  false: neither. */
bool store_table(const struct store *s, const char *name, struct ctxmark_table_view *ret);

#endif
