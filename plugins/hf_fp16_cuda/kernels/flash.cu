/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Causal attention of a block of queries over the cache, scores never stored:
 * out = softmax(q k' * scale) v, by FlashAttention-2 (Dao 2023) on the tensor cores of sm_80.
 *
 * A block takes 128 queries of one head, 16 for each of its 8 warps, and goes through the keys in
 * tiles that cp.async brings while the tile before is at work.  Scores and sums are float32 in
 * registers; the probabilities are rounded to float16 for the product with v, as transformers does.
 * D is any even number up to 256; the kernels are compiled for its next size in the list at the
 * end, and the columns between are zero.
 *
 * Grid: (heads, tiles of queries); the longest rows come first.  Shared memory: FLASH_SHARED. */

#include "common.cuh"

#define QUERY_TILE 128
#define FLASH_WARPS 8
#define PAD 8 /* halves behind each row in shared memory, so that ldmatrix meets no bank twice */

/* 16 bytes, or zeros where !valid. */
__device__ __forceinline__ void copy_async(__half *to, const __half *from, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared_address(to)),
                 "l"(from), "r"(valid ? 16 : 0));
}

__device__ __forceinline__ void copy_commit()
{
    asm volatile("cp.async.commit_group;\n" ::);
}

__device__ __forceinline__ void copy_wait()
{
    asm volatile("cp.async.wait_group 0;\n" ::);
}

__device__ __forceinline__ void load_matrix_transposed(uint32_t *r, const __half *p)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(p)));
}

__device__ __forceinline__ uint32_t pack(float a, float b)
{
    __half2 h = __floats2half2_rn(a, b);
    return *reinterpret_cast<uint32_t *>(&h);
}

/* rows x D halves into shared rows of W + PAD; zeros beyond `valid` rows and beyond D.  What comes
 * by cp.async is there after copy_wait(), the rest at once. */
template <int W>
__device__ __forceinline__ void load_tile(__half *to, const __half *from, int64_t stride, int rows,
                                          int valid, int dim)
{
    if (dim % 8 == 0) {
        for (int i = threadIdx.x; i < rows * (W / 8); i += FLASH_WARPS * WARP) {
            int row = i / (W / 8), col = i % (W / 8) * 8;
            bool inside = row < valid && col < dim;
            copy_async(to + row * (W + PAD) + col, inside ? from + row * stride + col : from,
                       inside);
        }
    } else {
        for (int i = threadIdx.x; i < rows * (W / 2); i += FLASH_WARPS * WARP) {
            int row = i / (W / 2), col = i % (W / 2) * 2;
            __half2 h = __float2half2_rn(0.0f);
            if (row < valid && col < dim)
                h = *reinterpret_cast<const __half2 *>(from + row * stride + col);
            *reinterpret_cast<__half2 *>(to + row * (W + PAD) + col) = h;
        }
    }
    copy_commit();
}

/* The softmax so far of the two rows that a lane has a share in. */
struct running {
    float maximum[2], sum[2];
};

/* Scores of 16 queries and N keys, as the accumulators of mma lie: s[tile of 8 keys][4]. */
template <int N>
__device__ __forceinline__ void mask_scores(float (*s)[4], int first_key, int position, int window)
{
    const int lane = threadIdx.x % WARP;
#pragma unroll
    for (int t = 0; t < N / 8; t++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int key = first_key + t * 8 + lane % 4 * 2 + i % 2;
            int at = position + lane / 4 + i / 2 * 8;
            if (key > at || (window > 0 && key <= at - window))
                s[t][i] = -CUDART_INF_F;
        }
}

/* Scores to probabilities with respect to the new maximum; factor[r] is what the old sums of a row
 * are to be multiplied with. */
template <int N>
__device__ __forceinline__ void soften(float (*s)[4], float scale, struct running &run,
                                       float *factor)
{
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float m = run.maximum[r];
#pragma unroll
        for (int t = 0; t < N / 8; t++)
            m = fmaxf(m, fmaxf(s[t][2 * r], s[t][2 * r + 1]));
        m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, 1));
        m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, 2));
        float base = m == -CUDART_INF_F ? 0.0f : m * scale;
        factor[r] = exp2f(run.maximum[r] * scale - base);
        float sum = 0.0f;
#pragma unroll
        for (int t = 0; t < N / 8; t++)
#pragma unroll
            for (int i = 2 * r; i < 2 * r + 2; i++) {
                s[t][i] = exp2f(s[t][i] * scale - base);
                sum += s[t][i];
            }
        run.sum[r] = run.sum[r] * factor[r] + sum;
        run.maximum[r] = m;
    }
}

template <int W, int N>
__device__ __forceinline__ void multiply_scores(float (*s)[4], const uint32_t (*q)[4],
                                                const __half *keys)
{
    const int lane = threadIdx.x % WARP;
    const __half *at = keys + (lane % 8 + lane / 16 * 8) * (W + PAD) + lane / 8 % 2 * 8;
#pragma unroll
    for (int t = 0; t < N / 8; t++)
        s[t][0] = s[t][1] = s[t][2] = s[t][3] = 0.0f;
#pragma unroll
    for (int d = 0; d < W / 16; d++)
#pragma unroll
        for (int t = 0; t < N / 16; t++) {
            uint32_t b[4];
            load_matrix(b, at + t * 16 * (W + PAD) + d * 16);
            multiply(s[2 * t], q[d], b);
            multiply(s[2 * t + 1], q[d], b + 2);
        }
}

template <int W, int N>
__device__ __forceinline__ void multiply_values(float (*o)[4], float (*s)[4], const __half *values)
{
    const int lane = threadIdx.x % WARP;
    const __half *at = values + lane % 16 * (W + PAD) + lane / 16 * 8;
#pragma unroll
    for (int t = 0; t < N / 16; t++) {
        const uint32_t a[4] = {pack(s[2 * t][0], s[2 * t][1]), pack(s[2 * t][2], s[2 * t][3]),
                               pack(s[2 * t + 1][0], s[2 * t + 1][1]),
                               pack(s[2 * t + 1][2], s[2 * t + 1][3])};
#pragma unroll
        for (int d = 0; d < W / 16; d++) {
            uint32_t b[4];
            load_matrix_transposed(b, at + t * 16 * (W + PAD) + d * 16);
            multiply(o[2 * d], a, b);
            multiply(o[2 * d + 1], a, b + 2);
        }
    }
}

template <int W>
__device__ __forceinline__ void store_output(const struct gpu_attention &p, float (*o)[4],
                                             struct running &run, int first_row)
{
    const int lane = threadIdx.x % WARP;
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float sum = run.sum[r];
        sum += __shfl_xor_sync(ALL_LANES, sum, 1);
        sum += __shfl_xor_sync(ALL_LANES, sum, 2);
        float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
        int row = first_row + lane / 4 + 8 * r;
        if (row >= p.tokens)
            continue;
        __half *out = p.out + ((int64_t)row * p.heads + blockIdx.x) * p.head_dim;
#pragma unroll
        for (int d = 0; d < W / 8; d++) {
            int col = d * 8 + lane % 4 * 2;
            if (col < p.head_dim)
                *reinterpret_cast<__half2 *>(out + col) =
                    __floats2half2_rn(o[d][2 * r] * inverse, o[d][2 * r + 1] * inverse);
        }
    }
}

/* Halves of one buffer: N rows of k and N rows of v. */
#define BUFFER(W, N) (2 * (N) * ((W) + PAD))

template <int W, int N>
__device__ __forceinline__ void load_keys(const struct gpu_attention &p, __half *buffer, int tile,
                                          int keys)
{
    int64_t at =
        ((blockIdx.x / (p.heads / p.kv_heads)) * p.capacity + (int64_t)tile * N) * p.head_dim;
    int valid = keys - tile * N;
    load_tile<W>(buffer, p.keys + at, p.head_dim, N, valid, p.head_dim);
    load_tile<W>(buffer + N * (W + PAD), p.values + at, p.head_dim, N, valid, p.head_dim);
}

template <int W, int N> __device__ __forceinline__ void flash(const struct gpu_attention &p)
{
    extern __shared__ __align__(16) __half shared[];
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const int first_row = (gridDim.y - 1 - blockIdx.y) * QUERY_TILE;
    const int rows = min(QUERY_TILE, p.tokens - first_row);
    const int position = p.from + first_row + warp * 16; /* of the warp's first query */
    const int keys = p.from + first_row + rows;
    const int seen_from = p.window > 0 ? max(0, p.from + first_row - p.window + 1) : 0;

    /* The queries pass through the buffers of the keys into registers. */
    load_tile<W>(shared, p.q + first_row * p.q_stride + blockIdx.x * p.head_dim, p.q_stride,
                 QUERY_TILE, rows, p.head_dim);
    copy_wait();
    __syncthreads();
    uint32_t q[W / 16][4];
#pragma unroll
    for (int d = 0; d < W / 16; d++)
        load_matrix(q[d], shared + (warp * 16 + lane % 16) * (W + PAD) + d * 16 + lane / 16 * 8);
    __syncthreads();

    float o[W / 8][4] = {};
    struct running run = {{-CUDART_INF_F, -CUDART_INF_F}, {0.0f, 0.0f}};
    const float scale = p.scale * 1.4426950408889634f;
    const int first = seen_from / N, last = (keys - 1) / N;
    load_keys<W, N>(p, shared, first, keys);
    for (int tile = first; tile <= last; tile++) {
        const __half *buffer = shared + (tile - first) % 2 * BUFFER(W, N);
        copy_wait();
        __syncthreads(); /* the tile is there, and nobody is at the one before any more */
        if (tile < last)
            load_keys<W, N>(p, shared + (tile + 1 - first) % 2 * BUFFER(W, N), tile + 1, keys);
        float s[N / 8][4], factor[2];
        multiply_scores<W, N>(s, q, buffer);
        if (tile * N + N - 1 > position || (p.window > 0 && tile * N <= position + 15 - p.window))
            mask_scores<N>(s, tile * N, position, p.window);
        soften<N>(s, scale, run, factor);
#pragma unroll
        for (int d = 0; d < W / 8; d++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                o[d][i] *= factor[i / 2];
        multiply_values<W, N>(o, s, buffer + N * (W + PAD));
    }
    store_output<W>(p, o, run, first_row + warp * 16);
}

#define FLASH(W, N)                                                                                \
    extern "C" __global__ void __launch_bounds__(FLASH_WARPS *WARP, 1)                             \
        gpu_flash_##W(const struct gpu_attention p)                                                \
    {                                                                                              \
        flash<W, N>(p);                                                                            \
    }

FLASH(32, 64)
FLASH(48, 64)
FLASH(64, 64)
FLASH(80, 64)
FLASH(96, 64)
FLASH(128, 64)
FLASH(192, 32)
FLASH(256, 32)
