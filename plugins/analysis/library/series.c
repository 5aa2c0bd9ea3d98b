/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "plugins/analysis/stats/stats.h"

#define JUMP_EXPONENT 3

const char *const center_names[CENTER_COUNT] = {"median", "mean", "trim5", "trim10"};

static bool same_text(const char *a, const char *b)
{
    return a == b || strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

bool keys_same_model(const struct keys *a, const struct keys *b)
{
    return same_text(a->run, b->run) && same_text(a->model, b->model) &&
           same_text(a->backend, b->backend) && same_number(a->concurrency, b->concurrency);
}

bool series_is(const struct series *s, const char *mode)
{
    return same_text(s->keys.mode, mode);
}

const char *series_name(const struct keys *k, char *text, size_t size)
{
    snprintf(text, size, "%s on %s", k->model ? k->model : "?", k->backend ? k->backend : "?");
    return text;
}

double cell_center(const struct cell *c, enum center which)
{
    return which == CENTER_MEDIAN ? c->median
           : which == CENTER_MEAN
               ? c->mean
               : stats_trimmed_mean(c->x, c->n, which == CENTER_TRIM5 ? .05 : .1);
}

double cells_within(const struct cell *c, size_t count, size_t *ret_df)
{
    double squares = 0;
    size_t df = 0;
    for (size_t i = 0; i < count; i++) {
        if (c[i].n < 2)
            continue;
        squares += c[i].sd * c[i].sd * (double)(c[i].n - 1);
        df += c[i].n - 1;
    }
    if (ret_df)
        *ret_df = df;
    return squares;
}

size_t series_jump(const double *x, const double *y, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (y[i] / y[i - 1] > pow(x[i] / x[i - 1], JUMP_EXPONENT))
            return i;
    return count;
}

size_t series_clean_count(const struct series *s)
{
    size_t n = 0;
    while (n < s->count && !(s->cells[n].context >= s->break_at.first))
        n++;
    return n;
}

/* --- memory */

static double larger(double a, double b)
{
    return b > a || isnan(a) ? b : a;
}

static double of_cell(const double *largest, uint32_t cell)
{
    return largest ? largest[cell] : NAN;
}

static struct memory_cell memory_cell_of(const struct rows *r, const struct group *g)
{
    struct memory_cell m = {.context = g->context, .peak = NAN, .limit = NAN, .spilled = NAN};
    for (size_t i = 0; i < g->cell_count; i++) {
        uint32_t cell = g->cells[i];
        int32_t status = rows_code(&r->status, cell_first(r, cell));
        m.limit = larger(m.limit, of_cell(r->cells.limit, cell));
        if (status == r->oom)
            m.oom += (double)cell_size(r, cell);
        if (status != r->ok)
            continue;
        m.ok += (double)cell_size(r, cell);
        m.peak = larger(m.peak, of_cell(r->cells.peak, cell));
        m.spilled = larger(m.spilled, of_cell(r->cells.spilled, cell));
    }
    return m;
}

static void judge_memory(struct memory *m, const struct ctxmark_host *h)
{
    double fact = facts_number(h, m->keys.backend, m->keys.model, "memory_limit_mib");
    for (size_t i = 0; i < m->count; i++)
        m->limit = fmax(m->limit, m->cells[i].limit);
    if (fact > 0)
        m->limit = fact;
    for (size_t i = 0; i < m->count; i++) {
        const struct memory_cell *c = &m->cells[i];
        bool spilled = c->peak > m->limit || c->spilled > 0;
        m->known |= (!isnan(c->peak) && m->limit > 0) || c->spilled > 0;
        if (spilled && isnan(m->spill))
            m->spill = c->context;
        if (c->oom > 0 && isnan(m->oom_at))
            m->oom_at = c->context;
    }
}

static int make_memories(struct series_set *s, const struct rows *r, const struct ctxmark_host *h)
{
    struct groups g;
    if (groups_make(&g, r, GROUP_CONTEXT | GROUP_TOTALS, rows_is_measured) < 0)
        return -1;
    s->memory_cells = calloc(g.count + 1, sizeof *s->memory_cells);
    s->memories = calloc(g.count + 1, sizeof *s->memories);
    bool ready = s->memory_cells && s->memories;
    for (size_t i = 0, n; ready && i < g.count; i += n) {
        n = groups_series(&g, i);
        struct memory *m = &s->memories[s->memory_count++];
        *m = (struct memory){.keys = keys_of(&g.items[i]),
                             .cells = s->memory_cells + i,
                             .limit = NAN,
                             .spill = NAN,
                             .oom_at = NAN};
        m->keys.context_length = NAN;
        for (size_t k = 0; k < n; k++)
            if (!isnan(g.items[i + k].context))
                s->memory_cells[i + m->count++] = memory_cell_of(r, &g.items[i + k]);
        judge_memory(m, h);
    }
    groups_free(&g);
    return ready ? 0 : -1;
}

/* --- series */

static void fill_cell(struct cell *c, const struct group *g, const struct rows *r, double *values)
{
    *c = (struct cell){.group = g, .context = g->context};
    c->x = group_latencies(g, r, values, &c->n);
    c->mean = stats_mean(c->x, c->n);
    c->median = stats_median(c->x, c->n);
    c->sd = stats_sd_about(c->x, c->n, c->mean);
}

static struct breakpoint bracket(const struct series *s, size_t i, const char *by)
{
    return (struct breakpoint){i ? s->cells[i - 1].context : NAN, s->cells[i].context, by};
}

static struct breakpoint find_break(const struct series *s)
{
    static const struct breakpoint none = {NAN, NAN, NULL};
    if (s->memory && s->memory->known) {
        size_t i = 0;
        while (i < s->count && !(s->cells[i].context >= s->memory->spill))
            i++;
        if (i < s->count)
            return bracket(s, i, BREAK_MEMORY);
        return none;
    }
    for (size_t i = 1; i < s->count; i++) {
        const double x[2] = {s->cells[i - 1].context, s->cells[i].context},
                     y[2] = {s->cells[i - 1].median, s->cells[i].median};
        if (series_jump(x, y, 2) == 1)
            return bracket(s, i, BREAK_JUMP);
    }
    return none;
}

static const struct memory *find_memory(const struct series_set *s, const struct keys *k)
{
    for (size_t i = 0; i < s->memory_count; i++)
        if (keys_same_model(&s->memories[i].keys, k))
            return &s->memories[i];
    return NULL;
}

static void make_items(struct series_set *s, const struct rows *r)
{
    double *values = s->values;
    for (size_t i = 0, n; i < s->groups.count; i += n) {
        n = groups_series(&s->groups, i);
        struct series *item = &s->items[s->count++];
        *item = (struct series){.keys = keys_of(&s->groups.items[i]), .cells = s->cells + i};
        item->keys.context_length = NAN;
        for (size_t k = 0; k < n; k++) {
            if (isnan(s->groups.items[i + k].context))
                continue;
            struct cell *c = &s->cells[i + item->count++];
            fill_cell(c, &s->groups.items[i + k], r, values);
            values += c->n;
        }
        item->memory = find_memory(s, &item->keys);
        item->break_at = find_break(item);
        s->cell_count += item->count;
        if (!item->count)
            s->count--;
    }
}

int series_make(struct series_set *s, const struct rows *r, const struct ctxmark_host *h)
{
    *s = (struct series_set){0};
    if (make_memories(s, r, h) < 0 || groups_make(&s->groups, r, GROUP_CELL, rows_is_usable) < 0) {
        series_free(s);
        return -1;
    }
    for (size_t i = 0; i < s->groups.count; i++)
        s->value_count += s->groups.items[i].count;
    s->largest = s->groups.largest;
    s->values = malloc((s->value_count + 1) * sizeof *s->values);
    s->cells = calloc(s->groups.count + 1, sizeof *s->cells);
    s->items = calloc(s->groups.count + 1, sizeof *s->items);
    if (!s->values || !s->cells || !s->items) {
        series_free(s);
        return -1;
    }
    make_items(s, r);
    return 0;
}

void series_free(struct series_set *s)
{
    groups_free(&s->groups);
    free(s->items);
    free(s->memories);
    free(s->cells);
    free(s->memory_cells);
    free(s->values);
    *s = (struct series_set){0};
}
