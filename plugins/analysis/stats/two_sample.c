/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "two_sample.h"

#include <math.h>

struct moments_of two_sample_moments(const double *x, size_t n)
{
    return (struct moments_of){(double)n, stats_mean(x, n), stats_sd(x, n)};
}

static struct t_test t_test_of(double diff, double se, double df, double level)
{
    const struct tail none = {NAN, NAN};
    struct t_test r = {diff, se, NAN, NAN, none, {NAN, NAN}};
    if (!(se > 0) || !(df > 0))
        return r;
    r.t = diff / se;
    r.df = df;
    r.p = tail_t_two_sided(r.t, df);
    double half = tail_t_quantile(level, df) * se;
    r.interval = (struct interval){diff - half, diff + half};
    return r;
}

double two_sample_pooled_sd(const struct moments_of *a, const struct moments_of *b)
{
    if (a->n < 2 || b->n < 2)
        return NAN;
    return sqrt(((a->n - 1) * a->sd * a->sd + (b->n - 1) * b->sd * b->sd) / (a->n + b->n - 2));
}

struct t_test two_sample_student(const struct moments_of *a, const struct moments_of *b,
                                 double level)
{
    return t_test_of(b->mean - a->mean, two_sample_pooled_sd(a, b) * sqrt(1 / a->n + 1 / b->n),
                     a->n + b->n - 2, level);
}

struct t_test two_sample_welch(const struct moments_of *a, const struct moments_of *b, double level)
{
    double x = a->sd * a->sd / a->n, y = b->sd * b->sd / b->n, sum = x + y;
    /* shares of the variance: x and y themselves may be too small to be squared */
    double p = x / sum, q = y / sum;
    return t_test_of(b->mean - a->mean, sqrt(sum), 1 / (p * p / (a->n - 1) + q * q / (b->n - 1)),
                     level);
}

struct effect two_sample_effect(const struct moments_of *a, const struct moments_of *b)
{
    double sd = two_sample_pooled_sd(a, b), df = a->n + b->n - 2;
    struct effect e = {NAN, NAN};
    if (sd > 0) {
        e.d = (b->mean - a->mean) / sd;
        e.g = e.d * (1 - 3 / (4 * df - 1));
    }
    return e;
}

struct tail two_sample_equivalence(const struct t_test *test, double margin)
{
    if (isnan(test->t))
        return (struct tail){NAN, NAN};
    struct tail above_low = tail_t_above((test->diff + margin) / test->se, test->df),
                below_high = tail_t_above((margin - test->diff) / test->se, test->df);
    return above_low.log10_p > below_high.log10_p ? above_low : below_high;
}
