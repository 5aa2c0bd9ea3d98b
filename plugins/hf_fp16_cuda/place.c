/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The plan's blocks in memory, and addresses within them. */

#include "config.h"

#include "plugins/hf_fp16_cuda/internal.h"

#include <stdlib.h>
#include <string.h>

uint64_t gpu_cache_at(const struct gpu_engine *g, int64_t layer, int value)
{
    const struct hf_config *c = &g->config;
    int64_t elements = c->kv_heads * g->plan.positions * c->head_dim;
    return g->kv.at + (uint64_t)((layer * 2 + value) * elements) * 2;
}

uint64_t gpu_slab_at(const struct gpu_engine *g, int64_t kv_head, int what)
{
    return g->slabs[1 + kv_head * GPU_SLABS_PER_KV_HEAD + what].at;
}

uint64_t gpu_logits_at(const struct gpu_engine *g, int64_t row, int64_t *ret_rows)
{
    for (int64_t i = 0; i < g->slab_count; i++) {
        int64_t rows = (int64_t)(g->slabs[i].bytes / g->plan.logits_row);
        if (row < rows) {
            *ret_rows = rows - row;
            return g->slabs[i].at + (uint64_t)row * g->plan.logits_row;
        }
        row -= rows;
    }
    *ret_rows = 0;
    return 0;
}

static enum gpu_status place_slabs(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_plan *p = &g->plan;
    const bool scores = p->mask > 0;
    int64_t most = 2 + g->config.kv_heads * GPU_SLABS_PER_KV_HEAD;
    g->slabs = calloc((size_t)most, sizeof *g->slabs);
    if (!g->slabs) {
        hf_err_memory(e, (unsigned long long)most * sizeof *g->slabs);
        return GPU_ERROR;
    }
    enum gpu_status s = GPU_OK;
    if (scores)
        s = gpu_memory_get(&g->memory, GPU_SCORES, p->mask, &g->slabs[g->slab_count++], e);
    for (int64_t i = 0; scores && i < g->config.kv_heads * GPU_SLABS_PER_KV_HEAD && s == GPU_OK;
         i++)
        s = gpu_memory_get(&g->memory, GPU_SCORES, p->slab[i % GPU_SLABS_PER_KV_HEAD],
                           &g->slabs[g->slab_count++], e);
    if (s == GPU_OK && p->logits_rest > 0)
        s = gpu_memory_get(&g->memory, GPU_LOGITS, p->logits_rest, &g->slabs[g->slab_count++], e);
    return s;
}

/* The host's side: sequence, prompt, tokens, logits. */
static enum gpu_status place_control(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_plan *p = &g->plan;
    const struct gpu_driver *d = &g->driver;
    struct gpu_control *c = &g->control;
    size_t logits = (size_t)g->config.vocab_size * sizeof *c->logits;
    size_t prompt = (size_t)p->prompt * sizeof *c->prompt;
    const int64_t steps = p->positions - p->prompt + 1;
    size_t tokens = (size_t)(steps > GPU_STEPS_TIMED ? steps : GPU_STEPS_TIMED) * sizeof *c->tokens;
    CUdeviceptr at = 0;
    CUresult r = d->cuMemHostAlloc(&c->host, sizeof *c->sequence + logits + prompt + tokens,
                                   CU_MEMHOSTALLOC_DEVICEMAP);
    if (r == CUDA_SUCCESS)
        r = d->cuMemHostGetDevicePointer(&at, c->host, 0);
    if (r != CUDA_SUCCESS)
        return gpu_driver_check(d, r, "allocating pinned host memory", e);
    char *host = c->host;
    c->device = at;
    c->sequence = c->host;
    c->logits = (float *)(void *)(host + sizeof *c->sequence);
    c->prompt = (int32_t *)(void *)(host + sizeof *c->sequence + logits);
    c->tokens = (volatile int32_t *)(void *)(host + sizeof *c->sequence + logits + prompt);
    c->device_tokens = at + sizeof *c->sequence + logits + prompt;
    return GPU_OK;
}

enum gpu_status gpu_place_plan(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_plan *p = &g->plan;
    enum gpu_status s = gpu_memory_check(&g->memory, "this context", p->total, e);
    if (s == GPU_OK)
        s = gpu_memory_get(&g->memory, GPU_KV, p->kv, &g->kv, e);
    if (s == GPU_OK)
        s = gpu_memory_get(&g->memory, GPU_ACTIVATIONS, p->activations, &g->activation_block, e);
    if (s == GPU_OK)
        s = place_slabs(g, e);
    if (s == GPU_OK)
        s = place_control(g, e);
    if (s == GPU_OK)
        gpu_activations_place(&g->config, p, g->activation_block.at, &g->a);
    else
        gpu_place_free(g);
    return s;
}

void gpu_place_free(struct gpu_engine *g)
{
    if (g->graph)
        g->driver.cuGraphExecDestroy(g->graph);
    if (g->prompt_graph)
        g->driver.cuGraphExecDestroy(g->prompt_graph);
    g->graph = g->prompt_graph = NULL;
    for (int64_t i = 0; i < g->slab_count; i++)
        gpu_memory_free(&g->memory, &g->slabs[i]);
    free(g->slabs);
    g->slabs = NULL;
    g->slab_count = 0;
    gpu_memory_free(&g->memory, &g->activation_block);
    gpu_memory_free(&g->memory, &g->kv);
    if (g->control.host)
        g->driver.cuMemFreeHost(g->control.host);
    memset(&g->control, 0, sizeof g->control);
    g->prepared = false;
}
