/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A backend that works, as fast or slow as its options say, and that fails when they say so. */

#include "mock.h"

static const char *const statuses[] = {
    "error", "oom", "timeout", "cancelled", "unavailable", "invalid", "unsupported", "lost", NULL};

static const struct ctxmark_option options[] = {
    {"prefill_us", CTXMARK_TYPE_INT, 0, "0", 0, 1e9, NULL, "us", "Time before the first token."},
    {"decode_us", CTXMARK_TYPE_INT, 0, "0", 0, 1e9, NULL, "us", "Time before each further token."},
    {"cold_us", CTXMARK_TYPE_INT, 0, "0", 0, 1e9, NULL, "us",
     "Added to the first repetition of a process."},
    {"fail_at", CTXMARK_TYPE_INT, 0, "-1", -1, 1e6, NULL, NULL,
     "The repetition of a process that fails, from 0; -1: none."},
    {"fail_context", CTXMARK_TYPE_INT, 0, "0", 0, 1e9, NULL, "tokens",
     "Contexts from here on fail; 0: none."},
    {"status", CTXMARK_TYPE_CHOICE, 0, "error", 0, 0, statuses, NULL, "How it fails."},
    {"reason", CTXMARK_TYPE_TEXT, 0, "the mock was told to fail", 0, 0, NULL, NULL,
     "What it says then."},
};

static const struct ctxmark_metric metrics[] = {
    {"mock_wait_ms", "ms", "A time that stands for one of a server's."},
    {"mock_runs", "", "Repetitions of this process so far."},
};

static int32_t status_asked(const struct ctxmark_host *h)
{
    static const int32_t values[] = {CTXMARK_ERROR,       CTXMARK_OOM,         CTXMARK_TIMEOUT,
                                     CTXMARK_CANCELLED,   CTXMARK_UNAVAILABLE, CTXMARK_INVALID,
                                     CTXMARK_UNSUPPORTED, CTXMARK_LOST};
    for (size_t i = 0; statuses[i]; i++)
        if (mock_option_is(h, "status", statuses[i]))
            return values[i];
    return CTXMARK_ERROR;
}

static int must_fail(const struct mock *m, const struct ctxmark_request *request, int64_t run)
{
    int64_t context = mock_option_int(m->host, "fail_context");
    return (context > 0 && request->prompt_tokens >= context) ||
           mock_option_int(m->host, "fail_at") == run;
}

static int32_t load(void *self, const struct ctxmark_model *model)
{
    struct mock *m = self;
    char text[32] = "0";
    (void)model;
    m->host->kv_get(m->host, "starts", text, sizeof text);
    snprintf(text, sizeof text, "%ld", strtol(text, NULL, 10) + 1);
    return m->host->kv_set(m->host, "starts", text) == 0 ? CTXMARK_OK : CTXMARK_ERROR;
}

static int32_t estimate(void *self, const struct ctxmark_model *model,
                        const struct ctxmark_cell *cell, struct ctxmark_estimate *ret_estimate)
{
    (void)self;
    (void)model;
    ret_estimate->peak_bytes = cell->context_length << 20;
    ret_estimate->limit_bytes = INT64_C(1) << 30;
    return CTXMARK_OK;
}

static int32_t limits(void *self)
{
    struct mock *m = self;
    ctxmark_fact_number(m->host, "matrix_flops", 1e12, "FLOP/s", "table");
    return CTXMARK_OK;
}

static int32_t describe(void *self)
{
    struct mock *m = self;
    ctxmark_fact_number(m->host, "layers", 2, "", "model");
    return CTXMARK_OK;
}

static void answer(const struct mock *m, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit, uint32_t r, int64_t run)
{
    int64_t prefill_us = mock_option_int(m->host, "prefill_us");
    struct ctxmark_result result = mock_result(request, r);
    if (run == 0)
        prefill_us += mock_option_int(m->host, "cold_us");
    emit->start(emit, r);
    mock_emit_tokens(request, emit, r, prefill_us, mock_option_int(m->host, "decode_us"));
    emit->end(emit, r);
    emit->metric(emit, r, 0, 0.1);
    emit->metric(emit, r, 1, (double)m->runs);
    result.peak_memory_bytes = request->prompt_tokens << 20;
    emit->result(emit, &result);
}

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    struct mock *m = self;
    int64_t number = m->runs++;
    if (must_fail(m, request, number))
        return m->host->fail(m->host, status_asked(m->host),
                             m->host->option_text(m->host, CTXMARK_SCOPE_PLUGIN, "reason", 0));
    for (uint32_t r = 0; r < request->concurrency; r++)
        answer(m, request, emit, r, number);
    return CTXMARK_OK;
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities = CTXMARK_CAN_TOKENS | CTXMARK_CAN_TEXT | CTXMARK_CAN_EXACT,
    .open = mock_open,
    .estimate = estimate,
    .load = load,
    .limits = limits,
    .describe = describe,
    .prepare = mock_prepare,
    .run = run,
    .close = mock_close,
};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_ok", "a backend that works"),
    .options = options,
    .option_count = MOCK_COUNT(options),
    .metrics = metrics,
    .metric_count = MOCK_COUNT(metrics),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
