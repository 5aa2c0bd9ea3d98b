/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "segments.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "plugins/analysis/stats/fit.h"
#include "plugins/analysis/stats/lsq.h"
#include "plugins/analysis/stats/stats.h"

#define ALONE_FEWEST 4  /* contexts for a parabola */
#define BESIDE_FEWEST 5 /* and for one of two segments */
#define LEAST_SD 1e-9   /* relative: below this two curves both fit exactly */

/* The cells in logarithms. */
struct logs {
    size_t count, n;                      /* cells, repetitions */
    double *x, *ln_x, *ln_y, *y, *weight; /* y: geometric mean; weight: repetitions */
    double *relative;                     /* weight / y^2 */
    double within;                        /* sum of squares around the cells' means of ln y */
};

struct curve {
    enum { LEVEL, POWER, LOG_PARABOLA, PARABOLA } kind;
    struct lsq fit;
    double rss; /* in ln y, without what is within cells */
    size_t coefficients;
};

static double curve_value(const struct curve *c, double x)
{
    const double *k = c->fit.coef;
    double l = log(x);
    switch (c->kind) {
    case LEVEL:
        return k[0];
    case POWER:
        return k[0] + k[1] * l;
    case LOG_PARABOLA:
        return k[0] + k[1] * l + k[2] * l * l;
    default:
        return log(k[0] + k[1] * x + k[2] * x * x);
    }
}

static bool fit_curve(struct curve *c, const struct logs *g, size_t from, size_t to)
{
    size_t n = to - from;
    int done;
    if (c->kind == PARABOLA)
        done = lsq_polynomial(&c->fit, g->x + from, g->y + from, g->relative + from, n, 2);
    else
        done = lsq_polynomial(&c->fit, g->ln_x + from, g->ln_y + from, g->weight + from, n,
                              c->kind == LEVEL   ? 0
                              : c->kind == POWER ? 1
                                                 : 2);
    c->coefficients = c->fit.p;
    c->rss = 0;
    for (size_t i = from; i < to && done == 0; i++) {
        double r = g->ln_y[i] - curve_value(c, g->x[i]);
        c->rss += g->weight[i] * r * r;
    }
    return done == 0 && isfinite(c->rss);
}

/* The curves that so many contexts can carry; returns how many of them are fitted. */
static size_t fit_curves(struct curve ret[3], const struct logs *g, size_t from, size_t to)
{
    size_t n = to - from, count = 0;
    if (n == 2 && series_jump(g->x + from, g->y + from, n) < n)
        return 0;
    ret[count].kind = n == 1 ? LEVEL : POWER;
    count += fit_curve(&ret[count], g, from, to);
    if (n < (n == g->count ? ALONE_FEWEST : BESIDE_FEWEST))
        return count;
    ret[count].kind = LOG_PARABOLA;
    count += fit_curve(&ret[count], g, from, to);
    ret[count].kind = PARABOLA;
    count += fit_curve(&ret[count], g, from, to);
    return count;
}

static double bic_of(const struct logs *g, double rss, size_t coefficients)
{
    return fit_bic(rss + g->within, (double)g->n * LEAST_SD * LEAST_SD, g->n, coefficients);
}

static void try_one(struct segments *s, const struct logs *g)
{
    struct curve c[3];
    size_t n = fit_curves(c, g, 0, g->count);
    for (size_t i = 0; i < n; i++)
        s->bic_one = fmin(s->bic_one, bic_of(g, c[i].rss, c[i].coefficients));
}

static void try_break(struct segments *s, const struct logs *g, size_t at)
{
    struct curve first[3], last[3];
    size_t n = fit_curves(first, g, 0, at), m = fit_curves(last, g, at, g->count);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            double bic = bic_of(g, first[i].rss + last[k].rss,
                                first[i].coefficients + last[k].coefficients + 1);
            if (!(bic < s->bic_two) && !isnan(s->bic_two))
                continue;
            s->bic_two = bic;
            s->first_after = at;
            s->step = exp(g->ln_y[at] - curve_value(&first[i], g->x[at]));
        }
}

static bool take_logs(struct logs *g, const struct cell *cells, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = cells[i].n > most ? cells[i].n : most;
    double *room = malloc((6 * count + most) * sizeof *room),
           *values = room ? room + 6 * count : NULL;
    if (!room)
        return false;
    *g = (struct logs){.count = count,
                       .x = room,
                       .ln_x = room + count,
                       .ln_y = room + 2 * count,
                       .y = room + 3 * count,
                       .weight = room + 4 * count,
                       .relative = room + 5 * count};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < cells[i].n; k++)
            values[k] = log(cells[i].x[k]);
        double sd = stats_sd(values, cells[i].n);
        g->within += cells[i].n > 1 ? sd * sd * (double)(cells[i].n - 1) : 0;
        g->n += cells[i].n;
        g->x[i] = cells[i].context;
        g->ln_x[i] = log(cells[i].context);
        g->ln_y[i] = stats_mean(values, cells[i].n);
        g->y[i] = exp(g->ln_y[i]);
        g->weight[i] = (double)cells[i].n;
        g->relative[i] = (double)cells[i].n / (g->y[i] * g->y[i]);
    }
    return true;
}

int segments_find(struct segments *ret, const struct cell *cells, size_t count)
{
    struct logs g;
    *ret = (struct segments){.bic_one = NAN, .bic_two = NAN, .step = NAN, .two = -1};
    for (size_t i = 0; i < count; i++) {
        ret->n += cells[i].n;
        if (!(cells[i].x[0] > 0) || !(cells[i].context > 0))
            return 0;
    }
    if (count < SEGMENTS_FEWEST)
        return 0;
    if (!take_logs(&g, cells, count))
        return -1;
    try_one(ret, &g);
    for (size_t at = 2; at < count; at++)
        try_break(ret, &g, at);
    free(g.x);
    if (!isnan(ret->bic_one) && !isnan(ret->bic_two))
        ret->two = ret->bic_two < ret->bic_one && fabs(log(ret->step)) >= log(SEGMENTS_STEP);
    return 0;
}
