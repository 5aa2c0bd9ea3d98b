/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tails.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_erf.h>
#include <gsl/gsl_sf_gamma.h>

#define MOST_TERMS 100000

static struct tail tail_from_log(double log_p)
{
    if (log_p > 0)
        log_p = 0;
    return (struct tail){exp(log_p), log_p / M_LN10};
}

struct tail tail_of(double p)
{
    return (struct tail){p, log10(p)};
}

/* Keeps a denominator of Lentz's method away from 0. */
static double away_from_zero(double x)
{
    return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

/* The continued fraction of the incomplete beta function (Press et al., 6.4), by Lentz's method;
 * converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m < MOST_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
               odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= d * c;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON)
            break;
    }
    return h;
}

/* ln x, from the smaller of x and y = 1 - x. */
static double log_of(double x, double y)
{
    return x > 0.5 ? log1p(-y) : log(x);
}

/* ln I_x(a, b) with y = 1 - x given beside x, so that neither loses digits near 1. */
static double log_beta(double x, double y, double a, double b)
{
    if (x <= 0)
        return -INFINITY;
    if (y <= 0)
        return 0;
    double front = a * log_of(x, y) + b * log_of(y, x) - gsl_sf_lnbeta(a, b);
    if (x < (a + 1) / (a + b + 2))
        return front + log(beta_fraction(a, b, x) / a);
    double other = exp(front) * beta_fraction(b, a, y) / b;
    return log1p(-fmin(other, 1));
}

struct tail tail_t_two_sided(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return (struct tail){NAN, NAN};
    double square = t * t, sum = df + square;
    if (!isfinite(sum))
        return (struct tail){0, -INFINITY};
    return tail_from_log(log_beta(df / sum, square / sum, df / 2, 0.5));
}

struct tail tail_t_above(double t, double df)
{
    struct tail both = tail_t_two_sided(t, df);
    if (t > 0)
        return (struct tail){both.p / 2, both.log10_p - M_LN2 / M_LN10};
    return tail_of(1 - both.p / 2);
}

struct tail tail_f(double f, double df1, double df2)
{
    if (isnan(f) || f < 0 || !(df1 > 0) || !(df2 > 0))
        return (struct tail){NAN, NAN};
    double part = df1 * f, sum = df2 + part;
    if (!isfinite(sum))
        return (struct tail){0, -INFINITY};
    return tail_from_log(log_beta(df2 / sum, part / sum, df2 / 2, df1 / 2));
}

struct tail tail_normal_two_sided(double z)
{
    if (isnan(z))
        return (struct tail){NAN, NAN};
    return tail_from_log(gsl_sf_log_erfc(fmax(z, 0) * M_SQRT1_2));
}

double tail_t_quantile(double level, double df)
{
    return df > 0 ? gsl_cdf_tdist_Pinv(0.5 + level / 2, df) : NAN;
}
