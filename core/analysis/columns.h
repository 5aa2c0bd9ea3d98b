/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Columns that grow row by row, in a memory file that store.h makes the analyzers' own.  A column
 * without a single known value takes no memory, nor does one that is 0 (of texts: the first) in all
 * rows, as many are: nothing is written, and what was never written of a file reads as 0. */

#ifndef CORE_ANALYSIS_COLUMNS_H
#define CORE_ANALYSIS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

#include "core/analysis/dictionary.h"

#define COLUMN_NAME_SIZE 64

/* Where the values of column i lie in the memory file: places far apart, so that each can grow
 * (what is never written takes no memory). */
#define COLUMN_PLACE(i) ((uint64_t)((i) + 1) << 36)
/* How far behind its place a column begins: rows are written across all columns, which would hit
 * the same few lines of the cache if all began alike. */
#define COLUMN_SKEW(i) ((size_t)(i) % 32 * 128)

struct column {
    char name[COLUMN_NAME_SIZE];
    uint32_t type;  /* CTXMARK_NUMBER ... CTXMARK_TEXT */
    double *number; /* number-like; NULL: nothing known yet */
    int32_t *code;  /* CTXMARK_TEXT; NULL: nothing known yet */
    char *map;      /* what is mapped of its place: `size` bytes; NULL: nothing known yet */
    size_t size;
    struct dictionary texts;
    size_t zeros; /* so many rows, from the first on, were 0 before anything was written */
    bool repeats; /* most texts were new: they are no longer looked for among those before */
};

struct columns {
    struct column *items;
    size_t count, capacity;
    size_t row_count, row_capacity;
    size_t blank_count; /* rows that are there or made ready as unknown */
    int fd;             /* the memory file; opened with the first column */
};

/* Adds an empty column; its index, or -1: no memory (file).  name is cut to COLUMN_NAME_SIZE - 1.
 */
int columns_add(struct columns *c, const char *name, uint32_t type);
/* Index of a column; -1: none. */
int columns_find(const struct columns *c, const char *name);
/* Before the first row: about how many will come. */
void columns_expect_rows(struct columns *c, size_t rows);
/* One more row, all of it unknown.  0 or -1: out of memory. */
int columns_add_row(struct columns *c);
/* Room for the values of a column that has none yet, unknown but for its zeros.  0 or -1: out of
 * memory. */
int column_make_room(struct columns *c, size_t column);
/* columns_set_number() where the column has no room yet. */
int column_set_first(struct columns *c, size_t column, size_t row, double value);
/* Values of a row that is there.  0 or -1: out of memory. */
static inline int columns_set_number(struct columns *c, size_t column, size_t row, double value)
{
    if (!c->items[column].number)
        return column_set_first(c, column, row, value);
    c->items[column].number[row] = value;
    return 0;
}
int columns_set_text(struct columns *c, size_t column, size_t row, const char *text, size_t len);
/* The text that the column was given last once more. */
int columns_repeat_text(struct columns *c, size_t column, size_t row);
/* After the last row of a file: all columns with a known value can be read.  0 or -1: out of
 * memory.
 */
int columns_settle(struct columns *c);
/* All rows are 0, or the first text. */
static inline bool column_is_zero(const struct columns *c, const struct column *item)
{
    return item->zeros == c->row_count;
}
/* Unmaps and forgets the values of one column, which stay in the memory file. */
void column_clear(struct column *c);
/* The memory file, which from then on is the caller's. */
int columns_take_file(struct columns *c);
void columns_free(struct columns *c);

#endif
