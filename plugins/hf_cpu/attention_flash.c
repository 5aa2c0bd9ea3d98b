/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Causal attention with grouped queries, softmax(k q / sqrt(D)) v, tile by tile: the scores of the
 * whole prompt are never there at once, so memory is linear in the context (FlashAttention, Dao et
 * al. 2022).
 *
 * A piece of work is a panel of queries with the heads that share a KV head.  It goes through the
 * tiles of keys in order; each query's softmax is kept as its maximum and sum so far, and what was
 * gathered is rescaled when the maximum grows. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <math.h>

#define PIECES_PER_THREAD 8

struct flash_job {
    struct cpu_engine *g;
    int64_t layer, from, tokens;
    int64_t heads; /* of a piece; they share a KV head */
};

/* A thread's own memory. */
struct flash_scratch {
    float *keys, *values, *scores;
    float *max, *sum; /* [heads][P] */
    float *factor;    /* [P] */
};

static struct flash_scratch scratch_of(const struct cpu_frame *f, float *base)
{
    const struct hf_config *c = f->config;
    const int64_t panel = f->kernels->panel, group = c->heads / c->kv_heads;
    struct flash_scratch s = {.keys = base};
    s.values = s.keys + CPU_KEY_TILE * c->head_dim;
    s.scores = s.values + CPU_KEY_TILE * cpu_cache_value_row(f);
    s.max = s.scores + CPU_KEY_TILE * panel;
    s.sum = s.max + group * panel;
    s.factor = s.sum + group * panel;
    return s;
}

int64_t cpu_attention_scratch(const struct cpu_frame *f)
{
    const int64_t group = f->config->heads / f->config->kv_heads, panel = f->kernels->panel;
    int64_t tile = f->config->head_dim + cpu_cache_value_row(f) + panel;
    int64_t flash = CPU_KEY_TILE * tile + (2 * group + 1) * panel;
    int64_t token = group * CPU_DECODE_SPLIT;
    return flash > token ? flash : token;
}

const float *cpu_attention_keys(const struct cpu_engine *g, int64_t layer, int64_t kv_head,
                                int64_t at, int64_t keys, float *spare)
{
    const void *k = cpu_cache_keys(g, layer, kv_head, at);
    if (g->frame.kv == HF_F32)
        return k;
    g->kernels->widen[HF_F16](spare, k, cpu_round_up(keys, g->kernels->panel) * g->config.head_dim);
    return spare;
}

const float *cpu_attention_values(const struct cpu_engine *g, int64_t layer, int64_t kv_head,
                                  int64_t at, int64_t keys, float *spare)
{
    const void *v = cpu_cache_values(g, layer, kv_head, at);
    if (g->frame.kv == HF_F32)
        return v;
    g->kernels->widen[HF_F16](spare, v, keys * cpu_cache_value_row(&g->frame));
    return spare;
}

void cpu_attention_scores(const struct cpu_engine *g, const float *k, const float *q, int64_t keys,
                          float *scores)
{
    const int64_t d = g->config.head_dim, panel = g->kernels->panel;
    for (int64_t i = 0; i < keys; i += panel) {
        const struct cpu_tile t = {
            scores + i * panel, panel, k + i * d, 1, panel, q, panel, d, false, NULL};
        g->kernels->product(&t, keys - i < panel ? keys - i : panel);
    }
}

void cpu_attention_gather(const struct cpu_engine *g, const float *v, const float *scores,
                          int64_t keys, bool add, float *out)
{
    const int64_t panel = g->kernels->panel;
    const struct cpu_tile t = {out,    panel, v,    1,   cpu_cache_value_row(&g->frame),
                               scores, panel, keys, add, NULL};
    g->kernels->product(&t, g->config.head_dim);
}

/* One tile of keys, from position `at`, for the head whose query and output are q and out. */
static void flash_tile(const struct cpu_engine *g, const struct flash_scratch *s, const float *k,
                       const float *v, int64_t at, int64_t keys, int64_t position, int64_t head,
                       const float *q, float *out)
{
    const int64_t d = g->config.head_dim, panel = g->kernels->panel;
    cpu_attention_scores(g, k, q, keys, s->scores);
    g->kernels->panel_softmax(s->scores, keys, position - at, 1.0f / sqrtf((float)d),
                              s->max + head * panel, s->sum + head * panel, s->factor);
    if (at > 0)
        g->kernels->panel_scale(out, s->factor, d);
    cpu_attention_gather(g, v, s->scores, keys, at > 0, out);
}

static void flash_panel(const struct flash_job *j, int64_t panel, int64_t head,
                        const struct flash_scratch *s)
{
    struct cpu_engine *g = j->g;
    const struct hf_config *c = &g->config;
    const int64_t p = g->kernels->panel, step = c->head_dim * p;
    const int64_t kv_head = head / (c->heads / c->kv_heads);
    const int64_t first = (panel * c->heads + head) * step, position = j->from + panel * p;
    int64_t end = position + p < j->from + j->tokens ? position + p : j->from + j->tokens;
    for (int64_t i = 0; i < j->heads * p; i++) {
        s->max[i] = -INFINITY;
        s->sum[i] = 0.0f;
    }
    for (int64_t at = 0; at < end; at += CPU_KEY_TILE) {
        int64_t keys = end - at < CPU_KEY_TILE ? end - at : CPU_KEY_TILE;
        const float *k = cpu_attention_keys(g, j->layer, kv_head, at, keys, s->keys);
        const float *v = cpu_attention_values(g, j->layer, kv_head, at, keys, s->values);
        for (int64_t h = 0; h < j->heads; h++)
            flash_tile(g, s, k, v, at, keys, position, h, g->scratch.q + first + h * step,
                       g->scratch.attended + first + h * step);
    }
    for (int64_t i = 0; i < j->heads * p; i++)
        s->sum[i] = 1.0f / s->sum[i];
    for (int64_t h = 0; h < j->heads; h++)
        g->kernels->panel_scale(g->scratch.attended + first + h * step, s->sum + h * p,
                                c->head_dim);
}

/* The last panels have the most keys, so they come first. */
static void flash_piece(void *arg, int piece, int thread)
{
    const struct flash_job *j = arg;
    const struct flash_scratch s = scratch_of(&j->g->frame, cpu_thread_scratch(j->g, thread));
    int64_t pieces = j->g->config.heads / j->heads;
    int64_t panel = cpu_panels(j->g, j->tokens) - 1 - piece / pieces;
    flash_panel(j, panel, piece % pieces * j->heads, &s);
}

void cpu_attention_flash(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens)
{
    const struct hf_config *c = &g->config;
    struct flash_job j = {g, layer, from, tokens, c->heads / c->kv_heads};
    int64_t panels = cpu_panels(g, tokens);
    if (panels * c->kv_heads < (int64_t)PIECES_PER_THREAD * g->frame.threads)
        j.heads = 1;
    cpu_pool_run(g->pool, flash_piece, &j, (int)(panels * (c->heads / j.heads)));
}
