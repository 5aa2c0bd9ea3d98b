/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's parts among themselves. */

#ifndef HF_FP16_CUDA_INTERNAL_H
#define HF_FP16_CUDA_INTERNAL_H

#include "plugins/hf_fp16_cuda/blas.h"
#include "plugins/hf_fp16_cuda/engine.h"
#include "plugins/hf_fp16_cuda/kernels.h"
#include "plugins/hf_fp16_cuda/weights.h"

#define GPU_WAY_LIBRARY (-1)
#define GPU_MLP_TRIED 8
#define GPU_LAYERS_AHEAD 8 /* layers that the host may be ahead of the device */
#define GPU_STEPS_TIMED 8  /* decoding steps in a row, where ways to start them are tried */

enum gpu_event { GPU_EVENT_START, GPU_EVENT_FIRST, GPU_EVENT_LAST, GPU_EVENTS };

/* Pinned host memory that the device sees. */
struct gpu_control {
    void *host;
    uint64_t device;
    struct gpu_sequence *sequence; /* what a sequence begins with */
    int32_t *prompt;               /* [prompt] */
    volatile int32_t
        *tokens; /* one for each new token, or more: GPU_TOKEN_NONE until it is there */
    uint64_t device_tokens;
    float *logits; /* [vocabulary] for the asked positions */
};

/* How the first half of an MLP is fastest for so many tokens: a way of gpu_gate_up(), or
 * GPU_WAY_LIBRARY. */
struct gpu_mlp_tried {
    int64_t tokens;
    int way;
};

struct gpu_engine {
    struct hf_config config;
    struct gpu_engine_options options; /* path is not kept */
    struct gpu_driver driver;
    struct gpu_kernels kernels;
    struct gpu_blas blas;
    struct gpu_memory memory;
    struct gpu_weights weights;
    struct gpu_block workspace;
    uint64_t load_peak;
    CUstream stream;
    CUevent events[GPU_EVENTS];
    CUevent layers[GPU_LAYERS_AHEAD];
    int64_t layers_started; /* in this prefill */

    struct gpu_mlp_tried mlp_tried[GPU_MLP_TRIED]; /* the oldest is replaced */
    int mlp_tried_count, mlp_tried_next;
    int64_t step_tried; /* prompt that a step's kernels were tried at, or 0 */

    bool prepared;
    struct gpu_plan plan;
    struct gpu_block kv, activation_block;
    struct gpu_block *slabs; /* [slab_count]: mask, then by KV head, then the rest of the logits */
    int64_t slab_count;
    struct gpu_activations a;
    struct gpu_control control;
    CUgraphExec graph;        /* of one decoding step; flash only */
    CUgraphExec prompt_graph; /* of a short prompt; flash only */
    bool recording;           /* what is started goes into a graph */
    int64_t generated;        /* tokens of this sequence that were started */
};

/* Keys (value 0) or values (1) of a layer: [kv_heads][plan.positions][head_dim]. */
uint64_t gpu_cache_at(const struct gpu_engine *g, int64_t layer, int value);

/* Slab `what` (enum gpu_slab) of a KV head. */
uint64_t gpu_slab_at(const struct gpu_engine *g, int64_t kv_head, int what);

/* Where the logits of row `row` of the prompt are, in float16, and how many rows follow there. */
uint64_t gpu_logits_at(const struct gpu_engine *g, int64_t row, int64_t *ret_rows);

/* Room for the plan, or the reason; nothing stays on failure. */
enum gpu_status gpu_place_plan(struct gpu_engine *g, struct hf_err *e);
void gpu_place_free(struct gpu_engine *g);

/* The whole prompt through the layers, the logits of its last token in a.logits, and the choice of
 * the first new one. */
enum gpu_status gpu_forward_prompt(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                   struct hf_err *e);

/* Lets the products that a prompt will need find their algorithms; overwrites the activations and
 * the cache. */
enum gpu_status gpu_forward_try(struct gpu_engine *g, struct hf_err *e);

/* a.x += MLP of norm(a.x), for the first `tokens` rows. */
enum gpu_status gpu_mlp_run(struct gpu_engine *g, int64_t layer, int64_t tokens, struct hf_err *e);
/* The same with the first layer's, finding the fastest way; waits for the device. */
enum gpu_status gpu_mlp_try(struct gpu_engine *g, int64_t tokens, struct hf_err *e);

/* a.normed = norm(a.x) with these weights. */
enum gpu_status gpu_forward_norm(struct gpu_engine *g, uint64_t weight, int64_t tokens,
                                 struct hf_err *e);
/* out[tokens][cols] = x W' (+ bias, + out); x has `inner` columns, rows x_stride apart. */
enum gpu_status gpu_forward_project(struct gpu_engine *g, uint64_t x, int64_t x_stride,
                                    int64_t inner, uint64_t w, uint64_t bias, uint64_t out,
                                    int64_t cols, int64_t tokens, bool add, struct hf_err *e);

/* Starts the kernels of one more token: a.sequence says which and where; `position` is its position
 * for the modes that need it on the host.  Ends with the argmax. */
enum gpu_status gpu_forward_token(struct gpu_engine *g, int64_t position, struct hf_err *e);

/* Chooses the next token from a.logits. */
enum gpu_status gpu_forward_choose(struct gpu_engine *g, struct hf_err *e);

/* a.logits = output layer of row `row` of x; and with `choose` the next token from them. */
enum gpu_status gpu_forward_logits(struct gpu_engine *g, int64_t row, bool choose,
                                   struct hf_err *e);

/* The logits of a.logits go to the wish; waits for the device. */
enum gpu_status gpu_engine_give_logits(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                       int64_t position, struct hf_err *e);
bool gpu_engine_is_wished(const struct gpu_engine_wish *wish, int64_t position);

/* a.normed = attention of the queries in a.qkv (`tokens` of them from position `from` on) over the
 * cache of `layer`, which already holds their keys and values. */
enum gpu_status gpu_attention_run(struct gpu_engine *g, int64_t layer, int64_t from, int64_t tokens,
                                  struct hf_err *e);

/* The same of one query; with flash attention its position is the one in a.sequence. */
/* Is attention of a token that of kernels/attend.cu, and where are the weights of its clusters? */
bool gpu_attention_in_clusters(const struct gpu_engine *g);
uint64_t gpu_heads_weight(const struct gpu_engine *g);
/* gpu_attend_clusters() of this engine's cache. */
int32_t gpu_heads_clusters(const struct gpu_engine *g);
enum gpu_status gpu_attention_token(struct gpu_engine *g, int64_t layer, int64_t position,
                                    struct hf_err *e);

/* The mask of those queries, for the layers to come; nothing with flash attention. */
enum gpu_status gpu_attention_mask(struct gpu_engine *g, int64_t from, int64_t tokens,
                                   struct hf_err *e);

/* GPU_CANCELLED, with the words, if the caller says so. */
enum gpu_status gpu_engine_cancelled(const struct gpu_engine *g, struct hf_err *e);

#endif
