/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/weights.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum dim { DIM_ONE, DIM_HIDDEN, DIM_ATTENTION, DIM_KV, DIM_MLP, DIM_HEAD };
enum when { WHEN_ALWAYS, WHEN_QKV_BIAS, WHEN_O_BIAS, WHEN_QK_NORM };

/* The order is part of the random weights (it makes the tensors' ids): add at the end. */
static const struct layer_slot {
    const char *name;
    size_t offset;
    enum dim rows, cols;
    enum when when;
    bool norm;
} layer_slots[] = {
#define FIELD(f) offsetof(struct hf_layer, f)
    {"input_layernorm.weight", FIELD(attention_norm), DIM_HIDDEN, DIM_ONE, WHEN_ALWAYS, true},
    {"self_attn.q_proj.weight", FIELD(q), DIM_ATTENTION, DIM_HIDDEN, WHEN_ALWAYS, false},
    {"self_attn.k_proj.weight", FIELD(k), DIM_KV, DIM_HIDDEN, WHEN_ALWAYS, false},
    {"self_attn.v_proj.weight", FIELD(v), DIM_KV, DIM_HIDDEN, WHEN_ALWAYS, false},
    {"self_attn.o_proj.weight", FIELD(o), DIM_HIDDEN, DIM_ATTENTION, WHEN_ALWAYS, false},
    {"post_attention_layernorm.weight", FIELD(mlp_norm), DIM_HIDDEN, DIM_ONE, WHEN_ALWAYS, true},
    {"mlp.gate_proj.weight", FIELD(gate), DIM_MLP, DIM_HIDDEN, WHEN_ALWAYS, false},
    {"mlp.up_proj.weight", FIELD(up), DIM_MLP, DIM_HIDDEN, WHEN_ALWAYS, false},
    {"mlp.down_proj.weight", FIELD(down), DIM_HIDDEN, DIM_MLP, WHEN_ALWAYS, false},
    {"self_attn.q_proj.bias", FIELD(q_bias), DIM_ATTENTION, DIM_ONE, WHEN_QKV_BIAS, false},
    {"self_attn.k_proj.bias", FIELD(k_bias), DIM_KV, DIM_ONE, WHEN_QKV_BIAS, false},
    {"self_attn.v_proj.bias", FIELD(v_bias), DIM_KV, DIM_ONE, WHEN_QKV_BIAS, false},
    {"self_attn.o_proj.bias", FIELD(o_bias), DIM_HIDDEN, DIM_ONE, WHEN_O_BIAS, false},
    {"self_attn.q_norm.weight", FIELD(q_norm), DIM_HEAD, DIM_ONE, WHEN_QK_NORM, true},
    {"self_attn.k_norm.weight", FIELD(k_norm), DIM_HEAD, DIM_ONE, WHEN_QK_NORM, true},
#undef FIELD
};

#define LAYER_SLOTS (sizeof layer_slots / sizeof *layer_slots)
#define LAYER_ID_STRIDE 64
#define EMBEDDING_ID (UINT64_C(1) << 32)

static int64_t dim_size(const struct hf_config *c, enum dim d)
{
    switch (d) {
    case DIM_HIDDEN:
        return c->hidden_size;
    case DIM_ATTENTION:
        return c->heads * c->head_dim;
    case DIM_KV:
        return c->kv_heads * c->head_dim;
    case DIM_MLP:
        return c->intermediate_size;
    case DIM_HEAD:
        return c->head_dim;
    case DIM_ONE:
        break;
    }
    return 0;
}

static bool slot_wanted(const struct hf_config *c, const struct layer_slot *s)
{
    return s->when == WHEN_ALWAYS || (s->when == WHEN_QKV_BIAS && c->qkv_bias) ||
           (s->when == WHEN_O_BIAS && c->o_bias) || (s->when == WHEN_QK_NORM && c->qk_norm);
}

static int64_t slots_per_layer(const struct hf_config *c)
{
    int64_t n = 0;
    for (size_t i = 0; i < LAYER_SLOTS; i++)
        n += slot_wanted(c, &layer_slots[i]);
    return n;
}

int64_t hf_weights_slot_count(const struct hf_config *c)
{
    return c->layers * slots_per_layer(c) + (c->tied ? 2 : 3);
}

/* index 0: the embedding, 1: the last norm, 2: the output layer. */
static void slot_of_model(const struct hf_config *c, struct hf_weights *w, int64_t index,
                          struct hf_slot *s)
{
    static const char *const names[] = {"model.embed_tokens.weight", "model.norm.weight",
                                        "lm_head.weight"};
    snprintf(s->name, sizeof s->name, "%s", names[index]);
    s->norm = index == 1;
    s->rows = s->norm ? c->hidden_size : c->vocab_size;
    s->cols = s->norm ? 0 : c->hidden_size;
    s->id = EMBEDDING_ID + (uint64_t)index;
    if (w)
        s->at = index == 0 ? &w->embedding : index == 1 ? &w->final_norm : &w->output;
}

void hf_weights_slot(const struct hf_config *c, struct hf_weights *w, int64_t index,
                     struct hf_slot *ret_slot)
{
    memset(ret_slot, 0, sizeof *ret_slot);
    int64_t per_layer = slots_per_layer(c);
    if (index >= c->layers * per_layer) {
        slot_of_model(c, w, index - c->layers * per_layer, ret_slot);
        return;
    }
    int64_t layer = index / per_layer, skip = index % per_layer;
    size_t kind = 0;
    while (!slot_wanted(c, &layer_slots[kind]) || skip-- > 0)
        kind++;
    const struct layer_slot *s = &layer_slots[kind];
    snprintf(ret_slot->name, sizeof ret_slot->name, "model.layers.%lld.%s", (long long)layer,
             s->name);
    ret_slot->rows = dim_size(c, s->rows);
    ret_slot->cols = dim_size(c, s->cols);
    ret_slot->norm = s->norm;
    ret_slot->id = (uint64_t)layer * LAYER_ID_STRIDE + kind;
    if (w)
        ret_slot->at = (struct hf_array *)(void *)((char *)&w->layers[layer] + s->offset);
}

int64_t hf_config_parameters(const struct hf_config *c, int64_t *ret_without_embeddings)
{
    int64_t total = 0, embeddings = 0;
    for (int64_t i = 0; i < hf_weights_slot_count(c); i++) {
        struct hf_slot s;
        hf_weights_slot(c, NULL, i, &s);
        int64_t n = (int64_t)hf_slot_elements(&s);
        total += n;
        if (s.id >= EMBEDDING_ID && !s.norm)
            embeddings += n;
    }
    *ret_without_embeddings = total - embeddings;
    return total;
}

uint64_t hf_weights_bytes(const struct hf_config *c)
{
    int64_t without;
    return (uint64_t)hf_config_parameters(c, &without) * sizeof(uint16_t);
}
