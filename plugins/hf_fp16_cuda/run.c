/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One request: what is measured, and what is told about it. */

#include "config.h"

#include <stdlib.h>

#include <ctxmark/util.h>

#include "plugins/hf_fp16_cuda/plugin.h"

/* One request while it runs. */
struct request_run {
    const struct hf_cuda *plugin;
    const struct ctxmark_request *request;
    const struct ctxmark_emit *emit;
    int32_t *prompt; /* [prompt_tokens] */
    int64_t prompt_tokens;
    int64_t generated;
    bool ended; /* what comes now is beyond the tokens that were asked for */
};

static void give_logits(void *arg, int64_t position, const float *logits)
{
    const struct request_run *r = arg;
    const struct hf_config *c = gpu_engine_config(r->plugin->engine);
    r->emit->logits(r->emit, 0, position, logits, (uint64_t)c->vocab_size);
}

static void give_token(void *arg, int32_t token)
{
    struct request_run *r = arg;
    size_t length = 0;
    if (r->ended)
        return;
    const char *text = hf_prompts_text(r->plugin->prompts, token, &length);
    r->generated++;
    r->emit->tokens(r->emit, 0, 1, &token, text, length);
}

static bool last_logits_asked(const struct request_run *r)
{
    const struct ctxmark_request *q = r->request;
    uint64_t n = q->logit_position_count;
    return n > 0 && q->logit_positions[n - 1] == r->prompt_tokens + q->max_new_tokens - 1;
}

/* The timed part, and after its end the logits of the last token if they are wanted. */
static enum gpu_status run_timed(struct gpu_engine *g, struct request_run *r, struct hf_err *e)
{
    const struct ctxmark_request *q = r->request;
    const struct gpu_engine_wish wish = {q->logit_positions, q->logit_position_count, give_logits,
                                         give_token, r};
    enum gpu_status s = gpu_engine_start(g, r->prompt, e);
    if (s != GPU_OK)
        return s;
    r->emit->start(r->emit, 0);
    s = gpu_engine_prefill(g, &wish, e);
    if (s == GPU_OK)
        s = gpu_engine_decode(g, q->max_new_tokens - 1, &wish, e);
    if (s != GPU_OK)
        return s;
    r->emit->end(r->emit, 0);
    r->ended = true;
    return last_logits_asked(r) ? gpu_engine_decode(g, 1, &wish, e) : GPU_OK;
}

static void give_metrics(const struct hf_cuda *p, const struct ctxmark_emit *emit)
{
    const struct gpu_memory *m = gpu_engine_memory(p->engine);
    const struct gpu_plan *plan = gpu_engine_plan(p->engine);
    const struct gpu_engine_phases phases = gpu_engine_phases(p->engine);
    const uint64_t values[HF_CUDA_METRICS] = {
        [METRIC_WEIGHTS] = m->by_kind[GPU_WEIGHTS],
        [METRIC_KV] = plan->kv,
        [METRIC_ACTIVATIONS] = plan->activations,
        [METRIC_SCORES] = plan->scores,
        [METRIC_LOGITS] = plan->logits,
        [METRIC_WORKSPACE] = m->by_kind[GPU_WORKSPACE],
        [METRIC_LOAD] = phases.load,
        [METRIC_PREFILL] = phases.prefill,
        [METRIC_DECODE] = phases.decode,
    };
    for (uint32_t i = 0; i < HF_CUDA_METRICS; i++)
        emit->metric(emit, 0, i, (double)values[i]);
}

static void give_result(const struct hf_cuda *p, const struct request_run *r, int32_t status,
                        const char *error)
{
    static const char *const kinds[] = {NULL, "host", "managed"};
    const struct gpu_memory *m = gpu_engine_memory(p->engine);
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    int64_t prefill, decode;
    result.status = status;
    result.error = status == CTXMARK_OK ? NULL : error;
    result.prompt_tokens = r->prompt_tokens;
    result.cached_tokens = 0;
    result.generated_tokens = r->generated;
    result.peak_memory_bytes = (int64_t)m->peak;
    result.memory_limit_bytes = (int64_t)gpu_memory_limit(m);
    result.spilled_bytes = (int64_t)m->spilled_peak;
    result.spill_kind = m->spilled_peak > 0 ? kinds[m->spill] : NULL;
    if (status == CTXMARK_OK) {
        gpu_engine_times(p->engine, &prefill, &decode);
        if (prefill >= 0)
            result.device_prefill_ns = prefill;
        if (decode >= 0 && r->generated > 1)
            result.device_decode_ns = decode;
        if (prefill >= 0 && decode >= 0)
            result.device_e2e_ns = prefill + (r->generated > 1 ? decode : 0);
        give_metrics(p, r->emit);
    }
    r->emit->result(r->emit, &result);
}

static int32_t run_prepared(const struct hf_cuda *p, struct request_run *r)
{
    struct hf_err e = {""};
    int32_t status = hf_contract_check(p->host, r->request, r->prompt_tokens);
    if (status != CTXMARK_OK)
        return status;
    enum gpu_status s =
        gpu_engine_prepare(p->engine, r->prompt_tokens, r->request->max_new_tokens, &e);
    if (s != GPU_OK)
        return hf_cuda_report(p, s, &e);
    s = run_timed(p->engine, r, &e);
    status = hf_cuda_report(p, s, &e);
    give_result(p, r, status, e.text);
    return status;
}

int32_t hf_cuda_run(void *self, const struct ctxmark_request *q, const struct ctxmark_emit *emit)
{
    const struct hf_cuda *p = self;
    struct hf_err e = {""};
    struct request_run r = {.plugin = p, .request = q, .emit = emit};
    if (hf_prompts_make(p->prompts, q, 0, &r.prompt, &r.prompt_tokens, &e) != 0)
        return p->host->fail(
            p->host, q->text && hf_prompts_lack(p->prompts) ? CTXMARK_UNSUPPORTED : CTXMARK_INVALID,
            e.text);
    int32_t status = run_prepared(p, &r);
    free(r.prompt);
    return status;
}
