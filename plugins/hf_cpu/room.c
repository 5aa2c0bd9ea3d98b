/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a sequence takes in memory. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <stddef.h>

#define LINE_FLOATS 16 /* arrays begin on a cache line of their own */

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void cpu_room_set(const struct cpu_frame *f, int64_t prompt, int64_t positions,
                  struct cpu_room *ret_room)
{
    int64_t tokens = cpu_round_up(prompt, f->kernels->panel);
    if (f->attention == CPU_FLASH && tokens > CPU_BLOCK_TOKENS)
        tokens = CPU_BLOCK_TOKENS;
    *ret_room = (struct cpu_room){prompt, positions, tokens};
}

static int64_t widest(const struct hf_config *c)
{
    return most(most(c->hidden_size, c->heads * c->head_dim), c->intermediate_size) + 1;
}

/* Lays scratch out from `base`; with base NULL it only counts.  Returns the floats in all. */
static int64_t scratch_lay_out(const struct cpu_frame *f, const struct cpu_room *r, float *base,
                               struct cpu_scratch *s)
{
    const struct hf_config *c = f->config;
    const int64_t t = r->block_tokens, splits = r->positions / CPU_DECODE_SPLIT + 1;
    s->thread_floats =
        cpu_round_up(most(cpu_products_scratch(f), cpu_attention_scratch(f)), LINE_FLOATS);
    const struct {
        float **at;
        int64_t floats;
    } parts[] = {
        {&s->x, t * c->hidden_size},
        {&s->normed, t * c->hidden_size},
        {&s->q, t * c->heads * c->head_dim},
        {&s->k, t * c->kv_heads * c->head_dim},
        {&s->v, t * c->kv_heads * c->head_dim},
        {&s->attended, t * c->heads * c->head_dim},
        {&s->gate, t * c->intermediate_size},
        {&s->cosine, t * c->head_dim / 2},
        {&s->sine, t * c->head_dim / 2},
        {&s->packed, f->packed ? t * widest(c) / 2 : 0},
        {&s->logits, c->vocab_size},
        {&s->partial, splits * (c->heads * (cpu_cache_value_row(f) + 2) + 1)},
        {&s->thread, f->threads * s->thread_floats},
    };
    int64_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].at = base && parts[i].floats ? base + used : NULL;
        used += cpu_round_up(parts[i].floats, LINE_FLOATS);
    }
    return used;
}

/* Eager: n x n for a prompt; a panel of queries always finds room, wherever in the sequence. */
static int64_t scores_floats(const struct cpu_frame *f, const struct cpu_room *r)
{
    if (f->attention != CPU_EAGER)
        return 0;
    return f->config->heads * most(r->block_tokens * r->prompt, f->kernels->panel * r->positions);
}

struct cpu_engine_memory cpu_room_memory(const struct cpu_frame *f, const struct cpu_room *r)
{
    struct cpu_scratch s = {0};
    const int64_t size = (int64_t)sizeof(float), panel = f->kernels->panel;
    return (struct cpu_engine_memory){
        .weights = (int64_t)hf_weights_bytes(f->config),
        .kv = cpu_cache_bytes(f, r),
        .scores = size * scores_floats(f, r),
        .logits = f->logits_all ? size * cpu_round_up(r->prompt, panel) * f->config->vocab_size : 0,
        .scratch = size * scratch_lay_out(f, r, NULL, &s),
    };
}

void cpu_room_lay_out(const struct cpu_frame *f, const struct cpu_room *r, float *base,
                      struct cpu_scratch *ret_scratch)
{
    scratch_lay_out(f, r, base, ret_scratch);
}
