/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/conformance/conformance.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/child.h"
#include "core/conformance/leaks.h"
#include "core/conformance/samples.h"
#include "core/conformance/session.h"

#define MEMORY "out of memory"
#define MEMORY_SECONDS 60 /* then the rest of the allocations is left out */

/* ---- memory that runs out at one allocation after the other */

struct memory_test {
    struct session *s;
    json_t *extra; /* what the jobs have beside the usual; borrowed */
    unsigned allocations, tried;
    int64_t until_ns;
};

static json_t *memory_job(const struct memory_test *m)
{
    json_t *job = session_job(m->s->c, "memory");
    json_object_update(job, m->extra);
    return job;
}

static void fail_one(struct memory_test *m, const char *callback, json_int_t nth, json_int_t count)
{
    char before[200];
    json_t *job = memory_job(m);
    json_object_set_new(job, "callback", json_string(callback));
    json_object_set_new(job, "nth", json_integer(nth));
    json_object_set_new(job, "without_limits", json_boolean(strcmp(callback, "limits") != 0));
    snprintf(before, sizeof before, "when allocation %lld of %lld of %s() fails, ", (long long)nth,
             (long long)count, callback);
    m->s->before = before;
    session_run(m->s, job);
    m->s->before = "";
    m->tried++;
}

/* The first, the last, and what lies evenly between them. */
static void fail_some(struct memory_test *m, const char *callback, json_int_t count)
{
    /* limits() may take two seconds each time */
    const json_int_t most = strcmp(callback, "limits") == 0 ? 4 : 24;
    unsigned failures = 0;
    m->allocations += (unsigned)count;
    json_int_t tries = count < most ? count : most;
    for (json_int_t i = 0; i < tries && failures < 5 && clock_now_ns() < m->until_ns; i++) {
        fail_one(m, callback, tries > 1 ? 1 + i * (count - 1) / (tries - 1) : 1, count);
        failures += m->s->failures;
    }
}

static void check_memory(struct session *s, json_t *extra)
{
    char text[200];
    const char *callback;
    json_t *count, *counts;
    unsigned failed = s->tally->failed;
    struct memory_test m = {
        .s = s, .extra = extra, .until_ns = clock_now_ns() + MEMORY_SECONDS * INT64_C(1000000000)};
    s->quiet = true;
    session_run(s, memory_job(&m));
    counts = json_incref(s->counts);
    if (s->cannot_count[0])
        verdict_print(s->tally, "skip", MEMORY, s->cannot_count);
    else if (!counts)
        verdict_print(s->tally, "skip", MEMORY, "its allocations could not be counted");
    json_object_foreach(counts, callback, count)
    {
        fail_some(&m, callback, json_integer_value(count));
    }
    if (counts && s->tally->failed == failed) {
        snprintf(text, sizeof text,
                 "%u of its %u allocations, each made to fail in a life of its own", m.tried,
                 m.allocations);
        verdict_print(s->tally, "pass", MEMORY, text);
    }
    json_decref(counts);
    s->quiet = false;
}

/* ---- backends */

/* A model of the serving key's kind that cannot be there; NULL: no such value can be made up. */
static json_t *bad_keys(const struct conformance *c, const struct option_schema *serves)
{
    if (!serves || (serves->type != CTXMARK_TYPE_PATH && serves->type != CTXMARK_TYPE_TEXT))
        return NULL;
    json_t *keys = json_deep_copy(c->keys);
    json_object_set_new(keys, serves->name,
                        json_string(serves->type == CTXMARK_TYPE_PATH
                                        ? "/nonexistent/model"
                                        : "no-such-model-of-ctxmark-check"));
    return keys;
}

static void check_bad_model(struct session *s)
{
    const struct option_schema *serves = descriptor_serves(s->c->plugin);
    json_t *keys = bad_keys(s->c, serves);
    if (!keys)
        return;
    json_t *job = session_job(s->c, "bad_model");
    json_object_set_new(job, "bad_key", json_string(serves->name));
    json_object_set(job, "bad_value", json_object_get(keys, serves->name));
    json_object_set_new(job, "model_keys", keys);
    session_run(s, job);
}

static void check_cancels(struct session *s)
{
    static const char *const scenarios[] = {"cancel_load", "cancel_run", "cancel_later"};
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        json_t *job = session_job(s->c, scenarios[i]);
        if (!(s->c->plugin->capabilities & CTXMARK_REPLAYS))
            json_object_set_new(job, "new_tokens", json_integer(32));
        session_run(s, job);
    }
}

static void check_loaded(struct session *s)
{
    session_run(s, session_job(s->c, "life"));
    if (s->failures || !s->ended_well) {
        verdict_print(s->tally, "skip", "bad model, cancel, out of memory, leaks",
                      "mend the failures above first");
        return;
    }
    check_bad_model(s);
    check_cancels(s);
    check_memory(s, NULL);
    json_t *job = session_job(s->c, "life");
    json_object_set_new(job, "without_limits", json_true()); /* it takes its time */
    leaks_check(s, job);
}

static void check_backend(struct session *s)
{
    const struct conformance *c = s->c;
    if (!c->options || !c->keys) {
        verdict_print(s->tally, "skip", "all that loads a model", c->why_without);
        return;
    }
    session_run(s, session_job(c, "probe"));
    if (s->unavailable[0]) {
        char why[1100];
        snprintf(why, sizeof why, "it cannot work here: %s", s->unavailable);
        verdict_print(s->tally, "skip", "all that loads a model", why);
        return;
    }
    session_run(s, session_job(c, "no_options"));
    check_loaded(s);
}

/* ---- analyzers */

/* Runs it over a sample; what it emitted stays in s->output. */
static void analyze_sample(struct session *s, size_t i, json_t *job)
{
    struct err e;
    struct frame *frame = sample_make(i, &e);
    if (!frame) {
        verdict_print(s->tally, "skip", sample_name(i), e.text);
        json_decref(job);
        return;
    }
    s->rows_fd = frame->fd;
    json_object_set_new(job, "check", json_string(sample_name(i)));
    session_run(s, job);
    s->rows_fd = -1;
    frame_free(frame);
}

static void check_repeat(struct session *s)
{
    s->quiet = true;
    analyze_sample(s, 0, session_job(s->c, "analyze"));
    json_t *first = json_incref(s->output);
    analyze_sample(s, 0, session_job(s->c, "analyze"));
    s->quiet = false;
    if (json_equal(first, s->output))
        verdict_print(s->tally, "pass", "repeat", "");
    else
        verdict_print(s->tally, "fail", "repeat",
                      "it emitted something else from the same rows: random numbers come from "
                      "ctxmark_mix() of a counter, and nothing depends on time or addresses");
    json_decref(first);
}

static void check_cancel(struct session *s)
{
    json_t *job = session_job(s->c, "analyze");
    json_object_set_new(job, "cancel", json_true());
    s->quiet = true;
    analyze_sample(s, 0, job);
    s->quiet = false;
    if (!s->failures && s->ended_well)
        verdict_print(s->tally, "pass", "cancel", "");
}

static void check_analyzer(struct session *s)
{
    struct err e;
    if (!s->c->options) {
        verdict_print(s->tally, "skip", "analyze()", s->c->why_without);
        return;
    }
    unsigned failed = s->tally->failed;
    for (size_t i = 0; sample_name(i); i++)
        analyze_sample(s, i, session_job(s->c, "analyze"));
    if (s->tally->failed != failed) {
        verdict_print(s->tally, "skip", "repeat, cancel, out of memory, leaks",
                      "mend the failures above first");
        return;
    }
    check_repeat(s);
    check_cancel(s);
    struct frame *frame = sample_make(0, &e);
    s->rows_fd = frame ? frame->fd : -1;
    check_memory(s, NULL);
    leaks_check(s, session_job(s->c, "analyze"));
    s->rows_fd = -1;
    frame_free(frame);
}

/* ---- all of it */

void conformance_check(const struct conformance *c, struct conformance_tally *ret_tally)
{
    struct session s = {.c = c, .tally = ret_tally, .rows_fd = -1, .before = ""};
    memset(ret_tally, 0, sizeof *ret_tally);
    session_run(&s, session_job(c, "rules"));
    if (!s.ended_well)
        return;
    if (c->plugin->kind == CTXMARK_BACKEND)
        check_backend(&s);
    else
        check_analyzer(&s);
    session_clear(&s);
}
