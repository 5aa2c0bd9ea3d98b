/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "stats.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include <ctxmark/util.h>

/* BCa's acceleration needs more values than the percentile interval. */
#define BCA_LEAST 20

uint64_t random_key(const char *const *texts, double number)
{
    uint64_t key = 0, bits;
    memcpy(&bits, &number, sizeof bits);
    for (; *texts; texts++) {
        for (const char *p = *texts; *p; p++)
            key = ctxmark_mix(key ^ (unsigned char)*p);
        key = ctxmark_mix(key ^ UINT64_C(0x100)); /* "ab", "c" is not "a", "bc" */
    }
    return ctxmark_mix(key ^ bits);
}

/* Mean of n values drawn with replacement; draw d has counters d n .. d n + n - 1. */
static double drawn_mean(const double *x, size_t n, uint64_t key, uint64_t d)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t r = ctxmark_mix(key + d * n + i) >> 32;
        sum += x[r * n >> 32];
    }
    return sum / (double)n;
}

/* The jackknife's acceleration; for a mean the skewness of the values over 6 sqrt(n). */
static double acceleration(const double *x, size_t n, double mean)
{
    double squares = 0, cubes = 0;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - mean;
        squares += d * d;
        cubes += d * d * d;
    }
    return squares > 0 ? cubes / (6 * squares * sqrt(squares)) : 0;
}

static double bca_level(double z0, double a, double p)
{
    double z = z0 + gsl_cdf_ugaussian_Pinv(p);
    return gsl_cdf_ugaussian_P(z0 + z / (1 - a * z));
}

static struct interval bca_interval(const double *x, size_t n, const double *means, size_t draws,
                                    double level)
{
    double mean = stats_mean(x, n), below = 0;
    for (size_t i = 0; i < draws; i++)
        below += means[i] < mean ? 1 : means[i] == mean ? 0.5 : 0;
    if (n < BCA_LEAST || below == 0 || below == (double)draws)
        return (struct interval){NAN, NAN};
    double z0 = gsl_cdf_ugaussian_Pinv(below / (double)draws), a = acceleration(x, n, mean);
    return (struct interval){
        stats_quantile(means, draws, bca_level(z0, a, 0.5 - level / 2)),
        stats_quantile(means, draws, bca_level(z0, a, 0.5 + level / 2)),
    };
}

struct bootstrap stats_bootstrap_mean(const double *x, size_t n, size_t draws, double level,
                                      uint64_t key, double *scratch)
{
    struct bootstrap b = {{NAN, NAN}, {NAN, NAN}};
    if (n < 2 || draws < 2 || n > UINT32_MAX)
        return b;
    for (size_t d = 0; d < draws; d++)
        scratch[d] = drawn_mean(x, n, key, d);
    stats_sort(scratch, draws);
    b.percentile.low = stats_quantile(scratch, draws, 0.5 - level / 2);
    b.percentile.high = stats_quantile(scratch, draws, 0.5 + level / 2);
    b.bca = bca_interval(x, n, scratch, draws, level);
    return b;
}
