/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a sequence needs in memory, worked out before anything is allocated.
 *
 * Activations are of one block of tokens: with flash attention a prompt goes through the layers in
 * blocks, so that they do not grow with it; the two modes that materialise scores take the whole
 * prompt at once, as the programs that they stand for do.
 *
 * Scores live in slabs, some for each KV head, so that spilling can take them one by one.  The
 * logits of all positions come when the scores are dead, and use the same slabs, as many rows as go
 * into each; what is left has a slab of its own.  So the peak is that of the larger of the two. */

#ifndef HF_FP16_CUDA_PLAN_H
#define HF_FP16_CUDA_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/hf_common/model_config.h"

enum gpu_attention_mode { GPU_FLASH, GPU_EAGER, GPU_MATH };

/* Of one KV head: with eager the scores, their softmax and its float16 copy; with math the scores,
 * the bytes that say which are -inf, and the softmax. */
enum gpu_slab { GPU_SLAB_SCORES, GPU_SLAB_WIDE, GPU_SLAB_OTHER, GPU_SLABS_PER_KV_HEAD };

struct gpu_plan {
    enum gpu_attention_mode attention;
    bool all_logits;
    int64_t prompt;    /* tokens */
    int64_t positions; /* prompt and all new tokens */
    int64_t block;     /* tokens that go through a layer together */
    int64_t mlp_block; /* and through its MLP */
    int64_t stride;    /* of a row of scores, in elements: a multiple of 8 */
    int64_t splits;    /* of the keys in the attention of one token */

    uint64_t kv;                          /* bytes, as all below */
    uint64_t activations;                 /* the layout is in gpu_activations */
    uint64_t mask;                        /* slab 0 where attention is not flash */
    uint64_t slab[GPU_SLABS_PER_KV_HEAD]; /* each kv_heads times */
    uint64_t logits_row;                  /* of all_logits, in float16 */
    uint64_t logits_rest;                 /* slab behind all others: 0, none */
    uint64_t scores, logits;              /* in use by each, wherever */
    uint64_t total;
};

/* Sizes for a prompt and the tokens after it.  processors: of the device, for the splits. */
void gpu_plan_make(const struct hf_config *c, enum gpu_attention_mode attention, bool all_logits,
                   int64_t prompt, int64_t new_tokens, int processors, struct gpu_plan *ret_plan);

/* Addresses of the parts of the block of activations.  B: block, P: positions; A: heads * head_dim,
 * K: kv_heads * head_dim, and so on as in kernels/params.h. */
struct gpu_activations {
    uint64_t tokens;         /* int32 [prompt] */
    uint64_t sequence;       /* struct gpu_sequence */
    uint64_t x;              /* float16 [B][H]: the residual stream */
    uint64_t normed;         /* float16 [B][max(H, A)]: normalised x, then attention's output */
    uint64_t qkv;            /* float16 [B][A + 2K] */
    uint64_t gate;           /* float16 [mlp_block][2I] */
    uint64_t partial;        /* float32 [splits][heads][D + 2] */
    uint64_t turn;           /* float32 [D]: cosines and sines of a token's position */
    uint64_t logits;         /* float32 [V]: of one position */
    uint64_t wide_q;         /* math: float32 [B][A] */
    uint64_t wide_k, wide_v; /* math: float32 [kv_heads][P][D] */
    uint64_t wide_out;       /* math: float32 [B][A] */
};

/* Places them from `base` on; returns the bytes in all. */
uint64_t gpu_activations_place(const struct hf_config *c, const struct gpu_plan *p, uint64_t base,
                               struct gpu_activations *ret_activations);

/* Bytes in use at most while the prompt is processed, and while a token after it is. */
uint64_t gpu_plan_decode_bytes(const struct hf_config *c, const struct gpu_plan *p);

#endif
