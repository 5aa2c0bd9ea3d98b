/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A model's config.json, as Hugging Face writes it for the Llama, Mistral, Qwen2 and Qwen3
 * families: a decoder of RMSNorm, rotary positions, grouped-query attention and a SiLU-gated MLP.
 */

#ifndef HF_COMMON_MODEL_CONFIG_H
#define HF_COMMON_MODEL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/hf_common/error.h"

#define HF_SPECIAL_MAX 16

enum hf_rope { HF_ROPE_DEFAULT, HF_ROPE_LLAMA3 };

/* The longest sequence that sizes are computed of; a config with more is refused. */
#define HF_POSITIONS_MAX (INT64_C(1) << 27)

struct hf_config {
    char model_type[16]; /* "llama", "mistral", "qwen2" or "qwen3" */
    int64_t hidden_size;
    int64_t layers;
    int64_t heads;
    int64_t kv_heads; /* divides heads */
    int64_t head_dim; /* even; need not be hidden_size / heads */
    int64_t intermediate_size;
    int64_t vocab_size;
    int64_t max_positions;
    double rms_norm_eps;
    bool tied;              /* the output layer is the embedding */
    bool qkv_bias;          /* q, k and v projections have one */
    bool o_bias;            /* and the attention's output projection */
    bool qk_norm;           /* each head's query and key pass an RMSNorm before their rotation */
    int64_t sliding_window; /* positions that a query sees, itself included; 0: all */
    enum hf_rope rope;
    double rope_theta;
    double rope_factor; /* of llama3 scaling, as the next three */
    double rope_low_freq_factor, rope_high_freq_factor;
    double rope_original_positions;
    int32_t special[HF_SPECIAL_MAX]; /* bos, eos and pad ids inside the vocabulary, ascending */
    int special_count;
};

/* Reads `path`: a config.json, or a folder that holds one or a snapshot with one (see
 * hf_path_snapshot()).  0, or -1 with the file, the key and
 * the reason; *ret_config is set on success only. */
int hf_config_load(const char *path, struct hf_config *ret_config, struct hf_err *e);

/* Parameters in all (a tied embedding counts once) and without embedding and output layer. */
int64_t hf_config_parameters(const struct hf_config *c, int64_t *ret_without_embeddings);

/* Rotary frequencies in radians per position: out[head_dim / 2], float32 as transformers keeps
 * them. llama3 scaling as in Meta's own code: long wavelengths are divided by the factor, short
 * ones kept, those between blended.  With as_half they are rounded to float16 as well: what a model
 * becomes that was cast as a whole (model.half()), after which long contexts are off. */
void hf_config_rope_frequencies(const struct hf_config *c, bool as_half, float *out);

#endif
