/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* How the kernels of kernels/gate_up.cu are started. */

#include "config.h"

#include "plugins/hf_fp16_cuda/kernels.h"

#define THREADS 384
#define SHARED 231424     /* bytes, of every way */
#define GROUP_TOKENS 2048 /* whose tiles go together through the columns */

/* As GATE_UP in the kernels' file says. */
static const struct way {
    int tokens, outs; /* of a block's tile */
    int rows, cols;   /* of blocks in a cluster */
} ways[GPU_GATE_UP_WAYS] = {{128, 128, 2, 1}, {128, 64, 2, 1}, {128, 64, 2, 2}};

/* How many clusters the device can have at one time; 0 where it cannot go this way. */
static int way_clusters(const struct gpu_kernels *k, int way)
{
    const struct gpu_driver *d = k->driver;
    const CUfunction f = k->functions[GPU_GATE_UP + way];
    const CUlaunchConfig one = {.gridDimX = (unsigned)(ways[way].rows * ways[way].cols),
                                .gridDimY = 1,
                                .gridDimZ = 1,
                                .blockDimX = THREADS,
                                .blockDimY = 1,
                                .blockDimZ = 1,
                                .sharedMemBytes = SHARED};
    int clusters = 0;
    if (!f || d->shared_most < SHARED ||
        d->cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, SHARED) !=
            CUDA_SUCCESS ||
        d->cuOccupancyMaxActiveClusters(&clusters, f, &one) != CUDA_SUCCESS)
        return 0;
    return clusters;
}

void gpu_gate_up_allow(struct gpu_kernels *k)
{
    for (int i = 0; i < GPU_GATE_UP_WAYS; i++)
        k->gate_up_clusters[i] = way_clusters(k, i);
}

bool gpu_gate_up_can(const struct gpu_kernels *k, int way, const struct gpu_gate_up_product *p)
{
    return !(k->without & GPU_PART_GATE_UP) && k->gate_up_clusters[way] > 0 && p->hidden % 8 == 0 &&
           p->intermediate % 8 == 0;
}

static CUresult maps_make(const struct gpu_driver *d, const struct way *w,
                          const struct gpu_gate_up_product *p, struct gpu_gate_up *q)
{
    const int64_t n = p->tokens, h = p->hidden, i = p->intermediate;
    const struct gpu_map_shape x = {p->x, h, n, h, 1, n * h, w->tokens / w->cols, false};
    const struct gpu_map_shape weights = {p->w, h, i, h, 2, i * h, w->outs, false};
    const struct gpu_map_shape out = {p->out, i, n, i, 1, n * i, 64, false};
    CUresult r = gpu_map_make(d, &x, &q->a);
    if (r == CUDA_SUCCESS)
        r = gpu_map_make(d, &weights, &q->w);
    return r == CUDA_SUCCESS ? gpu_map_make(d, &out, &q->out) : r;
}

enum gpu_status gpu_gate_up(const struct gpu_kernels *k, int way,
                            const struct gpu_gate_up_product *p, CUstream stream, struct hf_err *e)
{
    const struct way *w = &ways[way];
    const int64_t rows = w->rows * w->tokens, cols = w->cols * w->outs;
    const int64_t tiles = (p->tokens + rows - 1) / rows * ((p->intermediate + cols - 1) / cols);
    const int64_t most = k->gate_up_clusters[way], clusters = tiles < most ? tiles : most;
    struct gpu_gate_up q = {.tokens = (int32_t)p->tokens,
                            .hidden = (int32_t)p->hidden,
                            .intermediate = (int32_t)p->intermediate,
                            .group = (int32_t)(GROUP_TOKENS / rows)};
    CUresult r = maps_make(k->driver, w, p, &q);
    if (r != CUDA_SUCCESS)
        return gpu_driver_check(k->driver, r, "describing an MLP's tensors", e);
    return gpu_kernel_start(k, (enum gpu_kernel)(GPU_GATE_UP + way), clusters * w->rows * w->cols,
                            1, THREADS, SHARED, &q, stream, e);
}
