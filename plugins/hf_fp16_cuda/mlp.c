/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A prompt's MLP: x += down(silu(gate(norm(x))) * up(norm(x))), in parts of mlp_block tokens, so
 * that what is widest does not grow with the prompt.  Its first half is the library's product and a
 * pass over what it gives, or one kernel of gate_up.cu, whichever was the fastest when tried. */

#include "config.h"

#include "plugins/hf_fp16_cuda/internal.h"

#include <math.h>

#define TRIES 4

static struct gpu_gate_up_product product_of(const struct gpu_engine *g, int64_t layer, int64_t at,
                                             int64_t tokens)
{
    const struct hf_config *c = &g->config;
    return (struct gpu_gate_up_product){.x = g->a.normed + (uint64_t)(at * c->hidden_size) * 2,
                                        .w = g->weights.layers[layer].gate_up,
                                        .out = g->a.gate,
                                        .tokens = tokens,
                                        .hidden = c->hidden_size,
                                        .intermediate = c->intermediate_size};
}

/* a.gate = [tokens][I], rows `*ret_stride` apart. */
static enum gpu_status first_half(struct gpu_engine *g, int64_t layer, int64_t at, int64_t tokens,
                                  int way, int64_t *ret_stride, struct hf_err *e)
{
    const struct gpu_gate_up_product p = product_of(g, layer, at, tokens);
    const struct gpu_swiglu pass = {g->a.gate, (int32_t)p.intermediate};
    *ret_stride = p.intermediate;
    if (way != GPU_WAY_LIBRARY)
        return gpu_gate_up(&g->kernels, way, &p, g->stream, e);
    *ret_stride = 2 * p.intermediate;
    enum gpu_status s = gpu_forward_project(g, p.x, p.hidden, p.hidden, p.w, 0, p.out,
                                            2 * p.intermediate, tokens, false, e);
    return s == GPU_OK ? gpu_swiglu(&g->kernels, &pass, tokens, g->stream, e) : s;
}

static int way_of(const struct gpu_engine *g, int64_t tokens)
{
    for (int i = 0; g->memory.spilled == 0 && i < g->mlp_tried_count; i++)
        if (g->mlp_tried[i].tokens == tokens)
            return g->mlp_tried[i].way;
    return GPU_WAY_LIBRARY;
}

static enum gpu_status part_run(struct gpu_engine *g, int64_t layer, int64_t at, int64_t tokens,
                                struct hf_err *e)
{
    const int64_t h = g->config.hidden_size, i = g->config.intermediate_size;
    int64_t stride;
    enum gpu_status s = first_half(g, layer, at, tokens, way_of(g, tokens), &stride, e);
    return s == GPU_OK ? gpu_forward_project(g, g->a.gate, stride, i, g->weights.layers[layer].down,
                                             0, g->a.x + (uint64_t)(at * h) * 2, h, tokens, true, e)
                       : s;
}

enum gpu_status gpu_mlp_run(struct gpu_engine *g, int64_t layer, int64_t tokens, struct hf_err *e)
{
    enum gpu_status s = gpu_forward_norm(g, g->weights.layers[layer].mlp_norm, tokens, e);
    for (int64_t t = 0, n; s == GPU_OK && t < tokens; t += n) {
        n = tokens - t < g->plan.mlp_block ? tokens - t : g->plan.mlp_block;
        s = part_run(g, layer, t, n, e);
    }
    return s;
}

/* Milliseconds of TRIES first halves. */
static enum gpu_status way_time(struct gpu_engine *g, int64_t tokens, int way, float *ret_ms,
                                struct hf_err *e)
{
    const struct gpu_driver *d = &g->driver;
    int64_t stride;
    enum gpu_status s = first_half(g, 0, 0, tokens, way, &stride, e);
    CUresult r = d->cuEventRecord(g->events[GPU_EVENT_START], g->stream);
    for (int i = 0; s == GPU_OK && i < TRIES; i++)
        s = first_half(g, 0, 0, tokens, way, &stride, e);
    if (r == CUDA_SUCCESS)
        r = d->cuEventRecord(g->events[GPU_EVENT_FIRST], g->stream);
    if (r == CUDA_SUCCESS)
        r = d->cuEventSynchronize(g->events[GPU_EVENT_FIRST]);
    if (r == CUDA_SUCCESS)
        r = d->cuEventElapsedTime(ret_ms, g->events[GPU_EVENT_START], g->events[GPU_EVENT_FIRST]);
    return s == GPU_OK ? gpu_driver_check(d, r, "timing an MLP", e) : s;
}

/* Which is the fastest for parts of so many tokens, if it is not known. */
static enum gpu_status part_try(struct gpu_engine *g, int64_t tokens, struct hf_err *e)
{
    const struct gpu_gate_up_product p = product_of(g, 0, 0, tokens);
    struct gpu_mlp_tried best = {tokens, GPU_WAY_LIBRARY};
    float least = INFINITY, ms;
    enum gpu_status s = GPU_OK;
    for (int i = 0; i < g->mlp_tried_count; i++)
        if (g->mlp_tried[i].tokens == tokens)
            return GPU_OK;
    for (int way = GPU_WAY_LIBRARY; s == GPU_OK && way < GPU_GATE_UP_WAYS; way++) {
        if (way != GPU_WAY_LIBRARY && !gpu_gate_up_can(&g->kernels, way, &p))
            continue;
        s = way_time(g, tokens, way, &ms, e);
        if (s == GPU_OK && ms < least) {
            least = ms;
            best.way = way;
        }
    }
    g->mlp_tried[g->mlp_tried_next] = best;
    g->mlp_tried_next = (g->mlp_tried_next + 1) % GPU_MLP_TRIED;
    g->mlp_tried_count += g->mlp_tried_count < GPU_MLP_TRIED;
    return s;
}

enum gpu_status gpu_mlp_try(struct gpu_engine *g, int64_t tokens, struct hf_err *e)
{
    const int64_t block = g->plan.mlp_block;
    enum gpu_status s = gpu_forward_norm(g, g->weights.layers[0].mlp_norm, tokens, e);
    if (s == GPU_OK && tokens >= block)
        s = part_try(g, block, e);
    if (s == GPU_OK && tokens % block > 0)
        s = part_try(g, tokens % block, e);
    return s == GPU_OK ? gpu_mlp_run(g, 0, tokens, e) : s;
}
