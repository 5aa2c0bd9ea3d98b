/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/plan.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/hf_fp16_cuda/kernels.h"

#define BLOCK_TOKENS 32768 /* enough for the tiles of attention to fill the device evenly */
#define BLOCK_ROUND 128
#define MLP_TOKENS 4096
#define ALIGNMENT 256
#define STRIDE_ELEMENTS 8
#define SPLITS_MIN_KEYS 64 /* fewer keys are not worth a part of their own */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

/* Flash attention takes a prompt in equal blocks; the others take it at once. */
static int64_t block_for(enum gpu_attention_mode attention, int64_t prompt)
{
    if (attention != GPU_FLASH)
        return prompt;
    int64_t blocks = larger(1, (prompt + BLOCK_TOKENS - 1) / BLOCK_TOKENS);
    return smaller(prompt, round_up((prompt + blocks - 1) / blocks, BLOCK_ROUND));
}

/* As many parts as there are places for on two rounds of the device, if the keys suffice. */
static int64_t splits_for(const struct hf_config *c, int64_t positions, int processors)
{
    int64_t most = larger(1, 2 * processors / c->kv_heads);
    return larger(1, smaller(most, positions / SPLITS_MIN_KEYS));
}

/* The arrays of attention.  Decoding reads one row of up to `positions` keys. */
static void plan_scores(const struct hf_config *c, struct gpu_plan *p)
{
    static const uint64_t bytes[][GPU_SLABS_PER_KV_HEAD] = {
        [GPU_EAGER] = {2, 4, 2},
        [GPU_MATH] = {4, 4, 1},
    };
    if (p->attention == GPU_FLASH)
        return;
    const int64_t group = c->heads / c->kv_heads;
    int64_t elements = larger(p->prompt * round_up(p->prompt, STRIDE_ELEMENTS),
                              round_up(p->positions, STRIDE_ELEMENTS));
    p->mask = (uint64_t)elements * (p->attention == GPU_EAGER ? 2 : 4);
    p->scores = p->mask;
    for (int i = 0; i < GPU_SLABS_PER_KV_HEAD; i++) {
        p->slab[i] = (uint64_t)(group * elements) * bytes[p->attention][i];
        p->scores += p->slab[i] * (uint64_t)c->kv_heads;
    }
}

static void plan_logits(const struct hf_config *c, struct gpu_plan *p)
{
    if (!p->all_logits)
        return;
    p->logits_row = (uint64_t)c->vocab_size * 2;
    p->logits = p->logits_row * (uint64_t)p->prompt;
    uint64_t rows = p->mask / p->logits_row;
    for (int i = 0; i < GPU_SLABS_PER_KV_HEAD; i++)
        rows += p->slab[i] / p->logits_row * (uint64_t)c->kv_heads;
    if (rows < (uint64_t)p->prompt)
        p->logits_rest = ((uint64_t)p->prompt - rows) * p->logits_row;
}

void gpu_plan_make(const struct hf_config *c, enum gpu_attention_mode attention, bool all_logits,
                   int64_t prompt, int64_t new_tokens, int processors, struct gpu_plan *ret_plan)
{
    struct gpu_plan p = {.attention = attention, .all_logits = all_logits, .prompt = prompt};
    struct gpu_activations a;
    p.positions = prompt + new_tokens;
    p.block = block_for(attention, prompt);
    p.mlp_block = smaller(p.block, MLP_TOKENS);
    p.stride = round_up(prompt, STRIDE_ELEMENTS);
    p.splits = splits_for(c, p.positions, processors);
    p.kv = (uint64_t)(c->layers * 2 * c->kv_heads * c->head_dim * p.positions) * 2;
    plan_scores(c, &p);
    plan_logits(c, &p);
    p.activations = gpu_activations_place(c, &p, 0, &a);
    p.total = p.kv + p.activations + p.scores + p.logits_rest;
    *ret_plan = p;
}

uint64_t gpu_activations_place(const struct hf_config *c, const struct gpu_plan *p, uint64_t base,
                               struct gpu_activations *ret_activations)
{
    const int64_t attention = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    const int64_t wide = p->attention == GPU_MATH, block = p->block;
    struct gpu_activations a;
    const struct {
        uint64_t *at;
        int64_t bytes;
    } parts[] = {
        {&a.tokens, p->prompt * 4},
        {&a.sequence, (int64_t)sizeof(struct gpu_sequence)},
        {&a.x, block * c->hidden_size * 2},
        {&a.normed, block * larger(c->hidden_size, attention) * 2},
        {&a.qkv, block * (attention + 2 * kv) * 2},
        {&a.gate, p->mlp_block * 2 * c->intermediate_size * 2},
        {&a.partial, p->splits * c->heads * (c->head_dim + 2) * 4},
        {&a.turn, c->head_dim * 4},
        {&a.logits, c->vocab_size * 4},
        {&a.wide_q, wide * block * attention * 4},
        {&a.wide_k, wide * p->positions * kv * 4},
        {&a.wide_v, wide * p->positions * kv * 4},
        {&a.wide_out, wide * block * attention * 4},
    };
    uint64_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].at = base + used;
        used += (uint64_t)round_up(parts[i].bytes, ALIGNMENT);
    }
    *ret_activations = a;
    return used;
}

uint64_t gpu_plan_decode_bytes(const struct hf_config *c, const struct gpu_plan *p)
{
    struct gpu_activations a;
    struct gpu_plan one = *p;
    one.prompt = one.block = one.mlp_block = 1;
    uint64_t bytes = p->kv + gpu_activations_place(c, &one, 0, &a);
    int64_t row = round_up(p->positions, STRIDE_ELEMENTS);
    if (p->attention == GPU_EAGER)
        bytes += (uint64_t)(row * (8 * c->heads + 2));
    if (p->attention == GPU_MATH)
        bytes += (uint64_t)(row * (9 * c->heads + 4));
    return bytes;
}
