/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One worker's cells: start it, prepare, warm up, repeat, and turn whatever happens into rows. */

#include "config.h"

#include "core/run/group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin/probe.h"
#include "core/run/interrupt.h"

static int measure_in_sequence(struct group *g)
{
    for (size_t i = 0; i < g->plan->cell_count && !g->run->stopped; i++)
        if (group_visit_cell(g, &g->cells[i], INT64_MAX) < 0 ||
            (!g->run->stopped && group_close_cell(g, &g->cells[i]) < 0))
            return -1;
    return 0;
}

/* The user stopped the run: what there is of its cells is tagged too, as it will be analysed. */
static int tag_unfinished(struct group *g)
{
    for (size_t i = 0; i < g->plan->cell_count; i++)
        if (record_finish_series(&g->run->record, &g->cells[i].series, g->run->config->cold_ratio,
                                 g->err) < 0)
            return -1;
    return 0;
}

/* One repetition of each cell in turn, so that drift does not look like an effect. */
static int measure_interleaved(struct group *g)
{
    for (bool more = true; more && !g->run->stopped;) {
        more = false;
        for (size_t i = 0; i < g->plan->cell_count && !g->run->stopped; i++) {
            struct cell_state *s = &g->cells[i];
            if (group_cell_is_done(g, s))
                continue;
            if (group_visit_cell(g, s, 1) < 0)
                return -1;
            more = more || !group_cell_is_done(g, s);
        }
    }
    for (size_t i = 0; i < g->plan->cell_count && !g->run->stopped; i++)
        if (group_close_cell(g, &g->cells[i]) < 0)
            return -1;
    return 0;
}

/* ---- the whole group */

/* What an earlier part of the run did of this cell.  What is left of it begins with its warm-up. */
static void take_over(struct group *g, struct cell_state *s)
{
    struct resume_cell *before = resume_find(g->run->resume, s->index, g->plan->launch);
    s->series = before->series;
    memset(&before->series, 0, sizeof before->series);
    s->warmups = before->warmups;
    s->measured = before->measured;
    s->failures = before->failures;
    s->ended = before->ended;
    if (before->oom && (!g->oom_seen || s->cell.context_length < g->oom_context)) {
        g->oom_seen = true;
        g->oom_context = s->cell.context_length;
    }
    if (s->series.count && !group_cell_is_done(g, s)) {
        s->warmups_due = s->warmups + g->backend->warmup_repetitions;
        s->rewarm_note = "resumed";
    }
}

/* Nothing is left to do: no worker needs to be started. */
static bool group_is_done(const struct group *g)
{
    for (size_t i = 0; i < g->plan->cell_count; i++)
        if (!group_cell_is_done(g, &g->cells[i]))
            return false;
    return true;
}

static int group_init(struct group *g, struct run *run, const struct plan_group *plan,
                      struct err *e)
{
    const struct config *c = run->config;
    memset(g, 0, sizeof *g);
    g->run = run;
    g->plan = plan;
    g->backend = &c->backends[plan->backend];
    g->model = &c->models[plan->model];
    g->load_ms = NAN;
    g->err = e;
    g->cells = calloc(plan->cell_count + 1, sizeof *g->cells);
    if (!g->cells)
        return err_memory(e);
    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *p = &run->plan->cells[plan->cells[i]];
        g->cells[i].index = plan->cells[i];
        g->cells[i].warmups_due = g->backend->warmup_repetitions;
        g->cells[i].cell = (struct record_cell){
            .backend = g->backend->name,
            .plugin = g->backend->descriptor ? g->backend->descriptor->name : g->backend->plugin,
            .model = g->model->name,
            .params_m = g->model->params_m,
            .context_length = p->context_length,
            .concurrency = p->concurrency,
            .max_new_tokens = group_new_tokens(c),
            .launch = plan->launch,
            .prefill = c->modes[MODE_PREFILL],
            .decode = c->modes[MODE_DECODE],
            .e2e = c->modes[MODE_E2E],
        };
        if (run->resume)
            take_over(g, &g->cells[i]);
    }
    return 0;
}

static void group_free(struct group *g)
{
    for (size_t i = 0; i < g->plan->cell_count; i++) {
        record_series_free(&g->cells[i].series);
        buf_free(&g->cells[i].decode_rates);
    }
    free(g->cells);
}

/* Why the backend cannot work on this machine, "" if it can; asked once a run. */
static const char *why_not(struct run *run, const struct config_backend *b)
{
    struct err e;
    const json_t *known = json_object_get(run->works, b->name);
    if (!known) {
        int works = probe_backend(b->descriptor, b->options, &e);
        json_object_set_new(run->works, b->name, json_string(works == 1 ? "" : e.text));
        known = json_object_get(run->works, b->name);
    }
    const char *text = json_string_value(known);
    return text ? text : "";
}

static int close_all(struct group *g)
{
    for (size_t i = 0; i < g->plan->cell_count; i++)
        if (group_close_cell(g, &g->cells[i]) < 0)
            return -1;
    return 0;
}

static int measure_group(struct group *g)
{
    char why[1200];
    if (group_is_done(g))
        return close_all(g);
    const char *status = "error";
    const char *missing =
        g->backend->descriptor ? why_not(g->run, g->backend) : g->backend->missing;
    enum start_result started = START_FAILED;
    if (missing && missing[0])
        snprintf(why, sizeof why, "%s", missing);
    else
        started = group_start_worker(g, &status, why, sizeof why);
    if (started == START_STOPPED)
        g->run->stopped = true;
    else if (started == START_FAILED)
        return group_fail_rest(g, status, why) < 0 ? -1 : close_all(g);
    else if (g->run->config->order == ORDER_INTERLEAVED)
        return measure_interleaved(g);
    else
        return measure_in_sequence(g);
    return 0;
}

int run_group(struct run *run, const struct plan_group *plan, struct err *e)
{
    struct group g;
    if (group_init(&g, run, plan, e) < 0)
        return -1;
    int r = measure_group(&g);
    if (r == 0 && run->stopped)
        r = tag_unfinished(&g);
    worker_stop(&g.worker);
    group_free(&g);
    return r;
}
