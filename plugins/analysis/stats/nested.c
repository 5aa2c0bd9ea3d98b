/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "nested.h"

#include <math.h>

struct nested nested_make(const double *x, const size_t *sizes, size_t count, double level)
{
    struct nested r = {.launches = (double)count, .var_within = NAN, .var_between = NAN, .F = NAN};
    double within = 0, squares = 0, total = 0, sum = 0, k = (double)count;
    r.interval = (struct interval){NAN, NAN};
    r.p = (struct tail){NAN, NAN};
    const double *at = x;
    for (size_t i = 0; i < count; at += sizes[i++]) {
        double n = (double)sizes[i], sd = stats_sd(at, sizes[i]), mean = stats_mean(at, sizes[i]);
        within += n > 1 ? (n - 1) * sd * sd : 0;
        squares += n * n;
        r.n += n;
        total += n * mean;
        sum += mean;
    }
    r.mean = sum / k;
    if (count < 2)
        return r;
    double between = 0, spread = 0;
    at = x;
    for (size_t i = 0; i < count; at += sizes[i++]) {
        double mean = stats_mean(at, sizes[i]), off = mean - total / r.n;
        between += (double)sizes[i] * off * off;
        spread += (mean - r.mean) * (mean - r.mean);
    }
    r.interval = stats_t_interval(r.mean, sqrt(spread / (k - 1)), count, level);
    if (r.n <= k)
        return r;
    double ms_between = between / (k - 1), n0 = (r.n - squares / r.n) / (k - 1);
    r.var_within = within / (r.n - k);
    r.var_between = fmax(0, (ms_between - r.var_within) / n0);
    if (r.var_within > 0) {
        r.F = ms_between / r.var_within;
        r.p = tail_f(r.F, k - 1, r.n - k);
    }
    return r;
}
