/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Seems to work, and breaks the contract where only the conformance test looks. */

#include "mock.h"

static const char *const cases[] = {"nothing",
                                    "no_reason",
                                    "leak",
                                    "wrong_memory",
                                    "unchecked_memory",
                                    "deaf_load",
                                    "deaf_run",
                                    "cached",
                                    "short",
                                    "inexact",
                                    "miscounted",
                                    "random_tokens",
                                    "no_logits",
                                    "one_at_a_time",
                                    "provenance",
                                    "bad_model",
                                    "folder",
                                    "signal",
                                    "status",
                                    "exit",
                                    "lost_after_cancel",
                                    NULL};

static const struct ctxmark_option options[] = {
    {"does", CTXMARK_TYPE_CHOICE, 0, "nothing", 0, 0, cases, NULL, "What it does."},
};

static const struct ctxmark_option model_keys[] = {
    {"mock_path", CTXMARK_TYPE_TEXT, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL, "The model."},
};

static int does(const struct mock *m, const char *what)
{
    return mock_option_is(m->host, "does", what);
}

static void sleep_deaf(void)
{
    mock_sleep_us(1300000);
}

static void on_signal(int number)
{
    (void)number;
}

static int32_t load(void *self, const struct ctxmark_model *model)
{
    struct mock *m = self;
    const struct ctxmark_host *h = m->host;
    const char *path = h->option_text(h, CTXMARK_SCOPE_MODEL, "mock_path", 0);
    (void)model;
    if (!does(m, "bad_model") && path && strstr(path, "no-such-model"))
        return does(m, "no_reason") ? CTXMARK_INVALID
                                    : ctxmark_failf(h, CTXMARK_INVALID, "%s: no such model", path);
    if (does(m, "deaf_load"))
        sleep_deaf();
    if (does(m, "folder") && chdir("/") < 0)
        return CTXMARK_ERROR;
    if (does(m, "signal"))
        signal(SIGTERM, on_signal);
    if (does(m, "exit"))
        exit(0);
    return CTXMARK_OK;
}

static int32_t describe(void *self)
{
    struct mock *m = self;
    ctxmark_fact_number(m->host, "layers", 1, "", does(m, "provenance") ? "guessed" : "model");
    return CTXMARK_OK;
}

/* What goes wrong with memory, in this file's own lines. */
static void misuse_memory(const struct mock *m)
{
    char *volatile p;
    if (does(m, "leak")) {
        p = malloc(100);
        p = NULL;
        (void)p;
    }
    if (does(m, "wrong_memory") && (p = malloc(100))) {
        volatile char read = p[100];
        (void)read;
        free(p);
    }
    if (does(m, "unchecked_memory")) {
        p = malloc(100);
        *(volatile char *)p = 1;
        free(p);
    }
}

static void emit_ids(const struct mock *m, const struct ctxmark_request *q,
                     const struct ctxmark_emit *emit, uint32_t r, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t id = (int32_t)(i + (does(m, "random_tokens") ? m->runs * 7 : 0));
        emit->tokens(emit, r, 1, &id, NULL, 0);
        if (i == 0 && does(m, "deaf_run") && q->max_new_tokens > 10)
            sleep_deaf();
    }
}

static void answer(struct mock *m, const struct ctxmark_request *q, const struct ctxmark_emit *emit,
                   uint32_t r)
{
    struct ctxmark_result result = mock_result(q, r);
    static const float logits[4];
    int64_t count = q->max_new_tokens;
    if ((does(m, "short") || does(m, "inexact")) && count > 1)
        count--;
    emit->start(emit, r);
    emit_ids(m, q, emit, r, count);
    emit->end(emit, r);
    for (uint64_t i = 0; i < q->logit_position_count && !does(m, "no_logits"); i++)
        emit->logits(emit, r, q->logit_positions[i], logits, 4);
    result.generated_tokens = does(m, "miscounted") ? 1 : count;
    result.notes = does(m, "inexact") ? CTXMARK_NOTE_SHORT : 0;
    result.cached_tokens = does(m, "cached") ? q->prompt_tokens : 0;
    emit->result(emit, &result);
}

static int32_t run(void *self, const struct ctxmark_request *q, const struct ctxmark_emit *emit)
{
    struct mock *m = self;
    m->runs++;
    misuse_memory(m);
    if (does(m, "status"))
        return 99;
    if (does(m, "lost_after_cancel") && m->context_length < 0)
        return m->host->fail(m->host, CTXMARK_ERROR, "it does not work any more");
    if (m->host->cancelled(m->host) && !does(m, "deaf_run")) {
        m->context_length = -1;
        return m->host->fail(m->host, CTXMARK_CANCELLED, "cancelled");
    }
    for (uint32_t r = 0; r < (does(m, "one_at_a_time") ? 1 : q->concurrency); r++)
        answer(m, q, emit, r);
    return CTXMARK_OK;
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities =
        CTXMARK_CAN_EXACT | CTXMARK_CAN_CONCURRENCY | CTXMARK_CAN_TOKENS | CTXMARK_CAN_LOGITS,
    .open = mock_open,
    .load = load,
    .describe = describe,
    .prepare = mock_prepare,
    .run = run,
    .close = mock_close,
};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_careless", "breaks the contract where few look"),
    .options = options,
    .option_count = MOCK_COUNT(options),
    .model_keys = model_keys,
    .model_key_count = MOCK_COUNT(model_keys),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
