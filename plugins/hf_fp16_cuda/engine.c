/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's life: device, libraries, weights, and memory for a context. */

#include "config.h"

#include "plugins/hf_fp16_cuda/engine.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/path.h"
#include "plugins/hf_fp16_cuda/internal.h"

#define POSITIONS_MAX (1 << 28)
#define GRAPH_PROMPT 2048 /* tokens; with more the device is busy while the host starts kernels */
#define STEP_TRIES 3
#define STEP_WARPS 6     /* what is tried first */
#define STEP_GAIN 0.985f /* less is not worth another choice, nor certain */

enum gpu_status gpu_engine_cancelled(const struct gpu_engine *g, struct hf_err *e)
{
    if (!g->options.cancelled || !g->options.cancelled(g->options.cancelled_arg))
        return GPU_OK;
    hf_err_set(e, "cancelled");
    return GPU_CANCELLED;
}

enum gpu_status gpu_engine_probe(int device, struct hf_err *e)
{
    struct gpu_driver d;
    struct gpu_blas b;
    enum gpu_status s = gpu_driver_open(device, &d, e);
    if (s != GPU_OK)
        return s;
    s = gpu_blas_open(&d, &b, e);
    if (s == GPU_OK)
        gpu_blas_close(&b);
    gpu_driver_close(&d);
    return s;
}

uint64_t gpu_engine_fixed_bytes(const struct hf_config *c)
{
    return gpu_weights_bytes(c) + GPU_BLAS_WORKSPACE;
}

/* The kernels' own limits on a model. */
static enum gpu_status check_shape(const struct hf_config *c, struct hf_err *e)
{
    if (c->head_dim > GPU_HEAD_DIM_MAX) {
        hf_err_set(e, "head_dim %" PRId64 " is not supported by hf_fp16_cuda, only up to %d",
                   c->head_dim, GPU_HEAD_DIM_MAX);
        return GPU_INVALID;
    }
    if (c->intermediate_size % 2 != 0) {
        hf_err_set(e, "intermediate_size %" PRId64 " is not supported by hf_fp16_cuda, only even",
                   c->intermediate_size);
        return GPU_INVALID;
    }
    return GPU_OK;
}

static enum gpu_status engine_open_device(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_engine_options *o = &g->options;
    enum gpu_status s = gpu_driver_open(o->device, &g->driver, e);
    if (s != GPU_OK)
        return s;
    g->memory = (struct gpu_memory){.driver = &g->driver, .budget = o->budget, .spill = o->spill};
    s = gpu_blas_open(&g->driver, &g->blas, e);
    if (s == GPU_OK)
        s = gpu_kernels_load(&g->driver, &g->kernels, e);
    CUresult r = CUDA_SUCCESS;
    if (s == GPU_OK)
        r = g->driver.cuStreamCreate(&g->stream, CU_STREAM_NON_BLOCKING);
    for (int i = 0; s == GPU_OK && r == CUDA_SUCCESS && i < GPU_EVENTS; i++)
        r = g->driver.cuEventCreate(&g->events[i], CU_EVENT_DEFAULT);
    for (int i = 0; s == GPU_OK && r == CUDA_SUCCESS && i < GPU_LAYERS_AHEAD; i++)
        r = g->driver.cuEventCreate(&g->layers[i], CU_EVENT_DISABLE_TIMING);
    return s == GPU_OK ? gpu_driver_check(&g->driver, r, "making a stream and its events", e) : s;
}

static enum gpu_status engine_load_weights(struct gpu_engine *g, const char *path, struct hf_err *e)
{
    const struct gpu_engine_options *o = &g->options;
    struct gpu_weights_source source = {.seed = o->seed,
                                        .rope_half = o->rope_half,
                                        .cancelled = o->cancelled,
                                        .cancelled_arg = o->cancelled_arg};
    char *folder = o->random ? NULL : hf_path_folder_of(path);
    if (!o->random && !folder) {
        hf_err_memory(e, strlen(path) + 1);
        return GPU_ERROR;
    }
    source.folder = folder;
    enum gpu_status s =
        gpu_memory_get(&g->memory, GPU_WORKSPACE, GPU_BLAS_WORKSPACE, &g->workspace, e);
    g->blas.workspace = g->workspace.at;
    if (s == GPU_OK)
        s = gpu_weights_load(&g->config, &source, &g->memory, &g->kernels, &g->weights, e);
    g->load_peak = g->memory.peak;
    hf_path_free(folder);
    return s;
}

enum gpu_status gpu_engine_load(const struct gpu_engine_options *o, struct gpu_engine **ret_engine,
                                struct hf_err *e)
{
    struct gpu_engine *g = calloc(1, sizeof *g);
    if (!g) {
        hf_err_memory(e, sizeof *g);
        return GPU_ERROR;
    }
    enum gpu_status s = GPU_INVALID;
    g->options = *o;
    g->options.path = NULL;
    if (hf_config_load(o->path, &g->config, e) == 0)
        s = check_shape(&g->config, e);
    if (s == GPU_OK)
        s = engine_open_device(g, e);
    if (s == GPU_OK)
        s = engine_load_weights(g, o->path, e);
    if (s == GPU_OK)
        *ret_engine = g;
    else
        gpu_engine_free(g);
    return s;
}

void gpu_engine_free(struct gpu_engine *g)
{
    if (!g)
        return;
    const struct gpu_driver *d = &g->driver;
    if (d->context) {
        gpu_place_free(g);
        gpu_weights_free(&g->memory, &g->weights);
        gpu_memory_free(&g->memory, &g->workspace);
        for (int i = 0; i < GPU_EVENTS; i++)
            if (g->events[i])
                d->cuEventDestroy(g->events[i]);
        for (int i = 0; i < GPU_LAYERS_AHEAD; i++)
            if (g->layers[i])
                d->cuEventDestroy(g->layers[i]);
        if (g->stream)
            d->cuStreamDestroy(g->stream);
        gpu_kernels_unload(&g->kernels);
        gpu_blas_close(&g->blas);
        gpu_driver_close(&g->driver);
    }
    free(g);
}

typedef enum gpu_status graph_work(struct gpu_engine *g, struct hf_err *e);

static enum gpu_status work_prompt(struct gpu_engine *g, struct hf_err *e)
{
    static const struct gpu_engine_wish nothing = {0};
    return gpu_forward_prompt(g, &nothing, e);
}

static enum gpu_status work_token(struct gpu_engine *g, struct hf_err *e)
{
    return gpu_forward_token(g, 0, e);
}

/* What `work` starts, as a graph that is on the device. */
static enum gpu_status graph_make(struct gpu_engine *g, graph_work *work, CUgraphExec *ret_graph,
                                  struct hf_err *e)
{
    const struct gpu_driver *d = &g->driver;
    CUgraph graph = NULL;
    enum gpu_status s =
        gpu_driver_check(d, d->cuStreamBeginCapture(g->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                         "beginning a graph", e);
    if (s != GPU_OK)
        return s;
    g->recording = true;
    s = work(g, e);
    g->recording = false;
    CUresult r = d->cuStreamEndCapture(g->stream, &graph);
    if (s == GPU_OK && r == CUDA_SUCCESS)
        r = d->cuGraphInstantiateWithFlags(ret_graph, graph, 0);
    if (s == GPU_OK && r == CUDA_SUCCESS)
        r = d->cuGraphUpload(*ret_graph, g->stream);
    if (graph)
        d->cuGraphDestroy(graph);
    return s == GPU_OK ? gpu_driver_check(d, r, "making a graph", e) : s;
}

static int64_t steps_timed(const struct gpu_engine *g)
{
    return g->plan.positions < GPU_STEPS_TIMED ? g->plan.positions : GPU_STEPS_TIMED;
}

/* Steps in a row from the sequence that the host has, as a graph: milliseconds of one. */
static enum gpu_status steps_time(struct gpu_engine *g, CUgraphExec graph, float *ret_ms,
                                  struct hf_err *e)
{
    const struct gpu_driver *d = &g->driver;
    CUevent *at = g->events;
    const int64_t steps = steps_timed(g);
    float ms = INFINITY;
    CUresult r = d->cuMemcpyHtoDAsync((CUdeviceptr)g->a.sequence, g->control.sequence,
                                      sizeof *g->control.sequence, g->stream);
    if (r == CUDA_SUCCESS)
        r = d->cuEventRecord(at[GPU_EVENT_START], g->stream);
    for (int64_t i = 0; r == CUDA_SUCCESS && i < steps; i++)
        r = d->cuGraphLaunch(graph, g->stream);
    if (r == CUDA_SUCCESS)
        r = d->cuEventRecord(at[GPU_EVENT_FIRST], g->stream);
    if (r == CUDA_SUCCESS)
        r = d->cuEventSynchronize(at[GPU_EVENT_FIRST]);
    if (r == CUDA_SUCCESS)
        r = d->cuEventElapsedTime(&ms, at[GPU_EVENT_START], at[GPU_EVENT_FIRST]);
    *ret_ms = ms / (float)steps;
    return gpu_driver_check(d, r, "timing a step", e);
}

/* Numbers into the cache, those of the embedding: over one of zeros a step takes up to 5 per cent
 * less or 2 more, which depends on what is tried. */
static enum gpu_status cache_fill(struct gpu_engine *g, struct hf_err *e)
{
    const uint64_t most = (uint64_t)(g->config.vocab_size * g->config.hidden_size) * 2;
    CUresult r = CUDA_SUCCESS;
    for (uint64_t at = 0; r == CUDA_SUCCESS && at < g->kv.bytes; at += most) {
        const uint64_t left = g->kv.bytes - at;
        r = g->driver.cuMemcpyDtoDAsync((CUdeviceptr)(g->kv.at + at),
                                        (CUdeviceptr)g->weights.embedding,
                                        left < most ? left : most, g->stream);
    }
    return gpu_driver_check(&g->driver, r, "filling the cache", e);
}

/* Uses `way` if it is clearly faster than the one so far, of which a step took *least. */
static enum gpu_status step_try(struct gpu_engine *g, const struct gpu_step_way *way, float *least,
                                struct hf_err *e)
{
    const struct gpu_step_way before = g->kernels.way;
    CUgraphExec graph = NULL;
    float fastest = INFINITY;
    g->kernels.way = *way;
    enum gpu_status s = graph_make(g, work_token, &graph, e);
    for (int i = 0; s == GPU_OK && i < STEP_TRIES; i++) {
        float ms;
        s = steps_time(g, graph, &ms, e);
        fastest = s == GPU_OK && ms < fastest ? ms : fastest;
    }
    if (graph)
        g->driver.cuGraphExecDestroy(graph);
    if (s == GPU_OK && fastest < STEP_GAIN * *least)
        *least = fastest;
    else
        g->kernels.way = before;
    return s;
}

/* Which way is best makes 2 to 15 per cent and changes with the shape and with the cache's length,
 * by no rule that is known.  After a prompt, on a device that is warm, steps take up to 4 per cent
 * longer than here, and not all ways alike: so the first, which does well there, is left for a
 * clear gain only, and what was seen to promise more here than it keeps is not tried: 16 warps, and
 * late weights that lie in registers.  Done once for lengths within a factor of two. */
static enum gpu_status step_choose(struct gpu_engine *g, struct hf_err *e)
{
    static const struct {
        int parts;
        bool staged;
        int late;
    } ways[] = {{2, true, 1}, {2, false, 0}, {1, false, 0},
                {2, true, 0}, {1, true, 0},  {1, true, 1}};
    static const int warps[] = {8, 12, 4};
    const int64_t prompt = g->plan.prompt, last = g->plan.positions - steps_timed(g);
    const int pairs = gpu_stage_pairs(&g->kernels, g->config.hidden_size);
    float least = INFINITY;
    if (2 * g->step_tried >= prompt && g->step_tried <= 2 * prompt)
        return GPU_OK;
    memset(g->control.sequence, 0, sizeof *g->control.sequence);
    g->control.sequence->position = (int32_t)(prompt - 1 < last ? prompt - 1 : last);
    enum gpu_status s = cache_fill(g, e);
    for (size_t i = 0; s == GPU_OK && i < sizeof ways / sizeof *ways; i++) {
        const struct gpu_step_way way = {STEP_WARPS, ways[i].parts, ways[i].staged ? pairs : 0,
                                         ways[i].late};
        if (pairs > 0 || !ways[i].staged)
            s = step_try(g, &way, &least, e);
    }
    for (size_t i = 0; s == GPU_OK && i < sizeof warps / sizeof *warps; i++) {
        struct gpu_step_way way = g->kernels.way;
        way.warps = warps[i];
        s = step_try(g, &way, &least, e);
    }
    g->step_tried = s == GPU_OK ? prompt : 0;
    return s;
}

/* What is done once for all requests of this size.  Memory that is not the device's is too slow to
 * try anything on, and a product that was not tried has no place in a graph: the library may load
 * its code when it is first used. */
static enum gpu_status prepare_work(struct gpu_engine *g, struct hf_err *e)
{
    const unsigned without = g->kernels.without;
    const bool tries = g->memory.spilled == 0 && !(without & GPU_PART_TRY);
    enum gpu_status s = GPU_OK;
    if (g->plan.attention != GPU_FLASH)
        return GPU_OK;
    if (tries)
        s = gpu_forward_try(g, e);
    if (s == GPU_OK && tries && g->plan.prompt <= GRAPH_PROMPT && !g->plan.all_logits &&
        !(without & GPU_PART_PROMPT_GRAPH))
        s = graph_make(g, work_prompt, &g->prompt_graph, e);
    if (s == GPU_OK && tries && !(without & GPU_PART_TOKEN_GRAPH))
        s = step_choose(g, e);
    if (s == GPU_OK && !(without & GPU_PART_TOKEN_GRAPH))
        s = graph_make(g, work_token, &g->graph, e);
    return s;
}

enum gpu_status gpu_engine_prepare(struct gpu_engine *g, int64_t prompt, int64_t new_tokens,
                                   struct hf_err *e)
{
    struct gpu_plan p;
    if (prompt < 1 || new_tokens < 1 || prompt > POSITIONS_MAX || new_tokens > POSITIONS_MAX) {
        hf_err_set(e,
                   "a prompt of %" PRId64 " tokens and %" PRId64 " new ones are not possible: at "
                   "least 1 of each, at most %d",
                   prompt, new_tokens, POSITIONS_MAX);
        return GPU_INVALID;
    }
    gpu_plan_make(&g->config, g->options.attention, g->options.all_logits, prompt, new_tokens,
                  g->driver.processors, &p);
    if (g->prepared && p.prompt == g->plan.prompt && p.positions == g->plan.positions) {
        gpu_memory_reset_peak(&g->memory);
        return GPU_OK;
    }
    gpu_place_free(g);
    gpu_memory_reset_peak(&g->memory);
    g->plan = p;
    enum gpu_status s = gpu_place_plan(g, e);
    if (s == GPU_OK)
        s = prepare_work(g, e);
    g->prepared = s == GPU_OK;
    if (s != GPU_OK)
        gpu_place_free(g);
    return s;
}

const struct hf_config *gpu_engine_config(const struct gpu_engine *g)
{
    return &g->config;
}

const struct gpu_memory *gpu_engine_memory(const struct gpu_engine *g)
{
    return &g->memory;
}

const struct gpu_plan *gpu_engine_plan(const struct gpu_engine *g)
{
    return &g->plan;
}

const struct gpu_driver *gpu_engine_driver(const struct gpu_engine *g)
{
    return &g->driver;
}

int gpu_engine_blas_version(const struct gpu_engine *g)
{
    return (int)g->blas.cublasLtGetVersion();
}

struct gpu_engine_phases gpu_engine_phases(const struct gpu_engine *g)
{
    uint64_t fixed = g->memory.by_kind[GPU_WEIGHTS] + g->memory.by_kind[GPU_WORKSPACE];
    return (struct gpu_engine_phases){.load = g->load_peak,
                                      .prefill = g->memory.peak,
                                      .decode =
                                          fixed + gpu_plan_decode_bytes(&g->config, &g->plan)};
}
