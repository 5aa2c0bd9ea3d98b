/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A prompt through the layers, block by block:
 *
 *   x = embedding[tokens]
 *   per layer: x += O attention(rope(Q norm(x)), rope(K norm(x)), V norm(x))
 *              x += down(silu(gate(norm(x))) * up(norm(x)))
 *   logits = output(norm(x)) */

#include "config.h"

#include "plugins/hf_fp16_cuda/internal.h"

#include <sched.h>

#define TRY_BYTE 0x35 /* twice, as float16, is 0.33 */

enum gpu_status gpu_forward_project(struct gpu_engine *g, uint64_t x, int64_t x_stride,
                                    int64_t inner, uint64_t w, uint64_t bias, uint64_t out,
                                    int64_t cols, int64_t tokens, bool add, struct hf_err *e)
{
    struct gpu_gemm p = {
        .rows = tokens,
        .cols = cols,
        .inner = inner,
        .batch = 1,
        .x = x,
        .w = w,
        .out = out,
        .bias = bias,
        .x_stride = x_stride,
        .w_stride = inner,
        .out_stride = cols,
        .in = GPU_F16,
        .to = GPU_F16,
        .alpha = 1.0f,
        .beta = add ? 1.0f : 0.0f,
    };
    return gpu_blas_gemm(&g->blas, &p, g->stream, e);
}

enum gpu_status gpu_forward_norm(struct gpu_engine *g, uint64_t weight, int64_t tokens,
                                 struct hf_err *e)
{
    struct gpu_norm p = {
        g->a.x, weight, g->a.normed, (int32_t)g->config.hidden_size, (float)g->config.rms_norm_eps,
        0};
    return gpu_norm(&g->kernels, &p, tokens, g->stream, e);
}

static enum gpu_status block_rope(struct gpu_engine *g, int64_t layer, int64_t from, int64_t tokens,
                                  struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const struct gpu_layer *w = &g->weights.layers[layer];
    struct gpu_rope p = {
        .qkv = g->a.qkv,
        .keys = gpu_cache_at(g, layer, 0),
        .values = gpu_cache_at(g, layer, 1),
        .frequencies = g->weights.frequencies,
        .q_norm = w->q_norm,
        .k_norm = w->k_norm,
        .capacity = g->plan.positions,
        .from = (int32_t)from,
        .heads = (int32_t)c->heads,
        .kv_heads = (int32_t)c->kv_heads,
        .head_dim = (int32_t)c->head_dim,
        .epsilon = (float)c->rms_norm_eps,
    };
    return gpu_rope(&g->kernels, &p, tokens, g->stream, e);
}

static enum gpu_status block_attention(struct gpu_engine *g, int64_t layer, int64_t from,
                                       int64_t tokens, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const struct gpu_layer *w = &g->weights.layers[layer];
    const int64_t h = c->hidden_size, attention = c->heads * c->head_dim;
    enum gpu_status s = gpu_forward_norm(g, w->attention_norm, tokens, e);
    if (s == GPU_OK)
        s = gpu_forward_project(g, g->a.normed, h, h, w->qkv, w->qkv_bias, g->a.qkv,
                                attention + 2 * c->kv_heads * c->head_dim, tokens, false, e);
    if (s == GPU_OK)
        s = block_rope(g, layer, from, tokens, e);
    if (s == GPU_OK)
        s = gpu_attention_run(g, layer, from, tokens, e);
    if (s == GPU_OK)
        s = gpu_forward_project(g, g->a.normed, attention, attention, w->o, w->o_bias, g->a.x, h,
                                tokens, true, e);
    return s;
}

/* Keeps the host from running far ahead, so that it can be stopped. */
static enum gpu_status layer_wait(struct gpu_engine *g, struct hf_err *e)
{
    CUevent oldest = g->layers[g->layers_started % GPU_LAYERS_AHEAD];
    if (g->recording)
        return GPU_OK;
    enum gpu_status s = gpu_engine_cancelled(g, e);
    while (s == GPU_OK && g->layers_started >= GPU_LAYERS_AHEAD) {
        CUresult r = g->driver.cuEventQuery(oldest);
        if (r != CUDA_ERROR_NOT_READY) {
            s = gpu_driver_check(&g->driver, r, "waiting for the GPU", e);
            break;
        }
        sched_yield();
        s = gpu_engine_cancelled(g, e);
    }
    return s;
}

static enum gpu_status layer_mark(struct gpu_engine *g, struct hf_err *e)
{
    CUevent event = g->layers[g->layers_started++ % GPU_LAYERS_AHEAD];
    if (g->recording)
        return GPU_OK;
    return gpu_driver_check(&g->driver, g->driver.cuEventRecord(event, g->stream),
                            "recording an event", e);
}

enum gpu_status gpu_forward_try(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_plan *p = &g->plan;
    const int64_t counts[] = {p->block, p->prompt % p->block};
    CUresult r = g->driver.cuMemsetD8Async(
        (CUdeviceptr)g->a.x, TRY_BYTE, (size_t)(p->block * g->config.hidden_size) * 2, g->stream);
    enum gpu_status s = gpu_driver_check(&g->driver, r, "setting GPU memory", e);
    g->blas.tries = true;
    for (int i = 0; s == GPU_OK && i < 2; i++) {
        if (counts[i] > 0)
            s = block_attention(g, 0, 0, counts[i], e);
        if (s == GPU_OK && counts[i] > 0)
            s = gpu_mlp_try(g, counts[i], e);
    }
    g->blas.tries = false;
    return s;
}

static enum gpu_status forward_block(struct gpu_engine *g, int64_t from, int64_t tokens,
                                     struct hf_err *e)
{
    struct gpu_embed p = {g->weights.embedding, g->a.tokens + (uint64_t)from * sizeof(int32_t),
                          g->a.x, (int32_t)g->config.hidden_size};
    enum gpu_status s = gpu_embed(&g->kernels, &p, tokens, g->stream, e);
    if (s == GPU_OK)
        s = gpu_attention_mask(g, from, tokens, e);
    for (int64_t layer = 0; s == GPU_OK && layer < g->config.layers; layer++) {
        s = layer_wait(g, e);
        if (s == GPU_OK)
            s = block_attention(g, layer, from, tokens, e);
        if (s == GPU_OK)
            s = gpu_mlp_run(g, layer, tokens, e);
        if (s == GPU_OK)
            s = layer_mark(g, e);
    }
    return s;
}

/* Row `row` of the float16 logits of all positions. */
static enum gpu_status logits_take(struct gpu_engine *g, int64_t row, struct hf_err *e)
{
    const int64_t v = g->config.vocab_size;
    int64_t rows;
    struct gpu_cast p = {gpu_logits_at(g, row, &rows), g->a.logits, v, v, (int32_t)v};
    return gpu_cast(&g->kernels, GPU_CAST_TO_FLOAT, &p, 1, g->stream, e);
}

/* The logits of every token of the block, wherever there is room for them. */
static enum gpu_status logits_all(struct gpu_engine *g, int64_t from, int64_t tokens,
                                  struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    enum gpu_status s = gpu_forward_norm(g, g->weights.final_norm, tokens, e);
    for (int64_t t = 0, n; s == GPU_OK && t < tokens; t += n) {
        uint64_t out = gpu_logits_at(g, from + t, &n);
        n = n < tokens - t ? n : tokens - t;
        s = gpu_forward_project(g, g->a.normed + (uint64_t)(t * c->hidden_size) * 2, c->hidden_size,
                                c->hidden_size, g->weights.output, 0, out, c->vocab_size, n, false,
                                e);
    }
    return s;
}

/* What the block's tokens owe: all logits, and those that are wished for. */
static enum gpu_status block_logits(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                    int64_t from, int64_t tokens, struct hf_err *e)
{
    const bool all = g->plan.all_logits;
    enum gpu_status s = all ? logits_all(g, from, tokens, e) : GPU_OK;
    for (uint64_t i = 0; s == GPU_OK && i < wish->count; i++) {
        int64_t at = wish->positions[i];
        if (at < from || at >= from + tokens)
            continue;
        s = all ? logits_take(g, at, e) : gpu_forward_logits(g, at - from, false, e);
        if (s == GPU_OK)
            s = gpu_engine_give_logits(g, wish, at, e);
    }
    return s;
}

enum gpu_status gpu_forward_prompt(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                   struct hf_err *e)
{
    const struct gpu_plan *p = &g->plan;
    enum gpu_status s = GPU_OK;
    int64_t last = 0;
    g->layers_started = 0;
    for (int64_t from = 0, n; s == GPU_OK && from < p->prompt; from += n) {
        n = p->prompt - from < p->block ? p->prompt - from : p->block;
        last = n - 1;
        s = forward_block(g, from, n, e);
        if (s == GPU_OK)
            s = block_logits(g, wish, from, n, e);
    }
    if (s != GPU_OK)
        return s;
    if (!p->all_logits)
        return gpu_forward_logits(g, last, true, e);
    s = logits_take(g, p->prompt - 1, e);
    return s == GPU_OK ? gpu_forward_choose(g, e) : s;
}
