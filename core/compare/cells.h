/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which cells two runs have in common, from their rows alone. */

#ifndef CORE_COMPARE_CELLS_H
#define CORE_COMPARE_CELLS_H

#include <stdbool.h>

#include <jansson.h>

#include "core/analysis/frame.h"

/* What the rows of one run say. */
struct side_rows {
    double decoded_low, decoded_high;      /* fewest and most tokens of a decode; NaN: unknown */
    double launches;                       /* how many there are; NaN: unknown */
    const char *only_backend, *only_model; /* its only one; NULL: none or several */
};

/* f: of frame_read_csv(), and outlives *ret. */
void cells_describe(const struct frame *f, struct side_rows *ret);

/* A new list of the cells that only one of the runs `a` and `b` of a joined frame has measured:
 *   {"model", "backend", "mode", "context_length", "measured_in": run, "why": text}
 * where `why` says how it failed in the other, or that it was not measured there.  NULL: out of
 * memory. */
json_t *cells_unmatched(const struct frame *joined, const char *a, const char *b);

#endif
