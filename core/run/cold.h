/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which repetitions of a cell are cold starts. */

#ifndef CORE_RUN_COLD_H
#define CORE_RUN_COLD_H

#include <stdbool.h>
#include <stddef.h>

struct cold_repetition {
    double latency_ms; /* of the prefill, else of e2e; NaN: the repetition failed */
    bool reloaded;     /* the backend says that it loaded the model meanwhile */
    bool warmup;       /* (for readers of the series; warm-up counts here like the rest) */
    bool cold;         /* out */
};

/* The repetitions of one cell in one launch, warm-up first, in the order they ran.  Cold are the
 * leading ones whose latency exceeds `ratio` times the median of the later half, and every one that
 * was a reload.  Failed repetitions neither count nor end the lead.  0, or -1 (out of memory). */
int cold_mark(struct cold_repetition *repetitions, size_t count, double ratio);

#endif
