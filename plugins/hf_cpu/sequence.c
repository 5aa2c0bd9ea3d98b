/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tokens into the engine, logits out of it. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <inttypes.h>

void cpu_engine_reset(struct cpu_engine *g)
{
    g->length = 0;
}

static enum cpu_status engine_check_tokens(const struct cpu_engine *g, const int32_t *tokens,
                                           int64_t count, struct hf_err *e)
{
    if (count < 1 || count > g->room.positions - g->length) {
        hf_err_set(e,
                   "%" PRId64 " tokens do not fit: %" PRId64 " of %" PRId64 " positions are used",
                   count, g->length, g->room.positions);
        return CPU_INVALID;
    }
    for (int64_t i = 0; i < count; i++)
        if (tokens[i] < 0 || tokens[i] >= g->config.vocab_size) {
            hf_err_set(
                e, "token %" PRId64 " of the prompt is %" PRId32 ", the vocabulary has %" PRId64, i,
                tokens[i], g->config.vocab_size);
            return CPU_INVALID;
        }
    return CPU_OK;
}

/* A prefill while it runs. */
struct prefill {
    struct cpu_engine *g;
    const int64_t *positions; /* asked for */
    uint64_t position_count, next;
    cpu_engine_logits_sink *sink;
    void *sink_arg;
};

/* The logits of token `index` of the last block, whose first panel of all logits is `panel`. */
static void prefill_logits(struct cpu_engine *g, int64_t panel, int64_t index)
{
    if (g->frame.logits_all)
        cpu_forward_logits_take(g, panel * g->kernels->panel + index);
    else
        cpu_forward_logits(g, index);
}

/* The asked positions of the last block, which began at `from`. */
static void prefill_give(struct prefill *p, int64_t from, int64_t panel)
{
    for (; p->next < p->position_count && p->positions[p->next] < p->g->length; p->next++) {
        int64_t position = p->positions[p->next];
        if (position < from)
            continue;
        prefill_logits(p->g, panel, position - from);
        p->sink(p->sink_arg, position, p->g->scratch.logits);
    }
}

/* Tokens of the next block: all blocks of about one size, and with eager attention as many as its
 * scores have room for. */
static int64_t prefill_block(const struct cpu_engine *g, int64_t left)
{
    const int64_t panel = g->kernels->panel, most = g->room.block_tokens;
    int64_t blocks = (left + most - 1) / most;
    int64_t n = cpu_round_up((left + blocks - 1) / blocks, panel);
    if (g->frame.attention == CPU_EAGER) {
        int64_t room = (int64_t)(g->scores_block.bytes / sizeof(float)) / g->config.heads;
        while (n > panel && n * (g->length + n) > room)
            n -= panel;
    }
    return n < left ? n : left;
}

static enum cpu_status prefill_run(struct prefill *p, const int32_t *tokens, int64_t count)
{
    struct cpu_engine *g = p->g;
    enum cpu_status s = CPU_OK;
    for (int64_t done = 0, n = 0; s == CPU_OK && done < count; done += n) {
        int64_t from = g->length, panel = done / g->kernels->panel;
        n = prefill_block(g, count - done);
        if (n == 1 && !g->frame.logits_all)
            s = cpu_forward_token(g, tokens[done]);
        else
            s = cpu_forward_block(g, tokens + done, n);
        if (s != CPU_OK)
            return s;
        if (g->frame.logits_all)
            cpu_forward_logits_all(g, panel, n);
        prefill_give(p, from, panel);
        if (done + n == count)
            prefill_logits(g, panel, n - 1);
    }
    return s;
}

static enum cpu_status status_say(enum cpu_status s, struct hf_err *e)
{
    if (s == CPU_CANCELLED)
        hf_err_set(e, "cancelled");
    return s;
}

enum cpu_status cpu_engine_prefill(struct cpu_engine *g, const int32_t *tokens, int64_t count,
                                   const int64_t *positions, uint64_t position_count,
                                   cpu_engine_logits_sink *sink, void *sink_arg, struct hf_err *e)
{
    struct prefill p = {g, positions, position_count, 0, sink, sink_arg};
    enum cpu_status s = engine_check_tokens(g, tokens, count, e);
    if (s == CPU_OK && g->frame.logits_all && count > g->room.prompt) {
        hf_err_set(e, "a prompt of %" PRId64 " tokens: all logits have room for %" PRId64, count,
                   g->room.prompt);
        return CPU_INVALID;
    }
    return s == CPU_OK ? status_say(prefill_run(&p, tokens, count), e) : s;
}

enum cpu_status cpu_engine_decode(struct cpu_engine *g, int32_t token, struct hf_err *e)
{
    enum cpu_status s = engine_check_tokens(g, &token, 1, e);
    if (s == CPU_OK)
        s = status_say(cpu_forward_token(g, token), e);
    if (s == CPU_OK)
        cpu_forward_logits(g, 0);
    return s;
}

const float *cpu_engine_logits(const struct cpu_engine *g)
{
    return g->scratch.logits;
}

int32_t cpu_engine_argmax(const struct cpu_engine *g)
{
    int32_t best = 0;
    for (int32_t i = 1; i < g->config.vocab_size; i++)
        if (g->scratch.logits[i] > g->scratch.logits[best])
            best = i;
    return best;
}
