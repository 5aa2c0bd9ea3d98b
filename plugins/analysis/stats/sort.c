/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Sorting doubles.  Samples of a cell lie close together with a few far off: a pass into buckets of
 * equal width leaves almost nothing to compare.  What is crowded in one bucket is left to a
 * quicksort, and that, where it has bad luck, to qsort. */

#include "config.h"

#include "stats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FEW 24                  /* values that are sorted by insertion */
#define BUCKETED ((size_t)1024) /* most values that go through buckets at once */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int is_sorted(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!(x[i - 1] <= x[i]))
            return 0;
    return 1;
}

static void sort_few(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double v = x[i];
        size_t k = i;
        for (; k > 0 && x[k - 1] > v; k--)
            x[k] = x[k - 1];
        x[k] = v;
    }
}

/* The middle one of first, middle and last. */
static double pick_pivot(const double *x, size_t n)
{
    double a = x[0], b = x[n / 2], c = x[n - 1];
    return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

/* Splits x, n >= 2: x[0 .. k] <= pivot <= x[k + 1 ..]; returns k + 1. */
static size_t split(double *x, size_t n)
{
    double pivot = pick_pivot(x, n);
    size_t i = 0, k = n - 1;
    for (;; i++, k--) {
        while (x[i] < pivot)
            i++;
        while (pivot < x[k])
            k--;
        if (i >= k)
            return k + 1;
        double t = x[i];
        x[i] = x[k];
        x[k] = t;
    }
}

/* Quicksort down to pieces of `most` values, each sorted by finish(). */
static void sort_pieces(double *x, size_t n, size_t most, void (*finish)(double *x, size_t n))
{
    unsigned depth = 4;
    for (size_t k = n; k; k /= 2)
        depth += 2;
    while (n > most) {
        if (!depth--) {
            qsort(x, n, sizeof *x, compare_numbers);
            return;
        }
        size_t left = split(x, n);
        /* the shorter part by a call, the longer by the loop */
        if (left < n - left) {
            sort_pieces(x, left, most, finish);
            x += left;
            n -= left;
        } else {
            sort_pieces(x + left, n - left, most, finish);
            n = left;
        }
    }
    finish(x, n);
}

/* Numbers of the buckets that x[n] go to: equal widths over the whole range, so that they ascend
 * with x.  false: all are equal, or the range is none. */
static int choose_buckets(const double *x, size_t n, uint16_t *bucket)
{
    double low = x[0], high = x[0];
    for (size_t i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    double scale = (double)(2 * n - 1) / (high - low);
    if (!isfinite(scale) || !isfinite(high - low))
        return 0;
    for (size_t i = 0; i < n; i++)
        bucket[i] = (uint16_t)((x[i] - low) * scale);
    return 1;
}

/* FEW < n <= BUCKETED. */
static void sort_by_buckets(double *x, size_t n)
{
    double copy[BUCKETED];
    uint16_t bucket[BUCKETED], end[2 * BUCKETED + 1];
    if (n <= FEW || !choose_buckets(x, n, bucket)) {
        sort_pieces(x, n, FEW, sort_few);
        return;
    }
    memcpy(copy, x, n * sizeof *x);
    memset(end, 0, (2 * n + 1) * sizeof *end);
    for (size_t i = 0; i < n; i++)
        end[bucket[i]]++;
    uint16_t begin = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        uint16_t count = end[i];
        end[i] = begin;
        begin = (uint16_t)(begin + count);
    }
    for (size_t i = 0; i < n; i++)
        x[end[bucket[i]]++] = copy[i];
    for (size_t i = 0, from = 0; i < 2 * n; from = end[i++])
        if (end[i] - from > FEW)
            sort_pieces(x + from, end[i] - from, FEW, sort_few);
    sort_few(x, n);
}

static int has_nan(const double *x, size_t n)
{
    int found = 0;
    for (size_t i = 0; i < n; i++)
        found |= x[i] != x[i];
    return found;
}

void stats_sort(double *x, size_t n)
{
    if (is_sorted(x, n))
        return;
    if (has_nan(x, n)) /* has no place in an order: qsort copes */
        qsort(x, n, sizeof *x, compare_numbers);
    else
        sort_pieces(x, n, BUCKETED, sort_by_buckets);
}
