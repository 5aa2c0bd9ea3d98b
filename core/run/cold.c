/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/cold.h"

#include <math.h>
#include <stdlib.h>

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_numbers);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

int cold_mark(struct cold_repetition *repetitions, size_t count, double ratio)
{
    double *good = calloc(count + 1, sizeof *good);
    size_t n = 0;
    if (!good)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!isnan(repetitions[i].latency_ms))
            good[n++] = repetitions[i].latency_ms;
    double usual = n ? median(good + n / 2, n - n / 2) : NAN;
    bool leading = true;
    for (size_t i = 0; i < count; i++) {
        struct cold_repetition *r = &repetitions[i];
        if (!isnan(r->latency_ms))
            leading = leading && r->latency_ms > ratio * usual;
        r->cold = r->reloaded || (leading && !isnan(r->latency_ms));
    }
    free(good);
    return 0;
}
