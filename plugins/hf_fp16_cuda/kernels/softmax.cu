/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The steps between the products of attention with materialised scores.
 *
 * eager, as transformers does it: float16 scores + float16 mask, softmax in float32 into an array
 * of its own, a float16 copy of that: 2 + 4 + 2 bytes for each head and pair, 2 for the mask.
 * math, as PyTorch's scaled_dot_product_attention falls back to: float32 scores + float32 mask, a
 * byte for each score that is -inf, softmax into another array: 4 + 1 + 4 bytes, 4 for the mask. */

#include "common.cuh"

__device__ __forceinline__ bool key_is_seen(const struct gpu_mask &p, int query, int key)
{
    int position = p.from + query;
    return key <= position && (p.window == 0 || key > position - p.window);
}

/* Grid: queries. */
extern "C" __global__ void gpu_mask_half(const struct gpu_mask p)
{
    __half *row = static_cast<__half *>(p.mask) + blockIdx.x * p.stride;
    for (int j = threadIdx.x; j < p.keys; j += blockDim.x)
        row[j] = __float2half_rn(key_is_seen(p, blockIdx.x, j) ? 0.0f : -65504.0f);
}

extern "C" __global__ void gpu_mask_float(const struct gpu_mask p)
{
    float *row = static_cast<float *>(p.mask) + blockIdx.x * p.stride;
    for (int j = threadIdx.x; j < p.keys; j += blockDim.x)
        row[j] = key_is_seen(p, blockIdx.x, j) ? 0.0f : -CUDART_INF_F;
}

/* exp(x - maximum) / sum for a row in shared memory, in place.  A row without a finite element
 * becomes 0. */
__device__ __forceinline__ void soften_row(float *row, int keys, float maximum)
{
    float sum = 0.0f;
    maximum = block_max(maximum);
    bool none = maximum == -CUDART_INF_F;
    for (int j = threadIdx.x; j < keys; j += blockDim.x) {
        row[j] = none ? 0.0f : __expf(row[j] - maximum);
        sum += row[j];
    }
    float inverse = none ? 0.0f : 1.0f / block_sum(sum);
    for (int j = threadIdx.x; j < keys; j += blockDim.x)
        row[j] *= inverse;
}

/* Both read each score once: a row waits in shared memory (keys floats), so that scores which lie
 * beyond the device's memory cross the bus no more often than they must.  Rows too long for that
 * take the slow way: they go through the output.  Grid: (queries, heads). */
extern "C" __global__ void gpu_softmax_half(const struct gpu_softmax p)
{
    extern __shared__ float shared_row[];
    const int64_t at = ((int64_t)blockIdx.y * p.queries + blockIdx.x) * p.stride;
    const __half *scores = static_cast<const __half *>(p.scores) + at;
    const __half *mask = static_cast<const __half *>(p.mask) + blockIdx.x * p.stride;
    float *row = p.in_shared ? shared_row : p.wide + at, maximum = -CUDART_INF_F;
    for (int j = threadIdx.x; j < p.keys; j += blockDim.x) {
        row[j] = __half2float(__hadd(scores[j], mask[j]));
        maximum = fmaxf(maximum, row[j]);
    }
    soften_row(row, p.keys, maximum);
    for (int j = threadIdx.x; p.in_shared && j < p.keys; j += blockDim.x)
        p.wide[at + j] = row[j];
}

/* The float16 copy of the probabilities.  Grid: (queries, heads). */
extern "C" __global__ void gpu_narrow(const struct gpu_softmax p)
{
    const int64_t row = ((int64_t)blockIdx.y * p.queries + blockIdx.x) * p.stride;
    for (int j = threadIdx.x; j < p.keys; j += blockDim.x)
        p.narrow[row + j] = __float2half_rn(p.wide[row + j]);
}

extern "C" __global__ void gpu_softmax_float(const struct gpu_softmax p)
{
    extern __shared__ float shared_row[];
    const int64_t at = ((int64_t)blockIdx.y * p.queries + blockIdx.x) * p.stride;
    const float *scores = static_cast<const float *>(p.scores) + at;
    const float *mask = static_cast<const float *>(p.mask) + blockIdx.x * p.stride;
    float *row = p.in_shared ? shared_row : p.wide + at, maximum = -CUDART_INF_F;
    for (int j = threadIdx.x; j < p.keys; j += blockDim.x) {
        row[j] = scores[j] + mask[j];
        p.masked[at + j] = row[j] == -CUDART_INF_F;
        maximum = fmaxf(maximum, row[j]);
    }
    soften_row(row, p.keys, maximum);
    for (int j = threadIdx.x; p.in_shared && j < p.keys; j += blockDim.x)
        p.wide[at + j] = row[j];
}

/* Grid: (rows, any). */
extern "C" __global__ void gpu_cast_to_float(const struct gpu_cast p)
{
    const __half *in = static_cast<const __half *>(p.in) + blockIdx.x * p.in_stride;
    float *out = static_cast<float *>(p.out) + blockIdx.x * p.out_stride;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < p.cols; i += gridDim.y * blockDim.x)
        out[i] = __half2float(in[i]);
}

extern "C" __global__ void gpu_cast_to_half(const struct gpu_cast p)
{
    const float *in = static_cast<const float *>(p.in) + blockIdx.x * p.in_stride;
    __half *out = static_cast<__half *>(p.out) + blockIdx.x * p.out_stride;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < p.cols; i += gridDim.y * blockDim.x)
        out[i] = __float2half_rn(in[i]);
}
