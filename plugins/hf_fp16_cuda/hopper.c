/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/kernels.h"

#include <string.h>

#define WARPGROUP 128
#define KEY_TILE 128
#define STAGES (4 + 2)      /* of keys and of values */
#define BOX 64              /* halves in a row of a box: 128 bytes, which are swizzled */
#define SHARED_MORE 2048    /* to round up to 1024, and the barriers */
#define TILES_A_PROCESSOR 4 /* fewer: smaller tiles, so that all processors have work */

static const struct flash {
    enum gpu_kernel kernel;
    int head_dim, groups; /* warpgroups of 64 queries */
} short_rows = {GPU_FLASH_SM90_64_SHORT, 64, 2}, narrow = {GPU_FLASH_SM90_64, 64, 3},
  wide = {GPU_FLASH_SM90_128, 128, 2};

static int64_t tiles_of(const struct gpu_attention *p, const struct flash *f)
{
    return (p->tokens + 64 * f->groups - 1) / (64 * f->groups);
}

static const struct flash *flash_for(const struct gpu_kernels *k, const struct gpu_attention *p)
{
    if (p->head_dim == wide.head_dim)
        return &wide;
    int64_t tiles = p->heads * tiles_of(p, &narrow);
    return tiles < TILES_A_PROCESSOR * (int64_t)k->driver->processors ? &short_rows : &narrow;
}

bool gpu_attention_hopper_can(const struct gpu_kernels *k, const struct gpu_attention *p)
{
    return k->functions[GPU_FLASH_SM90_64] && !(k->without & GPU_PART_FLASH_SM90) && p->in_device &&
           (p->head_dim == 64 || p->head_dim == 128) && p->q_stride % 8 == 0 &&
           (p->window == 0 || p->window >= p->from + p->tokens);
}

CUresult gpu_map_make(const struct gpu_driver *d, const struct gpu_map_shape *shape,
                      struct gpu_tensor_map *ret_map)
{
    const cuuint64_t sizes[3] = {(cuuint64_t)shape->cols, (cuuint64_t)shape->inner,
                                 (cuuint64_t)shape->outer};
    const cuuint64_t strides[2] = {2 * (cuuint64_t)shape->inner_stride,
                                   2 * (cuuint64_t)shape->outer_stride};
    const cuuint32_t rows = (cuuint32_t)shape->rows, steps[3] = {1, 1, 1};
    const cuuint32_t box[3] = {BOX, shape->along_outer ? 1 : rows, shape->along_outer ? rows : 1};
    CUtensorMap map;
    CUresult r = d->cuTensorMapEncodeTiled(
        &map, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 3, (void *)(uintptr_t)shape->tensor, sizes, strides,
        box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
        CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    _Static_assert(sizeof map == sizeof *ret_map, "params.h has its size");
    memcpy(ret_map, &map, sizeof map);
    return r;
}

enum gpu_status gpu_attention_hopper(const struct gpu_kernels *k, const struct gpu_attention *p,
                                     CUstream stream, struct hf_err *e)
{
    const struct gpu_driver *d = k->driver;
    const struct flash *f = flash_for(k, p);
    const int64_t keys = p->from + (int64_t)p->tokens, size = f->head_dim;
    struct gpu_attention_sm90 q = {.out = p->out,
                                   .from = p->from,
                                   .tokens = p->tokens,
                                   .heads = p->heads,
                                   .kv_heads = p->kv_heads,
                                   .scale = p->scale};
    const struct gpu_map_shape queries = {p->q,      size,        p->heads,       size,
                                          p->tokens, p->q_stride, 64 * f->groups, true};
    struct gpu_map_shape cached = {p->keys,  size, keys, size, p->kv_heads, p->capacity * size,
                                   KEY_TILE, false};
    CUresult r = gpu_map_make(d, &queries, &q.q);
    if (r == CUDA_SUCCESS)
        r = gpu_map_make(d, &cached, &q.keys);
    cached.tensor = p->values;
    if (r == CUDA_SUCCESS)
        r = gpu_map_make(d, &cached, &q.values);
    if (r != CUDA_SUCCESS)
        return gpu_driver_check(d, r, "describing attention's tensors", e);
    return gpu_kernel_start(k, f->kernel, p->heads, tiles_of(p, f), (f->groups + 1) * WARPGROUP,
                            gpu_hopper_shared(f->kernel), &q, stream, e);
}

int gpu_hopper_shared(enum gpu_kernel kernel)
{
    const struct flash *f = kernel == wide.kernel     ? &wide
                            : kernel == narrow.kernel ? &narrow
                                                      : &short_rows;
    return 2 * f->head_dim * (64 * f->groups + STAGES * KEY_TILE) + SHARED_MORE;
}
