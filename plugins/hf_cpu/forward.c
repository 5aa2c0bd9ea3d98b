/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One block of tokens through the layers:
 *
 *   x = embedding[tokens]
 *   per layer: x += O attention(rope(Q norm(x)), rope(K norm(x)), V norm(x))
 *              x += down(silu(gate(norm(x))) * up(norm(x)))
 *   logits = output(norm(x)), for the asked positions alone */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <math.h>
#include <string.h>

#include "plugins/hf_cpu/forward.h"

#define TOKEN_PIECE 32 /* tokens of one piece of the work between the products */

/* What the pieces over tokens share. */
struct tokens_job {
    struct cpu_engine *g;
    int64_t layer, from, tokens;
    const uint16_t *norm;
};

static int token_pieces(int64_t tokens)
{
    return (int)((tokens + TOKEN_PIECE - 1) / TOKEN_PIECE);
}

static int64_t piece_end(const struct tokens_job *j, int64_t first)
{
    return first + TOKEN_PIECE < j->tokens ? first + TOKEN_PIECE : j->tokens;
}

static void norm_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct tokens_job *j = arg;
    const struct cpu_engine *g = j->g;
    const int64_t h = g->config.hidden_size, first = (int64_t)piece * TOKEN_PIECE;
    for (int64_t t = first; t < piece_end(j, first); t++)
        g->kernels->rms_norm(g->scratch.normed + t * h, g->scratch.x + t * h, j->norm, h,
                             (float)g->config.rms_norm_eps);
}

/* Rotates q and k, and files k and v in the cache. */
static void file_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct tokens_job *j = arg;
    struct cpu_engine *g = j->g;
    const struct hf_config *c = &g->config;
    const struct cpu_scratch *s = &g->scratch;
    const int64_t d = c->head_dim, half = d / 2, first = (int64_t)piece * TOKEN_PIECE;
    for (int64_t t = first; t < piece_end(j, first); t++) {
        const float *cosine = s->cosine + t * half, *sine = s->sine + t * half;
        for (int64_t i = 0; i < c->heads; i++)
            g->kernels->rope(s->q + (t * c->heads + i) * d, cosine, sine, half);
        for (int64_t i = 0; i < c->kv_heads; i++) {
            float *k = s->k + (t * c->kv_heads + i) * d, *v = s->v + (t * c->kv_heads + i) * d;
            g->kernels->rope(k, cosine, sine, half);
            memcpy(cpu_cache_at(g, j->layer, 0, i) + (j->from + t) * d, k, (size_t)d * sizeof *k);
            memcpy(cpu_cache_at(g, j->layer, 1, i) + (j->from + t) * d, v, (size_t)d * sizeof *v);
        }
    }
}

static void block_norm(struct cpu_engine *g, const uint16_t *norm, int64_t tokens)
{
    struct tokens_job j = {g, 0, 0, tokens, norm};
    cpu_pool_run(g->pool, norm_piece, &j, token_pieces(tokens));
}

static void block_attention(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens)
{
    const struct hf_config *c = &g->config;
    const struct hf_layer *w = &g->weights.layers[layer];
    const struct cpu_scratch *s = &g->scratch;
    const int64_t attention = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    block_norm(g, w->attention_norm.data, tokens);
    const struct cpu_product qkv[] = {{w->q.data, NULL, w->q_bias.data, attention, s->q, false},
                                      {w->k.data, NULL, w->k_bias.data, kv, s->k, false},
                                      {w->v.data, NULL, w->v_bias.data, kv, s->v, false}};
    cpu_products_run(g, qkv, 3, s->normed, tokens, c->hidden_size);
    struct tokens_job j = {g, layer, from, tokens, NULL};
    cpu_pool_run(g->pool, file_piece, &j, token_pieces(tokens));
    if (tokens == 1)
        cpu_attention_decode(g, layer, from);
    else
        cpu_attention_prefill(g, layer, from, tokens);
    const struct cpu_product o = {w->o.data, NULL, w->o_bias.data, c->hidden_size, s->x, true};
    cpu_products_run(g, &o, 1, s->attended, tokens, attention);
}

static void block_mlp(struct cpu_engine *g, int64_t layer, int64_t tokens)
{
    const struct hf_config *c = &g->config;
    const struct hf_layer *w = &g->weights.layers[layer];
    const struct cpu_scratch *s = &g->scratch;
    block_norm(g, w->mlp_norm.data, tokens);
    const struct cpu_product gate = {w->gate.data,         w->up.data, NULL,
                                     c->intermediate_size, s->gate,    false};
    cpu_products_run(g, &gate, 1, s->normed, tokens, c->hidden_size);
    const struct cpu_product down = {w->down.data, NULL, NULL, c->hidden_size, s->x, true};
    cpu_products_run(g, &down, 1, s->gate, tokens, c->intermediate_size);
}

/* Angles are products in float32, as the models saw them in training. */
static void block_angles(struct cpu_engine *g, int64_t from, int64_t tokens)
{
    const int64_t half = g->config.head_dim / 2;
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t i = 0; i < half; i++) {
            float angle = (float)(from + t) * g->frequencies[i];
            g->scratch.cosine[t * half + i] = cosf(angle);
            g->scratch.sine[t * half + i] = sinf(angle);
        }
}

enum cpu_status cpu_forward_block(struct cpu_engine *g, const int32_t *tokens, int64_t count)
{
    const int64_t h = g->config.hidden_size;
    const uint16_t *embedding = g->weights.embedding.data;
    for (int64_t t = 0; t < count; t++)
        g->kernels->half_to_float(g->scratch.x + t * h, embedding + tokens[t] * h, h);
    block_angles(g, g->length, count);
    for (int64_t layer = 0; layer < g->config.layers; layer++) {
        if (g->cancelled && g->cancelled(g->cancelled_arg))
            return CPU_CANCELLED;
        block_attention(g, layer, g->length, count);
        block_mlp(g, layer, count);
    }
    g->length += count;
    return CPU_OK;
}

void cpu_forward_logits(struct cpu_engine *g, int64_t row)
{
    const struct hf_config *c = &g->config;
    const struct cpu_scratch *s = &g->scratch;
    g->kernels->rms_norm(s->normed, s->x + row * c->hidden_size, g->weights.final_norm.data,
                         c->hidden_size, (float)c->rms_norm_eps);
    const struct cpu_product output = {g->weights.output.data, NULL,      NULL,
                                       c->vocab_size,          s->logits, false};
    cpu_products_run(g, &output, 1, s->normed, 1, c->hidden_size);
}
