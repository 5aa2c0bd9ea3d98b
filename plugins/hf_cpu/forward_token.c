/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One token through the layers: as forward.c, with rows instead of panels.  What lies between the
 * products is too little to share. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <math.h>

static void token_begin(struct cpu_engine *g, int32_t token)
{
    const struct hf_array *w = &g->weights.embedding;
    const int64_t h = g->config.hidden_size;
    size_t at = (size_t)token * (size_t)h * hf_dtype_bytes(w->dtype);
    g->kernels->widen[w->dtype](g->scratch.x, (const char *)w->data + at, h);
    for (int64_t i = 0; i < g->config.head_dim / 2; i++) {
        float angle = (float)g->length * g->frequencies[i];
        g->scratch.cosine[i] = cosf(angle);
        g->scratch.sine[i] = sinf(angle);
    }
}

static void token_norm(struct cpu_engine *g, const float *norm)
{
    g->kernels->rms_norm(g->scratch.normed, g->scratch.x, norm, g->config.hidden_size,
                         (float)g->config.rms_norm_eps);
}

static void heads_turn(const struct cpu_engine *g, float *x, int64_t heads, const float *norm)
{
    const int64_t d = g->config.head_dim;
    for (int64_t i = 0; i < heads; i++, x += d) {
        if (norm)
            g->kernels->rms_norm(x, x, norm, d, (float)g->config.rms_norm_eps);
        g->kernels->rope(x, g->scratch.cosine, g->scratch.sine, d / 2);
    }
}

/* Rotates q and k, files k and v in the cache, and gives q the factor of the scores. */
static void token_file(struct cpu_engine *g, int64_t layer)
{
    const struct hf_config *c = &g->config;
    const struct cpu_scratch *s = &g->scratch;
    const int64_t d = c->head_dim;
    heads_turn(g, s->q, c->heads, g->vectors[layer].q_norm);
    heads_turn(g, s->k, c->kv_heads, g->vectors[layer].k_norm);
    g->kernels->scale(s->q, 1.0f / sqrtf((float)d), c->heads * d);
    for (int64_t i = 0; i < c->kv_heads; i++)
        cpu_cache_put(g, layer, i, g->length, s->k + i * d, s->v + i * d, 1, 1,
                      cpu_thread_scratch(g, 0));
}

static void token_attention(struct cpu_engine *g, int64_t layer)
{
    const struct hf_config *c = &g->config;
    const struct hf_layer *w = &g->weights.layers[layer];
    const struct cpu_vectors *v = &g->vectors[layer];
    const struct cpu_scratch *s = &g->scratch;
    const int64_t attention = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    token_norm(g, v->attention_norm);
    const struct cpu_product qkv[] = {{&w->q, NULL, v->q_bias, attention, s->q, false},
                                      {&w->k, NULL, v->k_bias, kv, s->k, false},
                                      {&w->v, NULL, v->v_bias, kv, s->v, false}};
    cpu_products_token(g, qkv, 3, s->normed, c->hidden_size);
    token_file(g, layer);
    cpu_attention_token(g, layer, g->length);
    const struct cpu_product o = {&w->o, NULL, v->o_bias, c->hidden_size, s->x, true};
    cpu_products_token(g, &o, 1, s->attended, attention);
}

static void token_mlp(struct cpu_engine *g, int64_t layer)
{
    const struct hf_config *c = &g->config;
    const struct hf_layer *w = &g->weights.layers[layer];
    const struct cpu_scratch *s = &g->scratch;
    token_norm(g, g->vectors[layer].mlp_norm);
    const struct cpu_product gate = {&w->gate, &w->up, NULL, c->intermediate_size, s->gate, false};
    cpu_products_token(g, &gate, 1, s->normed, c->hidden_size);
    const struct cpu_product down = {&w->down, NULL, NULL, c->hidden_size, s->x, true};
    cpu_products_token(g, &down, 1, s->gate, c->intermediate_size);
}

enum cpu_status cpu_forward_token(struct cpu_engine *g, int32_t token)
{
    token_begin(g, token);
    for (int64_t layer = 0; layer < g->config.layers; layer++) {
        if (g->cancelled && g->cancelled(g->cancelled_arg))
            return CPU_CANCELLED;
        token_attention(g, layer);
        token_mlp(g, layer);
    }
    g->length++;
    g->is_row = true;
    return CPU_OK;
}
