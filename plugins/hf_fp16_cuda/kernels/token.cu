/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Kernels of one token: products with a vector, which are bound by reading the weights once, and
 * the choice of the next token.
 *
 * A block of 4 warps computes 8 rows: two rows a warp, 16 bytes a lane.  The vector lies in shared
 * memory as float32, normalised on the way in where a norm is given (each block does it anew: it is
 * some KiB from the cache).  Sums are float32.  cols need not be a multiple of 8: then the slow
 * path reads halves one by one. */

#include "common.cuh"

#define PRODUCT_WARPS 4
#define PRODUCT_ROWS 2

/* x, normalised where p.norm is there, into shared memory. */
__device__ __forceinline__ void product_load(const struct gpu_product &p, float *x)
{
    float squares = 0.0f;
    for (int i = threadIdx.x; i < p.cols; i += blockDim.x) {
        float f = __half2float(p.x[i]);
        x[i] = f;
        squares += f * f;
    }
    if (p.norm) {
        float scale = rsqrtf(block_sum(squares) / (float)p.cols + p.epsilon);
        for (int i = threadIdx.x; i < p.cols; i += blockDim.x)
            x[i] *= scale * __half2float(p.norm[i]);
    }
    __syncthreads();
}

__device__ __forceinline__ float dot8(const half8 &w, const float *x)
{
    float f[8], sum = 0.0f;
    unpack8(w, f);
    const float4 a = *reinterpret_cast<const float4 *>(x);
    const float4 b = *reinterpret_cast<const float4 *>(x + 4);
    sum = fmaf(f[0], a.x, sum);
    sum = fmaf(f[1], a.y, sum);
    sum = fmaf(f[2], a.z, sum);
    sum = fmaf(f[3], a.w, sum);
    sum = fmaf(f[4], b.x, sum);
    sum = fmaf(f[5], b.y, sum);
    sum = fmaf(f[6], b.z, sum);
    return fmaf(f[7], b.w, sum);
}

/* sums[r] = W[row[r]] . x, in every lane. */
__device__ __forceinline__ void product_rows(const struct gpu_product &p, const float *x,
                                             const int64_t *row, float *sums)
{
    const int lane = threadIdx.x % WARP;
    const __half *w[PRODUCT_ROWS];
#pragma unroll
    for (int r = 0; r < PRODUCT_ROWS; r++) {
        w[r] = p.weights + row[r] * p.cols;
        sums[r] = 0.0f;
    }
    if (p.cols % 8 == 0) {
#pragma unroll 4
        for (int i = 8 * lane; i < p.cols; i += 8 * WARP) {
            half8 v[PRODUCT_ROWS];
#pragma unroll
            for (int r = 0; r < PRODUCT_ROWS; r++)
                v[r] = load8(w[r] + i);
#pragma unroll
            for (int r = 0; r < PRODUCT_ROWS; r++)
                sums[r] += dot8(v[r], x + i);
        }
    } else {
        for (int i = lane; i < p.cols; i += WARP)
            for (int r = 0; r < PRODUCT_ROWS; r++)
                sums[r] += __half2float(w[r][i]) * x[i];
    }
#pragma unroll
    for (int r = 0; r < PRODUCT_ROWS; r++)
        sums[r] = warp_sum(sums[r]);
}

enum product_kind { PRODUCT_PLAIN, PRODUCT_ADD, PRODUCT_LOGITS };

__device__ __forceinline__ void product_store(const struct gpu_product &p, enum product_kind kind,
                                              int64_t row, float sum)
{
    if (p.bias)
        sum += __half2float(p.bias[row]);
    __half *out = static_cast<__half *>(p.out);
    if (kind == PRODUCT_LOGITS)
        static_cast<float *>(p.out)[row] = sum;
    else if (kind == PRODUCT_ADD)
        out[row] = __float2half_rn(__half2float(out[row]) + sum);
    else
        out[row] = __float2half_rn(sum);
}

__device__ __forceinline__ void product_run(const struct gpu_product &p, enum product_kind kind,
                                            float *x)
{
    product_load(p, x);
    int64_t row[PRODUCT_ROWS];
    float sums[PRODUCT_ROWS];
    int64_t first = ((int64_t)blockIdx.x * PRODUCT_WARPS + threadIdx.x / WARP) * PRODUCT_ROWS;
    if (first >= p.rows)
        return;
    for (int r = 0; r < PRODUCT_ROWS; r++)
        row[r] = first + r < p.rows ? first + r : p.rows - 1;
    product_rows(p, x, row, sums);
    if (threadIdx.x % WARP == 0)
        for (int r = 0; r < PRODUCT_ROWS; r++)
            if (first + r < p.rows)
                product_store(p, kind, first + r, sums[r]);
}

/* Grid: rows / 8, rounded up; 128 threads; shared memory: cols floats. */
extern "C" __global__ void gpu_product_plain(const struct gpu_product p)
{
    extern __shared__ __align__(16) float vector[];
    product_run(p, PRODUCT_PLAIN, vector);
}

/* Adds to out instead. */
extern "C" __global__ void gpu_product_add(const struct gpu_product p)
{
    extern __shared__ __align__(16) float vector[];
    product_run(p, PRODUCT_ADD, vector);
}

extern "C" __global__ void gpu_product_logits(const struct gpu_product p)
{
    extern __shared__ __align__(16) float vector[];
    product_run(p, PRODUCT_LOGITS, vector);
}

/* out[r] = silu(W[r] . x) * (W[rows + r] . x).  Grid: rows / 4, rounded up. */
extern "C" __global__ void gpu_product_swiglu(const struct gpu_product p)
{
    extern __shared__ __align__(16) float vector[];
    product_load(p, vector);
    int64_t row = (int64_t)blockIdx.x * PRODUCT_WARPS + threadIdx.x / WARP;
    if (row >= p.rows)
        return;
    const int64_t rows[PRODUCT_ROWS] = {row, row + p.rows};
    float sums[PRODUCT_ROWS];
    product_rows(p, vector, rows, sums);
    if (threadIdx.x % WARP == 0)
        static_cast<__half *>(p.out)[row] = __float2half_rn(silu(sums[0]) * sums[1]);
}

/* Larger values have larger keys, and of equal ones the lower index has. */
__device__ __forceinline__ uint64_t argmax_key(float value, int index)
{
    uint32_t bits = __float_as_uint(value);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return (uint64_t)bits << 32 | (uint32_t)~index;
}

/* The last block to arrive hands the token on. */
__device__ void argmax_finish(const struct gpu_argmax &p)
{
    struct gpu_sequence *s = p.sequence;
    uint64_t best = atomicExch((unsigned long long *)&s->best, 0ull);
    s->token = (int32_t)~(uint32_t)best;
    s->position += 1;
    s->arrived = 0;
    int32_t step = s->step;
    s->step = step + 1;
    p.tokens[step] = s->token;
    __threadfence_system();
}

/* Any grid.  NaN counts as the lowest value. */
extern "C" __global__ void gpu_argmax_logits(const struct gpu_argmax p)
{
    __shared__ uint64_t best;
    if (threadIdx.x == 0)
        best = 0;
    __syncthreads();
    uint64_t key = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < p.count; i += gridDim.x * blockDim.x) {
        float f = p.logits[i];
        uint64_t k = argmax_key(isnan(f) ? -CUDART_INF_F : f, i);
        key = k > key ? k : key;
    }
    atomicMax((unsigned long long *)&best, (unsigned long long)key);
    __syncthreads();
    if (threadIdx.x != 0)
        return;
    atomicMax((unsigned long long *)&p.sequence->best, (unsigned long long)best);
    __threadfence();
    if (atomicAdd(&p.sequence->arrived, 1u) == gridDim.x - 1)
        argmax_finish(p);
}
