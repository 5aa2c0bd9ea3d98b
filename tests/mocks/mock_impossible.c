/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Reports what cannot be. */

#include "mock.h"

static const char *const cases[] = {"negative_time",    "negative_memory",
                                    "nan_metric",       "infinite_metric",
                                    "too_many_tokens",  "too_many_at_once",
                                    "too_many_claimed", "no_tokens_counted",
                                    "two_results",      "no_result",
                                    "no_token",         "token_before_start",
                                    "token_after_end",  "cached_above_prompt",
                                    "unknown_metric",   "unknown_request",
                                    "failed_result",    "oom_result",
                                    "all_at_once",      "unknown_status",
                                    "told_late",        "arrived_before_start",
                                    "arrived_tomorrow", NULL};

static const struct ctxmark_option options[] = {
    {"value", CTXMARK_TYPE_CHOICE, CTXMARK_OPT_REQUIRED, NULL, 0, 0, cases, NULL,
     "What it reports."},
};

static const struct ctxmark_metric metrics[] = {
    {"mock_level", "", "A number of no meaning."},
};

static int is(const struct mock *m, const char *value)
{
    return mock_option_is(m->host, "value", value);
}

/* All at the end, each with its own time: a microsecond apart, the first `ahead_ns` from now. */
static void tell_late(const struct mock *m, const struct ctxmark_request *request,
                      const struct ctxmark_emit *emit, int64_t ahead_ns)
{
    int64_t at = m->host->now_ns(m->host) + ahead_ns;
    mock_sleep_us(1000 * request->max_new_tokens);
    for (int64_t i = 0; i < request->max_new_tokens; i++) {
        emit->arrived(emit, 0, at + 1000 * i);
        emit->tokens(emit, 0, 1, NULL, NULL, 0);
    }
}

static void report_tokens(const struct mock *m, const struct ctxmark_request *request,
                          const struct ctxmark_emit *emit)
{
    if (is(m, "no_token"))
        return;
    if (is(m, "token_before_start")) {
        mock_emit_tokens(request, emit, 0, 0, 0);
        mock_sleep_us(1000);
        emit->start(emit, 0);
        return;
    }
    emit->start(emit, 0);
    if (is(m, "token_after_end")) {
        emit->end(emit, 0);
        mock_sleep_us(1000);
    }
    if (is(m, "told_late"))
        tell_late(m, request, emit, 0);
    else if (is(m, "arrived_before_start"))
        tell_late(m, request, emit, -INT64_C(1000000000));
    else if (is(m, "arrived_tomorrow"))
        tell_late(m, request, emit, INT64_C(86400000000000));
    else if (is(m, "too_many_at_once"))
        emit->tokens(emit, 0, UINT64_MAX, NULL, NULL, 0);
    else if (is(m, "no_tokens_counted"))
        emit->tokens(emit, 0, 0, NULL, NULL, 0);
    else if (is(m, "all_at_once"))
        emit->tokens(emit, 0, (uint64_t)request->max_new_tokens, NULL, NULL, 0);
    else
        mock_emit_tokens(request, emit, is(m, "unknown_request") ? request->concurrency : 0, 0, 0);
    if (is(m, "too_many_tokens"))
        emit->tokens(emit, 0, 1, NULL, NULL, 0);
}

static void report_metrics(const struct mock *m, const struct ctxmark_emit *emit)
{
    if (is(m, "nan_metric"))
        emit->metric(emit, 0, 0, NAN);
    if (is(m, "infinite_metric"))
        emit->metric(emit, 0, 0, INFINITY);
    if (is(m, "unknown_metric"))
        emit->metric(emit, 0, 1, 1.0);
}

static void spoil(const struct mock *m, struct ctxmark_result *r)
{
    if (is(m, "negative_time"))
        r->device_prefill_ns = -5;
    if (is(m, "negative_memory"))
        r->peak_memory_bytes = -1;
    if (is(m, "too_many_claimed"))
        r->generated_tokens++;
    if (is(m, "cached_above_prompt"))
        r->cached_tokens = r->prompt_tokens + 1;
    if (is(m, "failed_result") || is(m, "oom_result")) {
        r->status = is(m, "oom_result") ? CTXMARK_OOM : CTXMARK_ERROR;
        r->error = "the request failed, though run() did not";
    }
    if (is(m, "unknown_status"))
        r->status = 77;
}

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    const struct mock *m = self;
    struct ctxmark_result result = mock_result(request, 0);
    report_tokens(m, request, emit);
    report_metrics(m, emit);
    spoil(m, &result);
    if (!is(m, "no_result"))
        emit->result(emit, &result);
    if (is(m, "two_results"))
        emit->result(emit, &result);
    return CTXMARK_OK;
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .open = mock_open,
    .load = mock_load,
    .run = run,
    .close = mock_close,
};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_impossible", "reports what cannot be"),
    .options = options,
    .option_count = MOCK_COUNT(options),
    .metrics = metrics,
    .metric_count = MOCK_COUNT(metrics),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
