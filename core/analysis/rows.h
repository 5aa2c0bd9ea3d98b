/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Reading metrics.csv and details.jsonl into columns. */

#ifndef CORE_ANALYSIS_ROWS_H
#define CORE_ANALYSIS_ROWS_H

#include "core/analysis/columns.h"
#include "core/base/err.h"

/* What is said of all rows of a file in the place of what stands there; NULL: nothing. */
struct rows_said {
    const char *run, *backend, *model;
};

struct rows {
    struct columns columns;
    struct rows_said said;
    size_t skipped, unreadable;
};

/* Appends the rows of a file; may be called again for another.  0, or -1: e has FILE:LINE; the
 * columns are to be freed in either case. */
int rows_read_csv(struct rows *rows, const char *path, struct err *e);

/* Adds the metrics of details.jsonl, joined by seq and request.  0 or -1. */
int rows_read_details(struct rows *rows, const char *path, struct err *e);

/* Counts a line that is no row, and logs the first ones. */
void rows_skip(struct rows *rows, const char *path, size_t line, const char *why);

#endif
