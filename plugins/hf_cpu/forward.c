/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A block of tokens through the layers:
 *
 *   x = embedding[tokens]
 *   per layer: x += O attention(rope(Q norm(x)), rope(K norm(x)), V norm(x))
 *              x += down(silu(gate(norm(x))) * up(norm(x)))
 *   logits = output(norm(x)), for the asked positions alone or for all
 *
 * Qwen3 has an RMSNorm of each head's query and key before the rotation. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <math.h>
#include <string.h>

/* What the pieces share; each is one panel. */
struct block_job {
    struct cpu_engine *g;
    const int32_t *tokens;
    int64_t layer, from, count;
    const float *norm;
};

static int64_t lanes_of(const struct block_job *j, int64_t panel)
{
    const int64_t p = j->g->kernels->panel;
    return j->count - panel * p < p ? j->count - panel * p : p;
}

/* Angles are products in float32, as the models saw them in training. */
static void panel_angles(struct cpu_engine *g, int64_t panel, int64_t from)
{
    const int64_t half = g->config.head_dim / 2, p = g->kernels->panel;
    float *cosine = g->scratch.cosine + panel * half * p,
          *sine = g->scratch.sine + panel * half * p;
    for (int64_t i = 0; i < half; i++)
        for (int64_t t = 0; t < p; t++) {
            float angle = (float)(from + panel * p + t) * g->frequencies[i];
            cosine[i * p + t] = cosf(angle);
            sine[i * p + t] = sinf(angle);
        }
}

static void begin_piece(void *arg, int piece, int thread)
{
    const struct block_job *j = arg;
    struct cpu_engine *g = j->g;
    const struct hf_array *w = &g->weights.embedding;
    const int64_t h = g->config.hidden_size, p = g->kernels->panel;
    float *x = g->scratch.x + piece * h * p, *row = cpu_thread_scratch(g, thread);
    if (lanes_of(j, piece) < p)
        memset(x, 0, (size_t)(h * p) * sizeof *x);
    for (int64_t t = 0; t < lanes_of(j, piece); t++) {
        size_t at = (size_t)j->tokens[piece * p + t] * (size_t)h * hf_dtype_bytes(w->dtype);
        g->kernels->widen[w->dtype](row, (const char *)w->data + at, h);
        for (int64_t i = 0; i < h; i++)
            x[i * p + t] = row[i];
    }
    panel_angles(g, piece, j->from);
}

static void norm_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct block_job *j = arg;
    struct cpu_engine *g = j->g;
    const int64_t h = g->config.hidden_size, at = piece * h * g->kernels->panel;
    g->kernels->panel_norm(g->scratch.normed + at, g->scratch.x + at, j->norm, h,
                           (float)g->config.rms_norm_eps);
}

/* Norm and rotation of `heads` heads, each [D][P]. */
static void heads_turn(const struct cpu_engine *g, float *x, int64_t heads, const float *norm,
                       int64_t panel)
{
    const int64_t d = g->config.head_dim, p = g->kernels->panel, at = panel * d / 2 * p;
    for (int64_t i = 0; i < heads; i++, x += d * p) {
        if (norm)
            g->kernels->panel_norm(x, x, norm, d, (float)g->config.rms_norm_eps);
        g->kernels->rope(x, g->scratch.cosine + at, g->scratch.sine + at, d / 2 * p);
    }
}

/* Rotates q and k, and files k and v in the cache. */
static void file_piece(void *arg, int piece, int thread)
{
    const struct block_job *j = arg;
    struct cpu_engine *g = j->g;
    const struct hf_config *c = &g->config;
    const struct cpu_vectors *v = &g->vectors[j->layer];
    const struct cpu_scratch *s = &g->scratch;
    const int64_t p = g->kernels->panel, head = c->head_dim * p;
    float *keys = s->k + piece * c->kv_heads * head, *values = s->v + piece * c->kv_heads * head;
    heads_turn(g, s->q + piece * c->heads * head, c->heads, v->q_norm, piece);
    heads_turn(g, keys, c->kv_heads, v->k_norm, piece);
    for (int64_t i = 0; i < c->kv_heads; i++)
        cpu_cache_put(g, j->layer, i, j->from + piece * p, keys + i * head, values + i * head, p,
                      lanes_of(j, piece), cpu_thread_scratch(g, thread));
}

static void block_norm(struct cpu_engine *g, const float *norm, int64_t panels)
{
    struct block_job j = {.g = g, .norm = norm};
    cpu_pool_run(g->pool, norm_piece, &j, (int)panels);
}

static void block_attention(struct cpu_engine *g, int64_t layer, int64_t from, int64_t count)
{
    const struct hf_config *c = &g->config;
    const struct hf_layer *w = &g->weights.layers[layer];
    const struct cpu_vectors *v = &g->vectors[layer];
    const struct cpu_scratch *s = &g->scratch;
    const int64_t attention = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    const int64_t panels = cpu_panels(g, count);
    block_norm(g, v->attention_norm, panels);
    const struct cpu_product qkv[] = {{&w->q, NULL, v->q_bias, attention, s->q, false},
                                      {&w->k, NULL, v->k_bias, kv, s->k, false},
                                      {&w->v, NULL, v->v_bias, kv, s->v, false}};
    cpu_products_panels(g, qkv, 3, s->normed, panels, c->hidden_size);
    struct block_job j = {.g = g, .layer = layer, .from = from, .count = count};
    cpu_pool_run(g->pool, file_piece, &j, (int)panels);
    if (g->frame.attention == CPU_EAGER)
        cpu_attention_eager(g, layer, from, count);
    else
        cpu_attention_flash(g, layer, from, count);
    const struct cpu_product o = {&w->o, NULL, v->o_bias, c->hidden_size, s->x, true};
    cpu_products_panels(g, &o, 1, s->attended, panels, attention);
}

static void block_mlp(struct cpu_engine *g, int64_t layer, int64_t count)
{
    const struct hf_config *c = &g->config;
    const struct hf_layer *w = &g->weights.layers[layer];
    const struct cpu_scratch *s = &g->scratch;
    const int64_t panels = cpu_panels(g, count);
    block_norm(g, g->vectors[layer].mlp_norm, panels);
    const struct cpu_product gate = {&w->gate, &w->up, NULL, c->intermediate_size, s->gate, false};
    cpu_products_panels(g, &gate, 1, s->normed, panels, c->hidden_size);
    const struct cpu_product down = {&w->down, NULL, NULL, c->hidden_size, s->x, true};
    cpu_products_panels(g, &down, 1, s->gate, panels, c->intermediate_size);
}

enum cpu_status cpu_forward_block(struct cpu_engine *g, const int32_t *tokens, int64_t count)
{
    struct block_job j = {.g = g, .tokens = tokens, .from = g->length, .count = count};
    cpu_pool_run(g->pool, begin_piece, &j, (int)cpu_panels(g, count));
    for (int64_t layer = 0; layer < g->config.layers; layer++) {
        if (g->cancelled && g->cancelled(g->cancelled_arg))
            return CPU_CANCELLED;
        block_attention(g, layer, g->length, count);
        block_mlp(g, layer, count);
    }
    g->length += count;
    g->is_row = false;
    return CPU_OK;
}

/* out[n] = the lane of token `index` in panels of n features. */
static void lane_take(const struct cpu_engine *g, const float *panels, int64_t index, int64_t n,
                      float *out)
{
    const int64_t p = g->kernels->panel;
    const float *lane = panels + index / p * n * p + index % p;
    for (int64_t i = 0; i < n; i++)
        out[i] = lane[i * p];
}

void cpu_forward_logits(struct cpu_engine *g, int64_t index)
{
    const struct hf_config *c = &g->config;
    const struct cpu_scratch *s = &g->scratch;
    const float *x = s->x;
    if (!g->is_row) {
        lane_take(g, s->x, index, c->hidden_size, s->normed);
        x = s->normed;
    }
    g->kernels->rms_norm(s->normed, x, g->final_norm, c->hidden_size, (float)c->rms_norm_eps);
    const struct cpu_product output = {&g->weights.output, NULL,      NULL,
                                       c->vocab_size,      s->logits, false};
    cpu_products_token(g, &output, 1, s->normed, c->hidden_size);
}

void cpu_forward_logits_all(struct cpu_engine *g, int64_t panel, int64_t count)
{
    const struct hf_config *c = &g->config;
    float *to = (float *)g->logits_block.data + panel * c->vocab_size * g->kernels->panel;
    block_norm(g, g->final_norm, cpu_panels(g, count));
    const struct cpu_product output = {&g->weights.output, NULL, NULL, c->vocab_size, to, false};
    cpu_products_panels(g, &output, 1, g->scratch.normed, cpu_panels(g, count), c->hidden_size);
}

void cpu_forward_logits_take(struct cpu_engine *g, int64_t index)
{
    lane_take(g, g->logits_block.data, index, g->config.vocab_size, g->scratch.logits);
}
