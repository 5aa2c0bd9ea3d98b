/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One request: a prompt, tokens, and what they took. */

#include "config.h"

#include "plugins/hf_cpu/plugin.h"

#include <stdlib.h>

#include "plugins/hf_common/lengths.h"
#include "plugins/hf_cpu/memory.h"

enum {
    METRIC_WEIGHTS,
    METRIC_KV,
    METRIC_SCORES,
    METRIC_LOGITS,
    METRIC_ACTIVATIONS,
    METRIC_PREFILL_RESIDENT,
    METRIC_DECODE_RESIDENT
};

const struct ctxmark_metric hf_cpu_metrics[HF_CPU_METRICS] = {
    [METRIC_WEIGHTS] = {"weights_bytes", "bytes", "memory of the weights, mapped files included"},
    [METRIC_KV] = {"kv_bytes", "bytes", "memory of the KV cache"},
    [METRIC_SCORES] = {"scores_bytes", "bytes", "memory of the scores of eager attention"},
    [METRIC_LOGITS] = {"logits_bytes", "bytes", "memory of the logits of all tokens of a prompt"},
    [METRIC_ACTIVATIONS] = {"activations_bytes", "bytes",
                            "memory of activations, a row of logits and threads' own"},
    [METRIC_PREFILL_RESIDENT] = {"prefill_resident_bytes", "bytes",
                                 "largest resident memory of the process during the prefill, by "
                                 "the kernel's count"},
    [METRIC_DECODE_RESIDENT] = {"decode_resident_bytes", "bytes",
                                "the same from the first token on"},
};

/* One request while it runs. */
struct request_run {
    const struct ctxmark_request *request;
    const struct ctxmark_emit *emit;
    const struct hf_prompts *prompts;
    int32_t *prompt;
    int64_t prompt_tokens;
    int64_t generated;
    int64_t prefill_resident, decode_resident; /* bytes; -1: unknown */
};

/* Room for the prompt and all new tokens. */
int32_t hf_cpu_make_room(struct hf_cpu *p, int64_t prompt, int64_t new_tokens)
{
    struct hf_err e;
    if (hf_length_check(prompt, new_tokens, &e) != 0 ||
        hf_length_check_window(cpu_engine_config(p->engine), prompt, new_tokens, &e) != 0)
        return p->host->fail(p->host, CTXMARK_INVALID, e.text);
    return hf_cpu_report(p, cpu_engine_prepare(p->engine, prompt, prompt + new_tokens, &e), &e);
}

static void emit_logits(void *arg, int64_t position, const float *logits)
{
    const struct request_run *r = ((void **)arg)[0];
    const struct cpu_engine *g = ((void **)arg)[1];
    r->emit->logits(r->emit, 0, position, logits, (uint64_t)cpu_engine_config(g)->vocab_size);
}

static bool position_asked(const struct ctxmark_request *q, int64_t position)
{
    for (uint64_t i = 0; i < q->logit_position_count; i++)
        if (q->logit_positions[i] == position)
            return true;
    return false;
}

/* One token more: adds `token`, and gives its logits where they are asked for. */
static enum cpu_status run_step(struct hf_cpu *p, struct request_run *r, int32_t token,
                                struct hf_err *e)
{
    void *sink_arg[] = {r, p->engine};
    int64_t position = r->prompt_tokens + r->generated - 1;
    enum cpu_status s = cpu_engine_decode(p->engine, token, e);
    if (s == CPU_OK && position_asked(r->request, position))
        emit_logits(sink_arg, position, cpu_engine_logits(p->engine));
    return s;
}

static void run_give_token(struct request_run *r, int32_t token)
{
    size_t length = 0;
    const char *text = hf_prompts_text(r->prompts, token, &length);
    r->generated++;
    r->emit->tokens(r->emit, 0, 1, &token, text, length);
}

/* The timed part, and after its end the logits of the last token if they are wanted. */
static enum cpu_status run_timed(struct hf_cpu *p, struct request_run *r, struct hf_err *e)
{
    const struct ctxmark_request *q = r->request;
    void *sink_arg[] = {r, p->engine};
    cpu_engine_reset(p->engine);
    bool counted = cpu_memory_peak_reset();
    r->emit->start(r->emit, 0);
    enum cpu_status s =
        cpu_engine_prefill(p->engine, r->prompt, r->prompt_tokens, q->logit_positions,
                           q->logit_position_count, emit_logits, sink_arg, e);
    if (s != CPU_OK)
        return s;
    int32_t token = cpu_engine_argmax(p->engine);
    run_give_token(r, token);
    if (counted)
        r->prefill_resident = cpu_memory_peak();
    counted = counted && cpu_memory_peak_reset();
    while (r->generated < q->max_new_tokens) {
        s = run_step(p, r, token, e);
        if (s != CPU_OK)
            return s;
        token = cpu_engine_argmax(p->engine);
        run_give_token(r, token);
    }
    r->emit->end(r->emit, 0);
    if (counted && r->generated > 1)
        r->decode_resident = cpu_memory_peak();
    if (position_asked(q, r->prompt_tokens + q->max_new_tokens - 1))
        s = run_step(p, r, token, e);
    return s;
}

static void run_report(const struct hf_cpu *p, const struct request_run *r, int32_t status,
                       const char *error)
{
    struct cpu_engine_memory m = cpu_engine_memory(p->engine);
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    result.status = status;
    result.error = status == CTXMARK_OK ? NULL : error;
    result.prompt_tokens = r->prompt_tokens;
    result.cached_tokens = 0;
    result.generated_tokens = r->generated;
    result.peak_memory_bytes = cpu_engine_memory_sum(&m);
    result.memory_limit_bytes = cpu_memory_limit();
    r->emit->metric(r->emit, 0, METRIC_WEIGHTS, (double)m.weights);
    r->emit->metric(r->emit, 0, METRIC_KV, (double)m.kv);
    r->emit->metric(r->emit, 0, METRIC_SCORES, (double)m.scores);
    r->emit->metric(r->emit, 0, METRIC_LOGITS, (double)m.logits);
    r->emit->metric(r->emit, 0, METRIC_ACTIVATIONS, (double)m.scratch);
    if (r->prefill_resident >= 0)
        r->emit->metric(r->emit, 0, METRIC_PREFILL_RESIDENT, (double)r->prefill_resident);
    if (r->decode_resident >= 0)
        r->emit->metric(r->emit, 0, METRIC_DECODE_RESIDENT, (double)r->decode_resident);
    r->emit->result(r->emit, &result);
}

int32_t hf_cpu_run(void *self, const struct ctxmark_request *q, const struct ctxmark_emit *emit)
{
    struct hf_cpu *p = self;
    struct hf_err e = {""};
    struct request_run r = {.request = q,
                            .emit = emit,
                            .prompts = p->prompts,
                            .prefill_resident = -1,
                            .decode_resident = -1};
    if (hf_prompts_make(p->prompts, q, 0, &r.prompt, &r.prompt_tokens, &e) != 0)
        return p->host->fail(
            p->host, q->text && hf_prompts_lack(p->prompts) ? CTXMARK_UNSUPPORTED : CTXMARK_INVALID,
            e.text);
    int32_t status = hf_contract_check(p->host, q, r.prompt_tokens);
    if (status == CTXMARK_OK)
        status = hf_cpu_make_room(p, r.prompt_tokens, q->max_new_tokens);
    if (status != CTXMARK_OK) {
        free(r.prompt);
        return status;
    }
    enum cpu_status s = run_timed(p, &r, &e);
    free(r.prompt);
    run_report(p, &r, hf_cpu_status(s), e.text);
    return hf_cpu_report(p, s, &e);
}
