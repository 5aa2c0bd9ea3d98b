/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_cpu/engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/path.h"
#include "plugins/hf_cpu/internal.h"

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
    return result == 0 ? CPU_OK : CPU_INVALID;
}

static struct cpu_frame frame_of(const struct hf_config *c, const struct cpu_engine_options *o,
                                 const struct cpu_kernels *k)
{
    return (struct cpu_frame){
        .config = c,
        .kernels = k,
        .threads = o->threads > 0 ? o->threads : cpu_pool_processors(),
        .attention = o->attention,
        .logits_all = o->logits_all,
        .kv = o->kv,
    };
}

/* Whether prompts are multiplied in bfloat16: some matrix has that type, and the kernels can. */
static bool engine_is_packed(struct cpu_engine *g)
{
    bool found = false;
    for (int64_t i = 0; g->kernels->product_bf16 && i < hf_weights_slot_count(&g->config); i++) {
        struct hf_slot s;
        hf_weights_slot(&g->config, &g->weights, i, &s);
        found = found || (s.cols > 0 && s.at->dtype == HF_BF16);
    }
    return found;
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
    g->frame = frame_of(&g->config, o, g->kernels);
    g->frequencies = calloc((size_t)g->config.head_dim / 2, sizeof *g->frequencies);
    if (!g->frequencies)
        return status_error(hf_err_memory(e, (unsigned long long)g->config.head_dim * 2));
    hf_config_rope_frequencies(&g->config, o->rope_half, g->frequencies);
    g->pool = cpu_pool_start(g->frame.threads, o->pin);
    if (!g->pool)
        return status_error(hf_err_set(e, "the engine's threads could not be started"));
    enum cpu_status s = engine_load_weights(g, o, e);
    if (s != CPU_OK)
        return s;
    g->frame.packed = engine_is_packed(g);
    return status_error(cpu_vectors_load(g, e));
}

enum cpu_status cpu_engine_load(const struct cpu_engine_options *o, struct cpu_engine **ret_engine,
                                struct hf_err *e)
{
    struct cpu_engine *g = calloc(1, sizeof *g);
    if (!g)
        return status_error(hf_err_memory(e, sizeof *g));
    enum cpu_status s = CPU_INVALID;
    if (hf_config_load(o->path, &g->config, e) == 0)
        s = engine_start(g, o, e);
    if (s == CPU_OK)
        *ret_engine = g;
    else
        cpu_engine_free(g);
    return s;
}

static void engine_free_room(struct cpu_engine *g)
{
    cpu_block_free(&g->kv_block);
    cpu_block_free(&g->scores_block);
    cpu_block_free(&g->logits_block);
    cpu_block_free(&g->scratch_block);
    g->length = 0;
    g->room = (struct cpu_room){0};
}

void cpu_engine_free(struct cpu_engine *g)
{
    if (!g)
        return;
    cpu_pool_stop(g->pool);
    engine_free_room(g);
    hf_weights_close(&g->weights);
    free(g->vectors);
    free(g->vector_floats);
    free(g->frequencies);
    free(g);
}

struct cpu_engine_memory cpu_engine_memory_for(const struct hf_config *c,
                                               const struct cpu_engine_options *o, int64_t prompt,
                                               int64_t positions)
{
    const struct cpu_kernels *k = cpu_kernels_select(o->instructions);
    struct cpu_frame f = frame_of(c, o, k ? k : cpu_kernels_select(NULL));
    struct cpu_room r;
    cpu_room_set(&f, prompt, positions, &r);
    return cpu_room_memory(&f, &r);
}

static enum cpu_status engine_allocate(struct cpu_engine *g, const struct cpu_engine_memory *m,
                                       struct hf_err *e)
{
    if (cpu_block_get((uint64_t)m->kv, &g->kv_block) == 0 &&
        cpu_block_get((uint64_t)m->scores, &g->scores_block) == 0 &&
        cpu_block_get((uint64_t)m->logits, &g->logits_block) == 0 &&
        cpu_block_get((uint64_t)m->scratch, &g->scratch_block) == 0)
        return CPU_OK;
    engine_free_room(g);
    hf_err_set(e,
               "not enough memory: the system refused %" PRId64 " bytes for the KV cache, %" PRId64
               " for scores, %" PRId64 " for logits and %" PRId64 " for activations, %" PRId64
               " bytes free",
               m->kv, m->scores, m->logits, m->scratch, cpu_memory_available());
    return CPU_OOM;
}

static enum cpu_status engine_check_room(int64_t prompt, int64_t positions, struct hf_err *e)
{
    if (positions < 1 || positions > HF_POSITIONS_MAX) {
        hf_err_set(e, "a sequence of %" PRId64 " tokens is none of 1 .. %" PRId64, positions,
                   HF_POSITIONS_MAX);
        return CPU_INVALID;
    }
    if (prompt < 1 || prompt > positions) {
        hf_err_set(e, "a prompt of %" PRId64 " tokens is not part of a sequence of %" PRId64,
                   prompt, positions);
        return CPU_INVALID;
    }
    return CPU_OK;
}

enum cpu_status cpu_engine_prepare(struct cpu_engine *g, int64_t prompt, int64_t positions,
                                   struct hf_err *e)
{
    enum cpu_status s = engine_check_room(prompt, positions, e);
    if (s != CPU_OK || (prompt <= g->room.prompt && positions <= g->room.positions))
        return s;
    struct cpu_room room;
    cpu_room_set(&g->frame, prompt > g->room.prompt ? prompt : g->room.prompt,
                 positions > g->room.positions ? positions : g->room.positions, &room);
    struct cpu_engine_memory m = cpu_room_memory(&g->frame, &room);
    struct cpu_engine_memory held = cpu_engine_memory(g);
    s = memory_check("this context", (uint64_t)(cpu_engine_memory_sum(&m) - m.weights),
                     (uint64_t)(cpu_engine_memory_sum(&held) - held.weights), e);
    if (s != CPU_OK)
        return s;
    engine_free_room(g);
    s = engine_allocate(g, &m, e);
    if (s == CPU_OK) {
        cpu_room_lay_out(&g->frame, &room, g->scratch_block.data, &g->scratch);
        g->room = room;
    }
    return s;
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

enum hf_dtype cpu_engine_weight_type(const struct cpu_engine *g)
{
    return g->weights.layers[0].q.dtype;
}

const char *cpu_engine_arithmetic(const struct cpu_engine *g)
{
    return g->frame.packed ? "bf16" : "fp32";
}

struct cpu_engine_memory cpu_engine_memory(const struct cpu_engine *g)
{
    struct cpu_engine_memory m = {
        .weights = (int64_t)g->weights.bytes,
        .kv = (int64_t)g->kv_block.bytes,
        .scores = (int64_t)g->scores_block.bytes,
        .logits = (int64_t)g->logits_block.bytes,
        .scratch = (int64_t)g->scratch_block.bytes,
    };
    return m;
}
