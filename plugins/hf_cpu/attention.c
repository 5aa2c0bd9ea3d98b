/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Causal attention with grouped queries, softmax(q k' / sqrt(D)) v, in tiles: the scores of the
 * whole prompt are never there at once, so memory is linear in the context.
 *
 * For each tile of queries the tiles of keys are gone through in order; the softmax is kept as its
 * maximum and sum so far, and what was gathered is rescaled when the maximum grows. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

struct attention_job {
    struct cpu_engine *g;
    int64_t layer, from, tokens;
    int64_t pieces_per_head;
};

/* One tile of queries of one head. */
struct tile {
    const float *q; /* [queries], stride rows apart */
    float *out;     /* likewise */
    int64_t stride; /* A */
    int64_t queries;
    int64_t position; /* of the first query */
    float *scores;    /* [queries][CPU_KEY_TILE] */
    float *max, *sum; /* [queries] */
};

int64_t cpu_attention_scratch(void)
{
    return CPU_QUERY_TILE * (CPU_KEY_TILE + 2);
}

/* Softmax of the tile's scores with `keys` keys from position `at`; later keys than the query
 * count nothing. */
static void tile_softmax(const struct cpu_engine *g, const struct tile *t, int64_t at, int64_t keys)
{
    for (int64_t i = 0; i < t->queries; i++) {
        float *row = t->scores + i * CPU_KEY_TILE;
        int64_t seen = t->position + i + 1 - at;
        seen = seen < 0 ? 0 : seen > keys ? keys : seen;
        if (seen > 0) {
            float f = g->kernels->softmax_piece(row, seen, &t->max[i], &t->sum[i]);
            if (f != 1.0f && at > 0)
                g->kernels->scale(t->out + i * t->stride, f, g->config.head_dim);
        }
        memset(row + seen, 0, (size_t)(keys - seen) * sizeof *row);
    }
}

static void tile_run(const struct cpu_engine *g, const struct tile *t, const float *k,
                     const float *v)
{
    const int d = (int)g->config.head_dim, n = (int)t->queries;
    const float f = 1.0f / sqrtf((float)d);
    int64_t end = t->position + t->queries;
    for (int64_t i = 0; i < t->queries; i++) {
        t->max[i] = -INFINITY;
        t->sum[i] = 0.0f;
    }
    for (int64_t at = 0; at < end; at += CPU_KEY_TILE) {
        int keys = (int)(end - at < CPU_KEY_TILE ? end - at : CPU_KEY_TILE);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, keys, d, f, t->q, (int)t->stride,
                    k + at * d, d, 0.0f, t->scores, CPU_KEY_TILE);
        tile_softmax(g, t, at, keys);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, d, keys, 1.0f, t->scores,
                    CPU_KEY_TILE, v + at * d, d, at > 0 ? 1.0f : 0.0f, t->out, (int)t->stride);
    }
    for (int64_t i = 0; i < t->queries; i++)
        g->kernels->scale(t->out + i * t->stride, 1.0f / t->sum[i], d);
}

/* The last tiles have the most keys, so they come first. */
static void prefill_piece(void *arg, int piece, int thread)
{
    const struct attention_job *j = arg;
    struct cpu_engine *g = j->g;
    const struct hf_config *c = &g->config;
    int64_t head = piece % c->heads, kv_head = head / (c->heads / c->kv_heads);
    int64_t first = (j->pieces_per_head - 1 - piece / c->heads) * CPU_QUERY_TILE;
    int64_t width = c->heads * c->head_dim, at = first * width + head * c->head_dim;
    float *scratch = cpu_thread_scratch(g, thread);
    struct tile t = {
        .q = g->scratch.q + at,
        .out = g->scratch.attended + at,
        .stride = width,
        .queries = j->tokens - first < CPU_QUERY_TILE ? j->tokens - first : CPU_QUERY_TILE,
        .position = j->from + first,
        .scores = scratch,
        .max = scratch + CPU_QUERY_TILE * CPU_KEY_TILE,
        .sum = scratch + CPU_QUERY_TILE * (CPU_KEY_TILE + 1),
    };
    tile_run(g, &t, cpu_cache_at(g, j->layer, 0, kv_head), cpu_cache_at(g, j->layer, 1, kv_head));
}

void cpu_attention_prefill(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens)
{
    struct attention_job j = {g, layer, from, tokens,
                              (tokens + CPU_QUERY_TILE - 1) / CPU_QUERY_TILE};
    cpu_pool_run(g->pool, prefill_piece, &j, (int)(j.pieces_per_head * g->config.heads));
}

/* One query of all heads that share a KV head, over one stretch of the cache. */
static void decode_piece(void *arg, int piece, int thread)
{
    const struct attention_job *j = arg;
    struct cpu_engine *g = j->g;
    const struct hf_config *c = &g->config;
    const int64_t d = c->head_dim, group = c->heads / c->kv_heads;
    int64_t split = piece / c->kv_heads, kv_head = piece % c->kv_heads;
    int64_t at = split * CPU_DECODE_SPLIT, left = j->from + 1 - at;
    int64_t count = left < CPU_DECODE_SPLIT ? left : CPU_DECODE_SPLIT;
    const float *k = cpu_cache_at(g, j->layer, 0, kv_head) + at * d;
    const float *v = cpu_cache_at(g, j->layer, 1, kv_head) + at * d;
    float *scores = cpu_thread_scratch(g, thread);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        float *out = g->scratch.partial + (split * c->heads + head) * (d + 2);
        out[d] = -INFINITY;
        out[d + 1] = 0.0f;
        g->kernels->scores(scores, g->scratch.q + head * d, k, count, d, 1.0f / sqrtf((float)d));
        g->kernels->softmax_piece(scores, count, &out[d], &out[d + 1]);
        g->kernels->weighted_sum(out, scores, v, count, d);
    }
}

/* Puts the stretches of one head together. */
static void decode_combine(struct cpu_engine *g, int64_t head, int64_t splits)
{
    const int64_t d = g->config.head_dim, step = g->config.heads * (d + 2);
    const float *part = g->scratch.partial + head * (d + 2);
    float max = -INFINITY, sum = 0.0f, *out = g->scratch.attended + head * d;
    for (int64_t s = 0; s < splits; s++)
        max = fmaxf(max, part[s * step + d]);
    memset(out, 0, (size_t)d * sizeof *out);
    for (int64_t s = 0; s < splits; s++) {
        const float *p = part + s * step;
        float f = expf(p[d] - max);
        sum += f * p[d + 1];
        for (int64_t i = 0; i < d; i++)
            out[i] += f * p[i];
    }
    g->kernels->scale(out, 1.0f / sum, d);
}

void cpu_attention_decode(struct cpu_engine *g, int64_t layer, int64_t from)
{
    struct attention_job j = {g, layer, from, 1, 0};
    int64_t splits = from / CPU_DECODE_SPLIT + 1;
    cpu_pool_run(g->pool, decode_piece, &j, (int)(splits * g->config.kv_heads));
    for (int64_t head = 0; head < g->config.heads; head++)
        decode_combine(g, head, splits);
}
