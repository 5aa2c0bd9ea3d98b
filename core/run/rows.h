/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The rows of one repetition, as text: metrics.csv and details.jsonl in their fixed form. */

#ifndef CORE_RUN_ROWS_H
#define CORE_RUN_ROWS_H

#include "core/base/buf.h"
#include "core/run/record.h"

/* The header line of metrics.csv, without its line end. */
extern const char record_header[];

/* Where the text goes; cold_at gets, for each row, the size_t offset in `lines` of its `cold` byte.
 */
struct rows {
    struct buf *lines, *details, *cold_at;
};

/* Appends all rows of the repetition: one a mode and request, or a single one for a failure. */
void rows_render(const struct rows *to, const char *run_id, const struct record_cell *cell,
                 const struct record_repetition *rep);

/* Spans of one request in nanoseconds from its start; NaN: not there. */
struct spans {
    double first, last, end;
};

struct spans rows_spans(const json_t *result);

#endif
