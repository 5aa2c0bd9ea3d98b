/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's parts among themselves. */

#ifndef HF_CPU_INTERNAL_H
#define HF_CPU_INTERNAL_H

#include "plugins/hf_common/weights.h"
#include "plugins/hf_cpu/engine.h"
#include "plugins/hf_cpu/kernels.h"
#include "plugins/hf_cpu/memory.h"
#include "plugins/hf_cpu/pool.h"

#define CPU_BLOCK_TOKENS 512 /* tokens of a prompt that go through the layers together */
#define CPU_QUERY_TILE 128   /* prefill attention: queries x keys of one score tile */
#define CPU_KEY_TILE 512
#define CPU_DECODE_SPLIT 256 /* decode attention: cached positions of one piece */

/* Views of one scratch block.  T: CPU_BLOCK_TOKENS, H: hidden size, A: heads * head_dim, K:
 * kv_heads * head_dim, I: intermediate size. */
struct cpu_scratch {
    float *x;             /* [T][H] the residual stream */
    float *normed;        /* [T][H] */
    float *q;             /* [T][A] */
    float *k, *v;         /* [T][K] */
    float *attended;      /* [T][A] */
    float *gate;          /* [T][I] */
    float *cosine, *sine; /* [T][head_dim / 2] */
    float *logits;        /* [vocabulary] */
    float *partial;       /* decode attention: [splits][heads][head_dim + 2]: output, max, sum */
    float *thread;        /* [threads][thread_floats], for pieces of work */
    int64_t thread_floats;
};

struct cpu_engine {
    struct hf_config config;
    struct hf_weights weights;
    struct cpu_pool *pool;
    const struct cpu_kernels *kernels;
    float *frequencies; /* [head_dim / 2] */
    struct cpu_block kv_block, scratch_block;
    struct cpu_scratch scratch;
    int64_t capacity; /* positions that the cache has room for */
    int64_t length;   /* positions in it */
    int (*cancelled)(void *arg);
    void *cancelled_arg;
};

/* The cache: [layer][k, v][kv head][capacity][head_dim]. */
static inline float *cpu_cache_at(const struct cpu_engine *g, int64_t layer, int64_t value,
                                  int64_t kv_head)
{
    const struct hf_config *c = &g->config;
    int64_t row = (layer * 2 + value) * c->kv_heads + kv_head;
    return (float *)g->kv_block.data + row * g->capacity * c->head_dim;
}

static inline float *cpu_thread_scratch(const struct cpu_engine *g, int thread)
{
    return g->scratch.thread + thread * g->scratch.thread_floats;
}

/* out[t][r] = sum over c of w[r][c] * x[t][c] + bias[r], t < tokens, r < rows.  x is
 * [tokens][cols], out [tokens][rows].  With `up`, silu(out) times the product with `up` instead.
 * With `accumulate`, added to out. */
struct cpu_product {
    const uint16_t *w, *up, *bias; /* up and bias may be NULL */
    int64_t rows;
    float *out;
    bool accumulate;
};

/* Several products of the same x, shared among the threads as one job. */
void cpu_products_run(struct cpu_engine *g, const struct cpu_product *products, int count,
                      const float *x, int64_t tokens, int64_t cols);

/* Floats of scratch that a thread needs for products of up to `tokens` tokens. */
int64_t cpu_products_scratch(const struct hf_config *c, int threads, int64_t tokens);

/* scratch.attended = attention of scratch.q (tokens queries that begin at position `from`) over
 * the cache of `layer`, which already holds their keys and values. */
void cpu_attention_prefill(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens);
void cpu_attention_decode(struct cpu_engine *g, int64_t layer, int64_t from);
int64_t cpu_attention_scratch(void);

#endif
