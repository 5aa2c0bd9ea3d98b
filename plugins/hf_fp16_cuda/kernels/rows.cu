/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Kernels over the rows of activations: embedding, RMSNorm, rotary positions, SwiGLU.
 *
 * Float16 in memory, float32 in registers.  Any sizes; pairs of halves are moved together where the
 * row's length allows. */

#include "common.cuh"

/* Grid: tokens. */
extern "C" __global__ void gpu_embed_rows(const struct gpu_embed p)
{
    const __half *from = p.table + (int64_t)p.tokens[blockIdx.x] * p.hidden;
    __half *to = p.x + (int64_t)blockIdx.x * p.hidden;
    for (int i = threadIdx.x; i < p.hidden; i += blockDim.x)
        to[i] = from[i];
}

/* x / sqrt(mean(x^2) + epsilon) * weight.  Grid: tokens.  Transformers rounds the quotient to
 * float16 before the product with the weight; here only the product is rounded. */
extern "C" __global__ void gpu_norm_rows(const struct gpu_norm p)
{
    const __half *x = p.x + (int64_t)blockIdx.x * p.hidden;
    __half *out = p.out + (int64_t)blockIdx.x * p.hidden;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < p.hidden; i += blockDim.x) {
        float f = __half2float(x[i]);
        squares += f * f;
    }
    float scale = rsqrtf(block_sum(squares) / (float)p.hidden + p.epsilon);
    for (int i = threadIdx.x; i < p.hidden; i += blockDim.x)
        out[i] = __float2half_rn(__half2float(x[i]) * scale * __half2float(p.weight[i]));
}

/* 1 / rms of a head of q or k, by one warp. */
__device__ __forceinline__ float head_scale(const __half *head, int dim, float epsilon)
{
    float squares = 0.0f;
    for (int i = threadIdx.x % WARP; i < dim; i += WARP) {
        float f = __half2float(head[i]);
        squares += f * f;
    }
    return rsqrtf(warp_sum(squares) / (float)dim + epsilon);
}

/* Rotates pairs (i, i + D / 2) by position * frequency[i]; in and out may be the same. */
__device__ __forceinline__ void rotate_head(const __half *in, __half *out, const __half *weight,
                                            const float *angle, int dim, float epsilon)
{
    const int half_dim = dim / 2;
    float scale = weight ? head_scale(in, dim, epsilon) : 1.0f;
    for (int i = threadIdx.x % WARP; i < half_dim; i += WARP) {
        float a = __half2float(in[i]), b = __half2float(in[i + half_dim]);
        if (weight) {
            a *= scale * __half2float(weight[i]);
            b *= scale * __half2float(weight[i + half_dim]);
        }
        float c = angle[i], s = angle[half_dim + i];
        out[i] = __float2half_rn(a * c - b * s);
        out[i + half_dim] = __float2half_rn(b * c + a * s);
    }
}

/* Grid: tokens; shared memory: D floats.  A warp takes a head at a time. */
extern "C" __global__ void gpu_rope_rows(const struct gpu_rope p)
{
    extern __shared__ float angle[]; /* cosines, sines */
    const int dim = p.head_dim, half_dim = dim / 2, warps = blockDim.x / WARP;
    const int position = (p.sequence ? p.sequence->position : p.from) + blockIdx.x;
    for (int i = threadIdx.x; i < half_dim; i += blockDim.x)
        sincosf((float)position * p.frequencies[i], &angle[half_dim + i], &angle[i]);
    __syncthreads();
    __half *row = p.qkv + (int64_t)blockIdx.x * (p.heads + 2 * p.kv_heads) * dim;
    for (int head = threadIdx.x / WARP; head < p.heads + 2 * p.kv_heads; head += warps) {
        __half *in = row + head * dim;
        int kv = head - p.heads;
        if (kv < 0) {
            rotate_head(in, in, p.q_norm, angle, dim, p.epsilon);
        } else if (kv < p.kv_heads) {
            rotate_head(in, p.keys + (kv * p.capacity + position) * dim, p.k_norm, angle, dim,
                        p.epsilon);
        } else {
            __half *out = p.values + ((kv - p.kv_heads) * p.capacity + position) * dim;
            for (int i = threadIdx.x % WARP; i < dim; i += WARP)
                out[i] = in[i];
        }
    }
}

/* Grid: (tokens, any).  I is even. */
extern "C" __global__ void gpu_swiglu_rows(const struct gpu_swiglu p)
{
    const int pairs = p.intermediate / 2;
    __half2 *gate = reinterpret_cast<__half2 *>(p.gate_up + 2 * (int64_t)blockIdx.x * p.intermediate);
    const __half2 *up = gate + pairs;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < pairs; i += gridDim.y * blockDim.x) {
        float2 g = __half22float2(gate[i]), u = __half22float2(up[i]);
        gate[i] = __floats2half2_rn(silu(g.x) * u.x, silu(g.y) * u.y);
    }
}
