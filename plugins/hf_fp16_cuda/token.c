/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One token through the layers.  Everything that changes from token to token is read from device
 * memory, so that the kernels of a step can be a graph. */

#include "config.h"

#include "plugins/hf_fp16_cuda/internal.h"

#include <stddef.h>

/* One product of the token, by the kernel that streams the weights if it can. */
struct part {
    enum gpu_stream_kind kind;
    enum gpu_kernel plain; /* what does it otherwise */
    bool adds, chooses;
    int64_t layer; /* of qkv */
    struct gpu_product p;
};

static enum gpu_status part_run(struct gpu_engine *g, const struct part *t, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    struct gpu_stream q = {.product = t->p, .adds = t->adds};
    if (!gpu_stream_can(&g->kernels, t->p.cols))
        return gpu_product(&g->kernels, t->plain, &t->p, g->stream, e);
    q.product.epsilon = (float)c->rms_norm_eps;
    if (t->kind == GPU_STREAM_QKV) {
        q.keys = gpu_cache_at(g, t->layer, 0);
        q.values = gpu_cache_at(g, t->layer, 1);
        q.turn = g->a.turn;
        q.capacity = g->plan.positions;
        q.heads = (int32_t)c->heads;
        q.kv_heads = (int32_t)c->kv_heads;
        q.head_dim = (int32_t)c->head_dim;
    }
    if (t->kind == GPU_STREAM_OUT) {
        q.weight = gpu_heads_weight(g);
        q.clusters = gpu_heads_clusters(g);
        q.window = (int32_t)c->sliding_window;
        q.heads = (int32_t)c->heads;
        q.head_dim = (int32_t)c->head_dim;
    }
    if (t->kind == GPU_STREAM_QKV || t->kind == GPU_STREAM_OUT || t->chooses)
        q.sequence = g->a.sequence;
    return gpu_stream(&g->kernels, t->kind, &q, g->stream, e);
}

static struct gpu_product product_of(const struct gpu_engine *g, uint64_t x, uint64_t norm,
                                     uint64_t weights, uint64_t bias, uint64_t out, int64_t rows,
                                     int64_t cols)
{
    return (struct gpu_product){x,   norm,          weights,       bias,
                                out, (int32_t)rows, (int32_t)cols, (float)g->config.rms_norm_eps};
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

/* The first and the last kernel of a step are of one kind: they know how to hand the sequence on.
 */
static bool steps_stream(const struct gpu_engine *g)
{
    return gpu_stream_can(&g->kernels, g->config.hidden_size);
}

/* q, k and v of the token, rotated and filed.  A norm of the heads, where the model has one, comes
 * between: then rotary positions are a kernel of their own. */
static enum gpu_status token_qkv(struct gpu_engine *g, int64_t layer, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const struct gpu_layer *w = &g->weights.layers[layer];
    const bool fused = steps_stream(g) && !w->q_norm && !w->k_norm;
    const struct part t = {.kind = fused ? GPU_STREAM_QKV : GPU_STREAM_ADD,
                           .plain = GPU_PRODUCT_PLAIN,
                           .layer = layer,
                           .p = product_of(g, g->a.x, w->attention_norm, w->qkv, w->qkv_bias,
                                           g->a.qkv, (c->heads + 2 * c->kv_heads) * c->head_dim,
                                           c->hidden_size)};
    enum gpu_status s = part_run(g, &t, e);
    return s == GPU_OK && !fused ? token_rope(g, layer, e) : s;
}

static enum gpu_status token_layer(struct gpu_engine *g, int64_t layer, int64_t position,
                                   struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const struct gpu_layer *w = &g->weights.layers[layer];
    const struct gpu_activations *a = &g->a;
    const int64_t h = c->hidden_size, attention = c->heads * c->head_dim, i = c->intermediate_size;
    const bool clusters = gpu_attention_in_clusters(g);
    const struct part parts[] = {
        {.kind = clusters ? GPU_STREAM_OUT : GPU_STREAM_ADD,
         .plain = GPU_PRODUCT_ADD,
         .adds = true,
         .p = product_of(g, clusters ? a->partial : a->normed, 0, w->o, w->o_bias, a->x, h,
                         attention)},
        {.kind = GPU_STREAM_SWIGLU,
         .plain = GPU_PRODUCT_SWIGLU,
         .p = product_of(g, a->x, w->mlp_norm, w->gate_up, 0, a->gate, i, h)},
        {.kind = GPU_STREAM_ADD,
         .plain = GPU_PRODUCT_ADD,
         .adds = true,
         .p = product_of(g, a->gate, 0, w->down, 0, a->x, h, i)},
    };
    enum gpu_status s = token_qkv(g, layer, e);
    if (s == GPU_OK)
        s = gpu_attention_token(g, layer, position, e);
    for (size_t k = 0; s == GPU_OK && k < sizeof parts / sizeof *parts; k++)
        s = part_run(g, &parts[k], e);
    return s;
}

enum gpu_status gpu_forward_choose(struct gpu_engine *g, struct hf_err *e)
{
    struct gpu_argmax p = {g->a.logits, g->a.sequence, g->control.device_tokens,
                           (int32_t)g->config.vocab_size};
    return gpu_argmax(&g->kernels, &p, g->stream, e);
}

static struct gpu_step step_of(const struct gpu_engine *g)
{
    return (struct gpu_step){
        .table = g->weights.embedding,
        .x = g->a.x,
        .frequencies = g->weights.frequencies,
        .turn = g->a.turn,
        .sequence = g->a.sequence,
        .tokens = g->control.device_tokens,
        .hidden = (int32_t)g->config.hidden_size,
        .head_dim = (int32_t)g->config.head_dim,
    };
}

enum gpu_status gpu_forward_logits(struct gpu_engine *g, int64_t row, bool choose, struct hf_err *e)
{
    const struct hf_config *c = &g->config;
    const struct part t = {.kind = GPU_STREAM_LOGITS,
                           .plain = GPU_PRODUCT_LOGITS,
                           .chooses = choose,
                           .p = product_of(g, g->a.x + (uint64_t)(row * c->hidden_size) * 2,
                                           g->weights.final_norm, g->weights.output, 0, g->a.logits,
                                           c->vocab_size, c->hidden_size)};
    const struct gpu_step step = step_of(g);
    enum gpu_status s = part_run(g, &t, e);
    if (s != GPU_OK || !choose)
        return s;
    return steps_stream(g) ? gpu_step_end(&g->kernels, &step, g->stream, e)
                           : gpu_forward_choose(g, e);
}

static enum gpu_status token_begin(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_embed p = {g->weights.embedding,
                                g->a.sequence + offsetof(struct gpu_sequence, token), g->a.x,
                                (int32_t)g->config.hidden_size};
    const struct gpu_step step = step_of(g);
    return steps_stream(g) ? gpu_step_begin(&g->kernels, &step, g->stream, e)
                           : gpu_embed(&g->kernels, &p, 1, g->stream, e);
}

enum gpu_status gpu_forward_token(struct gpu_engine *g, int64_t position, struct hf_err *e)
{
    enum gpu_status s = token_begin(g, e);
    if (s == GPU_OK)
        s = gpu_attention_mask(g, position, 1, e);
    for (int64_t layer = 0; s == GPU_OK && layer < g->config.layers; layer++)
        s = token_layer(g, layer, position, e);
    return s == GPU_OK ? gpu_forward_logits(g, 0, true, e) : s;
}
