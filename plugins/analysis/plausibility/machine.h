/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a backend's machine can do at most: arithmetic and reading its memory. */

#ifndef ANALYSIS_MACHINE_H
#define ANALYSIS_MACHINE_H

#include <ctxmark/plugin.h>

struct limit {
    double value;     /* FLOP/s or B/s; NaN: not known */
    double slack;     /* results up to slack times the value are still possible */
    const char *from; /* "user", "measured", "table" (by the GPU's name); NULL: not known */
};

struct machine {
    const char *name; /* the GPU's, else NULL */
    struct limit flops, bandwidth;
};

/* Facts, the first that is known: `peak_tflops` (TFLOP/s), `matrix_flops` (FLOP/s), the table's
 * line for `gpu`; `memory_bandwidth_gb_s` (GB/s), `read_bytes_s` (B/s), the table's.  What was
 * measured is what one program reached, not a peak: it gets a slack of 1.25. */
struct machine machine_get(const struct ctxmark_host *h, const char *backend, const char *model);

#endif
