/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A model's weights in device memory: float16, one block a layer, projections of the same input
 * one behind the other so that a product does them together. */

#ifndef HF_FP16_CUDA_WEIGHTS_H
#define HF_FP16_CUDA_WEIGHTS_H

#include <stdbool.h>

#include "plugins/hf_common/model_config.h"
#include "plugins/hf_fp16_cuda/kernels.h"
#include "plugins/hf_fp16_cuda/memory.h"

/* Addresses; 0 where the model has none. */
struct gpu_layer {
    uint64_t attention_norm; /* [H] */
    uint64_t qkv;            /* [A + 2K][H] */
    uint64_t qkv_bias;       /* [A + 2K] */
    uint64_t q_norm, k_norm; /* [D] */
    uint64_t o;              /* [H][A] */
    uint64_t o_bias;         /* [H] */
    uint64_t mlp_norm;       /* [H] */
    uint64_t gate_up;        /* [2I][H] */
    uint64_t down;           /* [H][I] */
    struct gpu_block block;
};

struct gpu_weights {
    struct gpu_layer *layers; /* [config->layers] */
    int64_t layer_count;
    uint64_t embedding;   /* [V][H] */
    uint64_t final_norm;  /* [H] */
    uint64_t output;      /* [V][H]; the embedding where tied */
    uint64_t frequencies; /* float32 [D / 2] */
    struct gpu_block embedding_block, output_block, small_block;
};

struct gpu_weights_source {
    const char *folder; /* of a checkpoint; NULL: random weights */
    uint64_t seed;      /* of those */
    bool rope_half;     /* rotary frequencies rounded to float16 */
    int (*cancelled)(void *arg);
    void *cancelled_arg;
};

/* Bytes that gpu_weights_load() will ask for in all. */
uint64_t gpu_weights_bytes(const struct hf_config *c);

/* Allocates, fills and waits.  GPU_INVALID: the checkpoint is wrong, or a tensor has a value beyond
 * float16, which is named. */
enum gpu_status gpu_weights_load(const struct hf_config *c, const struct gpu_weights_source *source,
                                 struct gpu_memory *m, const struct gpu_kernels *k,
                                 struct gpu_weights *ret_weights, struct hf_err *e);
void gpu_weights_free(struct gpu_memory *m, struct gpu_weights *w);

/* One tensor on its way: `count` elements to `to`. */
struct gpu_transfer {
    const char *name;
    const void *from; /* on the host, maybe unaligned */
    int dtype;        /* enum hf_dtype */
    uint64_t to, count;
};

/* Copies all of them to the device through pinned buffers, with a thread for each few, converting
 * there.  Waits for the end. */
enum gpu_status gpu_upload(const struct gpu_transfer *transfers, int64_t count,
                           struct gpu_memory *m, const struct gpu_kernels *k,
                           int (*cancelled)(void *arg), void *cancelled_arg, struct hf_err *e);

#endif
