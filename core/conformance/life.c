/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The life of a backend as a run has it: probe; open, estimate, close; open, load, cells, unload,
 * close. */

#define _GNU_SOURCE 1
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/child.h"
#include "core/conformance/backend.h"

#define TWO_SECONDS INT64_C(2000000000)

static const struct ctxmark_backend *ops(const struct conform *c)
{
    return c->plugin->backend;
}

/* ---- probe */

void scenario_probe(struct conform *c)
{
    conform_begin(c, "probe");
    if (!ops(c)->probe) {
        conform_skip(c, "probe", "the plugin has none");
        return;
    }
    int32_t status = CTXMARK_OK;
    for (int i = 0; i < 2; i++) {
        conform_enter(c, "probe");
        status = conform_leave(c, ops(c)->probe(&c->host.table));
    }
    if (status != CTXMARK_OK && status != CTXMARK_UNAVAILABLE)
        conform_fail(c, "probe() returned %d (%s): return CTXMARK_OK or CTXMARK_UNAVAILABLE",
                     (int)status, c->host.reason);
    else if (status == CTXMARK_UNAVAILABLE)
        conform_send(json_pack("{s:s}", "unavailable", c->host.reason));
    conform_end(c);
}

/* ---- facts */

static void check_facts(struct conform *c, const char *callback)
{
    static const char *const provenances[] = {"measured", "table", "user", "model", "core"};
    const char *key;
    json_t *fact;
    json_object_foreach(c->host.facts, key, fact)
    {
        const char *from = json_string_value(json_object_get(fact, "provenance"));
        bool known = false;
        for (size_t i = 0; from && i < sizeof provenances / sizeof provenances[0]; i++)
            known = known || strcmp(from, provenances[i]) == 0;
        if (!known)
            conform_fail(c,
                         "%s() gives the fact %s the provenance '%s': say measured, table, "
                         "user, model or core",
                         callback, key, from ? from : "");
    }
}

static void call_facts(struct conform *c, const char *name, int32_t (*callback)(void *self))
{
    if (!callback)
        return;
    conform_begin(c, name);
    conform_enter(c, name);
    int32_t status = conform_leave(c, callback(c->self));
    int64_t took = clock_now_ns() - c->entered_ns;
    if (status != CTXMARK_OK && c->host.reason[0])
        conform_fail(c, "%s() failed: %s", name, c->host.reason);
    if (callback == ops(c)->limits && took > TWO_SECONDS)
        conform_note(c, "limits() took %.1f s; the contract allows it 2 s on a quiet machine",
                     1e-9 * (double)took);
    check_facts(c, name);
    conform_end(c);
}

/* ---- estimate, in a life of its own */

static void check_estimate(struct conform *c)
{
    struct ctxmark_model model = {.size = sizeof model,
                                  .max_concurrency = 1,
                                  .name = json_string_value(json_object_get(c->job, "model")),
                                  .max_prompt_tokens = conform_number(c, "longest", 32),
                                  .max_new_tokens = 4};
    struct ctxmark_cell cell = {.size = sizeof cell,
                                .concurrency = 1,
                                .context_length = model.max_prompt_tokens,
                                .max_new_tokens = 4,
                                .cache_policy = CTXMARK_CACHE_BUST};
    struct ctxmark_estimate estimate = {
        .size = sizeof estimate, .peak_bytes = CTXMARK_UNKNOWN, .limit_bytes = CTXMARK_UNKNOWN};
    if (!ops(c)->estimate)
        return;
    conform_begin(c, "estimate");
    if (backend_open(c) == CTXMARK_OK) {
        conform_enter(c, "estimate");
        int32_t status = conform_leave(c, ops(c)->estimate(c->self, &model, &cell, &estimate));
        if (status == CTXMARK_OK &&
            ((estimate.peak_bytes < 0 && estimate.peak_bytes != CTXMARK_UNKNOWN) ||
             (estimate.limit_bytes < 0 && estimate.limit_bytes != CTXMARK_UNKNOWN)))
            conform_fail(c,
                         "estimate() gave a negative number of bytes: CTXMARK_UNKNOWN stands for "
                         "what is not known");
        backend_close(c);
    }
    conform_end(c);
}

/* ---- cells */

/* One request; the tokens' ids stay with the caller where he wants them. */
static bool one_run(struct conform *c, const struct ctxmark_request *q, struct collect *keep)
{
    struct collect k = {0};
    bool well = backend_run_well(c, q, keep ? keep : &k);
    if (!keep)
        collect_free(&k);
    return well;
}

/* Two repetitions, then one token alone. */
static bool run_cell(struct conform *c, int64_t context)
{
    int64_t n = conform_number(c, "new_tokens", 4);
    int32_t status = backend_prepare(c, context, n);
    if (status != CTXMARK_OK) {
        conform_fail(c, "prepare() of %" PRId64 " tokens failed: %s", context, c->host.reason);
        return false;
    }
    struct ctxmark_request q = backend_request(c, context, n);
    q.warmup = 1;
    bool well = one_run(c, &q, NULL);
    q = backend_request(c, context, n);
    return well && one_run(c, &q, NULL);
}

static void check_cells(struct conform *c)
{
    int64_t first = conform_number(c, "shortest", 16), second = conform_number(c, "longest", 32);
    conform_begin(c, "run");
    if (run_cell(c, first) && run_cell(c, second) && run_cell(c, first)) {
        struct ctxmark_request q = backend_request(c, first, 1);
        if (!(ops(c)->capabilities & CTXMARK_REPLAYS))
            one_run(c, &q, NULL);
    }
    conform_end(c);
}

/* Greedy: the same prompt gives the same tokens. */
static void check_repeatable(struct conform *c)
{
    struct collect a = {0}, b = {0};
    struct ctxmark_request q = backend_request(c, conform_number(c, "shortest", 16), 4);
    q.cache_policy = CTXMARK_CACHE_REUSE;
    conform_begin(c, "repeat");
    if (backend_prepare(c, q.prompt_tokens, 4) == CTXMARK_OK && one_run(c, &q, &a) &&
        one_run(c, &q, &b)) {
        size_t n = a.requests[0].id_count;
        if (n != b.requests[0].id_count ||
            (n && memcmp(a.requests[0].ids, b.requests[0].ids, n * sizeof(int32_t)) != 0))
            conform_fail(c, "run() gave other tokens for the same seed and nonce: generation is "
                            "greedy, and the prompt depends on seed and nonce alone");
    }
    collect_free(&a);
    collect_free(&b);
    conform_end(c);
}

static void check_concurrency(struct conform *c)
{
    struct ctxmark_request q = backend_request(c, conform_number(c, "shortest", 16), 4);
    q.concurrency = 2;
    conform_begin(c, "concurrency");
    if (backend_prepare(c, q.prompt_tokens, 4) == CTXMARK_OK)
        one_run(c, &q, NULL);
    conform_end(c);
}

/* A model without a tokenizer may say that it is not supported. */
static void check_text(struct conform *c)
{
    struct collect k = {0};
    struct ctxmark_request q = backend_request(c, 8, 2);
    q.text = "The quick brown fox jumps over the lazy dog, and \xc3\xa4 too.";
    conform_begin(c, "text");
    int32_t status = backend_prepare(c, 8, 2);
    if (status == CTXMARK_OK)
        status = backend_run(c, &q, &k);
    if (status == CTXMARK_UNSUPPORTED && !c->failed) {
        conform_skip(c, "text", c->host.reason);
    } else {
        if (status != CTXMARK_OK && !c->failed)
            conform_fail(c, "run() of a text failed: %s", c->host.reason);
        conform_end(c);
    }
    collect_free(&k);
}

static void check_prompts(struct conform *c)
{
    static const int32_t ids[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const int64_t positions[] = {0, 7};
    uint64_t can = ops(c)->capabilities;
    struct ctxmark_request q = backend_request(c, 8, 2);
    if (can & CTXMARK_CAN_TOKENS) {
        conform_begin(c, can & CTXMARK_CAN_LOGITS ? "token ids, logits" : "token ids");
        q.tokens = ids;
        q.logit_positions = can & CTXMARK_CAN_LOGITS ? positions : NULL;
        q.logit_position_count = can & CTXMARK_CAN_LOGITS ? 2 : 0;
        if (backend_prepare(c, 8, 2) == CTXMARK_OK)
            one_run(c, &q, NULL);
        conform_end(c);
    }
    if (can & CTXMARK_CAN_TEXT)
        check_text(c);
}

/* ---- what it leaves */

static void check_leftovers(struct conform *c, const struct sigaction *before)
{
    struct sigaction now;
    sigaction(SIGTERM, NULL, &now);
    if (now.sa_handler != before->sa_handler)
        conform_fail(c, "the handler of SIGTERM was changed: ctxmark ends callbacks by it");
    if (waitpid(-1, NULL, WNOHANG) == 0)
        conform_fail(c, "a process that the plugin started is still there after close()");
}

void scenario_life(struct conform *c)
{
    struct sigaction before;
    sigaction(SIGTERM, NULL, &before);
    check_estimate(c);
    conform_begin(c, "load");
    int32_t status = backend_open(c);
    if (status != CTXMARK_OK)
        conform_fail(c, "open() failed: %s", c->host.reason);
    else if ((status = backend_load(c)) != CTXMARK_OK)
        conform_fail(c, "load() failed: %s", c->host.reason);
    conform_end(c);
    if (status == CTXMARK_OK) {
        if (!json_is_true(json_object_get(c->job, "without_limits")))
            call_facts(c, "limits", ops(c)->limits);
        call_facts(c, "describe", ops(c)->describe);
        check_cells(c);
        if (!(ops(c)->capabilities & CTXMARK_REPLAYS) && !c->failed)
            check_repeatable(c);
        if (ops(c)->capabilities & CTXMARK_CAN_CONCURRENCY)
            check_concurrency(c);
        check_prompts(c);
        backend_unload(c);
    }
    conform_begin(c, "close");
    if (strcmp(c->inside, "open") != 0)
        backend_close(c);
    check_leftovers(c, &before);
    conform_end(c);
}
