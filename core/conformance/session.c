/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/conformance/session.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/child.h"

#define LIMIT_S 60
#define LIMIT_UNDER_TOOL_S 900

/* ---- lines */

void verdict_print(struct conformance_tally *t, const char *verdict, const char *check,
                   const char *text)
{
    bool failed = strcmp(verdict, "fail") == 0;
    if (failed)
        t->failed++;
    else if (strcmp(verdict, "pass") == 0)
        t->passed++;
    else if (strcmp(verdict, "skip") == 0)
        t->skipped++;
    printf("%-4s  %s%s%s\n", failed ? "FAIL" : verdict, check, text[0] ? ": " : "", text);
    fflush(stdout);
}

static void take_verdict(struct session *s, const json_t *m)
{
    char text[2048];
    const char *verdict = json_string_value(json_object_get(m, "verdict"));
    const char *check = json_string_value(json_object_get(m, "check"));
    const char *said = json_string_value(json_object_get(m, "text"));
    if (!check || !said)
        return;
    bool failed = strcmp(verdict, "fail") == 0;
    snprintf(text, sizeof text, "%s%s", failed ? s->before : "", said);
    s->failures += failed;
    if (failed || !s->quiet)
        verdict_print(s->tally, verdict, check, text);
}

/* ---- the job */

json_t *session_job(const struct conformance *c, const char *scenario)
{
    bool replays = c->plugin->capabilities & CTXMARK_REPLAYS;
    return json_pack("{s:s, s:s, s:s, s:O?, s:O?, s:s, s:i, s:i, s:i, s:i}", "scenario", scenario,
                     "path", c->plugin->path, "sha256", c->plugin->sha256, "options",
                     (json_t *)c->options, "model_keys", (json_t *)c->keys, "model",
                     c->model ? c->model : "check", "shortest", replays ? 512 : 16, "longest",
                     replays ? 1024 : 32, "new_tokens", replays ? 512 : 4, "concurrency",
                     c->plugin->capabilities & CTXMARK_CAN_CONCURRENCY ? 2 : 1);
}

/* ---- the exchange */

static double limit_s(const struct session *s)
{
    const char *text = getenv("CTXMARK_CHECK_LIMIT_S");
    double x = text ? strtod(text, NULL) : 0;
    if (s->tool)
        return LIMIT_UNDER_TOOL_S;
    return x > 0 && x < 1e6 ? x : LIMIT_S;
}

struct place {
    char check[64], inside[64];
    bool done;
};

static void keep_text(char *to, size_t size, const json_t *m, const char *key)
{
    const char *text = json_string_value(json_object_get(m, key));
    if (text)
        snprintf(to, size, "%s", text);
}

static void take_message(struct session *s, struct place *at, const json_t *m)
{
    keep_text(at->inside, sizeof at->inside, m, "enter");
    keep_text(at->check, sizeof at->check, m, "begin");
    keep_text(s->unavailable, sizeof s->unavailable, m, "unavailable");
    keep_text(s->cannot_count, sizeof s->cannot_count, m, "cannot_count");
    if (json_object_get(m, "verdict"))
        take_verdict(s, m);
    if (json_object_get(m, "counts"))
        s->counts = json_incref(json_object_get(m, "counts"));
    if (json_object_get(m, "output")) {
        json_decref(s->output);
        s->output = json_incref(json_object_get(m, "output"));
    }
    at->done = at->done || json_object_get(m, "done");
}

static void tell_end(struct session *s, const struct place *at, const char *what)
{
    char text[512];
    snprintf(text, sizeof text, "%s%s%s%s", s->before, at->inside[0] ? at->inside : "",
             at->inside[0] ? "() " : "the process ", what);
    s->failures++;
    verdict_print(s->tally, "fail", at->check, text);
}

static void follow(struct session *s, struct child *child)
{
    struct err e;
    char how[128] = "", text[256];
    struct place at = {.check = "loading"};
    enum message_result r;
    json_t *m;
    double limit = limit_s(s);
    while ((r = message_receive(child->fd, clock_now_ns() + (int64_t)(limit * 1e9), -1, &m, &e)) ==
           MESSAGE_OK) {
        take_message(s, &at, m);
        json_decref(m);
    }
    if (r == MESSAGE_TIMEOUT) {
        child_kill(child);
        snprintf(text, sizeof text, "did not return within %g s", limit);
        tell_end(s, &at, text);
        return;
    }
    child_end(child, clock_now_ns() + 5000000000, how, sizeof how);
    s->ended_well = at.done;
    s->crashed_by_sigill = strstr(how, "signal 4 ") != NULL;
    if (at.done)
        return;
    snprintf(text, sizeof text, "was left by the end of its process, which was %s",
             how[0] ? how : "ended by the plugin: a plugin never ends its process");
    if (!s->tool || !s->crashed_by_sigill)
        tell_end(s, &at, text);
}

void session_run(struct session *s, json_t *job)
{
    struct err e;
    struct child child;
    session_clear(s);
    if (!job || child_spawn_under(s->tool, "conform", s->rows_fd, &child, &e) < 0) {
        verdict_print(s->tally, "fail", "loading", job ? e.text : "out of memory");
        s->failures++;
        json_decref(job);
        return;
    }
    message_send(child.fd, job, &e); /* a child that dies at once shows in how it ended */
    json_decref(job);
    follow(s, &child);
}

void session_clear(struct session *s)
{
    json_decref(s->counts);
    json_decref(s->output);
    s->counts = s->output = NULL;
    s->failures = 0;
    s->ended_well = s->crashed_by_sigill = false;
    s->unavailable[0] = s->cannot_count[0] = '\0';
}
