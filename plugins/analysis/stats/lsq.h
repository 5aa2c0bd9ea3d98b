/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Linear least squares, by Householder reflections in long double: fits of a handful of columns
 * keep all digits that doubles can show (NIST's Longley and Pontius to 9 and more). */

#ifndef ANALYSIS_LSQ_H
#define ANALYSIS_LSQ_H

#include <stddef.h>

#define LSQ_MOST 8 /* columns */

struct lsq {
    size_t n, p;
    double coef[LSQ_MOST];
    double se[LSQ_MOST]; /* standard errors; NaN for n <= p */
    double rss;          /* weighted sum of squared residuals */
    double tss;          /* the same around the weighted mean of y */
    double r2;           /* 1 - rss / tss; NaN for tss 0 */
};

/* Fits y[n] by columns x[p][n] (column by column, one after the other), each square times w[i]
 * (NULL: 1).  0, or -1: n < p, p > LSQ_MOST, columns that depend on each other, or no memory. */
int lsq_fit(struct lsq *ret, const double *x, const double *y, const double *w, size_t n, size_t p);

/* y = coef[0] + coef[1] x + ... of the given degree (0 to 3). */
int lsq_polynomial(struct lsq *ret, const double *x, const double *y, const double *w, size_t n,
                   unsigned degree);

#endif
