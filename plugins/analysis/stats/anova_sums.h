/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analysis of variance from the means and sums of squares of its cells.  What is undefined is NaN.
 *
 * All sums of squares are sums of squared fitted differences, never differences of larger sums, so
 * that they keep their digits however far from 0 the data lie. */

#ifndef ANALYSIS_ANOVA_SUMS_H
#define ANALYSIS_ANOVA_SUMS_H

#include <stddef.h>

#include "tails.h"

/* A sample in figures; its mean is high + low, to more digits than a double has. */
struct anova_cell {
    double n, high, low, ss; /* ss: sum of squares around the mean */
};

struct anova_cell anova_cell_make(const double *x, size_t n);
/* Two samples as one. */
struct anova_cell anova_cell_join(const struct anova_cell *a, const struct anova_cell *b);

struct anova_effect {
    double ss, df, ms, F;
    struct tail p;
    double partial_eta2, partial_omega2;
};

struct anova_oneway {
    struct anova_effect effect;
    double ss_within, df_within, ms_within, n;
};

/* One-way over the cells with n > 0; undefined with fewer than two of them, or no degrees of
 * freedom within.  F is undefined where nothing varies within. */
struct anova_oneway anova_oneway(const struct anova_cell *cells, size_t count);

/* Two factors, a with rows levels and b with columns; cells[row * columns + column], all n > 0.
 * Types of sums of squares: I (a first, then b), II, III (contrasts that sum to zero). */
struct anova_twoway {
    struct anova_effect a[3], b[3], a_x_b[3]; /* by type: I, II, III */
    double n, ss_error, df_error, ms_error, ss_total;
    int balanced;
};

/* rows, columns >= 2.  0; -1: out of memory; 1: refused, a cell is empty or none has a second
 * value. */
int anova_twoway(const struct anova_cell *cells, size_t rows, size_t columns,
                 struct anova_twoway *ret);

#endif
