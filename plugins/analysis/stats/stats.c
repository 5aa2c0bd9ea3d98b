/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "stats.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

double stats_sum(const double *x, size_t n)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        double t = sum + x[i];
        lost += fabs(sum) >= fabs(x[i]) ? (sum - t) + x[i] : (x[i] - t) + sum;
        sum = t;
    }
    return sum + lost;
}

double stats_mean(const double *x, size_t n)
{
    return n ? stats_sum(x, n) / (double)n : NAN;
}

/* Sums of (x - mean)^k, k = 1..4. */
struct moments {
    double sum[5];
};

static struct moments central_moments(const double *x, size_t n, double mean)
{
    struct moments m = {{(double)n, 0, 0, 0, 0}};
    double lost[5] = {0};
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - mean, power = d;
        for (int k = 1; k <= 4; k++, power *= d) {
            double t = m.sum[k] + power, mine = t - m.sum[k]; /* Knuth's: without a branch */
            lost[k] += (m.sum[k] - (t - mine)) + (power - mine);
            m.sum[k] = t;
        }
    }
    for (int k = 1; k <= 4; k++)
        m.sum[k] += lost[k];
    return m;
}

double stats_sd(const double *x, size_t n)
{
    return stats_sd_about(x, n, stats_mean(x, n));
}

double stats_sd_about(const double *x, size_t n, double mean)
{
    if (n < 2)
        return NAN;
    double squares = 0, rest = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - mean, t = squares + d * d;
        lost += squares >= d * d ? (squares - t) + d * d : (d * d - t) + squares;
        squares = t;
        rest += d;
    }
    squares += lost - rest * rest / (double)n;
    return squares > 0 ? sqrt(squares / (double)(n - 1)) : 0;
}

double stats_harmonic_mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0))
            return NAN;
        sum += 1 / x[i];
    }
    return n ? (double)n / sum : NAN;
}

struct distribution_shape stats_shape(const double *x, size_t n, double mean, double sd)
{
    struct distribution_shape s = {NAN, NAN, NAN};
    if (n < 3 || !(sd > 0))
        return s;
    double k = (double)n;
    struct moments m = central_moments(x, n, mean);
    double m2 = m.sum[2] / k, m3 = m.sum[3] / k, m4 = m.sum[4] / k;
    s.skewness = m3 / (m2 * sqrt(m2));
    s.skewness_adjusted = s.skewness * sqrt(k * (k - 1)) / (k - 2);
    if (n >= 4)
        s.excess_kurtosis = m4 / (m2 * m2) - 3;
    return s;
}

double stats_median(const double *sorted, size_t n)
{
    if (!n)
        return NAN;
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double stats_median_upper(const double *sorted, size_t n)
{
    return n ? sorted[n / 2] : NAN;
}

double stats_quantile(const double *sorted, size_t n, double p)
{
    if (!n)
        return NAN;
    double at = (double)(n - 1) * p;
    size_t i = (size_t)at;
    if (i + 1 >= n)
        return sorted[n - 1];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

/* floor(n p) as in exact arithmetic: a product just below a whole number is that number. */
static size_t trim_count(size_t n, double p)
{
    return (size_t)floor((double)n * p + 1e-9);
}

double stats_trimmed_mean(const double *sorted, size_t n, double p)
{
    size_t k = trim_count(n, p);
    return n > 2 * k ? stats_mean(sorted + k, n - 2 * k) : NAN;
}

int stats_quantile_known(size_t n, double p)
{
    return (double)n * (1 - p) >= 1 - 1e-9;
}

struct interval stats_fence(const double *sorted, size_t n)
{
    if (n < 4)
        return (struct interval){NAN, NAN};
    double q1 = stats_quantile(sorted, n, 0.25), q3 = stats_quantile(sorted, n, 0.75);
    return (struct interval){q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)};
}

static struct interval around(double mean, double half)
{
    return (struct interval){mean - half, mean + half};
}

struct interval stats_normal_interval(double mean, double sd, size_t n, double z)
{
    if (n < 2)
        return (struct interval){NAN, NAN};
    return around(mean, z * sd / sqrt((double)n));
}

/* Student's quantile.  Most samples are as large as the one before: the last is kept. */
static double t_quantile(double p, double df)
{
    static _Thread_local double last_p, last_df, last;
    if (p != last_p || df != last_df) {
        last = gsl_cdf_tdist_Pinv(p, df);
        last_p = p;
        last_df = df;
    }
    return last;
}

struct interval stats_t_interval(double mean, double sd, size_t n, double level)
{
    if (n < 2)
        return (struct interval){NAN, NAN};
    return around(mean, t_quantile(0.5 + level / 2, (double)(n - 1)) * sd / sqrt((double)n));
}

/* The largest k with P(Binomial(n, 1/2) <= k - 1) <= (1 - level) / 2, by bisection; 0: none.  The
 * last is kept. */
static size_t median_rank(size_t n, double level)
{
    static _Thread_local size_t last_n, last;
    static _Thread_local double last_level;
    size_t low = 0, high = n / 2 + 1;
    if (n == last_n && level == last_level)
        return last;
    while (high - low > 1) {
        size_t k = low + (high - low) / 2;
        double p = gsl_cdf_binomial_P((unsigned)(k - 1), 0.5, (unsigned)n);
        if (p <= (1 - level) / 2)
            low = k;
        else
            high = k;
    }
    last_n = n;
    last_level = level;
    return last = low;
}

struct interval stats_median_interval(const double *sorted, size_t n, double level)
{
    size_t low = median_rank(n, level);
    return low ? (struct interval){sorted[low - 1], sorted[n - low]} : (struct interval){NAN, NAN};
}

struct line_fit stats_line(const double *x, const double *y, size_t n)
{
    struct line_fit fit = {n, NAN, NAN, NAN, NAN};
    if (n < 2)
        return fit;
    double mx = stats_mean(x, n), my = stats_mean(y, n), xx = 0, xy = 0, yy = 0, rss = 0;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (y[i] - my);
        yy += (y[i] - my) * (y[i] - my);
    }
    if (!(xx > 0))
        return fit;
    fit.slope = xy / xx;
    fit.intercept = my - fit.slope * mx;
    for (size_t i = 0; i < n; i++) {
        double r = (y[i] - my) - fit.slope * (x[i] - mx);
        rss += r * r;
    }
    if (yy > 0)
        fit.r2 = 1 - rss / yy;
    if (n > 2)
        fit.se_slope = sqrt(rss / (double)(n - 2) / xx);
    return fit;
}

struct line_fit stats_loglog(const double *x, const double *y, size_t n)
{
    double *lx = malloc((2 * n + 1) * sizeof *lx), *ly = lx ? lx + n : NULL;
    size_t used = 0;
    for (size_t i = 0; lx && i < n; i++)
        if (x[i] > 0 && y[i] > 0) {
            lx[used] = log(x[i]);
            ly[used++] = log(y[i]);
        }
    struct line_fit fit = stats_line(lx, ly, used);
    free(lx);
    return fit;
}
