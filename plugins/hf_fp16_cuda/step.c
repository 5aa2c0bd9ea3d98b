/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* How the kernels of a decoding step are started: kernels/stream.cu and kernels/attend.cu. */

#include "config.h"

#include "plugins/hf_fp16_cuda/kernels.h"

#define WARP 32
#define VECTOR 8        /* halves that a lane loads at once */
#define PARTS_MAX 16    /* warps of a block */
#define WARPS_WIDE 12   /* of a block where a pair takes several: each block loads a long vector */
#define STAGE_WARPS 8   /* of a block of gpu_stage_swiglu */
#define STAGE_BLOCKS 3  /* of them that find room on a multiprocessor */
#define SHARED_OWN 1024 /* bytes that a kernel has beside the vector */
#define BEGIN_THREADS 512
#define ATTEND_THREADS 128
#define ATTEND_HEADS 8
#define ATTEND_CLUSTERS 8        /* at most */
#define ATTEND_CLUSTERS_ALONE 16 /* where a block is its own cluster */
#define ATTEND_RING 65536        /* this and the next as in the kernel */
#define ATTEND_TILE 16

/* Loads of each row that a lane has at once, in the order of the kernels. */
static const int widths[GPU_STREAM_WIDTHS] = {2, 4, 5, 6, 7, 8};

struct cut {
    int width;     /* index in widths */
    int64_t parts; /* warps for a pair of rows */
};

static int width_for(int64_t loads)
{
    int i = 0;
    while (i < GPU_STREAM_WIDTHS && widths[i] < loads)
        i++;
    return i;
}

/* The cut of a row that leaves fewest loads empty, in as few parts as that takes, or in up to
 * `wish`; parts 0 if there is none. */
static struct cut cut_of(int64_t cols, int64_t wish)
{
    const int64_t chunks = cols / VECTOR;
    struct cut best = {0, 0};
    int64_t least = INT64_MAX;
    for (int64_t parts = 1; parts <= PARTS_MAX; parts++) {
        int width = width_for((chunks + WARP * parts - 1) / (WARP * parts));
        if (width == GPU_STREAM_WIDTHS)
            continue;
        int64_t places = parts * widths[width] * WARP;
        if (places < least || (places == least && parts <= wish)) {
            least = places;
            best = (struct cut){width, parts};
        }
    }
    return best;
}

bool gpu_stream_can(const struct gpu_kernels *k, int64_t cols)
{
    return !(k->without & GPU_PART_STREAM) && cols % VECTOR == 0 && cut_of(cols, 1).parts > 0 &&
           4 * cols <= k->driver->shared_most - SHARED_OWN;
}

/* Pairs of rows that a block takes: fewer where not every multiprocessor would have a block. */
static int64_t pairs_of_block(const struct gpu_kernels *k, int64_t pairs, int64_t parts)
{
    int64_t each = parts == 1 ? k->way.warps : WARPS_WIDE / parts;
    while (each > 1 && (pairs + each - 1) / each < k->driver->processors)
        each = (each + 1) / 2;
    return each > 0 ? each : 1;
}

static int64_t stage_shared(int64_t cols, int64_t pairs)
{
    return 4 * cols * (1 + STAGE_WARPS * pairs);
}

int gpu_stage_pairs(const struct gpu_kernels *k, int64_t cols)
{
    int pairs = 0;
    while (STAGE_BLOCKS * stage_shared(cols, pairs + 1) <= k->driver->shared_most)
        pairs++;
    return pairs;
}

static bool stage_can(const struct gpu_kernels *k, int64_t cols)
{
    return k->way.pairs > 0 && stage_shared(cols, k->way.pairs) <= k->driver->shared_most;
}

static enum gpu_status stage_swiglu(const struct gpu_kernels *k, const struct gpu_stream *p,
                                    CUstream stream, struct hf_err *e)
{
    struct gpu_stream q = *p;
    const int64_t pairs = STAGE_WARPS * k->way.pairs;
    const int64_t grid[3] = {(p->product.rows + pairs - 1) / pairs, 1, 1};
    q.pairs = k->way.pairs;
    return gpu_kernel_follow(k, GPU_STAGE_SWIGLU, grid, WARP * STAGE_WARPS,
                             stage_shared(p->product.cols, k->way.pairs), &q, stream, e);
}

/* The vector, and its norm's weights or what clusters left of it. */
static int64_t vector_shared(enum gpu_stream_kind kind, const struct gpu_stream *p)
{
    const int64_t row = 2 * p->product.cols, weights = p->heads * 2 * (int64_t)sizeof(float);
    if (kind == GPU_STREAM_OUT)
        return row + p->clusters * (row + weights);
    return p->product.norm ? 2 * row : row;
}

enum gpu_status gpu_stream(const struct gpu_kernels *k, enum gpu_stream_kind kind,
                           const struct gpu_stream *p, CUstream stream, struct hf_err *e)
{
    if (kind == GPU_STREAM_SWIGLU && stage_can(k, p->product.cols))
        return stage_swiglu(k, p, stream, e);
    struct gpu_stream q = *p;
    const int64_t rows = p->product.rows, cols = p->product.cols;
    const struct cut cut = cut_of(cols, kind == GPU_STREAM_OUT ? k->way.parts : 1);
    const int64_t pairs = kind == GPU_STREAM_SWIGLU ? rows : (rows + 1) / 2;
    const int64_t each = pairs_of_block(k, pairs, cut.parts);
    const int64_t grid[3] = {(pairs + each - 1) / each, 1, 1};
    q.parts = (int32_t)cut.parts;
    return gpu_kernel_follow(
        k, (enum gpu_kernel)(GPU_STREAM + GPU_STREAM_KINDS * cut.width + (int)kind), grid,
        (int)(WARP * cut.parts * each), vector_shared(kind, p), &q, stream, e);
}

enum gpu_status gpu_step_begin(const struct gpu_kernels *k, const struct gpu_step *p,
                               CUstream stream, struct hf_err *e)
{
    static const int64_t grid[3] = {1, 1, 1};
    return gpu_kernel_follow(k, GPU_STEP_BEGIN, grid, BEGIN_THREADS, 0, p, stream, e);
}

enum gpu_status gpu_step_end(const struct gpu_kernels *k, const struct gpu_step *p, CUstream stream,
                             struct hf_err *e)
{
    static const int64_t grid[3] = {1, 1, 1};
    return gpu_kernel_follow(k, GPU_STEP_END, grid, 1, 0, p, stream, e);
}

static int64_t eights(int64_t heads, int64_t kv_heads)
{
    return (heads / kv_heads + ATTEND_HEADS - 1) / ATTEND_HEADS;
}

bool gpu_attend_can(const struct gpu_kernels *k, int64_t heads, int64_t head_dim)
{
    return !(k->without & GPU_PART_ATTEND) && (head_dim == 64 || head_dim == 128) &&
           gpu_stream_can(k, heads * head_dim);
}

/* As many as fill a ring each, as have a place, and as the next product can put together. */
int32_t gpu_attend_clusters(const struct gpu_kernels *k, int64_t heads, int64_t head_dim,
                            int64_t positions, int64_t splits)
{
    const int64_t keys = k->cluster * (ATTEND_RING / 4 / head_dim), row = 2 * heads * head_dim;
    const int64_t bounds[] = {(positions + keys - 1) / keys, splits / k->cluster,
                              (k->driver->shared_most - SHARED_OWN - row) /
                                  (row + heads * 2 * (int64_t)sizeof(float))};
    int64_t clusters = k->cluster > 1 ? ATTEND_CLUSTERS : ATTEND_CLUSTERS_ALONE;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (bounds[i] < clusters)
            clusters = bounds[i];
    return clusters > 1 ? (int32_t)clusters : 1;
}

/* Keys and values of 16 tokens for each warp and stage. */
static int64_t attend_shared(int64_t head_dim)
{
    const int64_t stages = head_dim == 64 ? 4 : 2;
    return stages * ATTEND_THREADS / WARP * ATTEND_TILE * head_dim * 4;
}

enum gpu_status gpu_attend(const struct gpu_kernels *k, int64_t head_dim,
                           const struct gpu_attend *p, CUstream stream, struct hf_err *e)
{
    struct gpu_attend q = *p;
    const int64_t grid[3] = {p->clusters * k->cluster, p->kv_heads, eights(p->heads, p->kv_heads)};
    q.late = k->way.late;
    return gpu_kernel_follow(k, head_dim == 64 ? GPU_ATTEND_64 : GPU_ATTEND_128, grid,
                             ATTEND_THREADS, attend_shared(head_dim), &q, stream, e);
}
