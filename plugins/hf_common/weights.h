/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A model's weights, by layer: views of a mapped checkpoint (float16, bfloat16 and float32, tensor
 * by tensor), or random numbers (float16).
 *
 * Matrices are row-major [outputs][inputs], as in the checkpoint: y = W x + b. */

#ifndef HF_COMMON_WEIGHTS_H
#define HF_COMMON_WEIGHTS_H

#include "plugins/hf_common/checkpoint.h"
#include "plugins/hf_common/half.h"
#include "plugins/hf_common/model_config.h"

/* A: heads * head_dim, K: kv_heads * head_dim, H: hidden_size, I: intermediate_size, D: head_dim.
 * data is NULL where the model has none: biases, q_norm and k_norm. */
struct hf_layer {
    struct hf_array attention_norm; /* [H] */
    struct hf_array q;              /* [A][H] */
    struct hf_array k;              /* [K][H] */
    struct hf_array v;              /* [K][H] */
    struct hf_array o;              /* [H][A] */
    struct hf_array q_bias;         /* [A] */
    struct hf_array k_bias;         /* [K] */
    struct hf_array v_bias;         /* [K] */
    struct hf_array o_bias;         /* [H] */
    struct hf_array q_norm;         /* [D] RMSNorm of each head's query, before its rotation */
    struct hf_array k_norm;         /* [D] and of each head's key */
    struct hf_array mlp_norm;       /* [H] */
    struct hf_array gate;           /* [I][H] */
    struct hf_array up;             /* [I][H] */
    struct hf_array down;           /* [H][I] */
};

struct hf_weights {
    struct hf_array embedding;       /* [vocab][H] */
    struct hf_array final_norm;      /* [H] */
    struct hf_array output;          /* [vocab][H]; the embedding itself where tied */
    struct hf_layer *layers;         /* [config->layers] */
    uint64_t bytes;                  /* of all tensors, a tied one once */
    struct hf_checkpoint checkpoint; /* where the views point, for weights from a file */
    void *memory;                    /* where they point, for random ones */
    uint64_t memory_bytes;
};

/* Maps the checkpoint in `folder` or its snapshot (see hf_path_snapshot()) and finds every tensor
 * that the config asks for, in its shape and in one of the three types.  Nothing is copied.  0, or
 * -1 with file, tensor and reason. */
int hf_weights_open(const struct hf_config *c, const char *folder, struct hf_weights *ret_weights,
                    struct hf_err *e);

/* Weights drawn from N(0, 0.02), norms 1, with `threads` threads.  The same for the same config
 * and seed on every machine and engine: see hf_random_half().  0, or -1: out of memory. */
int hf_weights_random(const struct hf_config *c, uint64_t seed, int threads,
                      struct hf_weights *ret_weights, struct hf_err *e);

void hf_weights_close(struct hf_weights *w);

/* Bytes of all tensors as float16, before anything is loaded. */
uint64_t hf_weights_bytes(const struct hf_config *c);

/* One tensor that a config asks for; hf_weights_slot() lists them: index 0 .. count - 1. */
struct hf_slot {
    char name[96];
    int64_t rows, cols; /* cols 0: a vector */
    bool norm;
    uint64_t id;         /* names it in random weights, whatever else the model has */
    struct hf_array *at; /* where its view belongs in w; NULL where w is NULL */
};

int64_t hf_weights_slot_count(const struct hf_config *c);
void hf_weights_slot(const struct hf_config *c, struct hf_weights *w, int64_t index,
                     struct hf_slot *ret_slot);

static inline uint64_t hf_slot_elements(const struct hf_slot *s)
{
    return (uint64_t)s->rows * (uint64_t)(s->cols ? s->cols : 1);
}

#endif
