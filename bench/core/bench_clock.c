/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A backend that does nothing for a known time, to measure what ctxmark itself costs and how well
 * it times.  It notes the time on its own clock reads, as close to the ends of its span as it can.
 */

#include <time.h>

#include <ctxmark/util.h>

static const struct ctxmark_option options[] = {
    {"busy_us", CTXMARK_TYPE_NUMBER, 0, "0", 0, 1e9, NULL, "us", "time that a prefill takes"},
};

static const struct ctxmark_host *host;
static int64_t busy_ns;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int32_t bench_open(const struct ctxmark_host *h, void **ret_self)
{
    host = h;
    busy_ns = (int64_t)(1e3 * h->option_number(h, CTXMARK_SCOPE_PLUGIN, "busy_us", 0, 0));
    *ret_self = &busy_ns;
    return CTXMARK_OK;
}

static int32_t bench_load(void *self, const struct ctxmark_model *model)
{
    (void)self;
    (void)model;
    return CTXMARK_OK;
}

static int32_t bench_run(void *self, const struct ctxmark_request *request,
                         const struct ctxmark_emit *emit)
{
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    (void)self;
    emit->start(emit, 0);
    int64_t begin = now(), end = begin;
    while (end - begin < busy_ns)
        end = now();
    emit->tokens(emit, 0, 1, NULL, NULL, 0);
    emit->end(emit, 0);
    result.prompt_tokens = request->prompt_tokens;
    result.generated_tokens = 1;
    result.device_prefill_ns = end - begin;
    emit->result(emit, &result);
    return CTXMARK_OK;
}

static const struct ctxmark_backend ops = {
    .size = sizeof ops, .open = bench_open, .load = bench_load, .run = bench_run};

static const struct ctxmark_plugin plugin = {.head = CTXMARK_HEAD,
                                             .kind = CTXMARK_BACKEND,
                                             .metric_stride = sizeof(struct ctxmark_metric),
                                             .name = "bench_clock",
                                             .version = "1",
                                             .summary = "Does nothing for a known time",
                                             .license = "MIT",
                                             .options = options,
                                             .option_count = 1,
                                             .backend = &ops};

CTXMARK_PLUGIN(plugin)
