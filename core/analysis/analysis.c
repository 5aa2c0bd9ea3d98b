/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/analysis.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/analysis/assemble.h"
#include "core/analysis/frame.h"
#include "core/analysis/order.h"
#include "core/analysis/packed.h"
#include "core/base/child.h"
#include "core/base/wire.h"

#define TIME_LIMIT_S 600
#define GRACE_NS INT64_C(1000000000)

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_DONE };

struct task {
    const struct config_analyzer *analyzer;
    enum task_state state;
    struct child child;
    int64_t deadline_ns;
    json_t *answer; /* {"tables", "findings", "plots"}; NULL: it failed */
};

struct schedule {
    const struct frame *frame;
    const json_t *facts;
    json_t *own; /* findings of ctxmark's own */
    struct task *tasks;
    size_t count;
    unsigned running, jobs;
    double time_limit_s;
};

static const char *task_name(const struct task *t)
{
    return t->analyzer->descriptor->name;
}

static void task_failed(struct schedule *s, struct task *t, const char *why)
{
    log_warning("the analyzer %s failed: %s", task_name(t), why);
    json_array_append_new(
        s->own, own_finding("analyzer_failed", "error",
                            "The analyzer %s failed: %s. Its results are missing; those of the "
                            "others are not affected.",
                            task_name(t), why));
    json_decref(t->answer);
    t->answer = NULL;
}

static void write_member(struct buf *b, const char *key, const json_t *value)
{
    wire_key(b, key);
    wire_write(b, value);
}

/* A table, its rows as the bytes that they are. */
static void write_table(struct buf *b, const json_t *table)
{
    const char *key;
    json_t *member;
    wire_begin_object(b, json_object_size(table));
    json_object_foreach((json_t *)table, key, member)
    {
        wire_key(b, key);
        if (strcmp(key, "rows") != 0) {
            wire_write(b, member);
            continue;
        }
        size_t begun = wire_begin_bytes(b);
        buf_add(b, json_string_value(member), json_string_length(member));
        wire_end_bytes(b, begun);
    }
}

/* Calls write() for each list of tables that this analyzer asked for by `after`, with the name by
 * which it asked; returns how many there are. */
static size_t each_asked(const struct schedule *s, const struct task *t, struct buf *b,
                         void (*write)(struct buf *b, const char *name, const json_t *tables))
{
    size_t n = 0;
    for (char **after = t->analyzer->descriptor->after; after && *after; after++)
        for (size_t k = 0; k < s->count; k++) {
            json_t *list = json_object_get(s->tasks[k].answer, "tables");
            if (!list || !analyzer_has_name(s->tasks[k].analyzer, *after))
                continue;
            if (write)
                write(b, *after, list);
            n++;
        }
    return n;
}

static void write_tables(struct buf *b, const char *name, const json_t *tables)
{
    size_t i;
    json_t *table;
    wire_key(b, name);
    wire_begin_array(b, json_array_size(tables));
    json_array_foreach(tables, i, table) write_table(b, table);
}

static int send_job(const struct schedule *s, const struct task *t, struct err *e)
{
    const struct descriptor *d = t->analyzer->descriptor;
    json_t *rest = json_pack("{s:s, s:s, s:O?, s:O?, s:i}", "path", d->path, "sha256", d->sha256,
                             "options", t->analyzer->options, "facts", (json_t *)s->facts,
                             "log_level", (int)log_get_level());
    if (!rest)
        return err_memory(e);
    struct buf b = {0};
    wire_begin_object(&b, 2);
    write_member(&b, "job", rest);
    wire_key(&b, "tables");
    wire_begin_object(&b, each_asked(s, t, NULL, NULL));
    each_asked(s, t, &b, write_tables);
    int sent = message_send_bytes(t->child.fd, &b, e);
    buf_free(&b);
    json_decref(rest);
    return sent;
}

static void task_start(struct schedule *s, struct task *t)
{
    struct err e;
    t->state = TASK_DONE;
    if (child_spawn("analyzer", s->frame->fd, &t->child, &e) < 0) {
        task_failed(s, t, e.text);
        return;
    }
    if (send_job(s, t, &e) < 0) {
        char how[128];
        child_end(&t->child, clock_now_ns() + GRACE_NS, how, sizeof how);
        task_failed(s, t, *how ? how : "it could not be given its work");
    } else {
        t->state = TASK_RUNNING;
        t->deadline_ns = clock_now_ns() + (int64_t)(s->time_limit_s * 1e9);
        s->running++;
    }
}

static bool is_ready(const struct schedule *s, const struct task *t)
{
    for (size_t k = 0; k < s->count; k++)
        if (s->tasks[k].state != TASK_DONE && analyzer_waits_for(t->analyzer, s->tasks[k].analyzer))
            return false;
    return true;
}

/* What the analyzer returned, in words; an analyzer that has nothing to do here is no failure. */
static void take_answer(struct schedule *s, struct task *t, json_t *answer)
{
    json_int_t status = json_integer_value(json_object_get(answer, "status"));
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    if (!reason || !*reason)
        reason = "it gave no reason";
    if (status == CTXMARK_OK && !packed_is_sound(json_object_get(answer, "tables"))) {
        task_failed(s, t, "its tables make no sense");
    } else if (status == CTXMARK_OK) {
        t->answer = json_incref(answer);
    } else if (status == CTXMARK_UNSUPPORTED) {
        json_array_append_new(s->own, own_finding("analyzer_skipped", "info",
                                                  "The analyzer %s had nothing to do: %s.",
                                                  task_name(t), reason));
    } else {
        task_failed(s, t, reason);
    }
}

static void task_hung(struct schedule *s, struct task *t)
{
    char how[128], why[128];
    kill(t->child.pid, SIGTERM);
    child_end(&t->child, clock_now_ns() + GRACE_NS, how, sizeof how);
    snprintf(why, sizeof why, "it did not end within %g s", s->time_limit_s);
    task_failed(s, t, why);
}

/* Reads the answer of a child that has something to say, and ends it. */
static void task_finish(struct schedule *s, struct task *t)
{
    struct err e;
    char how[128];
    json_t *answer = NULL;
    enum message_result r = message_receive(t->child.fd, t->deadline_ns, -1, &answer, &e);
    s->running--;
    t->state = TASK_DONE;
    if (r == MESSAGE_TIMEOUT) {
        task_hung(s, t);
        return;
    }
    int bad = child_end(&t->child, clock_now_ns() + GRACE_NS, how, sizeof how);
    if (r == MESSAGE_OK)
        take_answer(s, t, answer);
    else if (r == MESSAGE_BAD)
        task_failed(s, t, e.text);
    else
        task_failed(s, t, bad ? how : "it ended without an answer");
    json_decref(answer);
}

/* Sleeps until a child has something to say, or is out of time. */
static void wait_for_children(struct schedule *s, struct pollfd *fds)
{
    size_t n = 0;
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < s->count; i++)
        if (s->tasks[i].state == TASK_RUNNING) {
            fds[n++] = (struct pollfd){s->tasks[i].child.fd, POLLIN, 0};
            if (s->tasks[i].deadline_ns < first)
                first = s->tasks[i].deadline_ns;
        }
    int64_t left_ms = (first - clock_now_ns()) / 1000000 + 1;
    poll(fds, n, left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms);
    n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->tasks[i].state == TASK_RUNNING &&
            (fds[n++].revents || clock_now_ns() >= s->tasks[i].deadline_ns))
            task_finish(s, &s->tasks[i]);
}

static void run_tasks(struct schedule *s, struct pollfd *fds)
{
    bool left = true;
    while (left) {
        left = false;
        for (size_t i = 0; i < s->count; i++) {
            struct task *t = &s->tasks[i];
            if (t->state == TASK_WAITING && s->running < s->jobs && is_ready(s, t))
                task_start(s, t);
            left = left || t->state != TASK_DONE;
        }
        if (s->running)
            wait_for_children(s, fds);
    }
}

static double time_limit(void)
{
    const char *text = getenv("CTXMARK_ANALYZER_TIMEOUT_S");
    double x = text ? strtod(text, NULL) : 0;
    return x > 0 && x < 1e6 ? x : TIME_LIMIT_S;
}

static unsigned core_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

static int schedule_init(struct schedule *s, const struct config_analyzer *analyzers, struct err *e)
{
    s->own = json_array();
    s->tasks = calloc(s->count + 1, sizeof *s->tasks);
    if (!s->own || !s->tasks)
        return err_memory(e);
    for (size_t i = 0; i < s->count; i++)
        s->tasks[i] = (struct task){.analyzer = &analyzers[i], .child = {0, -1}};
    return 0;
}

static json_t *schedule_answers(struct schedule *s)
{
    json_t *answers = json_array();
    for (size_t i = 0; i < s->count; i++)
        if (s->tasks[i].answer)
            json_array_append(answers, s->tasks[i].answer);
    return answers;
}

static void schedule_free(struct schedule *s)
{
    for (size_t i = 0; s->tasks && i < s->count; i++)
        json_decref(s->tasks[i].answer);
    free(s->tasks);
    json_decref(s->own);
}

int analysis_run_packed(const struct frame *frame, const struct config_analyzer *analyzers,
                        size_t analyzer_count, const json_t *facts, json_t *run, unsigned jobs,
                        json_t **ret_analysis, struct err *e)
{
    struct schedule s = {.frame = frame,
                         .facts = facts,
                         .count = analyzer_count,
                         .jobs = jobs ? jobs : core_count(),
                         .time_limit_s = time_limit()};
    if (analyzers_check_order(analyzers, analyzer_count, e) < 0)
        return -1;
    json_t *analysis = NULL;
    struct pollfd *fds = calloc(analyzer_count + 1, sizeof *fds);
    if (!fds)
        err_memory(e);
    else if (schedule_init(&s, analyzers, e) == 0) {
        run_tasks(&s, fds);
        json_t *answers = schedule_answers(&s);
        analysis = analysis_assemble(frame, run, answers, s.own, e);
        json_decref(answers);
    }
    schedule_free(&s);
    free(fds);
    if (!analysis)
        return -1;
    *ret_analysis = analysis;
    return 0;
}

int analysis_run(const struct frame *frame, const struct config_analyzer *analyzers,
                 size_t analyzer_count, const json_t *facts, json_t *run, unsigned jobs,
                 json_t **ret_analysis, struct err *e)
{
    json_t *analysis;
    if (analysis_run_packed(frame, analyzers, analyzer_count, facts, run, jobs, &analysis, e) < 0)
        return -1;
    if (packed_expand(analysis, e) < 0) {
        json_decref(analysis);
        return -1;
    }
    *ret_analysis = analysis;
    return 0;
}
