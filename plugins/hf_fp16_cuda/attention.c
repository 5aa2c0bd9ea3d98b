/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The three ways through attention.  flash is one kernel; eager and math are products and the steps
 * between them, for all query heads of one KV head at a time. */

#include "config.h"

#include "plugins/hf_fp16_cuda/internal.h"

#include <math.h>

static float scale_of(const struct hf_config *c)
{
    return 1.0f / sqrtf((float)c->head_dim);
}

static int64_t qkv_width(const struct hf_config *c)
{
    return (c->heads + 2 * c->kv_heads) * c->head_dim;
}

/* A row of scores of a step: of the whole prompt, or of all keys so far. */
static int64_t stride_of(const struct gpu_engine *g, int64_t keys)
{
    return keys <= g->plan.stride ? g->plan.stride : (keys + 7) / 8 * 8;
}

static enum gpu_status attention_flash(struct gpu_engine *g, int64_t layer, int64_t from,
                                       int64_t tokens, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    struct gpu_attention p = {
        .q = g->a.qkv,
        .keys = gpu_cache_at(g, layer, 0),
        .values = gpu_cache_at(g, layer, 1),
        .out = g->a.normed,
        .q_stride = qkv_width(c),
        .capacity = g->plan.positions,
        .from = (int32_t)from,
        .tokens = (int32_t)tokens,
        .heads = (int32_t)c->heads,
        .kv_heads = (int32_t)c->kv_heads,
        .head_dim = (int32_t)c->head_dim,
        .window = (int32_t)c->sliding_window,
        .scale = scale_of(c),
        .in_device = g->kv.place == GPU_SPILL_NONE && g->activation_block.place == GPU_SPILL_NONE,
    };
    return gpu_attention(&g->kernels, &p, g->stream, e);
}

bool gpu_attention_in_clusters(const struct gpu_engine *g)
{
    return g->plan.attention == GPU_FLASH &&
           gpu_attend_can(&g->kernels, g->config.heads, g->config.head_dim);
}

/* What clusters leave lies where the other kernel has its splits: halves, then their weights. */
uint64_t gpu_heads_weight(const struct gpu_engine *g)
{
    const struct hf_config *c = &g->config;
    return g->a.partial + (uint64_t)(g->plan.splits * c->heads * c->head_dim) * 2;
}

int32_t gpu_heads_clusters(const struct gpu_engine *g)
{
    const struct hf_config *c = &g->config;
    return gpu_attend_clusters(&g->kernels, c->heads, c->head_dim, g->plan.positions,
                               g->plan.splits);
}

/* Both work on the length in device memory, not on one of the host's. */
static enum gpu_status attention_token_fast(struct gpu_engine *g, int64_t layer, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    struct gpu_attend p = {
        .q = g->a.qkv,
        .keys = gpu_cache_at(g, layer, 0),
        .values = gpu_cache_at(g, layer, 1),
        .out = g->a.partial,
        .weight = gpu_heads_weight(g),
        .sequence = g->a.sequence,
        .capacity = g->plan.positions,
        .clusters = gpu_heads_clusters(g),
        .heads = (int32_t)c->heads,
        .kv_heads = (int32_t)c->kv_heads,
        .window = (int32_t)c->sliding_window,
        .scale = scale_of(c),
    };
    return gpu_attend(&g->kernels, c->head_dim, &p, g->stream, e);
}

static enum gpu_status attention_token(struct gpu_engine *g, int64_t layer, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    struct gpu_decode_attention p = {
        .q = g->a.qkv,
        .keys = gpu_cache_at(g, layer, 0),
        .values = gpu_cache_at(g, layer, 1),
        .partial = g->a.partial,
        .out = g->a.normed,
        .sequence = g->a.sequence,
        .capacity = g->plan.positions,
        .splits = (int32_t)g->plan.splits,
        .heads = (int32_t)c->heads,
        .kv_heads = (int32_t)c->kv_heads,
        .head_dim = (int32_t)c->head_dim,
        .window = (int32_t)c->sliding_window,
        .scale = scale_of(c),
    };
    return gpu_decode_attention(&g->kernels, &p, g->stream, e);
}

enum gpu_status gpu_attention_mask(struct gpu_engine *g, int64_t from, int64_t tokens,
                                   struct hf_err *e)
{
    if (g->plan.attention == GPU_FLASH)
        return GPU_OK;
    struct gpu_mask p = {
        .mask = g->slabs[0].at,
        .stride = stride_of(g, from + tokens),
        .queries = (int32_t)tokens,
        .keys = (int32_t)(from + tokens),
        .from = (int32_t)from,
        .window = (int32_t)g->config.sliding_window,
    };
    return gpu_mask(&g->kernels, g->plan.attention == GPU_EAGER ? GPU_MASK_HALF : GPU_MASK_FLOAT,
                    &p, g->stream, e);
}

/* One KV head's share of a materialised attention. */
struct share {
    int64_t from, tokens, keys, stride, group;
    uint64_t q, k, v, out; /* of the share's first head */
    int64_t q_stride, out_stride;
    uint64_t scores, wide, other;
    enum gpu_type type; /* of q, k, v, out */
};

static enum gpu_status share_scores(struct gpu_engine *g, const struct share *s, struct hf_err *e)
{
    const int64_t d = g->config.head_dim;
    struct gpu_gemm p = {
        .rows = s->tokens,
        .cols = s->keys,
        .inner = d,
        .batch = s->group,
        .x = s->q,
        .w = s->k,
        .out = s->scores,
        .x_stride = s->q_stride,
        .w_stride = d,
        .out_stride = s->stride,
        .x_step = d,
        .out_step = s->tokens * s->stride,
        .in = s->type,
        .to = s->type,
        .alpha = scale_of(&g->config),
    };
    return gpu_blas_gemm(&g->blas, &p, g->stream, e);
}

static enum gpu_status share_values(struct gpu_engine *g, const struct share *s,
                                    uint64_t probabilities, struct hf_err *e)
{
    const int64_t d = g->config.head_dim;
    struct gpu_gemm p = {
        .rows = s->tokens,
        .cols = d,
        .inner = s->keys,
        .batch = s->group,
        .x = probabilities,
        .w = s->v,
        .out = s->out,
        .x_stride = s->stride,
        .w_stride = d,
        .out_stride = s->out_stride,
        .x_step = s->tokens * s->stride,
        .out_step = d,
        .in = s->type,
        .to = s->type,
        .w_inner_first = true,
        .alpha = 1.0f,
    };
    return gpu_blas_gemm(&g->blas, &p, g->stream, e);
}

static struct gpu_softmax share_softmax(const struct gpu_engine *g, const struct share *s)
{
    return (struct gpu_softmax){.scores = s->scores,
                                .mask = g->slabs[0].at,
                                .wide = s->wide,
                                .stride = s->stride,
                                .queries = (int32_t)s->tokens,
                                .keys = (int32_t)s->keys};
}

static struct share share_of(const struct gpu_engine *g, int64_t kv_head, int64_t from,
                             int64_t tokens)
{
    return (struct share){.from = from,
                          .tokens = tokens,
                          .keys = from + tokens,
                          .stride = stride_of(g, from + tokens),
                          .group = g->config.heads / g->config.kv_heads,
                          .scores = gpu_slab_at(g, kv_head, GPU_SLAB_SCORES),
                          .wide = gpu_slab_at(g, kv_head, GPU_SLAB_WIDE),
                          .other = gpu_slab_at(g, kv_head, GPU_SLAB_OTHER)};
}

static enum gpu_status attention_eager(struct gpu_engine *g, int64_t layer, int64_t from,
                                       int64_t tokens, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const int64_t d = c->head_dim;
    enum gpu_status status = GPU_OK;
    for (int64_t i = 0; status == GPU_OK && i < c->kv_heads; i++) {
        struct share s = share_of(g, i, from, tokens);
        uint64_t head = (uint64_t)(i * s.group * d) * 2;
        uint64_t cache = (uint64_t)(i * g->plan.positions * d) * 2;
        s.type = GPU_F16;
        s.q = g->a.qkv + head;
        s.q_stride = qkv_width(c);
        s.k = gpu_cache_at(g, layer, 0) + cache;
        s.v = gpu_cache_at(g, layer, 1) + cache;
        s.out = g->a.normed + head;
        s.out_stride = c->heads * d;
        struct gpu_softmax p = share_softmax(g, &s);
        p.narrow = s.other;
        status = share_scores(g, &s, e);
        if (status == GPU_OK)
            status = gpu_softmax(&g->kernels, GPU_SOFTMAX_HALF, &p, s.group, g->stream, e);
        if (status == GPU_OK)
            status = gpu_softmax(&g->kernels, GPU_NARROW, &p, s.group, g->stream, e);
        if (status == GPU_OK)
            status = share_values(g, &s, s.other, e);
    }
    return status;
}

static enum gpu_status widen(struct gpu_engine *g, uint64_t in, int64_t in_stride, uint64_t out,
                             int64_t rows, int64_t cols, struct hf_err *e)
{
    struct gpu_cast p = {in, out, in_stride, cols, (int32_t)cols};
    return gpu_cast(&g->kernels, GPU_CAST_TO_FLOAT, &p, rows, g->stream, e);
}

/* Queries, and all keys and values so far, in float32. */
static enum gpu_status widen_all(struct gpu_engine *g, int64_t layer, int64_t from, int64_t tokens,
                                 struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const int64_t d = c->head_dim;
    enum gpu_status s = widen(g, g->a.qkv, qkv_width(c), g->a.wide_q, tokens, c->heads * d, e);
    for (int64_t i = 0; s == GPU_OK && i < c->kv_heads; i++) {
        uint64_t at = (uint64_t)(i * g->plan.positions * d);
        s = widen(g, gpu_cache_at(g, layer, 0) + 2 * at, d, g->a.wide_k + 4 * at, from + tokens, d,
                  e);
        if (s == GPU_OK)
            s = widen(g, gpu_cache_at(g, layer, 1) + 2 * at, d, g->a.wide_v + 4 * at, from + tokens,
                      d, e);
    }
    return s;
}

static enum gpu_status attention_math(struct gpu_engine *g, int64_t layer, int64_t from,
                                      int64_t tokens, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const int64_t d = c->head_dim, width = c->heads * d;
    enum gpu_status status = widen_all(g, layer, from, tokens, e);
    for (int64_t i = 0; status == GPU_OK && i < c->kv_heads; i++) {
        struct share s = share_of(g, i, from, tokens);
        uint64_t head = (uint64_t)(i * s.group * d) * 4;
        uint64_t cache = (uint64_t)(i * g->plan.positions * d) * 4;
        s.type = GPU_F32;
        s.q = g->a.wide_q + head;
        s.k = g->a.wide_k + cache;
        s.v = g->a.wide_v + cache;
        s.out = g->a.wide_out + head;
        s.q_stride = s.out_stride = width;
        struct gpu_softmax p = share_softmax(g, &s);
        p.masked = s.other;
        status = share_scores(g, &s, e);
        if (status == GPU_OK)
            status = gpu_softmax(&g->kernels, GPU_SOFTMAX_FLOAT, &p, s.group, g->stream, e);
        if (status == GPU_OK)
            status = share_values(g, &s, s.wide, e);
    }
    struct gpu_cast p = {g->a.wide_out, g->a.normed, width, width, (int32_t)width};
    return status == GPU_OK ? gpu_cast(&g->kernels, GPU_CAST_TO_HALF, &p, tokens, g->stream, e)
                            : status;
}

enum gpu_status gpu_attention_run(struct gpu_engine *g, int64_t layer, int64_t from, int64_t tokens,
                                  struct hf_err *e)
{
    if (g->plan.attention == GPU_EAGER)
        return attention_eager(g, layer, from, tokens, e);
    if (g->plan.attention == GPU_MATH)
        return attention_math(g, layer, from, tokens, e);
    return attention_flash(g, layer, from, tokens, e);
}

enum gpu_status gpu_attention_token(struct gpu_engine *g, int64_t layer, int64_t position,
                                    struct hf_err *e)
{
    if (g->plan.attention != GPU_FLASH)
        return gpu_attention_run(g, layer, position, 1, e);
    return gpu_attention_in_clusters(g) ? attention_token_fast(g, layer, e)
                                        : attention_token(g, layer, e);
}
