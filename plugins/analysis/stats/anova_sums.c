/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "anova_sums.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "stats.h"

/* --- cells */

struct anova_cell anova_cell_make(const double *x, size_t n)
{
    struct anova_cell c = {(double)n, stats_mean(x, n), 0, 0};
    double lost = 0;
    for (size_t i = 0; i < n; i++)
        c.low += x[i] - c.high;
    c.low /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (x[i] - c.high) - c.low, square = d * d, t = c.ss + square;
        lost += c.ss >= square ? (c.ss - t) + square : (square - t) + c.ss;
        c.ss = t;
    }
    c.ss += lost;
    return c;
}

/* Mean of a cell seen from `centre`. */
static double offset(const struct anova_cell *c, double centre)
{
    return (c->high - centre) + c->low;
}

struct anova_cell anova_cell_join(const struct anova_cell *a, const struct anova_cell *b)
{
    if (!(a->n > 0))
        return *b;
    if (!(b->n > 0))
        return *a;
    double n = a->n + b->n, d = offset(b, a->high) - a->low, shift = a->low + d * (b->n / n);
    struct anova_cell c = {n, a->high + shift, 0, a->ss + b->ss + d * d * (a->n * b->n / n)};
    c.low = shift - (c.high - a->high);
    return c;
}

static struct anova_cell join_all(const struct anova_cell *cells, size_t count)
{
    struct anova_cell all = {0, 0, 0, 0};
    for (size_t i = 0; i < count; i++)
        all = anova_cell_join(&all, &cells[i]);
    return all;
}

/* --- effects */

static struct anova_effect effect_of(double ss, double df, double ss_error, double df_error,
                                     double n)
{
    struct anova_effect e = {ss, df, ss / df, NAN, {NAN, NAN}, NAN, NAN};
    double ms_error = ss_error / df_error;
    if (ss + ss_error > 0)
        e.partial_eta2 = ss / (ss + ss_error);
    if (ms_error > 0) {
        e.F = e.ms / ms_error;
        e.p = tail_f(e.F, df, df_error);
        e.partial_omega2 = (ss - df * ms_error) / (ss + (n - df) * ms_error);
    }
    return e;
}

struct anova_oneway anova_oneway(const struct anova_cell *cells, size_t count)
{
    const struct anova_effect none = {NAN, NAN, NAN, NAN, {NAN, NAN}, NAN, NAN};
    struct anova_cell all = join_all(cells, count);
    struct anova_oneway r = {none, 0, NAN, NAN, all.n};
    double between = 0, levels = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(cells[i].n > 0))
            continue;
        double d = offset(&cells[i], all.high) - all.low;
        between += cells[i].n * d * d;
        r.ss_within += cells[i].ss;
        levels++;
    }
    r.df_within = all.n - levels;
    if (levels < 2 || r.df_within < 1) {
        r.ss_within = r.df_within = NAN;
        return r;
    }
    r.ms_within = r.ss_within / r.df_within;
    r.effect = effect_of(between, levels - 1, r.ss_within, r.df_within, all.n);
    return r;
}

/* --- two factors */

struct layout {
    size_t rows, columns;
    const struct anova_cell *cells;
    double *y;     /* [rows * columns] means of the cells seen from the grand mean */
    double *alpha; /* [rows] effects of a beside b */
    double *row_mean, *column_mean, *row_n, *column_n; /* weighted by n */
    double *matrix;                                    /* [rows * rows] */
};

static double cell_n(const struct layout *l, size_t i, size_t k)
{
    return l->cells[i * l->columns + k].n;
}

static double cell_y(const struct layout *l, size_t i, size_t k)
{
    return l->y[i * l->columns + k];
}

static void layout_free(struct layout *l)
{
    free(l->y);
}

/* 0, or -1: out of memory. */
static int layout_make(struct layout *l, const struct anova_cell *cells, size_t rows,
                       size_t columns)
{
    struct anova_cell all = join_all(cells, rows * columns);
    *l = (struct layout){.rows = rows, .columns = columns, .cells = cells};
    l->y = calloc(rows * columns + rows * rows + 3 * rows + 2 * columns, sizeof *l->y);
    if (!l->y)
        return -1;
    l->matrix = l->y + rows * columns;
    l->alpha = l->matrix + rows * rows;
    l->row_mean = l->alpha + rows;
    l->row_n = l->row_mean + rows;
    l->column_mean = l->row_n + rows;
    l->column_n = l->column_mean + columns;
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++) {
            double n = cell_n(l, i, k), y = offset(&cells[i * columns + k], all.high) - all.low;
            l->y[i * columns + k] = y;
            l->row_mean[i] += n * y;
            l->row_n[i] += n;
            l->column_mean[k] += n * y;
            l->column_n[k] += n;
        }
    for (size_t i = 0; i < rows; i++)
        l->row_mean[i] /= l->row_n[i];
    for (size_t k = 0; k < columns; k++)
        l->column_mean[k] /= l->column_n[k];
    return 0;
}

/* Solves the positive definite system m x = x of size n by elimination, in place. */
static void solve(double *m, double *x, size_t n, size_t stride)
{
    for (size_t p = 0; p < n; p++)
        for (size_t i = p + 1; i < n; i++) {
            double f = m[i * stride + p] / m[p * stride + p];
            for (size_t k = p; k < n; k++)
                m[i * stride + k] -= f * m[p * stride + k];
            x[i] -= f * x[p];
        }
    for (size_t p = n; p-- > 0;) {
        for (size_t k = p + 1; k < n; k++)
            x[p] -= m[p * stride + k] * x[k];
        x[p] /= m[p * stride + p];
    }
}

/* The additive model y = alpha_i + beta_k by weighted least squares: b absorbed, the last alpha 0.
 */
static void fit_additive(struct layout *l)
{
    for (size_t i = 0; i < l->rows; i++) {
        l->alpha[i] = 0;
        for (size_t k = 0; k < l->columns; k++)
            l->alpha[i] += cell_n(l, i, k) * (cell_y(l, i, k) - l->column_mean[k]);
        for (size_t j = 0; j < l->rows; j++) {
            double sum = i == j ? l->row_n[i] : 0;
            for (size_t k = 0; k < l->columns; k++)
                sum -= cell_n(l, i, k) * cell_n(l, j, k) / l->column_n[k];
            l->matrix[i * l->rows + j] = sum;
        }
    }
    l->alpha[l->rows - 1] = 0;
    solve(l->matrix, l->alpha, l->rows - 1, l->rows);
}

/* Sums of squares of a after b, b after a, and the interaction after both. */
static void sum_adjusted(const struct layout *l, double *ret_a, double *ret_b, double *ret_ab)
{
    *ret_a = *ret_b = *ret_ab = 0;
    for (size_t k = 0; k < l->columns; k++) {
        double mean = 0;
        for (size_t i = 0; i < l->rows; i++)
            mean += cell_n(l, i, k) * l->alpha[i] / l->column_n[k];
        for (size_t i = 0; i < l->rows; i++) {
            double n = cell_n(l, i, k), fit = l->column_mean[k] + (l->alpha[i] - mean);
            double a = l->alpha[i] - mean, b = fit - l->row_mean[i], r = cell_y(l, i, k) - fit;
            *ret_a += n * a * a;
            *ret_b += n * b * b;
            *ret_ab += n * r * r;
        }
    }
}

/* Type III of one factor: its unweighted marginal means, weighted by their precision (Yates 1934).
 */
static double sum_unweighted(const struct layout *l, bool of_rows)
{
    size_t levels = of_rows ? l->rows : l->columns, others = of_rows ? l->columns : l->rows;
    double weight = 0, mean = 0, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < levels; i++) {
            double y = 0, variance = 0;
            for (size_t k = 0; k < others; k++) {
                y += of_rows ? cell_y(l, i, k) : cell_y(l, k, i);
                variance += 1 / (of_rows ? cell_n(l, i, k) : cell_n(l, k, i));
            }
            double w = (double)others * (double)others / variance, d = y / (double)others;
            if (pass == 0) {
                mean += (d - mean) * (w / (weight + w));
                weight += w;
            } else {
                sum += w * (d - mean) * (d - mean);
            }
        }
    return sum;
}

static double sum_main(const double *mean, const double *n, size_t levels)
{
    double sum = 0;
    for (size_t i = 0; i < levels; i++)
        sum += n[i] * mean[i] * mean[i];
    return sum;
}

static int check_cells(const struct anova_cell *cells, size_t count, struct anova_twoway *r)
{
    r->balanced = 1;
    for (size_t i = 0; i < count; i++) {
        if (!(cells[i].n > 0))
            return 1;
        r->n += cells[i].n;
        r->ss_error += cells[i].ss;
        r->balanced &= cells[i].n == cells[0].n;
    }
    r->df_error = r->n - (double)count;
    r->ms_error = r->ss_error / r->df_error;
    return r->df_error < 1;
}

int anova_twoway(const struct anova_cell *cells, size_t rows, size_t columns,
                 struct anova_twoway *ret)
{
    struct anova_twoway r = {.n = 0};
    struct layout l;
    if (check_cells(cells, rows * columns, &r))
        return 1;
    if (layout_make(&l, cells, rows, columns) < 0)
        return -1;
    fit_additive(&l);
    double a, b, ab, df_a = (double)(rows - 1), df_b = (double)(columns - 1);
    sum_adjusted(&l, &a, &b, &ab);
    const double of_a[] = {sum_main(l.row_mean, l.row_n, rows), a, sum_unweighted(&l, true)};
    const double of_b[] = {b, b, sum_unweighted(&l, false)};
    for (int type = 0; type < 3; type++) {
        r.a[type] = effect_of(of_a[type], df_a, r.ss_error, r.df_error, r.n);
        r.b[type] = effect_of(of_b[type], df_b, r.ss_error, r.df_error, r.n);
        r.a_x_b[type] = effect_of(ab, df_a * df_b, r.ss_error, r.df_error, r.n);
    }
    r.ss_total = of_a[0] + b + ab + r.ss_error;
    layout_free(&l);
    *ret = r;
    return 0;
}
