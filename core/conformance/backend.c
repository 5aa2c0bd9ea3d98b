/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/conformance/backend.h"

#include <inttypes.h>

static const struct ctxmark_backend *ops(const struct conform *c)
{
    return c->plugin->backend;
}

int32_t backend_open(struct conform *c)
{
    conform_enter(c, "open");
    int32_t status = conform_leave(c, ops(c)->open(&c->host.table, &c->self));
    return status;
}

static struct ctxmark_model model_of(const struct conform *c)
{
    return (struct ctxmark_model){
        .size = sizeof(struct ctxmark_model),
        .max_concurrency = (uint32_t)conform_number(c, "concurrency", 1),
        .name = json_string_value(json_object_get(c->job, "model")),
        .max_prompt_tokens = conform_number(c, "longest", 32),
        .max_new_tokens = conform_number(c, "new_tokens", 4),
    };
}

int32_t backend_load(struct conform *c)
{
    struct ctxmark_model model = model_of(c);
    conform_enter(c, "load");
    return conform_leave(c, ops(c)->load(c->self, &model));
}

int32_t backend_prepare(struct conform *c, int64_t context, int64_t new_tokens)
{
    struct ctxmark_cell cell = {
        .size = sizeof cell,
        .concurrency = (uint32_t)conform_number(c, "concurrency", 1),
        .context_length = context,
        .max_new_tokens = new_tokens,
        .cache_policy = CTXMARK_CACHE_BUST,
        .seed = 42,
    };
    if (!ops(c)->prepare)
        return CTXMARK_OK;
    conform_enter(c, "prepare");
    return conform_leave(c, ops(c)->prepare(c->self, &cell));
}

void backend_unload(struct conform *c)
{
    if (!ops(c)->unload)
        return;
    conform_enter(c, "unload");
    ops(c)->unload(c->self);
    conform_leave_void(c);
}

void backend_close(struct conform *c)
{
    if (!ops(c)->close)
        return;
    conform_enter(c, "close");
    ops(c)->close(c->self);
    conform_leave_void(c);
}

struct ctxmark_request backend_request(const struct conform *c, int64_t context, int64_t new_tokens)
{
    static uint64_t nonce = 1000;
    (void)c;
    return (struct ctxmark_request){
        .size = sizeof(struct ctxmark_request),
        .concurrency = 1,
        .prompt_tokens = context,
        .max_new_tokens = new_tokens,
        .cache_policy = CTXMARK_CACHE_BUST,
        .seed = 42,
        .nonce = nonce += 100,
    };
}

/* ---- what a request reported */

static void check_counts(struct conform *c, const struct ctxmark_request *q,
                         const struct collect_request *r)
{
    const struct ctxmark_result *s = &r->result;
    bool exact = (c->plugin->backend->capabilities & CTXMARK_CAN_EXACT) && !q->text;
    if (s->generated_tokens != CTXMARK_UNKNOWN && (uint64_t)s->generated_tokens != r->token_count)
        conform_fail(c,
                     "run() says that it generated %" PRId64 " tokens and reported %" PRIu64
                     " to emit->tokens(): both are the same count",
                     s->generated_tokens, r->token_count);
    if (r->token_count < (uint64_t)q->max_new_tokens && !(s->notes & CTXMARK_NOTE_SHORT))
        conform_fail(c,
                     "run() ended after %" PRIu64 " of %" PRId64 " tokens without "
                     "CTXMARK_NOTE_SHORT",
                     r->token_count, q->max_new_tokens);
    if (exact && r->token_count != (uint64_t)q->max_new_tokens)
        conform_fail(c,
                     "run() gave %" PRIu64 " of %" PRId64 " tokens, against its CTXMARK_CAN_EXACT",
                     r->token_count, q->max_new_tokens);
    if (exact && s->prompt_tokens != CTXMARK_UNKNOWN && s->prompt_tokens != q->prompt_tokens)
        conform_fail(c,
                     "run() took a prompt of %" PRId64 " tokens where %" PRId64
                     " were asked for, against its CTXMARK_CAN_EXACT",
                     s->prompt_tokens, q->prompt_tokens);
    for (size_t i = 0; i < r->id_count; i++)
        if (r->ids[i] < 0) {
            conform_fail(c, "run() reported the token id %" PRId32, r->ids[i]);
            return;
        }
}

static void check_cache(struct conform *c, const struct ctxmark_request *q,
                        const struct collect_request *r)
{
    bool own_prompt = !q->tokens && !q->text && q->cache_policy == CTXMARK_CACHE_BUST;
    if (own_prompt && r->result.cached_tokens > q->prompt_tokens / 2)
        conform_fail(c,
                     "run() took %" PRId64 " of %" PRId64
                     " prompt tokens from a cache although the "
                     "nonce was new: put the nonce into the beginning of the prompt",
                     r->result.cached_tokens, q->prompt_tokens);
}

static void check_logits(struct conform *c, const struct collect *k)
{
    for (uint64_t i = 0; i < k->asked->logit_position_count; i++)
        if (!k->logits_given || !k->logits_given[i])
            conform_fail(c,
                         "run() gave no logits for position %" PRId64 " although it was asked, "
                         "against its CTXMARK_CAN_LOGITS",
                         k->asked->logit_positions[i]);
}

int32_t backend_run(struct conform *c, const struct ctxmark_request *request, struct collect *ret)
{
    struct err e;
    if (collect_init(ret, c->plugin, request, &e) < 0) {
        conform_fail(c, "%s", e.text);
        return CTXMARK_OOM;
    }
    conform_enter(c, "run");
    collect_enter(ret);
    int32_t status = ops(c)->run(c->self, request, &ret->emit);
    collect_leave(ret);
    status = conform_leave(c, status);
    if (status != CTXMARK_OK)
        return status;
    collect_check(ret);
    if (ret->fault[0]) {
        conform_fail(c, "run() returned CTXMARK_OK, but %s", ret->fault);
        return status;
    }
    for (uint32_t i = 0; i < request->concurrency; i++)
        if (ret->requests[i].result.status == CTXMARK_OK) {
            check_counts(c, request, &ret->requests[i]);
            check_cache(c, request, &ret->requests[i]);
        }
    check_logits(c, ret);
    return collect_status(ret);
}

bool backend_run_well(struct conform *c, const struct ctxmark_request *request, struct collect *ret)
{
    bool failed = c->failed;
    c->failed = false;
    int32_t status = backend_run(c, request, ret);
    bool well = status == CTXMARK_OK && !c->failed;
    if (status != CTXMARK_OK && !c->failed)
        conform_fail(c, "run() of %" PRId64 " prompt tokens and %" PRId64 " new ones failed: %s",
                     request->prompt_tokens, request->max_new_tokens,
                     c->host.reason[0]        ? c->host.reason
                     : ret->requests[0].error ? ret->requests[0].error
                                              : "no reason given");
    c->failed = c->failed || failed;
    return well;
}
