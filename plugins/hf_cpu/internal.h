/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's parts among themselves.
 *
 * T: tokens of a block, P: tokens of a panel, H: hidden size, A: heads * head_dim, K: kv_heads *
 * head_dim, D: head_dim, I: intermediate size.  The activations of a block are panels,
 * [T / P][features][P], the lanes after its last token zeros or of no meaning; those of a single
 * token are rows. */

#ifndef HF_CPU_INTERNAL_H
#define HF_CPU_INTERNAL_H

#include "plugins/hf_common/weights.h"
#include "plugins/hf_cpu/engine.h"
#include "plugins/hf_cpu/kernels/kernels.h"
#include "plugins/hf_cpu/memory.h"
#include "plugins/hf_cpu/pool.h"

#define CPU_BLOCK_TOKENS 512 /* tokens of a prompt that go through the layers together */
#define CPU_KEY_TILE 256     /* prefill attention: keys of one tile of scores */
#define CPU_DECODE_SPLIT 256 /* decode attention: cached positions of one piece */
#define CPU_TOKEN_PIECE_BYTES (INT64_C(3) << 17) /* one token's products: weights of one piece */

/* Views of one scratch block. */
struct cpu_scratch {
    float *x;             /* [H] the residual stream */
    float *normed;        /* [H] */
    float *q;             /* [A] */
    float *k, *v;         /* [K] */
    float *attended;      /* [A] */
    float *gate;          /* [I] */
    float *cosine, *sine; /* [D / 2] */
    float *packed;        /* [the widest of all] bfloat16 pairs; NULL where no product needs them */
    float *logits;        /* [vocabulary], no panels */
    float *partial;       /* decode attention: [splits][heads][V row + 2]: output, max, sum; then
                           * [splits] */
    float *thread;        /* [threads][thread_floats], for pieces of work */
    int64_t thread_floats;
};

/* What a sequence needs memory for. */
struct cpu_room {
    int64_t prompt;       /* tokens of one prefill */
    int64_t positions;    /* of the cache */
    int64_t block_tokens; /* T, a multiple of the panel */
};

/* What of an engine decides how much a sequence takes. */
struct cpu_frame {
    const struct hf_config *config;
    const struct cpu_kernels *kernels;
    int threads;
    enum cpu_attention attention;
    bool logits_all;
    bool packed; /* products in bfloat16 */
    enum hf_dtype kv;
};

/* A layer's vectors, float32; NULL where the model has none. */
struct cpu_vectors {
    const float *attention_norm, *mlp_norm, *q_norm, *k_norm;
    const float *q_bias, *k_bias, *v_bias, *o_bias;
};

struct cpu_engine {
    struct hf_config config;
    struct cpu_frame frame;
    const struct cpu_kernels *kernels;
    struct hf_weights weights;
    struct cpu_vectors *vectors; /* [layers] */
    float *vector_floats;        /* where they point */
    const float *final_norm;
    struct cpu_pool *pool;
    float *frequencies; /* [D / 2] */
    struct cpu_room room;
    struct cpu_block kv_block, scores_block, logits_block, scratch_block;
    struct cpu_scratch scratch;
    int64_t length; /* positions in the cache */
    bool is_row;    /* the last block was a single token */
    int (*cancelled)(void *arg);
    void *cancelled_arg;
};

static inline int64_t cpu_round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static inline int64_t cpu_panels(const struct cpu_engine *g, int64_t tokens)
{
    return (tokens + g->kernels->panel - 1) / g->kernels->panel;
}

static inline float *cpu_thread_scratch(const struct cpu_engine *g, int thread)
{
    return g->scratch.thread + thread * g->scratch.thread_floats;
}

/* --- room.c: how much memory, and where in it --- */

void cpu_room_set(const struct cpu_frame *f, int64_t prompt, int64_t positions,
                  struct cpu_room *ret_room);
struct cpu_engine_memory cpu_room_memory(const struct cpu_frame *f, const struct cpu_room *r);
/* Points the views into `base`. */
void cpu_room_lay_out(const struct cpu_frame *f, const struct cpu_room *r, float *base,
                      struct cpu_scratch *ret_scratch);

/* --- vectors.c --- */

/* 0, or -1: out of memory. */
int cpu_vectors_load(struct cpu_engine *g, struct hf_err *e);

/* --- cache.c: the KV cache --- */

int64_t cpu_cache_bytes(const struct cpu_frame *f, const struct cpu_room *r);
int64_t cpu_cache_value_row(const struct cpu_frame *f);

/* Addresses in the cache, in its own type.  Keys are panels, [positions / P][D][P], and `at` is the
 * first position of one; values are rows of cpu_cache_value_row() elements. */
const void *cpu_cache_keys(const struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t at);
const void *cpu_cache_values(const struct cpu_engine *g, int64_t layer, int64_t kv_head,
                             int64_t at);

/* Files `lanes` tokens from `position`.  k and v: [D][row], a lane each; row is the panel, or 1 for
 * a single token.  spare: float[V row]. */
void cpu_cache_put(struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t position,
                   const float *k, const float *v, int64_t row, int64_t lanes, float *spare);

/* --- panels_product.c, token_product.c --- */

/* out[t][r] = sum over c of w[r][c] * x[t][c] + bias[r], t < tokens, r < rows.  With `up`,
 * silu(out) times the product with `up` instead.  With `add`, added to out. */
struct cpu_product {
    const struct hf_array *w, *up; /* up may be NULL */
    const float *bias;             /* likewise */
    int64_t rows;
    float *out;
    bool add;
};

/* Several products of the same x, [panels][cols][P], shared among the threads as one job. */
void cpu_products_panels(struct cpu_engine *g, const struct cpu_product *products, int count,
                         const float *x, int64_t panels, int64_t cols);
/* The same for one token, x[cols]. */
void cpu_products_token(struct cpu_engine *g, const struct cpu_product *products, int count,
                        const float *x, int64_t cols);
/* Floats of scratch that a thread needs for them. */
int64_t cpu_products_scratch(const struct cpu_frame *f);

/* --- attention_flash.c, attention_eager.c, attention_token.c --- */

/* scratch.attended = attention of scratch.q (tokens queries that begin at position `from`) over
 * the cache of `layer`, which already holds their keys and values. */
void cpu_attention_flash(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens);
void cpu_attention_eager(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens);
void cpu_attention_token(struct cpu_engine *g, int64_t layer, int64_t from);
/* Floats of scratch that a thread needs for them. */
int64_t cpu_attention_scratch(const struct cpu_frame *f);

/* A tile of keys and values as float32: in the cache itself, or widened into spare. */
const float *cpu_attention_keys(const struct cpu_engine *g, int64_t layer, int64_t kv_head,
                                int64_t at, int64_t keys, float *spare);
const float *cpu_attention_values(const struct cpu_engine *g, int64_t layer, int64_t kv_head,
                                  int64_t at, int64_t keys, float *spare);
/* scores[keys][P] = k q, out[D][P] (+)= v scores, of one head and one panel of queries. */
void cpu_attention_scores(const struct cpu_engine *g, const float *k, const float *q, int64_t keys,
                          float *scores);
void cpu_attention_gather(const struct cpu_engine *g, const float *v, const float *scores,
                          int64_t keys, bool add, float *out);

/* --- forward.c, forward_token.c --- */

/* Adds count <= room.block_tokens tokens to the sequence; scratch.x holds their last hidden states.
 * CPU_OK or CPU_CANCELLED. */
enum cpu_status cpu_forward_block(struct cpu_engine *g, const int32_t *tokens, int64_t count);
/* The same for one token, by the code that is fast for one. */
enum cpu_status cpu_forward_token(struct cpu_engine *g, int32_t token);

/* scratch.logits of token `index` of the last block. */
void cpu_forward_logits(struct cpu_engine *g, int64_t index);
/* All logits of the last block, of `count` tokens, into the panels from `panel` on of the logits'
 * memory; and scratch.logits from there. */
void cpu_forward_logits_all(struct cpu_engine *g, int64_t panel, int64_t count);
void cpu_forward_logits_take(struct cpu_engine *g, int64_t index);

#endif
