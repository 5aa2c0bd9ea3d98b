/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A model's weights as float16, by layer: views of a mapped checkpoint, or random numbers.
 *
 * Matrices are row-major [outputs][inputs], as in the checkpoint: y = W x + b. */

#ifndef HF_COMMON_WEIGHTS_H
#define HF_COMMON_WEIGHTS_H

#include "plugins/hf_common/checkpoint.h"
#include "plugins/hf_common/model_config.h"

/* A: heads * head_dim, K: kv_heads * head_dim, H: hidden_size, I: intermediate_size. */
struct hf_layer {
    const uint16_t *attention_norm; /* [H] */
    const uint16_t *q;              /* [A][H] */
    const uint16_t *k;              /* [K][H] */
    const uint16_t *v;              /* [K][H] */
    const uint16_t *o;              /* [H][A] */
    const uint16_t *q_bias;         /* [A]; NULL, like the next three, where the model has none */
    const uint16_t *k_bias;         /* [K] */
    const uint16_t *v_bias;         /* [K] */
    const uint16_t *o_bias;         /* [H] */
    const uint16_t *mlp_norm;       /* [H] */
    const uint16_t *gate;           /* [I][H] */
    const uint16_t *up;             /* [I][H] */
    const uint16_t *down;           /* [H][I] */
};

struct hf_weights {
    const uint16_t *embedding;       /* [vocab][H] */
    const uint16_t *final_norm;      /* [H] */
    const uint16_t *output;          /* [vocab][H]; the embedding itself where tied */
    struct hf_layer *layers;         /* [config->layers] */
    uint64_t bytes;                  /* of all tensors, a tied one once */
    struct hf_checkpoint checkpoint; /* where the views point, for weights from a file */
    void *memory;                    /* where they point, for random ones */
    uint64_t memory_bytes;
};

/* Maps the checkpoint in `folder` and finds every tensor that the config asks for, in float16 and
 * in its shape.  Nothing is copied.  0, or -1 with file, tensor and reason. */
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
    const uint16_t **at; /* where its view belongs in w; NULL where w is NULL */
};

int64_t hf_weights_slot_count(const struct hf_config *c);
void hf_weights_slot(const struct hf_config *c, struct hf_weights *w, int64_t index,
                     struct hf_slot *ret_slot);

static inline uint64_t hf_slot_elements(const struct hf_slot *s)
{
    return (uint64_t)s->rows * (uint64_t)(s->cols ? s->cols : 1);
}

#endif
