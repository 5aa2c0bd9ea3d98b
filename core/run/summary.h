/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The table at the end of a run: a block for each backend and model, a column for each context. */

#ifndef CORE_RUN_SUMMARY_H
#define CORE_RUN_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/run/eta.h"

/* What a cell gave. */
struct summary_cell {
    bool ended;
    bool prefill;       /* the latency is that of prefill, else of the whole request */
    double latency_ms;  /* median; NaN: none */
    double decode_rate; /* median tok/s; NaN: none */
    char failure[16];   /* "oom"; "" if it did not fail */
};

/* cells[count] are those of eta.cells.  width: letters to a line. */
void summary_write(struct buf *out, const struct eta_cell *plan, const struct summary_cell *cells,
                   size_t count, size_t width);

/* "8.40 ms", "110 ms", "1.40 s". */
void summary_latency(char *text, size_t size, double ms);

#endif
