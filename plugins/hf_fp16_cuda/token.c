/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One token through the layers.  Everything that changes from token to token is read from device
 * memory, so that the kernels of a step can be a graph. */

#include "config.h"

#include "plugins/hf_fp16_cuda/internal.h"

#include <stddef.h>

static enum gpu_status product(struct gpu_engine *g, enum gpu_kernel kernel, uint64_t x,
                               uint64_t norm, uint64_t weights, uint64_t bias, uint64_t out,
                               int64_t rows, int64_t cols, struct hf_err *e)
{
    struct gpu_product p = {x,   norm,          weights,       bias,
                            out, (int32_t)rows, (int32_t)cols, (float)g->config.rms_norm_eps};
    return gpu_product(&g->kernels, kernel, &p, g->stream, e);
}

static enum gpu_status token_rope(struct gpu_engine *g, int64_t layer, struct hf_err *e)
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
        .sequence = g->a.sequence,
        .capacity = g->plan.positions,
        .heads = (int32_t)c->heads,
        .kv_heads = (int32_t)c->kv_heads,
        .head_dim = (int32_t)c->head_dim,
        .epsilon = (float)c->rms_norm_eps,
    };
    return gpu_rope(&g->kernels, &p, 1, g->stream, e);
}

static enum gpu_status token_layer(struct gpu_engine *g, int64_t layer, int64_t position,
                                   struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const struct gpu_layer *w = &g->weights.layers[layer];
    const struct gpu_activations *a = &g->a;
    const int64_t h = c->hidden_size, attention = c->heads * c->head_dim;
    enum gpu_status s = product(g, GPU_PRODUCT_PLAIN, a->x, w->attention_norm, w->qkv, w->qkv_bias,
                                a->qkv, attention + 2 * c->kv_heads * c->head_dim, h, e);
    if (s == GPU_OK)
        s = token_rope(g, layer, e);
    if (s == GPU_OK)
        s = gpu_attention_token(g, layer, position, e);
    if (s == GPU_OK)
        s = product(g, GPU_PRODUCT_ADD, a->normed, 0, w->o, w->o_bias, a->x, h, attention, e);
    if (s == GPU_OK)
        s = product(g, GPU_PRODUCT_SWIGLU, a->x, w->mlp_norm, w->gate_up, 0, a->gate,
                    c->intermediate_size, h, e);
    if (s == GPU_OK)
        s = product(g, GPU_PRODUCT_ADD, a->gate, 0, w->down, 0, a->x, h, c->intermediate_size, e);
    return s;
}

enum gpu_status gpu_forward_choose(struct gpu_engine *g, struct hf_err *e)
{
    struct gpu_argmax p = {g->a.logits, g->a.sequence, g->control.device_tokens,
                           (int32_t)g->config.vocab_size};
    return gpu_argmax(&g->kernels, &p, g->stream, e);
}

enum gpu_status gpu_forward_token(struct gpu_engine *g, int64_t position, struct hf_err *e)
{
    struct gpu_embed p = {g->weights.embedding,
                          g->a.sequence + offsetof(struct gpu_sequence, token), g->a.x,
                          (int32_t)g->config.hidden_size};
    enum gpu_status s = gpu_embed(&g->kernels, &p, 1, g->stream, e);
    if (s == GPU_OK)
        s = gpu_attention_mask(g, position, 1, e);
    for (int64_t layer = 0; s == GPU_OK && layer < g->config.layers; layer++)
        s = token_layer(g, layer, position, e);
    if (s == GPU_OK)
        s = gpu_forward_logits(g, 0, e);
    return s == GPU_OK ? gpu_forward_choose(g, e) : s;
}
