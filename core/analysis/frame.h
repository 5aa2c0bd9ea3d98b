/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The measured rows as columns.  Reads our metrics.csv and any CSV with such columns: by name, in
 * any order, with aliases (peak_vram_mb), missing optional columns, rows of any status.
 *
 * All of design's columns are there, unknown where the file does not have them, but for two that
 * then say so: `tokens_per_s` is left out (analyzers derive it), and `phase` and `status` read
 * "measured" and "ok". */

#ifndef CORE_ANALYSIS_FRAME_H
#define CORE_ANALYSIS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

#include "core/base/err.h"

struct frame_column {
    char *name;
    struct ctxmark_column data; /* once it was asked for; see frame_column_at() */
};

struct frame {
    size_t row_count, column_count;
    size_t skipped;    /* lines that were no rows; the first ones are logged, and their count */
    size_t unreadable; /* fields of number columns that hold no number: unknown, counted */
    struct frame_column *columns;
    int fd; /* sealed memory file with all of it, which analyzer children map */
    /* further members are frame.c's own */
    void *internal;
};

/* details_path: details.jsonl whose metrics become number columns, or NULL.  NULL on failure: e has
 * FILE:LINE. */
struct frame *frame_read_csv(const char *path, const char *details_path, struct err *e);

/* A run among several.  `run` is what its rows have in the column `run`; backend and model, unless
 * NULL, are said of all its rows in the place of what stands there. */
struct frame_run {
    const char *csv, *run, *backend, *model;
};

/* The rows of several runs, one after another, without their details.  As frame_read_csv(). */
struct frame *frame_read_runs(const struct frame_run *runs, size_t count, struct err *e);
void frame_free(struct frame *f); /* NULL is fine */

/* Column i as analyzers see it, valid until frame_free(); NULL: out of memory. */
const struct ctxmark_column *frame_column_at(const struct frame *f, size_t i);

/* The same by name; NULL if there is none. */
const struct ctxmark_column *frame_column(const struct frame *f, const char *name);

#endif
