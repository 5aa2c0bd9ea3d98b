/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/eta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int eta_init(struct eta *e, const struct config *c, const struct plan *plan)
{
    memset(e, 0, sizeof *e);
    e->max_new_tokens = c->max_new_tokens;
    e->cells = calloc(plan->cell_count + 1, sizeof *e->cells);
    if (!e->cells)
        return -1;
    e->count = plan->cell_count;
    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *p = &plan->cells[i];
        const struct config_backend *b = &c->backends[p->backend];
        int64_t each = c->repetitions + b->warmup_repetitions;
        e->cells[i] = (struct eta_cell){.backend = b->name,
                                        .model = c->models[p->model].name,
                                        .context_length = p->context_length,
                                        .concurrency = p->concurrency,
                                        .each = each,
                                        .left = each * c->launches,
                                        .launches_left = c->launches};
    }
    return 0;
}

void eta_free(struct eta *e)
{
    free(e->cells);
    memset(e, 0, sizeof *e);
}

static bool same_series(const struct eta_cell *a, const struct eta_cell *b)
{
    return a->concurrency == b->concurrency && strcmp(a->backend, b->backend) == 0 &&
           strcmp(a->model, b->model) == 0;
}

int eta_find(const struct eta *e, const struct record_cell *cell)
{
    struct eta_cell wanted = {
        .backend = cell->backend, .model = cell->model, .concurrency = cell->concurrency};
    for (size_t i = 0; i < e->count; i++)
        if (e->cells[i].context_length == cell->context_length &&
            same_series(&e->cells[i], &wanted))
            return (int)i;
    return -1;
}

void eta_took(struct eta *e, int cell, double seconds)
{
    if (cell < 0)
        return;
    struct eta_cell *c = &e->cells[cell];
    c->seconds += seconds;
    c->count++;
    c->left -= c->left > 0;
}

void eta_ended(struct eta *e, int cell)
{
    if (cell < 0)
        return;
    struct eta_cell *c = &e->cells[cell];
    c->launches_left -= c->launches_left > 0;
    c->left = c->each * c->launches_left;
}

/* Work of a repetition in arbitrary units, where nothing better is known: between linear and
 * quadratic in the context, plus the tokens that are generated. */
static double work_of(const struct eta *e, const struct eta_cell *c)
{
    return pow((double)c->context_length, 1.25) + 8.0 * (double)e->max_new_tokens;
}

static double mean_of(const struct eta_cell *c)
{
    return c->seconds / (double)c->count;
}

/* How far apart two contexts are, as a ratio. */
static double distance(const struct eta_cell *a, const struct eta_cell *b)
{
    return fabs(log((double)a->context_length / (double)b->context_length));
}

/* The timed cell of the same series that is nearest, `except` left out; NULL: none. */
static const struct eta_cell *nearest(const struct eta *e, const struct eta_cell *of,
                                      const struct eta_cell *except)
{
    const struct eta_cell *best = NULL;
    for (size_t i = 0; i < e->count; i++) {
        const struct eta_cell *c = &e->cells[i];
        if (c != except && c->count && same_series(c, of) &&
            (!best || distance(c, of) < distance(best, of)))
            best = c;
    }
    return best;
}

/* By the power of context between two timed cells, at most the cube. */
static double draw_on(const struct eta_cell *of, const struct eta_cell *a, const struct eta_cell *b)
{
    double power =
        log(mean_of(a) / mean_of(b)) / log((double)a->context_length / (double)b->context_length);
    power = !(power > 0) ? 0 : power > 3 ? 3 : power;
    return mean_of(a) * pow((double)of->context_length / (double)a->context_length, power);
}

/* By the work of all timed cells, of the same backend where there are any. */
static double by_work(const struct eta *e, const struct eta_cell *of, bool any_backend)
{
    double seconds = 0, work = 0;
    for (size_t i = 0; i < e->count; i++) {
        const struct eta_cell *c = &e->cells[i];
        if (!c->count || !(any_backend || strcmp(c->backend, of->backend) == 0))
            continue;
        seconds += c->seconds;
        work += (double)c->count * work_of(e, c);
    }
    return work > 0 ? seconds / work * work_of(e, of) : NAN;
}

double eta_repetition(const struct eta *e, int cell)
{
    const struct eta_cell *c = &e->cells[cell];
    if (c->count)
        return mean_of(c);
    const struct eta_cell *a = nearest(e, c, NULL), *b = a ? nearest(e, c, a) : NULL;
    if (b && mean_of(a) > 0 && mean_of(b) > 0)
        return draw_on(c, a, b);
    if (a)
        return mean_of(a) * work_of(e, c) / work_of(e, a);
    double same = by_work(e, c, false);
    return isnan(same) ? by_work(e, c, true) : same;
}

double eta_left(const struct eta *e)
{
    double seconds = 0;
    for (size_t i = 0; i < e->count; i++)
        if (e->cells[i].left > 0)
            seconds += (double)e->cells[i].left * eta_repetition(e, (int)i);
    return seconds;
}
