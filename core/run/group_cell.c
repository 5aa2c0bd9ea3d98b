/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/plugin.h>

#include "core/plugin/host.h"
#include "core/run/interrupt.h"
#include "core/run/stop.h"

/* ---- rows */

/* Then what this machine does meanwhile has nothing to do with the recorded times. */
static bool is_replay(const struct group *g)
{
    const struct descriptor *d = g->backend->descriptor;
    return d && d->capabilities & CTXMARK_REPLAYS;
}

static int add_row(struct group *g, struct cell_state *s, struct record_repetition *rep)
{
    rep->rep = rep->warmup ? s->warmups : s->measured;
    rep->load_ms = is_replay(g) ? NAN : g->load_ms;
    if (strcmp(rep->status, "ok") == 0)
        g->load_ms = NAN;
    return record_add(&g->run->record, &s->cell, rep, &s->series, g->err);
}

/* A failure before, or instead of, a repetition.  ends: the cell is over with it, which its row
 * says too, so that a resumed run does not try again. */
static int add_failure(struct group *g, struct cell_state *s, const char *status, const char *error,
                       bool ends)
{
    struct record_repetition rep = {.seq = g->run->seq++,
                                    .warmup = s->warmups < s->warmups_due,
                                    .status = status,
                                    .error = error,
                                    .note = ends ? "ended" : ""};
    clock_gettime(CLOCK_REALTIME, &rep.started);
    s->failures++;
    if (strcmp(status, "skipped") != 0)
        g->run->failed++;
    if (ends) {
        s->ended = true;
        snprintf(s->failure, sizeof s->failure, "%s: %s", status, error);
    }
    return add_row(g, s, &rep);
}

static double median_of(struct buf *doubles)
{
    size_t n = doubles->len / sizeof(double);
    double *v = (double *)(void *)doubles->data;
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && v[k] < v[k - 1]; k--) {
            double t = v[k];
            v[k] = v[k - 1];
            v[k - 1] = t;
        }
    return !n ? NAN : n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

/* The cell is over: cold tags, progress. */
int group_close_cell(struct group *g, struct cell_state *s)
{
    int r = record_finish_series(&g->run->record, &s->series, g->run->config->cold_ratio, g->err);
    progress_cell(&g->run->progress, &s->cell, &s->series, median_of(&s->decode_rates), s->failure);
    record_series_free(&s->series);
    buf_free(&s->decode_rates);
    return r;
}

/* Every cell that is left gets one row with the same reason. */
int group_fail_rest(struct group *g, const char *status, const char *why)
{
    for (size_t i = 0; i < g->plan->cell_count; i++) {
        struct cell_state *s = &g->cells[i];
        if (s->ended)
            continue;
        if (add_failure(g, s, status, why, true) < 0)
            return -1;
    }
    return 0;
}

/* ---- one exchange about a cell, and what becomes of it */

/* What a dead worker's row says. */
static void describe_death(const struct group *g, char *text, size_t size)
{
    const char *end = g->worker.end;
    snprintf(text, size, "the backend's process was %s%s", end,
             strstr(end, "signal 9") ? " - by the kernel, most likely, because memory ran out"
                                     : "");
}

static bool any_left(const struct group *g)
{
    for (size_t i = 0; i < g->plan->cell_count; i++)
        if (!group_cell_is_done(g, &g->cells[i]))
            return true;
    return false;
}

/* After a worker was lost: a new one, with which every cell that had begun warms up again. */
static int restart_worker(struct group *g)
{
    char why[1200];
    const char *status;
    if (!any_left(g))
        return 0;
    switch (group_start_worker(g, &status, why, sizeof why)) {
    case START_OK:
        break;
    case START_STOPPED:
        g->run->stopped = true;
        return 0;
    case START_FAILED:
        return group_fail_rest(g, status, why);
    }
    for (size_t i = 0; i < g->plan->cell_count; i++) {
        struct cell_state *s = &g->cells[i];
        if (!s->series.count || group_cell_is_done(g, s))
            continue;
        s->warmups_due = s->warmups + g->backend->warmup_repetitions;
        s->rewarm_note = "restarted";
    }
    return 0;
}

/* An answer with another status than OK. */
static int backend_failed(struct group *g, struct cell_state *s, int32_t status, const char *reason)
{
    /* Repeating cannot mend these. */
    bool hopeless =
        status == CTXMARK_OOM || status == CTXMARK_INVALID || status == CTXMARK_UNSUPPORTED;
    bool ends = hopeless || s->failures + 1 >= g->run->config->max_failures;
    if (add_failure(g, s, host_status_name(status), reason, ends) < 0)
        return -1;
    if (status == CTXMARK_OOM) {
        if (!g->oom_seen || s->cell.context_length < g->oom_context)
            g->oom_context = s->cell.context_length;
        g->oom_seen = true;
    }
    if (status == CTXMARK_LOST) {
        worker_stop(&g->worker);
        return restart_worker(g);
    }
    return 0;
}

/* The worker is gone, or did not keep the time limit. */
static int worker_failed(struct group *g, struct cell_state *s, enum worker_result result,
                         const char *doing)
{
    char why[640];
    const char *status = "timeout";
    if (result == WORKER_STOPPED) {
        g->run->stopped = true;
        return 0;
    }
    if (result == WORKER_DIED) {
        status = "crashed";
        describe_death(g, why, sizeof why);
    } else
        snprintf(why, sizeof why, "%s took longer than timeout_s = %g s%s", doing,
                 g->run->config->timeout_s,
                 result == WORKER_HUNG ? "; the backend did not react and was killed" : "");
    bool ends = s->failures + 1 >= g->run->config->max_failures;
    if (add_failure(g, s, status, why, ends) < 0)
        return -1;
    return worker_alive(&g->worker) ? 0 : restart_worker(g);
}

static int32_t reply_status(const json_t *reply)
{
    return (int32_t)json_integer_value(json_object_get(reply, "status"));
}

static const char *reply_reason(const json_t *reply)
{
    const char *reason = json_string_value(json_object_get(reply, "reason"));
    return reason ? reason : "";
}

static int prepare_cell(struct group *g, struct cell_state *s)
{
    json_t *reply;
    g->prepared = NULL;
    enum worker_result r =
        worker_ask(&g->worker, group_prepare_message(g, s), g->run->config->timeout_s, &reply);
    int status = 0;
    if (r != WORKER_ANSWERED)
        status = worker_failed(g, s, r, "preparing");
    else if (reply_status(reply) != CTXMARK_OK)
        status = backend_failed(g, s, reply_status(reply), reply_reason(reply));
    else
        g->prepared = s;
    if (r == WORKER_ANSWERED)
        group_keep_store(g, reply);
    json_decref(reply);
    return status;
}

static void remember_decode_rate(struct cell_state *s, const json_t *reply)
{
    const json_t *result = json_array_get(json_object_get(reply, "results"), 0);
    const json_t *stamps = json_object_get(result, "token_ns");
    size_t n = json_array_size(stamps);
    if (n < 2)
        return;
    double span = json_number_value(json_array_get(stamps, n - 1)) -
                  json_number_value(json_array_get(stamps, 0));
    double rate = (double)(n - 1) * 1e9 / span;
    if (span > 0)
        buf_add(&s->decode_rates, &rate, sizeof rate);
}

/* Of requests in flight together some can fail. */
static bool any_request_failed(const json_t *reply)
{
    size_t i;
    json_t *result;
    json_array_foreach(json_object_get(reply, "results"), i, result)
    {
        if (json_integer_value(json_object_get(result, "status")) != CTXMARK_OK)
            return true;
    }
    return false;
}

static int repetition_done(struct group *g, struct cell_state *s, const json_t *reply,
                           struct record_repetition *rep)
{
    rep->status = "ok";
    rep->error = "";
    rep->note = rep->warmup && s->rewarm_note ? s->rewarm_note : "";
    if (!is_replay(g)) {
        rep->telemetry = json_object_get(reply, "telemetry");
        rep->machine = json_object_get(reply, "machine");
    }
    rep->results = json_object_get(reply, "results");
    if (add_row(g, s, rep) < 0)
        return -1;
    if (rep->warmup) {
        if (++s->warmups == s->warmups_due)
            s->rewarm_note = NULL;
    } else {
        s->measured++;
        g->run->done++;
        g->run->failed += any_request_failed(reply);
        remember_decode_rate(s, reply);
    }
    return 0;
}

static int one_repetition(struct group *g, struct cell_state *s)
{
    const struct config *c = g->run->config;
    bool warmup = s->warmups < s->warmups_due;
    struct record_repetition rep = {.seq = g->run->seq, .warmup = warmup};
    json_t *reply;
    int status;
    progress_repetition(&g->run->progress, &s->cell, warmup,
                        (warmup ? s->warmups : s->measured) + 1,
                        warmup ? s->warmups_due : c->repetitions);
    clock_gettime(CLOCK_REALTIME, &rep.started);
    int64_t before = clock_now_ns();
    enum worker_result r =
        worker_ask(&g->worker, group_run_message(g, s, rep.seq), c->timeout_s, &reply);
    progress_took(&g->run->progress, &s->cell, 1e-9 * (double)(clock_now_ns() - before));
    if (r != WORKER_ANSWERED)
        status = worker_failed(g, s, r, "a repetition");
    else if (reply_status(reply) != CTXMARK_OK)
        status = backend_failed(g, s, reply_status(reply), reply_reason(reply));
    else {
        g->run->seq++;
        status = repetition_done(g, s, reply, &rep);
    }
    if (r == WORKER_ANSWERED)
        group_keep_store(g, reply);
    json_decref(reply);
    return status;
}

/* ---- when a cell is done */

static double seconds_now(void)
{
    return 1e-9 * (double)clock_now_ns();
}

static bool narrow_enough(const struct cell_state *s, double ci_pct)
{
    double *values = calloc(s->series.count + 1, sizeof *values);
    size_t n = 0;
    for (size_t i = 0; values && i < s->series.count; i++)
        if (!s->series.repetitions[i].warmup && !isnan(s->series.repetitions[i].latency_ms))
            values[n++] = s->series.repetitions[i].latency_ms;
    bool enough = values && stop_half_width_pct(values, n) <= ci_pct;
    free(values);
    return enough;
}

bool group_cell_is_done(const struct group *g, const struct cell_state *s)
{
    const struct config *c = g->run->config;
    if (s->ended || s->warmups < s->warmups_due)
        return s->ended;
    if (!c->stop.enabled)
        return s->measured >= c->repetitions;
    if (s->measured < c->stop.min)
        return false;
    return s->measured >= c->stop.max ||
           (s->began_s > 0 && c->stop.max_seconds > 0 &&
            seconds_now() - s->began_s >= c->stop.max_seconds) ||
           narrow_enough(s, c->stop.ci_pct);
}

/* on_oom: skip leaves out what is longer than a context that ran out of memory. */
static int skip_cell(struct group *g, struct cell_state *s)
{
    char why[160];
    snprintf(why, sizeof why, "left out (on_oom: skip): context %lld ran out of memory",
             (long long)g->oom_context);
    return add_failure(g, s, "skipped", why, true);
}

/* Prepares if need be, and runs `count` repetitions, or fewer if the cell is done before. */
int group_visit_cell(struct group *g, struct cell_state *s, int64_t count)
{
    if (s->began_s == 0)
        s->began_s = seconds_now();
    if (g->oom_seen && g->run->config->skip_after_oom && s->cell.context_length > g->oom_context &&
        !s->series.count && !s->ended)
        return skip_cell(g, s);
    for (int64_t i = 0; i < count && !group_cell_is_done(g, s) && !g->run->stopped; i++) {
        if (interrupt_requested()) {
            g->run->stopped = true;
            break;
        }
        int r = g->prepared == s ? 0 : prepare_cell(g, s);
        if (r == 0 && g->prepared == s)
            r = one_repetition(g, s);
        if (r < 0)
            return -1;
    }
    return 0;
}
