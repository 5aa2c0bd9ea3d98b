/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/plan.h"
#include "core/config/plan_filter.h"
#include "core/config/yaml/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include <ctxmark/util.h>

#define MOST_CELLS 1000000 /* over all launches */

/* A backend with a model that it serves, and where its cells lie in plan.cells. */
struct pair {
    size_t backend, model, first, count;
};

struct planning {
    const struct config *config;
    const struct plan_filter *filters;
    size_t filter_count;
    struct plan *plan;
    struct pair *pairs;
    size_t cell_capacity;
    bool *served; /* per model, whether any backend serves it */
};

static bool fits(const struct config_model *m, int64_t context_length)
{
    return !m->max_context || context_length <= m->max_context;
}

static int add_cell(struct planning *p, struct plan_cell cell, struct err *e)
{
    struct plan *plan = p->plan;
    if (plan->cell_count == MOST_CELLS / (size_t)p->config->launches)
        return err_set(e,
                       "%s: the plan has more than %d cells over all launches; name fewer context "
                       "lengths, models, backends or launches",
                       p->config->file, MOST_CELLS);
    if (plan->cell_count == p->cell_capacity) {
        size_t capacity = p->cell_capacity ? p->cell_capacity * 2 : 64;
        struct plan_cell *cells = realloc(plan->cells, capacity * sizeof *cells);
        if (!cells)
            return err_memory(e);
        plan->cells = cells;
        p->cell_capacity = capacity;
    }
    plan->cells[plan->cell_count++] = cell;
    if (cell.context_length > plan->largest_context)
        plan->largest_context = cell.context_length;
    return 0;
}

static int add_pair(struct planning *p, size_t backend, size_t model, struct err *e)
{
    const struct config *c = p->config;
    size_t first = p->plan->cell_count;
    for (size_t i = 0; i < c->context_count; i++)
        for (size_t k = 0; k < c->concurrency_count; k++) {
            struct plan_cell cell = {backend, model, c->context_lengths[i], c->concurrency[k]};
            if (fits(&c->models[model], cell.context_length) &&
                plan_filters_match(c, p->filters, p->filter_count, &cell) && add_cell(p, cell, e))
                return -1;
        }
    if (p->plan->cell_count > first)
        p->pairs[p->plan->pair_count++] =
            (struct pair){backend, model, first, p->plan->cell_count - first};
    return 0;
}

static int add_pairs(struct planning *p, struct err *e)
{
    const struct config *c = p->config;
    for (size_t b = 0; b < c->backend_count; b++)
        for (size_t m = 0; m < c->model_count; m++) {
            if (!config_serves(&c->backends[b], &c->models[m]))
                continue;
            p->served[m] = true;
            if (add_pair(p, b, m, e))
                return -1;
        }
    return 0;
}

/* --- groups: one worker each */

static uint64_t shuffle_number(const struct planning *p, const struct plan_group *g, size_t i)
{
    uint64_t x = ctxmark_mix(p->config->seed);
    x = ctxmark_mix(x ^ (uint64_t)g->launch);
    x = ctxmark_mix(x ^ (uint64_t)g->backend << 32 ^ (uint64_t)g->model);
    return ctxmark_mix(x ^ (uint64_t)i);
}

/* Fisher and Yates, with numbers that depend on seed, launch, backend and model alone. */
static void shuffle(const struct planning *p, struct plan_group *g)
{
    for (size_t i = g->cell_count; i > 1; i--) {
        size_t j = (size_t)(shuffle_number(p, g, i) % i);
        size_t swap = g->cells[i - 1];
        g->cells[i - 1] = g->cells[j];
        g->cells[j] = swap;
    }
}

static int add_group(struct planning *p, const struct pair *pair, int64_t launch, struct err *e)
{
    const struct config *c = p->config;
    struct plan_group *g = &p->plan->groups[p->plan->group_count++];
    g->backend = pair->backend;
    g->model = pair->model;
    g->launch = launch;
    g->cell_count = pair->count;
    g->cells = calloc(pair->count, sizeof *g->cells);
    if (!g->cells)
        return err_memory(e);
    for (size_t i = 0; i < pair->count; i++)
        g->cells[i] = pair->first + i;
    if (c->order == ORDER_SHUFFLED)
        shuffle(p, g);
    if (!c->backends[g->backend].descriptor)
        return 0;
    g->model_keys = config_model_keys(c, &c->backends[g->backend], &c->models[g->model], e);
    return g->model_keys ? 0 : -1;
}

/* All of one launch come before the next launch: what changes in the machine meanwhile then shows
 * between launches. */
static int add_groups(struct planning *p, struct err *e)
{
    struct plan *plan = p->plan;
    size_t launches = (size_t)p->config->launches;
    plan->groups = calloc(plan->pair_count * launches, sizeof *plan->groups);
    if (!plan->groups)
        return err_memory(e);
    for (size_t k = 0; k < launches; k++)
        for (size_t i = 0; i < plan->pair_count; i++)
            if (add_group(p, &p->pairs[i], (int64_t)k, e))
                return -1;
    return 0;
}

/* --- what is left out, and why nothing is left */

static void note_long_contexts(const struct config *c, const struct config_model *m)
{
    struct buf left = {0};
    size_t count = 0;
    for (size_t i = 0; i < c->context_count; i++)
        if (!fits(m, c->context_lengths[i]))
            buf_printf(&left, "%s%lld", count++ ? ", " : "", (long long)c->context_lengths[i]);
    if (count)
        log_note("model %s: context length%s %s left out, above its max_context of %lld", m->name,
                 count > 1 ? "s" : "", buf_text(&left), (long long)m->max_context);
    buf_free(&left);
}

static void serving_keys(const struct config *c, struct buf *out)
{
    for (size_t i = 0; i < c->backend_count; i++)
        if (c->backends[i].serves)
            buf_printf(out, "%s'%s' (%s)", out->len ? " or " : "", c->backends[i].serves,
                       c->backends[i].name);
}

/* "FILE:LINE:COLUMN: model 'x' is served by no backend; give it ..." */
static void unserved_words(const struct config *c, const struct config_model *m, struct err *ret)
{
    struct buf keys = {0};
    serving_keys(c, &keys);
    node_fail(m->node, ret, "no backend of this config serves model '%s'; give it %s", m->name,
              buf_text(&keys));
    buf_free(&keys);
}

static void note_unserved(const struct planning *p)
{
    struct err words;
    for (size_t m = 0; m < p->config->model_count; m++) {
        if (p->served[m])
            continue;
        unserved_words(p->config, &p->config->models[m], &words);
        log_warning("%s", words.text);
    }
}

static bool serves_any(const struct planning *p)
{
    for (size_t m = 0; m < p->config->model_count; m++)
        if (p->served[m])
            return true;
    return false;
}

static int explain_empty(const struct planning *p, struct err *e)
{
    const struct config *c = p->config;
    if (!serves_any(p)) {
        unserved_words(c, &c->models[0], e);
        return -1;
    }
    if (plan_filters_explain(p->filters, p->filter_count, e))
        return -1;
    return err_set(e,
                   "%s: every context length is above the max_context of its model; lower "
                   "'context_lengths'",
                   c->file);
}

static int fill(struct planning *p, struct err *e)
{
    const struct config *c = p->config;
    if (plan_filters_check(c, p->filters, p->filter_count, e) || add_pairs(p, e))
        return -1;
    if (!p->plan->cell_count)
        return explain_empty(p, e);
    note_unserved(p);
    for (size_t m = 0; m < c->model_count; m++)
        if (p->served[m])
            note_long_contexts(c, &c->models[m]);
    return add_groups(p, e);
}

struct plan *plan_make(const struct config *c, const struct plan_filter *filters,
                       size_t filter_count, struct err *e)
{
    struct planning p = {.config = c, .filters = filters, .filter_count = filter_count};
    p.plan = calloc(1, sizeof *p.plan);
    p.pairs = calloc(c->backend_count * c->model_count + 1, sizeof *p.pairs);
    p.served = calloc(c->model_count + 1, sizeof *p.served);
    int rc = p.plan && p.pairs && p.served ? fill(&p, e) : err_memory(e);
    free(p.pairs);
    free(p.served);
    if (!rc)
        return p.plan;
    plan_free(p.plan);
    return NULL;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->group_count; i++) {
        free(p->groups[i].cells);
        json_decref(p->groups[i].model_keys);
    }
    free(p->groups);
    free(p->cells);
    free(p);
}
