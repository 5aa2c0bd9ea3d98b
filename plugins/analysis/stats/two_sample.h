/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Two independent samples by their means: tests, effect sizes, ratio, equivalence.  What is
 * undefined is NaN. */

#ifndef ANALYSIS_TWO_SAMPLE_H
#define ANALYSIS_TWO_SAMPLE_H

#include <stddef.h>

#include "stats.h"
#include "tails.h"

struct moments_of {
    double n, mean, sd;
};

struct moments_of two_sample_moments(const double *x, size_t n);

/* A t-test of mean b - mean a. */
struct t_test {
    double diff, se, t, df;
    struct tail p; /* two-sided */
    struct interval interval;
};

/* Student's test with the pooled variance.  Undefined where it is 0. */
struct t_test two_sample_student(const struct moments_of *a, const struct moments_of *b,
                                 double level);
/* Welch's test, degrees of freedom by Satterthwaite.  Undefined where both variances are 0. */
struct t_test two_sample_welch(const struct moments_of *a, const struct moments_of *b,
                               double level);

/* sqrt of the pooled variance. */
double two_sample_pooled_sd(const struct moments_of *a, const struct moments_of *b);

/* Cohen's d = (mean b - mean a) / pooled sd, and Hedges' g = d (1 - 3 / (4 df - 1)). */
struct effect {
    double d, g;
};
struct effect two_sample_effect(const struct moments_of *a, const struct moments_of *b);

/* Two one-sided tests (Schuirmann 1987) from a test of the difference: p of the null hypothesis
 * that it lies outside (-margin, margin); the larger of the two sides' p. */
struct tail two_sample_equivalence(const struct t_test *test, double margin);

#endif
