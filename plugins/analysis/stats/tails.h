/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tail probabilities of test statistics as natural logarithms, so that they do not underflow. */

#ifndef ANALYSIS_TAILS_H
#define ANALYSIS_TAILS_H

/* A p-value: p itself, which is 0 below 1e-308, and its decimal logarithm, which is not.  Both NaN:
 * undefined. */
struct tail {
    double p, log10_p;
};

/* P(|T| >= |t|) of Student's distribution with df degrees of freedom, df > 0 and not always whole.
 */
struct tail tail_t_two_sided(double t, double df);
/* P(T >= t). */
struct tail tail_t_above(double t, double df);
/* P(F >= f), f >= 0. */
struct tail tail_f(double f, double df1, double df2);
/* P(|Z| >= z) of the normal distribution, not above 1: below 0 counts as 0. */
struct tail tail_normal_two_sided(double z);
/* From p alone. */
struct tail tail_of(double p);

/* Number q with P(|T| <= q) = level. */
double tail_t_quantile(double level, double df);

#endif
