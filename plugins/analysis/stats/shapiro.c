/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Shapiro and Wilk's test for 3 <= n <= 5000, by Royston's approximations (Applied Statistics 44
 * (1995), algorithm AS R94). */

#include "config.h"

#include "stats.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>

#define MOST 5000

static double polynomial(const double *c, int count, double x)
{
    double y = 0;
    while (count-- > 0)
        y = y * x + c[count];
    return y;
}

/* Fills a[0 .. n/2 - 1], the coefficients of the smallest half with their sign turned. */
static void coefficients(double *a, size_t n)
{
    static const double first[] = {0, .221157, -.147981, -2.07119, 4.434685, -2.706056};
    static const double second[] = {0, .042981, -.293762, -1.752461, 5.682633, -3.582633};
    size_t half = n / 2, exact = n > 5 ? 2 : 1;
    if (n == 3) {
        a[0] = sqrt(0.5);
        return;
    }
    double sum = 0;
    for (size_t i = 0; i < half; i++) {
        a[i] = gsl_cdf_ugaussian_Pinv(((double)i + 0.625) / ((double)n + 0.25));
        sum += 2 * a[i] * a[i];
    }
    double u = 1 / sqrt((double)n), norm = sqrt(sum);
    double a1 = polynomial(first, 6, u) - a[0] / norm;
    double a2 = polynomial(second, 6, u) - a[1] / norm;
    double left = sum - 2 * a[0] * a[0], weight = 1 - 2 * a1 * a1;
    if (exact == 2) {
        left -= 2 * a[1] * a[1];
        weight -= 2 * a2 * a2;
        a[1] = a2;
    }
    a[0] = a1;
    for (size_t i = exact; i < half; i++)
        a[i] /= -sqrt(left / weight);
}

/* 1 - W, which is exact where W is near 1. */
static double one_minus_w(const double *x, size_t n, const double *a)
{
    double range = x[n - 1] - x[0], mean = 0, ssa = 0, ssx = 0, sax = 0;
    for (size_t i = 0; i < n; i++)
        mean += x[i] / range / (double)n;
    for (size_t i = 0; i < n; i++) {
        size_t k = n - 1 - i;
        double weight = i < k ? -a[i] : i > k ? a[k] : 0;
        double d = x[i] / range - mean;
        ssa += weight * weight;
        ssx += d * d;
        sax += weight * d;
    }
    double both = sqrt(ssa * ssx);
    return (both - sax) * (both + sax) / (ssa * ssx);
}

static double p_value(double w1, size_t n)
{
    static const double gamma[] = {-2.273, .459};
    static const double mean_small[] = {.544, -.39978, .025054, -6.714e-4};
    static const double sd_small[] = {1.3822, -.77857, .062767, -.0020322};
    static const double mean_large[] = {-1.5861, -.31082, -.083751, .0038915};
    static const double sd_large[] = {-.4803, -.082676, .0030302};
    double k = (double)n, y = log(w1), m, s;
    if (n == 3) {
        double p = 6 / M_PI * (asin(sqrt(1 - w1)) - M_PI / 3);
        return p > 0 ? p : 0;
    }
    if (n <= 11) {
        double most = polynomial(gamma, 2, k);
        if (y >= most)
            return 1e-99;
        y = -log(most - y);
        m = polynomial(mean_small, 4, k);
        s = exp(polynomial(sd_small, 4, k));
    } else {
        m = polynomial(mean_large, 4, log(k));
        s = exp(polynomial(sd_large, 3, log(k)));
    }
    return gsl_cdf_ugaussian_Q((y - m) / s);
}

void stats_shapiro(const double *sorted, size_t n, double *ret_w, double *ret_p)
{
    double a[MOST / 2];
    *ret_w = *ret_p = NAN;
    if (n < 3 || n > MOST || !(sorted[n - 1] > sorted[0]))
        return;
    coefficients(a, n);
    double w1 = one_minus_w(sorted, n, a);
    *ret_w = 1 - w1;
    *ret_p = p_value(w1, n);
}
