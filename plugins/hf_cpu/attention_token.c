/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Attention of one token: the cache is read once, each stretch of it by one thread for all heads
 * that share it, and the stretches of a head are put together at the end. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <math.h>
#include <string.h>

struct token_job {
    struct cpu_engine *g;
    int64_t layer, from, splits;
};

/* c[heads][b's row] = a b, where b is in the cache's type. */
static void cache_multiply(const struct cpu_engine *g, const struct cpu_tile *t, int64_t heads)
{
    if (g->frame.kv == HF_F16)
        g->kernels->product_half(t, heads);
    else
        g->kernels->product(t, heads);
}

/* scores[heads][CPU_DECODE_SPLIT] of `count` keys from position `at`.  Meanwhile the values of the
 * same positions are fetched. */
static void token_scores(const struct token_job *j, int64_t kv_head, int64_t heads, int64_t at,
                         int64_t count, float *scores)
{
    const struct cpu_engine *g = j->g;
    const int64_t d = g->config.head_dim, panel = g->kernels->panel;
    const int64_t size = (int64_t)hf_dtype_bytes(g->frame.kv);
    const float *q = g->scratch.q + kv_head * heads * d;
    const char *v = cpu_cache_values(g, j->layer, kv_head, at);
    for (int64_t i = 0; i < count; i += panel) {
        const struct cpu_tile t = {scores + i, CPU_DECODE_SPLIT,
                                   q,          d,
                                   1,          cpu_cache_keys(g, j->layer, kv_head, at + i),
                                   panel,      d,
                                   false,      v + i * d * size};
        cache_multiply(g, &t, heads);
    }
}

/* out[heads][V row + 2] = the values from position `at`, weighted.  Meanwhile the keys of the next
 * piece are fetched. */
static void token_gather(const struct token_job *j, int64_t kv_head, int64_t heads, int64_t at,
                         int64_t count, const float *scores, const char *next, float *out)
{
    const struct cpu_engine *g = j->g;
    const int64_t row = cpu_cache_value_row(&g->frame), panel = g->kernels->panel;
    const int64_t size = (int64_t)hf_dtype_bytes(g->frame.kv);
    const char *v = cpu_cache_values(g, j->layer, kv_head, at);
    for (int64_t i = 0; i < row; i += panel) {
        const struct cpu_tile t = {
            out + i, row + 2, scores, CPU_DECODE_SPLIT,       1, v + i * size,
            row,     count,   false,  next + i * count * size};
        cache_multiply(g, &t, heads);
    }
}

/* The keys of the piece after `piece`; those of the last one itself. */
static const char *token_next(const struct token_job *j, int64_t piece)
{
    if (piece + 1 < j->splits * j->g->config.kv_heads)
        piece++;
    return cpu_cache_keys(j->g, j->layer, piece / j->splits, piece % j->splits * CPU_DECODE_SPLIT);
}

static void token_piece(void *arg, int piece, int thread)
{
    const struct token_job *j = arg;
    struct cpu_engine *g = j->g;
    const struct hf_config *c = &g->config;
    const int64_t heads = c->heads / c->kv_heads, row = cpu_cache_value_row(&g->frame);
    int64_t kv_head = piece / j->splits, split = piece % j->splits;
    int64_t at = split * CPU_DECODE_SPLIT, left = j->from + 1 - at;
    int64_t count = left < CPU_DECODE_SPLIT ? left : CPU_DECODE_SPLIT;
    float *scores = cpu_thread_scratch(g, thread);
    float *out = g->scratch.partial + (split * c->heads + kv_head * heads) * (row + 2);
    token_scores(j, kv_head, heads, at, count, scores);
    for (int64_t h = 0; h < heads; h++) {
        float *max = out + h * (row + 2) + row;
        max[0] = -INFINITY;
        max[1] = 0.0f;
        g->kernels->softmax_piece(scores + h * CPU_DECODE_SPLIT, count, &max[0], &max[1]);
    }
    token_gather(j, kv_head, heads, at, count, scores, token_next(j, piece), out);
}

/* Puts the stretches of one head together: softmax's factors of the stretches, each taken from its
 * own maximum to that of all, and the product of these with what they gathered. */
static void token_combine(struct cpu_engine *g, int64_t head, int64_t splits)
{
    const int64_t d = g->config.head_dim, row = cpu_cache_value_row(&g->frame);
    const int64_t step = g->config.heads * (row + 2);
    const float *part = g->scratch.partial + head * (row + 2);
    float *out = cpu_thread_scratch(g, 0), *factors = g->scratch.partial + splits * step;
    float max = -INFINITY, unused = 0.0f, sum = 0.0f;
    for (int64_t s = 0; s < splits; s++)
        factors[s] = part[s * step + row];
    g->kernels->softmax_piece(factors, splits, &max, &unused);
    for (int64_t s = 0; s < splits; s++)
        sum += factors[s] * part[s * step + row + 1];
    g->kernels->scale(factors, 1.0f / sum, splits);
    for (int64_t i = 0; i < row; i += g->kernels->panel) {
        const struct cpu_tile t = {out + i,  row,  factors, splits, 1,
                                   part + i, step, splits,  false,  NULL};
        g->kernels->product(&t, 1);
    }
    memcpy(g->scratch.attended + head * d, out, (size_t)d * sizeof *out);
}

void cpu_attention_token(struct cpu_engine *g, int64_t layer, int64_t from)
{
    int64_t splits = from / CPU_DECODE_SPLIT + 1;
    struct token_job j = {g, layer, from, splits};
    cpu_pool_run(g->pool, token_piece, &j, (int)(splits * g->config.kv_heads));
    for (int64_t head = 0; head < g->config.heads; head++)
        token_combine(g, head, splits);
}
