/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One curve, or two with a break between them: which the repetitions of a series speak for. */

#ifndef ANALYSIS_SEGMENTS_H
#define ANALYSIS_SEGMENTS_H

#include <stddef.h>

#include "plugins/analysis/library/series.h"

#define SEGMENTS_FEWEST 4 /* contexts: below, nothing is told */

/* All repetitions are fitted in ln latency, so that each context weighs alike.  A segment is a
 * power law (a line in ln x; 2 coefficients), where contexts suffice also a parabola in ln x or
 * c + b x + a x^2 with relative weights (3 each): from 4 contexts on where it stands alone, from 5
 * on beside another, since it must say where that one would be without the break.  A last segment
 * of one context is a level; two contexts are a segment only if latency does not jump between them
 * (see series_jump()).
 *   BIC = N ln(rss / N) + k ln N,  k = coefficients + 1 (the variance) + 1 (the break, if any)
 * Two segments are told from one where their BIC is smaller and the first context after the break
 * lies at least SEGMENTS_STEP off what the first segment says of it. */
#define SEGMENTS_STEP 1.5

struct segments {
    size_t n; /* repetitions */
    double bic_one, bic_two;
    size_t first_after; /* cell that begins the second segment of the best pair */
    double step;        /* its geometric mean over what the first segment says; NaN: not known */
    int two;            /* 1: two segments, 0: one, -1: not enough data */
};

/* x > 0 latencies only; 0, or -1: out of memory. */
int segments_find(struct segments *ret, const struct cell *cells, size_t count);

#endif
