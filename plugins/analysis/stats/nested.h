/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A sample of samples: repetitions within launches. */

#ifndef ANALYSIS_NESTED_H
#define ANALYSIS_NESTED_H

#include <stddef.h>

#include "stats.h"
#include "tails.h"

/* One-way random effects.  var_within: pooled around the launches' own means (NaN: no launch has
 * two values).  var_between: by the analysis of variance's moments, (MS_between - MS_within) / n0
 * with n0 = (N - sum n_i^2 / N) / (k - 1), not below 0 (Searle, Casella and McCulloch 1992, 3.6).
 * mean: of the launches' means; interval: its t interval over the k launches, which are the
 * independent sample, so that it holds however alike the repetitions within are.  F, p: whether
 * launches differ at all. */
struct nested {
    double n, launches, mean, var_within, var_between, F;
    struct interval interval;
    struct tail p;
};

/* x: the samples one after the other, sizes[count] of each, all >= 1.  Fewer than two samples: all
 * but n, launches and mean is NaN. */
struct nested nested_make(const double *x, const size_t *sizes, size_t count, double level);

#endif
