/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The measured rows as columns.  Reads our metrics.csv and any CSV with such columns: by name, in
 * any order, with aliases (peak_vram_mb), missing optional columns, rows of any status. */

#ifndef CORE_ANALYSIS_FRAME_H
#define CORE_ANALYSIS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

#include "core/base/err.h"

struct frame_column {
    char *name;
    struct ctxmark_column data; /* as analyzers see it; owned by the frame */
};

struct frame {
    size_t row_count, column_count, skipped; /* skipped: lines that were no rows, each logged */
    struct frame_column *columns;
    int fd; /* memfd with everything the analyzer children map; -1: not made yet */
    /* further members are frame.c's own */
    void *internal;
};

/* details_path: details.jsonl whose declared metrics become columns, or NULL.  NULL on failure: e
 * has FILE:LINE. */
struct frame *frame_read_csv(const char *path, const char *details_path, struct err *e);
void frame_free(struct frame *f); /* NULL is fine */

/* NULL if there is none. */
const struct ctxmark_column *frame_column(const struct frame *f, const char *name);

#endif
