/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/collect.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/child.h"
#include "core/base/utf8.h"

/* ---- faults */

static void fault(struct collect *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct collect *c, const char *format, ...)
{
    if (c->fault[0])
        return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(c->fault, sizeof c->fault, format, ap);
    va_end(ap);
}

static struct collect_request *find_request(const struct ctxmark_emit *emit, uint32_t request,
                                            const char *call)
{
    struct collect *c = emit->state;
    if (request < c->asked->concurrency)
        return &c->requests[request];
    fault(c, "the backend called %s() for request %" PRIu32 " of %" PRIu32, call, request,
          c->asked->concurrency);
    return NULL;
}

/* ---- what the backend calls.  The stamp comes first: it is what is measured. */

/* A request that starts again begins anew: the backend discards what it did before. */
static void emit_start(const struct ctxmark_emit *emit, uint32_t request)
{
    struct collect_request *r = find_request(emit, request, "start");
    if (!r)
        return;
    r->stamp_count = r->id_count = 0;
    r->token_count = 0;
    buf_clear(&r->text);
    r->end_ns = r->arrived_ns = CTXMARK_UNKNOWN;
    r->start_ns = clock_now_ns();
}

static void emit_end(const struct ctxmark_emit *emit, uint32_t request)
{
    int64_t now = clock_now_ns();
    struct collect_request *r = find_request(emit, request, "end");
    if (r)
        r->end_ns = now;
}

/* Room for `more` elements of `size` bytes; false: out of memory. */
static bool make_room(void **array, size_t *capacity, size_t have, size_t more, size_t size)
{
    if (have + more <= *capacity)
        return true;
    size_t want = *capacity * 2 > have + more ? *capacity * 2 : have + more;
    void *bigger = want > SIZE_MAX / size ? NULL : realloc(*array, want * size);
    if (!bigger)
        return false;
    *array = bigger;
    *capacity = want;
    return true;
}

static void emit_arrived(const struct ctxmark_emit *emit, uint32_t request, int64_t at_ns)
{
    int64_t now = clock_now_ns();
    struct collect *c = emit->state;
    struct collect_request *r = find_request(emit, request, "arrived");
    if (!r)
        return;
    int64_t before = r->stamp_count                   ? r->stamps[r->stamp_count - 1].at_ns
                     : r->start_ns != CTXMARK_UNKNOWN ? r->start_ns
                                                      : c->entered_ns;
    if (at_ns < before || at_ns > now)
        fault(c,
              "the backend reported tokens that arrived at %" PRId64
              " ns, not between what came before (%" PRId64 ") and now (%" PRId64 ")",
              at_ns, before, now);
    else
        r->arrived_ns = at_ns;
}

static void emit_tokens(const struct ctxmark_emit *emit, uint32_t request, uint64_t count,
                        const int32_t *ids, const char *text, uint64_t text_bytes)
{
    int64_t at = clock_now_ns();
    struct collect *c = emit->state;
    struct collect_request *r = find_request(emit, request, "tokens");
    if (!r)
        return;
    if (r->arrived_ns != CTXMARK_UNKNOWN)
        at = r->arrived_ns;
    r->arrived_ns = CTXMARK_UNKNOWN;
    uint64_t most = (uint64_t)c->asked->max_new_tokens;
    if (count == 0 || count > most || r->token_count + count > most) {
        fault(c, "the backend reported %" PRIu64 " tokens where %" PRIu64 " were asked for",
              r->token_count + count, most);
        return;
    }
    if (!make_room((void **)&r->stamps, &r->stamp_capacity, r->stamp_count, 1, sizeof *r->stamps) ||
        (ids &&
         !make_room((void **)&r->ids, &r->id_capacity, r->id_count, count, sizeof *r->ids))) {
        c->failed = true;
        return;
    }
    r->stamps[r->stamp_count++] = (struct token_stamp){at, count};
    r->token_count += count;
    if (ids) {
        memcpy(r->ids + r->id_count, ids, count * sizeof *ids);
        r->id_count += count;
    }
    if (text && text_bytes)
        buf_add(&r->text, text, text_bytes);
}

static void emit_recorded(const struct ctxmark_emit *emit, uint32_t request, uint64_t count,
                          int64_t first_ns, int64_t last_ns, int64_t end_ns)
{
    struct collect *c = emit->state;
    struct collect_request *r = find_request(emit, request, "recorded");
    if (!r)
        return;
    if (!(c->plugin->backend->capabilities & CTXMARK_REPLAYS)) {
        fault(c, "the backend reported recorded times, but it is no replay");
        return;
    }
    if (count == 0 || count > (uint64_t)c->asked->max_new_tokens || r->stamp_count ||
        !make_room((void **)&r->stamps, &r->stamp_capacity, 0, 2, sizeof *r->stamps)) {
        fault(c,
              "the backend reported %" PRIu64 " recorded tokens where %" PRId64 " were asked for",
              count, c->asked->max_new_tokens);
        return;
    }
    r->stamps[r->stamp_count++] = (struct token_stamp){first_ns, 1};
    if (count > 1)
        r->stamps[r->stamp_count++] = (struct token_stamp){last_ns, count - 1};
    r->token_count = count;
    r->start_ns = 0;
    r->end_ns = end_ns;
}

static int64_t position_index(const struct ctxmark_request *asked, int64_t position)
{
    for (uint64_t i = 0; i < asked->logit_position_count; i++)
        if (asked->logit_positions[i] == position)
            return (int64_t)i;
    return -1;
}

static void emit_logits(const struct ctxmark_emit *emit, uint32_t request, int64_t position,
                        const float *logits, uint64_t vocabulary)
{
    struct collect *c = emit->state;
    int64_t i = position_index(c->asked, position);
    if (!find_request(emit, request, "logits") || request != 0 || i < 0)
        return;
    uint64_t n = c->asked->logit_position_count;
    if (!c->logits) {
        c->vocabulary = vocabulary;
        c->logits = calloc(n * vocabulary, sizeof *c->logits);
        c->logits_given = calloc(n, sizeof *c->logits_given);
    }
    if (!c->logits || !c->logits_given) {
        c->failed = true;
        return;
    }
    if (vocabulary != c->vocabulary) {
        fault(c, "the backend gave %" PRIu64 " logits after %" PRIu64, vocabulary, c->vocabulary);
        return;
    }
    memcpy(c->logits + (uint64_t)i * vocabulary, logits, vocabulary * sizeof *logits);
    c->logits_given[i] = true;
}

static void emit_metric(const struct ctxmark_emit *emit, uint32_t request, uint32_t index,
                        double value)
{
    struct collect *c = emit->state;
    struct collect_request *r = find_request(emit, request, "metric");
    if (!r)
        return;
    if (index >= c->plugin->metric_count)
        fault(c, "the backend gave metric %" PRIu32 " but declares %" PRIu32, index,
              c->plugin->metric_count);
    else
        r->metrics[index] = value;
}

static char *copy_optional(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (copy)
        utf8_mend(copy);
    return copy;
}

static void emit_result(const struct ctxmark_emit *emit, const struct ctxmark_result *theirs)
{
    static const struct ctxmark_result unknown = CTXMARK_RESULT_INIT;
    struct ctxmark_result full = unknown;
    memcpy(&full, theirs, theirs->size < sizeof full ? theirs->size : sizeof full);
    struct collect_request *r = find_request(emit, full.request, "result");
    if (!r || r->result_count++)
        return;
    r->result = full;
    r->spill_kind = copy_optional(full.spill_kind);
    r->note = copy_optional(full.note);
    r->error = copy_optional(full.error);
}

/* ---- life */

static int request_init(struct collect_request *r, const struct collect *c)
{
    size_t n = (size_t)c->asked->max_new_tokens;
    r->start_ns = r->end_ns = r->arrived_ns = CTXMARK_UNKNOWN;
    r->stamps = calloc(n, sizeof *r->stamps);
    r->ids = calloc(n, sizeof *r->ids);
    r->metrics = calloc(c->plugin->metric_count + (size_t)1, sizeof *r->metrics);
    if (!r->stamps || !r->ids || !r->metrics)
        return -1;
    r->stamp_capacity = r->id_capacity = n;
    for (uint32_t i = 0; i < c->plugin->metric_count; i++)
        r->metrics[i] = NAN;
    return 0;
}

int collect_init(struct collect *c, const struct ctxmark_plugin *plugin,
                 const struct ctxmark_request *asked, struct err *e)
{
    memset(c, 0, sizeof *c);
    c->plugin = plugin;
    c->asked = asked;
    c->emit = (struct ctxmark_emit){.size = sizeof c->emit,
                                    .state = c,
                                    .start = emit_start,
                                    .tokens = emit_tokens,
                                    .end = emit_end,
                                    .logits = emit_logits,
                                    .metric = emit_metric,
                                    .result = emit_result,
                                    .recorded = emit_recorded,
                                    .arrived = emit_arrived};
    c->requests = calloc(asked->concurrency, sizeof *c->requests);
    for (uint32_t i = 0; c->requests && i < asked->concurrency; i++)
        if (request_init(&c->requests[i], c) < 0) {
            collect_free(c);
            return err_memory(e);
        }
    return c->requests ? 0 : err_memory(e);
}

void collect_free(struct collect *c)
{
    for (uint32_t i = 0; c->requests && i < c->asked->concurrency; i++) {
        struct collect_request *r = &c->requests[i];
        free(r->stamps);
        free(r->ids);
        free(r->metrics);
        free(r->spill_kind);
        free(r->note);
        free(r->error);
        buf_free(&r->text);
    }
    free(c->requests);
    free(c->logits);
    free(c->logits_given);
    memset(c, 0, sizeof *c);
}

void collect_enter(struct collect *c)
{
    c->entered_ns = clock_now_ns();
}

void collect_leave(struct collect *c)
{
    c->left_ns = clock_now_ns();
    for (uint32_t i = 0; i < c->asked->concurrency; i++) {
        struct collect_request *r = &c->requests[i];
        if (r->start_ns == CTXMARK_UNKNOWN)
            r->start_ns = c->entered_ns;
        if (r->end_ns == CTXMARK_UNKNOWN && r->stamp_count)
            r->end_ns = r->stamps[r->stamp_count - 1].at_ns;
    }
}

/* ---- the impossible */

static void check_amount(struct collect *c, const char *what, int64_t value)
{
    if (value != CTXMARK_UNKNOWN && value < 0)
        fault(c, "the backend returned an impossible value: %s = %" PRId64, what, value);
}

static void check_result(struct collect *c, uint32_t i)
{
    const struct collect_request *r = &c->requests[i];
    const struct ctxmark_result *s = &r->result;
    const struct ctxmark_request *asked = c->asked;
    if (s->status < CTXMARK_OK || s->status > CTXMARK_LOST)
        fault(c, "the backend gave request %" PRIu32 " the unknown status %" PRId32, i, s->status);
    check_amount(c, "prompt_tokens", s->prompt_tokens);
    check_amount(c, "cached_tokens", s->cached_tokens);
    check_amount(c, "generated_tokens", s->generated_tokens);
    check_amount(c, "device_prefill_ns", s->device_prefill_ns);
    check_amount(c, "device_decode_ns", s->device_decode_ns);
    check_amount(c, "device_e2e_ns", s->device_e2e_ns);
    check_amount(c, "load_ns", s->load_ns);
    check_amount(c, "peak_memory_bytes", s->peak_memory_bytes);
    check_amount(c, "memory_limit_bytes", s->memory_limit_bytes);
    check_amount(c, "spilled_bytes", s->spilled_bytes);
    if (s->generated_tokens > asked->max_new_tokens)
        fault(c, "the backend generated %" PRId64 " tokens where %" PRId64 " were asked for",
              s->generated_tokens, asked->max_new_tokens);
    if (s->prompt_tokens != CTXMARK_UNKNOWN && s->cached_tokens > s->prompt_tokens)
        fault(c, "the backend took %" PRId64 " of %" PRId64 " prompt tokens from a cache",
              s->cached_tokens, s->prompt_tokens);
    for (uint32_t m = 0; m < c->plugin->metric_count; m++)
        if (isinf(r->metrics[m]))
            fault(c, "the backend returned an infinite metric %s", c->plugin->metrics[m].name);
}

static void check_request(struct collect *c, uint32_t i)
{
    const struct collect_request *r = &c->requests[i];
    if (r->result_count == 0)
        fault(c, "the backend gave no result for request %" PRIu32, i);
    else if (r->result_count > 1)
        fault(c, "the backend gave %u results for request %" PRIu32, r->result_count, i);
    else if (r->result.status == CTXMARK_OK && r->stamp_count == 0)
        fault(c, "the backend called request %" PRIu32 " done without reporting a token", i);
    if (r->stamp_count && r->stamps[0].at_ns < r->start_ns)
        fault(c, "the backend reported a token before it called start()");
    if (r->stamp_count && r->end_ns < r->stamps[r->stamp_count - 1].at_ns)
        fault(c, "the backend reported a token after it called end()");
    check_result(c, i);
}

void collect_check(struct collect *c)
{
    for (uint32_t i = 0; i < c->asked->concurrency; i++)
        check_request(c, i);
}

int32_t collect_status(const struct collect *c)
{
    for (uint32_t i = 0; i < c->asked->concurrency; i++)
        if (c->requests[i].result.status == CTXMARK_OK)
            return CTXMARK_OK;
    return c->requests[0].result.status;
}

/* ---- the reply */

static void put_int(json_t *object, const char *key, int64_t value)
{
    if (value != CTXMARK_UNKNOWN)
        json_object_set_new(object, key, json_integer(value));
}

static void put_text(json_t *object, const char *key, const char *text)
{
    if (text && text[0])
        json_object_set_new(object, key, json_string(text));
}

static json_t *stamps_to_json(const struct collect_request *r)
{
    json_t *array = json_array();
    for (size_t i = 0; i < r->stamp_count; i++)
        for (uint64_t k = 0; k < r->stamps[i].count; k++)
            json_array_append_new(array, json_integer(r->stamps[i].at_ns - r->start_ns));
    return array;
}

static json_t *metrics_to_json(const struct collect *c, const struct collect_request *r)
{
    json_t *object = json_object();
    for (uint32_t m = 0; m < c->plugin->metric_count; m++)
        if (isfinite(r->metrics[m]))
            json_object_set_new(object, c->plugin->metrics[m].name, json_real(r->metrics[m]));
    return object;
}

/* Text that is not UTF-8, such as tokens that end within a character, as near as can be. */
static json_t *mended_text(const struct collect_request *r)
{
    char *text = strdup(buf_text(&r->text));
    if (text)
        utf8_mend(text);
    json_t *mended = text ? json_string(text) : NULL;
    free(text);
    return mended;
}

static json_t *request_to_json(const struct collect *c, uint32_t i)
{
    const struct collect_request *r = &c->requests[i];
    const struct ctxmark_result *s = &r->result;
    json_t *o = json_object();
    put_int(o, "request", i);
    put_int(o, "status", s->status);
    put_int(o, "notes", s->notes);
    put_int(o, "prompt_tokens", s->prompt_tokens);
    put_int(o, "cached_tokens", s->cached_tokens);
    put_int(o, "generated_tokens", s->generated_tokens);
    put_int(o, "device_prefill_ns", s->device_prefill_ns);
    put_int(o, "device_decode_ns", s->device_decode_ns);
    put_int(o, "device_e2e_ns", s->device_e2e_ns);
    put_int(o, "load_ns", s->load_ns);
    put_int(o, "peak_memory_bytes", s->peak_memory_bytes);
    put_int(o, "memory_limit_bytes", s->memory_limit_bytes);
    put_int(o, "spilled_bytes", s->spilled_bytes);
    put_text(o, "spill", r->spill_kind);
    put_text(o, "note", r->note);
    put_text(o, "error", r->error);
    if (r->end_ns != CTXMARK_UNKNOWN)
        put_int(o, "e2e_ns", r->end_ns - r->start_ns);
    json_object_set_new(o, "token_ns", stamps_to_json(r));
    json_object_set_new(o, "metrics", metrics_to_json(c, r));
    json_t *ids = json_array();
    for (size_t k = 0; k < r->id_count; k++)
        json_array_append_new(ids, json_integer(r->ids[k]));
    json_object_set_new(o, "ids", ids);
    if (r->text.len) {
        json_t *text = json_stringn(r->text.data, r->text.len);
        json_object_set_new(o, "text", text ? text : mended_text(r));
    }
    return o;
}

json_t *collect_to_json(const struct collect *c)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < c->asked->concurrency; i++)
        json_array_append_new(array, request_to_json(c, i));
    return array;
}
