/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/weights.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/random.h"
#include "plugins/hf_common/weights.h"

#define ALIGNMENT 256

struct sizes {
    int64_t hidden, attention, kv, head, mlp, vocabulary;
};

static struct sizes sizes_of(const struct hf_config *c)
{
    return (struct sizes){c->hidden_size, c->heads * c->head_dim, c->kv_heads * c->head_dim,
                          c->head_dim,    c->intermediate_size,   c->vocab_size};
}

/* Takes `elements` of 2 bytes from *used on; 0 elements: none, address 0. */
static uint64_t place(uint64_t base, uint64_t *used, int64_t elements)
{
    uint64_t at = elements > 0 ? base + *used : 0;
    *used += ((uint64_t)elements * 2 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

/* Places a layer's parts from `base` on; returns the bytes in all. */
static uint64_t layer_place(const struct hf_config *c, uint64_t base, struct gpu_layer *l)
{
    const struct sizes s = sizes_of(c);
    const int64_t qkv = s.attention + 2 * s.kv;
    uint64_t used = 0;
    l->attention_norm = place(base, &used, s.hidden);
    l->qkv = place(base, &used, qkv * s.hidden);
    l->qkv_bias = place(base, &used, c->qkv_bias ? qkv : 0);
    l->q_norm = place(base, &used, c->qk_norm ? s.head : 0);
    l->k_norm = place(base, &used, c->qk_norm ? s.head : 0);
    l->o = place(base, &used, s.hidden * s.attention);
    l->o_bias = place(base, &used, c->o_bias ? s.hidden : 0);
    l->mlp_norm = place(base, &used, s.hidden);
    l->gate_up = place(base, &used, 2 * s.mlp * s.hidden);
    l->down = place(base, &used, s.hidden * s.mlp);
    return used;
}

static uint64_t small_place(const struct hf_config *c, uint64_t base, struct gpu_weights *w)
{
    uint64_t used = 0;
    w->final_norm = place(base, &used, c->hidden_size);
    w->frequencies = place(base, &used, c->head_dim); /* D / 2 of 4 bytes */
    return used;
}

uint64_t gpu_weights_bytes(const struct hf_config *c)
{
    struct gpu_layer l;
    struct gpu_weights w;
    uint64_t table = (uint64_t)(c->vocab_size * c->hidden_size) * 2;
    return layer_place(c, 0, &l) * (uint64_t)c->layers + small_place(c, 0, &w) +
           (c->tied ? table : 2 * table);
}

/* Where the tensor goes whose view is at `field` of the host's weights; its view begins `skip` rows
 * into the part. */
static uint64_t layer_target(const struct hf_config *c, const struct gpu_layer *l, size_t field)
{
    const struct sizes s = sizes_of(c);
    const struct {
        size_t field;
        uint64_t part;
        int64_t skip; /* elements */
    } targets[] = {
#define FIELD(f) offsetof(struct hf_layer, f)
        {FIELD(attention_norm), l->attention_norm, 0},
        {FIELD(q), l->qkv, 0},
        {FIELD(k), l->qkv, s.attention * s.hidden},
        {FIELD(v), l->qkv, (s.attention + s.kv) * s.hidden},
        {FIELD(q_bias), l->qkv_bias, 0},
        {FIELD(k_bias), l->qkv_bias, s.attention},
        {FIELD(v_bias), l->qkv_bias, s.attention + s.kv},
        {FIELD(q_norm), l->q_norm, 0},
        {FIELD(k_norm), l->k_norm, 0},
        {FIELD(o), l->o, 0},
        {FIELD(o_bias), l->o_bias, 0},
        {FIELD(mlp_norm), l->mlp_norm, 0},
        {FIELD(gate), l->gate_up, 0},
        {FIELD(up), l->gate_up, s.mlp * s.hidden},
        {FIELD(down), l->down, 0},
#undef FIELD
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (targets[i].field == field)
            return targets[i].part + (uint64_t)targets[i].skip * 2;
    return 0;
}

static uint64_t slot_target(const struct hf_config *c, const struct gpu_weights *w,
                            const struct hf_weights *host, const struct hf_slot *slot)
{
    if (slot->at == &host->embedding)
        return w->embedding;
    if (slot->at == &host->final_norm)
        return w->final_norm;
    if (slot->at == &host->output)
        return w->output;
    size_t offset = (size_t)((const char *)slot->at - (const char *)host->layers);
    return layer_target(c, &w->layers[offset / sizeof *host->layers],
                        offset % sizeof *host->layers);
}

static enum gpu_status weights_allocate(const struct hf_config *c, struct gpu_memory *m,
                                        struct gpu_weights *w, struct hf_err *e)
{
    struct gpu_layer l;
    uint64_t table = (uint64_t)(c->vocab_size * c->hidden_size) * 2;
    uint64_t layer = layer_place(c, 0, &l), small = small_place(c, 0, w);
    w->layers = calloc((size_t)c->layers, sizeof *w->layers);
    if (!w->layers) {
        hf_err_memory(e, (unsigned long long)c->layers * sizeof *w->layers);
        return GPU_ERROR;
    }
    w->layer_count = c->layers;
    enum gpu_status s = gpu_memory_check(m, "the weights", gpu_weights_bytes(c), e);
    if (s == GPU_OK)
        s = gpu_memory_get(m, GPU_WEIGHTS, small, &w->small_block, e);
    for (int64_t i = 0; s == GPU_OK && i < c->layers; i++) {
        s = gpu_memory_get(m, GPU_WEIGHTS, layer, &w->layers[i].block, e);
        if (s == GPU_OK)
            layer_place(c, w->layers[i].block.at, &w->layers[i]);
    }
    if (s == GPU_OK)
        s = gpu_memory_get(m, GPU_WEIGHTS, table, &w->embedding_block, e);
    if (s == GPU_OK && !c->tied)
        s = gpu_memory_get(m, GPU_WEIGHTS, table, &w->output_block, e);
    small_place(c, w->small_block.at, w);
    w->embedding = w->embedding_block.at;
    w->output = c->tied ? w->embedding : w->output_block.at;
    return s;
}

/* NULL: out of memory.  Names are the slots' own. */
static struct gpu_transfer *transfers_make(const struct hf_config *c, const struct gpu_weights *w,
                                           struct hf_weights *host, struct hf_slot *slots,
                                           int64_t count)
{
    struct gpu_transfer *t = calloc((size_t)count, sizeof *t);
    for (int64_t i = 0; t && i < count; i++) {
        hf_weights_slot(c, host, i, &slots[i]);
        t[i] =
            (struct gpu_transfer){slots[i].name, slots[i].at->data, (int)slots[i].at->dtype,
                                  slot_target(c, w, host, &slots[i]), hf_slot_elements(&slots[i])};
    }
    return t;
}

static enum gpu_status weights_from_file(const struct hf_config *c,
                                         const struct gpu_weights_source *source,
                                         struct gpu_memory *m, const struct gpu_kernels *k,
                                         const struct gpu_weights *w, struct hf_err *e)
{
    struct hf_weights host;
    int64_t count = hf_weights_slot_count(c);
    if (hf_weights_open(c, source->folder, &host, e) != 0)
        return GPU_INVALID;
    struct hf_slot *slots = calloc((size_t)count, sizeof *slots);
    struct gpu_transfer *transfers = slots ? transfers_make(c, w, &host, slots, count) : NULL;
    enum gpu_status s = GPU_ERROR;
    if (transfers)
        s = gpu_upload(transfers, count, m, k, source->cancelled, source->cancelled_arg, e);
    else
        hf_err_memory(e, (unsigned long long)count * (sizeof *slots + sizeof *transfers));
    free(transfers);
    free(slots);
    hf_weights_close(&host);
    return s;
}

/* Random weights are drawn where they are needed: the table goes to the device, nothing else. */
static enum gpu_status random_fill(const struct hf_config *c, uint64_t seed,
                                   const struct gpu_kernels *k, const struct gpu_weights *w,
                                   struct hf_weights *host, uint64_t table, struct hf_err *e)
{
    enum gpu_status s = GPU_OK;
    for (int64_t i = 0; s == GPU_OK && i < hf_weights_slot_count(c); i++) {
        struct hf_slot slot;
        hf_weights_slot(c, host, i, &slot);
        struct gpu_random p = {.table = slot.norm ? 0 : table,
                               .out = slot_target(c, w, host, &slot),
                               .key = hf_random_key(seed, slot.id),
                               .count = hf_slot_elements(&slot)};
        s = gpu_random(k, &p, NULL, e);
    }
    return s == GPU_OK ? gpu_driver_check(k->driver, k->driver->cuStreamSynchronize(NULL),
                                          "filling weights", e)
                       : s;
}

static enum gpu_status weights_from_seed(const struct hf_config *c, uint64_t seed,
                                         struct gpu_memory *m, const struct gpu_kernels *k,
                                         const struct gpu_weights *w, struct hf_err *e)
{
    struct hf_weights host = {.layers = calloc((size_t)c->layers, sizeof *host.layers)};
    struct gpu_block block = {0};
    uint16_t *table = malloc(HF_RANDOM_TABLE_SIZE * sizeof *table);
    enum gpu_status s = GPU_ERROR;
    if (!host.layers || !table) {
        hf_err_memory(e, HF_RANDOM_TABLE_SIZE * sizeof *table);
    } else {
        hf_random_table(table);
        s = gpu_memory_get(m, GPU_WORKSPACE, HF_RANDOM_TABLE_SIZE * sizeof *table, &block, e);
        if (s == GPU_OK)
            s = gpu_driver_check(
                k->driver,
                k->driver->cuMemcpyHtoDAsync((CUdeviceptr)block.at, table, block.bytes, NULL),
                "copying to the GPU", e);
        if (s == GPU_OK)
            s = random_fill(c, seed, k, w, &host, block.at, e);
    }
    gpu_memory_free(m, &block);
    free(table);
    free(host.layers);
    return s;
}

static enum gpu_status frequencies_copy(const struct hf_config *c, bool as_half,
                                        const struct gpu_driver *d, uint64_t to, struct hf_err *e)
{
    size_t bytes = (size_t)c->head_dim / 2 * sizeof(float);
    float *frequencies = malloc(bytes);
    if (!frequencies) {
        hf_err_memory(e, bytes);
        return GPU_ERROR;
    }
    hf_config_rope_frequencies(c, as_half, frequencies);
    CUresult r = d->cuMemcpyHtoDAsync((CUdeviceptr)to, frequencies, bytes, NULL);
    if (r == CUDA_SUCCESS)
        r = d->cuStreamSynchronize(NULL);
    free(frequencies);
    return gpu_driver_check(d, r, "copying to the GPU", e);
}

enum gpu_status gpu_weights_load(const struct hf_config *c, const struct gpu_weights_source *source,
                                 struct gpu_memory *m, const struct gpu_kernels *k,
                                 struct gpu_weights *ret_weights, struct hf_err *e)
{
    struct gpu_weights w = {0};
    enum gpu_status s = weights_allocate(c, m, &w, e);
    if (s == GPU_OK)
        s = frequencies_copy(c, source->rope_half, k->driver, w.frequencies, e);
    if (s == GPU_OK)
        s = source->folder ? weights_from_file(c, source, m, k, &w, e)
                           : weights_from_seed(c, source->seed, m, k, &w, e);
    if (s == GPU_OK)
        *ret_weights = w;
    else
        gpu_weights_free(m, &w);
    return s;
}

void gpu_weights_free(struct gpu_memory *m, struct gpu_weights *w)
{
    for (int64_t i = 0; i < w->layer_count; i++)
        gpu_memory_free(m, &w->layers[i].block);
    gpu_memory_free(m, &w->embedding_block);
    gpu_memory_free(m, &w->output_block);
    gpu_memory_free(m, &w->small_block);
    free(w->layers);
    memset(w, 0, sizeof *w);
}
