/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Backend "null": its model answers at once, so what is measured is ctxmark itself. */

#include <stdlib.h>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

struct null {
    const struct ctxmark_host *host;
};

static int32_t null_open(const struct ctxmark_host *h, void **ret_self)
{
    struct null *n = calloc(1, sizeof *n);
    if (!n)
        return h->fail(h, CTXMARK_OOM, "out of memory");
    n->host = h;
    *ret_self = n;
    return CTXMARK_OK;
}

static int32_t null_load(void *self, const struct ctxmark_model *model)
{
    (void)self;
    (void)model;
    return CTXMARK_OK;
}

static int32_t null_describe(void *self)
{
    const struct null *n = self;
    ctxmark_fact_number(n->host, "layers", 0, "", "model");
    return CTXMARK_OK;
}

/* The first token after no prefill, the others after no decoding.  0 if the call is to end. */
static int answer(const struct null *n, const struct ctxmark_request *q, uint32_t r,
                  const struct ctxmark_emit *emit)
{
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    emit->start(emit, r);
    for (int64_t i = 0; i < q->max_new_tokens; i++) {
        if (n->host->cancelled(n->host))
            return 0;
        emit->tokens(emit, r, 1, NULL, NULL, 0);
    }
    emit->end(emit, r);
    result.request = r;
    result.prompt_tokens = q->prompt_tokens;
    result.cached_tokens = 0;
    result.generated_tokens = q->max_new_tokens;
    emit->result(emit, &result);
    return 1;
}

static int32_t null_run(void *self, const struct ctxmark_request *q,
                        const struct ctxmark_emit *emit)
{
    const struct null *n = self;
    for (uint32_t r = 0; r < q->concurrency; r++)
        if (!answer(n, q, r, emit))
            return n->host->fail(n->host, CTXMARK_CANCELLED, "cancelled");
    return CTXMARK_OK;
}

static void null_close(void *self)
{
    free(self);
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities = CTXMARK_CAN_EXACT | CTXMARK_CAN_CONCURRENCY,
    .open = null_open,
    .load = null_load,
    .describe = null_describe,
    .run = null_run,
    .close = null_close,
};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_BACKEND,
    .name = "null",
    .version = "1.0",
    .summary = "Answers at once: measures ctxmark itself.",
    .license = "MIT",
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
