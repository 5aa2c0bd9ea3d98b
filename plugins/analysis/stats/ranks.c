/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "ranks.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

/* --- the exact distribution */

/* P(U <= u) for u = 0 .. most, of samples of m and n.  Mann and Whitney's recursion on which sample
 * has the largest value, in probabilities:
 * f(m, n, u) = m / (m + n) f(m - 1, n, u - n) + n / (m + n) f(m, n - 1, u).  NULL: out of memory.
 */
static double *exact_distribution(size_t m, size_t n, size_t most)
{
    size_t width = most + 1;
    double *f = calloc((m + 1) * width, sizeof *f); /* row i: samples of i and the current n */
    if (!f)
        return NULL;
    for (size_t i = 0; i <= m; i++)
        f[i * width] = 1; /* against a sample of 0, U is 0 */
    for (size_t k = 1; k <= n; k++)
        for (size_t i = 1; i <= m; i++) {
            double *row = f + i * width;
            const double *before = row - width;
            double share = (double)i / (double)(i + k);
            for (size_t u = 0; u <= most; u++)
                row[u] = (1 - share) * row[u] + (u >= k ? share * before[u - k] : 0);
        }
    double *row = f + m * width;
    for (size_t u = 0; u <= most; u++)
        f[u] = row[u] + (u ? f[u - 1] : 0);
    return f;
}

static int find_exact(double u, size_t n_a, size_t n_b, struct tail *ret)
{
    size_t m = n_a < n_b ? n_a : n_b, n = n_a < n_b ? n_b : n_a, most = (size_t)u;
    double *p = exact_distribution(m, n, most);
    if (!p)
        return -1;
    *ret = tail_of(fmin(1, 2 * p[most]));
    free(p);
    return 0;
}

/* --- U, ties and the normal approximation */

/* Walks through both samples in order; adds to *ret_halves two for each pair with b > a, one for
 * each tie, and to *ret_ties t^3 - t for each group of t equal values. */
static void count_pairs(const double *a, size_t n_a, const double *b, size_t n_b,
                        double *ret_halves, double *ret_ties)
{
    size_t i = 0, k = 0;
    *ret_halves = *ret_ties = 0;
    while (i < n_a || k < n_b) {
        double x = k == n_b || (i < n_a && a[i] <= b[k]) ? a[i] : b[k];
        size_t below = i, from = k;
        while (i < n_a && a[i] == x)
            i++;
        while (k < n_b && b[k] == x)
            k++;
        double equal = (double)(i - below), mine = (double)(k - from), t = equal + mine;
        *ret_halves += mine * (2 * (double)below + equal);
        *ret_ties += t * t * t - t;
    }
}

/* Standard deviation of U when both samples come from one distribution. */
static double null_sd(double n_a, double n_b, double ties)
{
    double n = n_a + n_b;
    return sqrt(n_a * n_b / 12 * (n + 1 - ties / (n * (n - 1))));
}

int ranks_mann_whitney(const double *a, size_t n_a, const double *b, size_t n_b,
                       struct mann_whitney *ret)
{
    double halves, ties, pairs = (double)n_a * (double)n_b;
    count_pairs(a, n_a, b, n_b, &halves, &ties);
    struct mann_whitney w = {.U_b = halves / 2,
                             .U_a = pairs - halves / 2,
                             .delta = (halves - pairs) / pairs,
                             .z = NAN,
                             .ties = ties > 0,
                             .asymptotic = {NAN, NAN},
                             .exact = {NAN, NAN}};
    double sd = null_sd((double)n_a, (double)n_b, ties);
    if (sd > 0) {
        w.z = (fmax(w.U_a, w.U_b) - pairs / 2 - 0.5) / sd;
        w.asymptotic = tail_normal_two_sided(w.z);
    }
    if (!w.ties && pairs <= RANKS_EXACT_PAIRS &&
        find_exact(fmin(w.U_a, w.U_b), n_a, n_b, &w.exact) < 0)
        return -1;
    *ret = w;
    return 0;
}

/* --- the shift */

/* How many differences b - a are at most x. */
static double count_at_most(const double *a, size_t n_a, const double *b, size_t n_b, double x)
{
    double count = 0;
    for (size_t i = 0, k = 0; i < n_a; i++) {
        while (k < n_b && b[k] - a[i] <= x)
            k++;
        count += (double)k;
    }
    return count;
}

/* Differences above low and at most high, of which there are at most `most`, into ret. */
static size_t list_between(const double *a, size_t n_a, const double *b, size_t n_b, double low,
                           double high, double *ret, size_t most)
{
    size_t count = 0;
    for (size_t i = 0, from = 0; i < n_a; i++) {
        while (from < n_b && b[from] - a[i] <= low)
            from++;
        for (size_t k = from; k < n_b && b[k] - a[i] <= high && count < most; k++)
            ret[count++] = b[k] - a[i];
    }
    return count;
}

/* The k-th smallest of all differences b - a, k from 1, without making them all: bisection, until
 * few are left, or all that are left are equal. */
static double kth_difference(const double *a, size_t n_a, const double *b, size_t n_b, double k)
{
    double few[256];
    double low = b[0] - a[n_a - 1], high = b[n_b - 1] - a[0];
    double below = count_at_most(a, n_a, b, n_b, low), upto = (double)n_a * (double)n_b;
    if (below >= k)
        return low;
    while (upto - below > (double)(sizeof few / sizeof *few)) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return high;
        double count = count_at_most(a, n_a, b, n_b, middle);
        if (count >= k) {
            high = middle;
            upto = count;
        } else {
            low = middle;
            below = count;
        }
    }
    size_t n = list_between(a, n_a, b, n_b, low, high, few, sizeof few / sizeof *few);
    stats_sort(few, n);
    return few[(size_t)(k - below) - 1];
}

/* The interval goes from the k-th smallest to the k-th largest difference; 0: too few pairs. */
static double interval_rank(size_t n_a, size_t n_b, double level, double ties)
{
    double pairs = (double)n_a * (double)n_b, beyond = (1 - level) / 2;
    if (pairs > RANKS_EXACT_PAIRS) {
        double half = gsl_cdf_ugaussian_Pinv(0.5 + level / 2);
        return floor(pairs / 2 - half * null_sd((double)n_a, (double)n_b, ties));
    }
    size_t m = n_a < n_b ? n_a : n_b, n = n_a < n_b ? n_b : n_a, k = 0;
    double *p = exact_distribution(m, n, m * n / 2);
    if (!p)
        return -1;
    while (k <= m * n / 2 && p[k] <= beyond)
        k++;
    free(p);
    return (double)k;
}

int ranks_shift(const double *a, size_t n_a, const double *b, size_t n_b, double level,
                struct shift *ret)
{
    double halves, ties, pairs = (double)n_a * (double)n_b;
    count_pairs(a, n_a, b, n_b, &halves, &ties);
    double k = interval_rank(n_a, n_b, level, ties), middle = floor((pairs + 1) / 2);
    if (k < 0)
        return -1;
    double low = kth_difference(a, n_a, b, n_b, middle),
           high = kth_difference(a, n_a, b, n_b, pairs + 1 - middle);
    ret->median = low + (high - low) / 2;
    ret->interval = (struct interval){NAN, NAN};
    if (k >= 1)
        ret->interval = (struct interval){kth_difference(a, n_a, b, n_b, k),
                                          kth_difference(a, n_a, b, n_b, pairs + 1 - k)};
    return 0;
}
