/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_cpu/engine.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/path.h"
#include "plugins/hf_cpu/forward.h"
#include "plugins/hf_cpu/internal.h"

#define LINE_FLOATS 16 /* arrays begin on a cache line of their own */

static enum cpu_status status_error(int result)
{
    return result == 0 ? CPU_OK : CPU_ERROR;
}

/* Refuses what the machine clearly has not got, in words, before the kernel kills somebody. */
static enum cpu_status memory_check(const char *what, uint64_t needed, uint64_t held,
                                    struct hf_err *e)
{
    int64_t available = cpu_memory_available();
    if (available == INT64_MAX || needed <= (uint64_t)available + held)
        return CPU_OK;
    hf_err_set(e,
               "not enough memory for %s: %" PRIu64 " bytes (%" PRIu64 " MiB) needed, %" PRIu64
               " bytes (%" PRIu64 " MiB) free",
               what, needed, needed >> 20, (uint64_t)available + held,
               ((uint64_t)available + held) >> 20);
    return CPU_OOM;
}

/* What this engine's arithmetic is made for. */
static int engine_check_weights(struct cpu_engine *g, struct hf_err *e)
{
    for (int64_t i = 0; i < hf_weights_slot_count(&g->config); i++) {
        struct hf_slot s;
        hf_weights_slot(&g->config, &g->weights, i, &s);
        if (s.at->dtype != HF_F16)
            return hf_err_set(e,
                              "tensor %s is %s; hf_cpu computes with F16 (convert the checkpoint, "
                              "for instance with torch_dtype=float16 and save_pretrained)",
                              s.name, hf_dtype_name(s.at->dtype));
        if ((uintptr_t)s.at->data % sizeof(uint16_t) != 0)
            return hf_err_set(e,
                              "tensor %s begins at an odd byte (write the file again with a "
                              "current safetensors library)",
                              s.name);
    }
    return 0;
}

static enum cpu_status engine_load_weights(struct cpu_engine *g, const struct cpu_engine_options *o,
                                           struct hf_err *e)
{
    if (o->random) {
        enum cpu_status s = memory_check("the weights", hf_weights_bytes(&g->config), 0, e);
        if (s != CPU_OK)
            return s;
        return status_error(
            hf_weights_random(&g->config, o->seed, cpu_pool_threads(g->pool), &g->weights, e));
    }
    char *folder = hf_path_folder_of(o->path);
    if (!folder)
        return status_error(hf_err_memory(e, strlen(o->path) + 1));
    int result = hf_weights_open(&g->config, folder, &g->weights, e);
    hf_path_free(folder);
    return result == 0 && engine_check_weights(g, e) == 0 ? CPU_OK : CPU_INVALID;
}

static enum cpu_status engine_start(struct cpu_engine *g, const struct cpu_engine_options *o,
                                    struct hf_err *e)
{
    g->cancelled = o->cancelled;
    g->cancelled_arg = o->cancelled_arg;
    g->kernels = cpu_kernels_select(o->instructions);
    if (!g->kernels) {
        hf_err_set(e, "the instruction set %s is unknown, or not one of this processor's",
                   o->instructions);
        return CPU_INVALID;
    }
    g->frequencies = calloc((size_t)g->config.head_dim / 2, sizeof *g->frequencies);
    if (!g->frequencies)
        return status_error(hf_err_memory(e, (unsigned long long)g->config.head_dim * 2));
    hf_config_rope_frequencies(&g->config, o->rope_half, g->frequencies);
    g->pool = cpu_pool_start(o->threads > 0 ? o->threads : cpu_pool_processors());
    if (!g->pool)
        return status_error(hf_err_set(e, "the engine's threads could not be started"));
    /* The pool splits the work; a product is one thread's. */
    openblas_set_num_threads(1);
    return engine_load_weights(g, o, e);
}

static int engine_check_config(const struct cpu_engine *g, const struct cpu_engine_options *o,
                               struct hf_err *e)
{
    if (!g->config.qk_norm)
        return 0;
    return hf_err_set(e, "%s: hf_cpu cannot run %s: it does not know its q_norm and k_norm",
                      o->path, g->config.model_type);
}

enum cpu_status cpu_engine_load(const struct cpu_engine_options *o, struct cpu_engine **ret_engine,
                                struct hf_err *e)
{
    struct cpu_engine *g = calloc(1, sizeof *g);
    if (!g)
        return status_error(hf_err_memory(e, sizeof *g));
    enum cpu_status s = CPU_INVALID;
    if (hf_config_load(o->path, &g->config, e) == 0 && engine_check_config(g, o, e) == 0)
        s = engine_start(g, o, e);
    if (s == CPU_OK)
        *ret_engine = g;
    else
        cpu_engine_free(g);
    return s;
}

void cpu_engine_free(struct cpu_engine *g)
{
    if (!g)
        return;
    cpu_pool_stop(g->pool);
    cpu_block_free(&g->kv_block);
    cpu_block_free(&g->scratch_block);
    hf_weights_close(&g->weights);
    free(g->frequencies);
    free(g);
}

/* Lays scratch out from `base`; with base NULL it only counts.  Returns the floats in all. */
static int64_t scratch_lay_out(const struct hf_config *c, int threads, int64_t positions,
                               float *base, struct cpu_scratch *s)
{
    const int64_t t = positions < CPU_BLOCK_TOKENS ? positions : CPU_BLOCK_TOKENS;
    const int64_t splits = positions / CPU_DECODE_SPLIT + 1;
    int64_t products = cpu_products_scratch(c, threads, t), attention = cpu_attention_scratch();
    s->thread_floats = products > attention ? products : attention;
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
        {&s->logits, c->vocab_size},
        {&s->partial, splits * c->heads * (c->head_dim + 2)},
        {&s->thread, threads * s->thread_floats},
    };
    int64_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].at = base ? base + used : NULL;
        used += (parts[i].floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
    }
    return used;
}

struct cpu_engine_memory cpu_engine_memory_for(const struct hf_config *c, int threads,
                                               int64_t positions)
{
    struct cpu_scratch s = {0};
    int64_t per_position = c->layers * 2 * c->kv_heads * c->head_dim;
    struct cpu_engine_memory m = {
        .weights = (int64_t)hf_weights_bytes(c),
        .kv = per_position * positions * (int64_t)sizeof(float),
        .scratch = scratch_lay_out(c, threads, positions, NULL, &s) * (int64_t)sizeof(float),
    };
    return m;
}

static enum cpu_status engine_allocate(struct cpu_engine *g, const struct cpu_engine_memory *m,
                                       struct hf_err *e)
{
    if (cpu_block_get((uint64_t)m->kv, &g->kv_block) == 0 &&
        cpu_block_get((uint64_t)m->scratch, &g->scratch_block) == 0)
        return CPU_OK;
    hf_err_set(e,
               "not enough memory: the system refused %" PRId64 " bytes for the KV cache and "
               "%" PRId64 " for activations, %" PRId64 " bytes free",
               m->kv, m->scratch, cpu_memory_available());
    return CPU_OOM;
}

enum cpu_status cpu_engine_prepare(struct cpu_engine *g, int64_t positions, struct hf_err *e)
{
    if (positions < 1 || positions > g->config.max_positions) {
        hf_err_set(e,
                   "a sequence of %" PRId64 " tokens is beyond the model's positions (1 .. %" PRId64
                   ")",
                   positions, g->config.max_positions);
        return CPU_INVALID;
    }
    if (positions <= g->capacity)
        return CPU_OK;
    int threads = cpu_pool_threads(g->pool);
    struct cpu_engine_memory m = cpu_engine_memory_for(&g->config, threads, positions);
    enum cpu_status s = memory_check("this context", (uint64_t)(m.kv + m.scratch),
                                     g->kv_block.bytes + g->scratch_block.bytes, e);
    if (s != CPU_OK)
        return s;
    g->capacity = g->length = 0;
    cpu_block_free(&g->kv_block);
    cpu_block_free(&g->scratch_block);
    s = engine_allocate(g, &m, e);
    if (s == CPU_OK) {
        scratch_lay_out(&g->config, threads, positions, g->scratch_block.data, &g->scratch);
        g->capacity = positions;
    }
    return s;
}

void cpu_engine_reset(struct cpu_engine *g)
{
    g->length = 0;
}

static enum cpu_status engine_check_tokens(const struct cpu_engine *g, const int32_t *tokens,
                                           int64_t count, struct hf_err *e)
{
    if (count < 1 || count > g->capacity - g->length) {
        hf_err_set(e,
                   "%" PRId64 " tokens do not fit: %" PRId64 " of %" PRId64 " positions are used",
                   count, g->length, g->capacity);
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

/* The asked positions of the last block, which began at `from`. */
static uint64_t engine_give_logits(struct cpu_engine *g, int64_t from, const int64_t *positions,
                                   uint64_t next, uint64_t count, cpu_engine_logits_sink *sink,
                                   void *arg)
{
    while (next < count && positions[next] < g->length) {
        if (positions[next] >= from) {
            cpu_forward_logits(g, positions[next] - from);
            sink(arg, positions[next], g->scratch.logits);
        }
        next++;
    }
    return next;
}

enum cpu_status cpu_engine_prefill(struct cpu_engine *g, const int32_t *tokens, int64_t count,
                                   const int64_t *positions, uint64_t position_count,
                                   cpu_engine_logits_sink *sink, void *sink_arg, struct hf_err *e)
{
    enum cpu_status s = engine_check_tokens(g, tokens, count, e);
    uint64_t next = 0;
    int64_t done = 0, n = 0;
    for (; s == CPU_OK && done < count; done += n) {
        int64_t from = g->length;
        n = count - done < CPU_BLOCK_TOKENS ? count - done : CPU_BLOCK_TOKENS;
        s = cpu_forward_block(g, tokens + done, n);
        if (s == CPU_OK)
            next = engine_give_logits(g, from, positions, next, position_count, sink, sink_arg);
    }
    if (s == CPU_OK)
        cpu_forward_logits(g, n - 1);
    else if (s == CPU_CANCELLED)
        hf_err_set(e, "cancelled");
    return s;
}

enum cpu_status cpu_engine_decode(struct cpu_engine *g, int32_t token, struct hf_err *e)
{
    return cpu_engine_prefill(g, &token, 1, NULL, 0, NULL, NULL, e);
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

const struct hf_config *cpu_engine_config(const struct cpu_engine *g)
{
    return &g->config;
}

int cpu_engine_threads(const struct cpu_engine *g)
{
    return cpu_pool_threads(g->pool);
}

const char *cpu_engine_instructions(const struct cpu_engine *g)
{
    return g->kernels->name;
}

struct cpu_engine_memory cpu_engine_memory(const struct cpu_engine *g)
{
    struct cpu_engine_memory m = {
        .weights = (int64_t)g->weights.bytes,
        .kv = (int64_t)g->kv_block.bytes,
        .scratch = (int64_t)g->scratch_block.bytes,
    };
    return m;
}
