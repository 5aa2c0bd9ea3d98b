/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Statistics of one sample.  What is undefined (too few values, no spread) is NaN. */

#ifndef ANALYSIS_STATS_H
#define ANALYSIS_STATS_H

#include <stddef.h>
#include <stdint.h>

struct interval {
    double low, high;
};

/* Neumaier's compensated sum: the error stays below two roundings whatever n is. */
double stats_sum(const double *x, size_t n);
/* Mean; n >= 1. */
double stats_mean(const double *x, size_t n);
/* Standard deviation with n - 1, two passes with the correction of the first (Chan, Golub, LeVeque
 * 1983); n >= 2. */
double stats_sd(const double *x, size_t n);
/* The same where the mean is known. */
double stats_sd_about(const double *x, size_t n, double mean);
/* n / sum(1 / x): the mean of rates over equal amounts of work; all x > 0. */
double stats_harmonic_mean(const double *x, size_t n);
struct distribution_shape {
    double skewness;          /* biased g1 = m3 / m2^1.5 (scipy's default); n >= 3 */
    double skewness_adjusted; /* G1 = g1 sqrt(n (n - 1)) / (n - 2) */
    double excess_kurtosis;   /* m4 / m2^2 - 3; n >= 4 */
};

/* Of values with this mean and standard deviation; NaN where there are too few, or no spread. */
struct distribution_shape stats_shape(const double *x, size_t n, double mean, double sd);

/* --- of values in ascending order */

void stats_sort(double *x, size_t n);
double stats_median(const double *sorted, size_t n);
/* sorted[n / 2], which the report's definition of the median says. */
double stats_median_upper(const double *sorted, size_t n);
/* Quantile p by linear interpolation at (n - 1) p (Hyndman and Fan's type 7, numpy's default). */
double stats_quantile(const double *sorted, size_t n, double p);
/* Mean without the floor(n p) smallest and largest. */
double stats_trimmed_mean(const double *sorted, size_t n, double p);
/* Whether quantile p can be told from n values at all: on average one of them lies beyond it. */
int stats_quantile_known(size_t n, double p);
/* Tukey's fence: quartiles (type 7) and 1.5 interquartile ranges; n >= 4. */
struct interval stats_fence(const double *sorted, size_t n);
/* Shapiro and Wilk's W and its p (Royston's AS R94); 3 <= n <= 5000 and some spread. */
void stats_shapiro(const double *sorted, size_t n, double *ret_w, double *ret_p);

/* --- intervals, level e.g. 0.95 */

/* mean +- z sd / sqrt(n), z e.g. 1.96, and mean +- t(n - 1) sd / sqrt(n); n >= 2. */
struct interval stats_normal_interval(double mean, double sd, size_t n, double z);
struct interval stats_t_interval(double mean, double sd, size_t n, double level);
/* For the median, from order statistics: x(k) and x(n + 1 - k) with the largest k of which the
 * binomial distribution says that the level is kept.  n >= 6 for 95 %. */
struct interval stats_median_interval(const double *sorted, size_t n, double level);

/* Bootstrap of the mean: percentile interval, and BCa (Efron 1987) from n = 20.  key: what the
 * random numbers depend on (see random_key).  scratch: room for `draws` values.  n >= 2. */
struct bootstrap {
    struct interval percentile, bca;
};
struct bootstrap stats_bootstrap_mean(const double *x, size_t n, size_t draws, double level,
                                      uint64_t key, double *scratch);

/* A key for the counter-based generator, from texts such as the table's and the cell's names and a
 * number; the same everywhere.  texts: NULL-terminated; NULL texts cannot be in it. */
uint64_t random_key(const char *const *texts, double number);

/* --- lines */

struct line_fit {
    size_t n;
    double intercept, slope, se_slope, r2;
};

/* Ordinary least squares y = intercept + slope x; n >= 2 and two distinct x; se_slope n >= 3. */
struct line_fit stats_line(const double *x, const double *y, size_t n);
/* The same for ln y over ln x, points that are not both positive left out: slope is the exponent.
 */
struct line_fit stats_loglog(const double *x, const double *y, size_t n);

#endif
