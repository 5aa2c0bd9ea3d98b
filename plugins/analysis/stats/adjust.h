/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Corrections of p-values for testing more than once. */

#ifndef ANALYSIS_ADJUST_H
#define ANALYSIS_ADJUST_H

#include <stddef.h>

/* Adjusted p-values of one test in its family of m: at most 1; below alpha where the correction
 * rejects at alpha.  NaN where the test has no p. */
struct adjusted {
    double m, bonferroni, holm, bh;
};

/* p[count] of a family; NaN is no member of it.  Bonferroni; Holm 1979 (both keep the family-wise
 * error under any dependence); Benjamini and Hochberg 1995 (false discovery rate).  0, or -1: out
 * of memory. */
int adjust_family(const double *p, size_t count, struct adjusted *ret);

#endif
