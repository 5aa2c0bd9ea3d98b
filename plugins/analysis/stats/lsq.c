/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "lsq.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEGREE_MOST 3

/* One problem: the columns, then the right side, each [n], in long double and weighted. */
struct system {
    size_t n, p;
    long double *column[LSQ_MOST + 1];
    long double scale[LSQ_MOST];
};

static long double norm(const long double *v, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sqrtl(sum);
}

/* Reflects column k onto its first entry below row k, and the columns after it likewise; -1 where
 * nothing of it is left: it depends on those before it. */
static int reflect(struct system *s, size_t k)
{
    long double *v = s->column[k] + k;
    size_t n = s->n - k;
    long double length = norm(v, n);
    if (!(length > 1e-15L))
        return -1;
    long double alpha = v[0] > 0 ? -length : length, head = v[0] - alpha;
    for (size_t c = k + 1; c <= s->p; c++) {
        long double *u = s->column[c] + k, dot = head * u[0];
        for (size_t i = 1; i < n; i++)
            dot += v[i] * u[i];
        dot /= -alpha * head;
        u[0] -= dot * head;
        for (size_t i = 1; i < n; i++)
            u[i] -= dot * v[i];
    }
    v[0] = alpha;
    return 0;
}

/* Solves R z = right side for the p coefficients. */
static void solve(const struct system *s, const long double *right, long double *z)
{
    for (size_t k = s->p; k-- > 0;) {
        long double sum = right[k];
        for (size_t c = k + 1; c < s->p; c++)
            sum -= s->column[c][k] * z[c];
        z[k] = sum / s->column[k][k];
    }
}

/* Variance of coefficient k over that of a residual: row k of R^-1, squared and summed. */
static long double variance_factor(const struct system *s, size_t k)
{
    long double sum = 0;
    for (size_t c = k; c < s->p; c++) {
        long double unit[LSQ_MOST] = {0}, z[LSQ_MOST];
        unit[c] = 1;
        solve(s, unit, z);
        sum += z[k] * z[k];
    }
    return sum;
}

/* Fills the columns, each scaled to length 1, and the right side. */
static bool prepare(struct system *s, const double *x, const double *y, const double *w)
{
    for (size_t c = 0; c <= s->p; c++)
        for (size_t i = 0; i < s->n; i++) {
            long double root = w ? sqrtl((long double)w[i]) : 1;
            s->column[c][i] = root * (c < s->p ? x[c * s->n + i] : y[i]);
        }
    for (size_t c = 0; c < s->p; c++) {
        s->scale[c] = norm(s->column[c], s->n);
        if (!(s->scale[c] > 0) || !isfinite(s->scale[c]))
            return false;
        for (size_t i = 0; i < s->n; i++)
            s->column[c][i] /= s->scale[c];
    }
    return true;
}

static double total_squares(const double *y, const double *w, size_t n)
{
    long double sum = 0, weight = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (w ? w[i] : 1) * (long double)y[i];
        weight += w ? w[i] : 1;
    }
    for (size_t i = 0; i < n; i++) {
        long double d = y[i] - sum / weight;
        squares += (w ? w[i] : 1) * d * d;
    }
    return (double)squares;
}

/* Residuals are taken from the data: what the reflections leave of y has lost digits. */
static long double residual_squares(const struct lsq *f, const long double *z, const double *x,
                                    const double *y, const double *w)
{
    long double rss = 0;
    for (size_t i = 0; i < f->n; i++) {
        long double r = y[i];
        for (size_t c = 0; c < f->p; c++)
            r -= z[c] * x[c * f->n + i];
        rss += (w ? w[i] : 1) * r * r;
    }
    return rss;
}

static void fill(struct lsq *f, const struct system *s, const double *x, const double *y,
                 const double *w)
{
    long double z[LSQ_MOST];
    solve(s, s->column[s->p], z);
    for (size_t c = 0; c < s->p; c++) {
        z[c] /= s->scale[c];
        f->coef[c] = (double)z[c];
    }
    long double rss = residual_squares(f, z, x, y, w);
    f->rss = (double)rss;
    f->tss = total_squares(y, w, s->n);
    f->r2 = f->tss > 0 ? (double)(1 - rss / f->tss) : NAN;
    for (size_t c = 0; c < s->p; c++)
        f->se[c] = s->n > s->p
                       ? (double)(sqrtl(rss / (long double)(s->n - s->p) * variance_factor(s, c)) /
                                  s->scale[c])
                       : NAN;
}

int lsq_fit(struct lsq *ret, const double *x, const double *y, const double *w, size_t n, size_t p)
{
    *ret = (struct lsq){.n = n, .p = p, .rss = NAN, .tss = NAN, .r2 = NAN};
    for (size_t c = 0; c < LSQ_MOST; c++)
        ret->coef[c] = ret->se[c] = NAN;
    if (p == 0 || p > LSQ_MOST || n < p)
        return -1;
    long double *room = malloc((p + 1) * n * sizeof *room);
    if (!room)
        return -1;
    struct system s = {.n = n, .p = p};
    for (size_t c = 0; c <= p; c++)
        s.column[c] = room + c * n;
    bool sound = prepare(&s, x, y, w);
    for (size_t k = 0; sound && k < p; k++)
        sound = reflect(&s, k) == 0;
    if (sound)
        fill(ret, &s, x, y, w);
    free(room);
    return sound ? 0 : -1;
}

int lsq_polynomial(struct lsq *ret, const double *x, const double *y, const double *w, size_t n,
                   unsigned degree)
{
    double *columns = malloc((DEGREE_MOST + 1) * n * sizeof *columns + 1);
    if (!columns || degree > DEGREE_MOST) {
        free(columns);
        return -1;
    }
    for (unsigned c = 0; c <= degree; c++)
        for (size_t i = 0; i < n; i++)
            columns[c * n + i] = c ? columns[(c - 1) * n + i] * x[i] : 1;
    int done = lsq_fit(ret, columns, y, w, n, degree + 1);
    free(columns);
    return done;
}
