/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Curves through points (context length, latency): power law, line, parabola, and the line through
 * the logarithms; and which of them the repetitions speak for. */

#ifndef ANALYSIS_FIT_H
#define ANALYSIS_FIT_H

#include <stddef.h>

#define FIT_FEWEST 3 /* points: below, nothing is fitted */

/* y = a x^b.  se: standard errors; low, high: 95 % interval of b from t(n - 2). */
struct power_fit {
    double a, b, rss, r2, se_a, se_b, b_low, b_high;
    double cov; /* of ln a and b, over se_b^2: for intervals of predictions */
};

/* All curves through the same points.  What cannot be told is NaN. */
struct fits {
    size_t n;
    struct power_fit power;
    struct {
        double ln_a, b, se_b, r2_log;
    } loglog;
    struct {
        double intercept, slope, rss, r2, se_intercept, se_slope, slope_low, slope_high;
    } linear;
    struct {
        double c, b, a, rss, r2, se_c, se_b, se_a, a_low, a_high;
    } quadratic;        /* c + b x + a x^2 */
    const char *better; /* "power_law" where its r2 is at least the line's, else "linear"; NULL:
                         * not known */
};

/* The power law that has the least sum of squares of all with b in [-10, 40] (unweighted but for w,
 * NULL: 1; in y, not in its logarithm).  x > 0.  Constant y: b = 0, r2 NaN.  n < FIT_FEWEST: all
 * NaN. */
struct power_fit fit_power(const double *x, const double *y, const double *w, size_t n);

struct fits fit_all(const double *x, const double *y, size_t n);

/* Where the power law reaches y, and the 95 % interval of that x (delta method on ln x, t(n - 2));
 * NaN where it never does (b <= 0). */
struct inverse {
    double x, low, high;
};
struct inverse fit_power_inverse(const struct power_fit *f, size_t n, double y);

/* The power law at x, and the 95 % confidence interval of the curve there (delta method on ln y,
 * t(n - 2)); NaN where it is not positive. */
struct curve_point {
    double y, low, high;
};
struct curve_point fit_power_at(const struct power_fit *f, size_t n, double x);

/* Akaike's criterion for small samples and Schwarz's, of a least-squares fit with `parameters`
 * coefficients (the variance is counted beside them) over n values:
 *   AICc = n ln(rss / n) + 2 k + 2 k (k + 1) / (n - k - 1)    BIC = n ln(rss / n) + k ln n
 * with k = parameters + 1.  NaN for n - k - 1 <= 0.  rss below `least` counts as `least`. */
double fit_aicc(double rss, double least, size_t n, size_t parameters);
double fit_bic(double rss, double least, size_t n, size_t parameters);

#endif
