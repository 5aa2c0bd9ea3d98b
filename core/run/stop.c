/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/stop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest rank r with P(Binomial(n, 1/2) < r) <= 0.025; 0: none.  The interval is from the r-th
 * smallest to the r-th largest value. */
static size_t interval_rank(size_t n)
{
    double term = pow(0.5, (double)n), sum = 0;
    size_t r = 0;
    while (r < n && sum + term <= 0.025) {
        sum += term;
        term *= (double)(n - r) / (double)(r + 1);
        r++;
    }
    return r;
}

double stop_half_width_pct(const double *values, size_t n)
{
    size_t rank = n <= 1000 ? interval_rank(n) : (size_t)(0.5 * (double)n - 0.98 * sqrt((double)n));
    double *sorted = rank ? malloc(n * sizeof *sorted) : NULL;
    if (!sorted)
        return INFINITY;
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_numbers);
    double median = n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
    double width = sorted[n - rank] - sorted[rank - 1];
    free(sorted);
    return median > 0 ? 50.0 * width / median : INFINITY;
}
