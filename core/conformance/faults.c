/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What goes wrong in runs: bad input, a cancel, memory that is not there. */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/child.h"
#include "core/conformance/allocations.h"
#include "core/conformance/backend.h"

#define SECOND INT64_C(1000000000)

static const struct ctxmark_backend *ops(const struct conform *c)
{
    return c->plugin->backend;
}

/* ---- bad input */

void scenario_no_options(struct conform *c)
{
    c->host.options = NULL;
    conform_begin(c, "no options");
    if (ops(c)->probe) {
        conform_enter(c, "probe");
        conform_leave(c, ops(c)->probe(&c->host.table));
    }
    if (backend_open(c) == CTXMARK_OK)
        backend_close(c);
    conform_end(c);
}

/* The job's model keys point to nothing. */
void scenario_bad_model(struct conform *c)
{
    conform_begin(c, "bad model");
    if (backend_open(c) != CTXMARK_OK) {
        conform_end(c);
        return;
    }
    int32_t status = backend_load(c);
    if (status == CTXMARK_OK) {
        const char *key = json_string_value(json_object_get(c->job, "bad_key"));
        const char *value = json_string_value(json_object_get(c->job, "bad_value"));
        conform_fail(c, "load() of a model whose %s is '%s' succeeded: it must fail with a reason",
                     key ? key : "key", value ? value : "missing");
        backend_unload(c);
    } else if (status == CTXMARK_LOST) {
        conform_fail(c, "load() of a model that is not there says CTXMARK_LOST: CTXMARK_INVALID is "
                        "for bad input");
    }
    backend_close(c);
    conform_end(c);
}

/* ---- a cancel */

/* How a callback took it that cancelled() said 1. */
static void check_cancel(struct conform *c, int32_t status, int64_t since_ns, const char *where)
{
    int64_t took = clock_now_ns() - since_ns;
    if (took > SECOND && c->asked == 0)
        conform_fail(c,
                     "%s took %.1f s and never asked host->cancelled(): ask several times a "
                     "second, else the process is killed",
                     where, 1e-9 * (double)took);
    else if (took > SECOND)
        conform_fail(c,
                     "%s went on for %.1f s after cancelled() said 1: return CTXMARK_CANCELLED "
                     "within a second",
                     where, 1e-9 * (double)took);
    else if (c->asked && status != CTXMARK_OK && status != CTXMARK_CANCELLED &&
             status != CTXMARK_LOST)
        conform_fail(c, "%s was cancelled and returned %d (%s): return CTXMARK_CANCELLED", where,
                     (int)status, c->host.reason);
}

void scenario_cancel_load(struct conform *c)
{
    conform_begin(c, "cancel in load");
    if (backend_open(c) == CTXMARK_OK) {
        c->cancel = true;
        int32_t status = backend_load(c);
        check_cancel(c, status, c->entered_ns, "load()");
        c->cancel = false;
        if (status == CTXMARK_OK)
            backend_unload(c);
        backend_close(c);
    }
    conform_end(c);
}

/* After a cancel the next request must work, unless the plugin said that it is lost. */
static void check_recovery(struct conform *c, int32_t status)
{
    struct collect k = {0};
    struct ctxmark_request q =
        backend_request(c, conform_number(c, "shortest", 16), conform_number(c, "new_tokens", 4));
    c->cancel = false;
    if (status == CTXMARK_LOST)
        return;
    if (!backend_run_well(c, &q, &k))
        conform_note(c, "this was the request after one that was cancelled or failed; a process "
                        "that is no longer sound says so with CTXMARK_LOST");
    collect_free(&k);
}

static bool begin_loaded(struct conform *c, const char *check)
{
    int64_t n = conform_number(c, "new_tokens", 4);
    conform_begin(c, check);
    if (backend_open(c) != CTXMARK_OK)
        return false;
    if (backend_load(c) == CTXMARK_OK &&
        backend_prepare(c, conform_number(c, "shortest", 16), n) == CTXMARK_OK)
        return true;
    conform_fail(c, "the model could not be loaded a second time: %s", c->host.reason);
    backend_close(c);
    return false;
}

static void end_loaded(struct conform *c)
{
    backend_unload(c);
    backend_close(c);
    conform_end(c);
}

void scenario_cancel_run(struct conform *c)
{
    struct collect k = {0};
    if (!begin_loaded(c, "cancel before the first token"))
        return;
    struct ctxmark_request q =
        backend_request(c, conform_number(c, "shortest", 16), conform_number(c, "new_tokens", 4));
    c->cancel = true;
    int32_t status = backend_run(c, &q, &k);
    check_cancel(c, status, c->entered_ns, "run()");
    collect_free(&k);
    check_recovery(c, status);
    end_loaded(c);
}

/* Cancelled as soon as the first token is there. */
static struct conform *cancels;
static int64_t cancelled_at_ns;
static void (*real_tokens)(const struct ctxmark_emit *e, uint32_t request, uint64_t count,
                           const int32_t *ids, const char *text, uint64_t text_bytes);

static void tokens_then_cancel(const struct ctxmark_emit *e, uint32_t request, uint64_t count,
                               const int32_t *ids, const char *text, uint64_t text_bytes)
{
    real_tokens(e, request, count, ids, text, text_bytes);
    if (!cancels->cancel) {
        cancels->cancel = true;
        cancels->asked = 0;
        cancelled_at_ns = clock_now_ns();
    }
}

void scenario_cancel_later(struct conform *c)
{
    struct err e;
    struct collect k = {0};
    if (!begin_loaded(c, "cancel between tokens"))
        return;
    struct ctxmark_request q =
        backend_request(c, conform_number(c, "shortest", 16), conform_number(c, "new_tokens", 4));
    if (collect_init(&k, c->plugin, &q, &e) < 0) {
        conform_fail(c, "%s", e.text);
        return;
    }
    cancels = c;
    real_tokens = k.emit.tokens;
    k.emit.tokens = tokens_then_cancel;
    conform_enter(c, "run");
    cancelled_at_ns = c->entered_ns;
    collect_enter(&k);
    int32_t status = conform_leave(c, ops(c)->run(c->self, &q, &k.emit));
    check_cancel(c, status, cancelled_at_ns, "run()");
    collect_free(&k);
    check_recovery(c, status);
    end_loaded(c);
}

/* ---- memory that is not there */

/* The callback that was hit may fail, with a reason, or do without. */
static bool goes_on(struct conform *c, int32_t status)
{
    (void)c;
    return status == CTXMARK_OK;
}

static void facts_without_memory(struct conform *c, const char *name,
                                 int32_t (*callback)(void *self))
{
    if (!callback)
        return;
    conform_enter(c, name);
    conform_leave(c, callback(c->self));
}

static void run_without_memory(struct conform *c)
{
    int64_t context = conform_number(c, "shortest", 16), n = conform_number(c, "new_tokens", 4);
    int32_t status = backend_prepare(c, context, n);
    if (!goes_on(c, status)) {
        if (status == CTXMARK_LOST || backend_prepare(c, context, n) != CTXMARK_OK)
            return;
    }
    struct collect k = {0};
    struct ctxmark_request q = backend_request(c, context, n);
    status = backend_run(c, &q, &k);
    collect_free(&k);
    if (!c->counts)
        check_recovery(c, status);
}

static void live_without_memory(struct conform *c)
{
    if (!goes_on(c, backend_open(c)))
        return;
    if (goes_on(c, backend_load(c))) {
        if (!json_is_true(json_object_get(c->job, "without_limits")))
            facts_without_memory(c, "limits", ops(c)->limits);
        facts_without_memory(c, "describe", ops(c)->describe);
        run_without_memory(c);
        backend_unload(c);
    }
    backend_close(c);
}

static void analyze_without_memory(struct conform *c)
{
    scenario_analyze(c);
}

/* Without "callback" in the job every callback's allocations are counted, and none fails. */
void scenario_memory(struct conform *c)
{
    struct err e;
    c->fail_callback = json_string_value(json_object_get(c->job, "callback"));
    c->fail_nth = (uint64_t)conform_number(c, "nth", 1);
    conform_begin(c, "out of memory");
    if (allocations_watch(json_string_value(json_object_get(c->job, "path")), &e) < 0) {
        conform_send(json_pack("{s:s}", "cannot_count", e.text));
        return;
    }
    if (!c->fail_callback)
        c->counts = json_object();
    if (c->plugin->kind == CTXMARK_BACKEND)
        live_without_memory(c);
    else
        analyze_without_memory(c);
    if (c->counts)
        conform_send(json_pack("{s:o}", "counts", c->counts));
}
