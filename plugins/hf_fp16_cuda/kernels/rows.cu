/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Kernels over the rows of activations: embedding, RMSNorm, rotary positions, SwiGLU.
 *
 * Float16 in memory, float32 in registers.  Any sizes; eight halves are moved together where the row's
 * length allows. */

#include "common.cuh"

/* Grid: tokens. */
extern "C" __global__ void gpu_embed_rows(const struct gpu_embed p)
{
    const __half *from = p.table + (int64_t)p.tokens[blockIdx.x] * p.hidden;
    __half *to = p.x + (int64_t)blockIdx.x * p.hidden;
    for (int i = threadIdx.x; i < p.hidden; i += blockDim.x)
        to[i] = from[i];
}

/* x / sqrt(mean(x^2) + epsilon) * weight of one row by one warp; the second pass over x comes from the
 * first level cache.  Transformers rounds the quotient to float16 before the product with the weight;
 * here only the product is rounded. */
__device__ __forceinline__ void norm_wide(const struct gpu_norm &p, const __half *x, __half *out)
{
    const int lane = threadIdx.x % WARP, chunks = p.hidden / 8;
    float squares = 0.0f, f[8], w[8];
#pragma unroll 4
    for (int c = lane; c < chunks; c += WARP) {
        unpack8(load8(x + 8 * c), f);
#pragma unroll
        for (int i = 0; i < 8; i++)
            squares += f[i] * f[i];
    }
    const float scale = rsqrtf(warp_sum(squares) / (float)p.hidden + p.epsilon);
#pragma unroll 4
    for (int c = lane; c < chunks; c += WARP) {
        unpack8(load8(x + 8 * c), f);
        unpack8(load8(p.weight + 8 * c), w);
#pragma unroll
        for (int i = 0; i < 8; i++)
            f[i] *= scale * w[i];
        store8(out + 8 * c, f);
    }
}

__device__ __forceinline__ void norm_odd(const struct gpu_norm &p, const __half *x, __half *out)
{
    const int lane = threadIdx.x % WARP;
    float squares = 0.0f;
    for (int i = lane; i < p.hidden; i += WARP) {
        float f = __half2float(x[i]);
        squares += f * f;
    }
    const float scale = rsqrtf(warp_sum(squares) / (float)p.hidden + p.epsilon);
    for (int i = lane; i < p.hidden; i += WARP)
        out[i] = __float2half_rn(__half2float(x[i]) * scale * __half2float(p.weight[i]));
}

/* Grid: tokens over the warps of a block. */
extern "C" __global__ void gpu_norm_rows(const struct gpu_norm p)
{
    const int64_t row = (int64_t)blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
    if (row >= p.tokens)
        return;
    if (p.hidden % 8 == 0)
        norm_wide(p, p.x + row * p.hidden, p.out + row * p.hidden);
    else
        norm_odd(p, p.x + row * p.hidden, p.out + row * p.hidden);
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

/* Tokens of a block of gpu_rope_wide, and the widest D / 2 that it takes. */
#define ROPE_TOKENS 8
#define ROPE_PAIRS 128

/* 8 pairs (i, i + D / 2) of a head of q or k, or 16 elements of v: in place, or to the cache. */
__device__ __forceinline__ void rope_part(const struct gpu_rope &p, __half *in, __half *out,
                                          const float2 *angle, bool turns)
{
    const int half_dim = p.head_dim / 2;
    float a[8], b[8], x[8], y[8];
    unpack8(load8(in), a);
    unpack8(load8(in + half_dim), b);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const float2 turn = turns ? angle[i] : make_float2(1.0f, 0.0f);
        x[i] = a[i] * turn.x - b[i] * turn.y;
        y[i] = b[i] * turn.x + a[i] * turn.y;
    }
    store8(out, x);
    store8(out + half_dim, y);
}

/* gpu_rope_rows for heads of a multiple of 16, up to 2 ROPE_PAIRS, without norms, positions from
 * `from` on.  Grid: tokens / ROPE_TOKENS, rounded up. */
extern "C" __global__ void gpu_rope_wide(const struct gpu_rope p)
{
    __shared__ float2 angle[ROPE_TOKENS][ROPE_PAIRS]; /* cosine, sine */
    const int dim = p.head_dim, half_dim = dim / 2, heads = p.heads + 2 * p.kv_heads;
    const int first = blockIdx.x * ROPE_TOKENS, tokens = min(ROPE_TOKENS, p.tokens - first);
    const int parts = heads * (half_dim / 8);
    for (int i = threadIdx.x; i < tokens * half_dim; i += blockDim.x) {
        const int t = i / half_dim, j = i - t * half_dim;
        sincosf((float)(p.from + first + t) * p.frequencies[j], &angle[t][j].y, &angle[t][j].x);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < tokens * parts; i += blockDim.x) {
        const int t = i / parts, part = i - t * parts, head = part / (half_dim / 8);
        const int at = (part - head * (half_dim / 8)) * 8, kv = head - p.heads;
        const int64_t position = p.from + first + t;
        __half *in = p.qkv + ((int64_t)(first + t) * heads + head) * dim + at;
        __half *out = kv < 0 ? in
                      : kv < p.kv_heads
                          ? p.keys + (kv * p.capacity + position) * dim + at
                          : p.values + ((kv - p.kv_heads) * p.capacity + position) * dim + at;
        rope_part(p, in, out, &angle[t][at], kv < p.kv_heads);
    }
}

/* Grid: (tokens, any).  I is even. */
extern "C" __global__ void gpu_swiglu_rows(const struct gpu_swiglu p)
{
    __half *gate = p.gate_up + 2 * (int64_t)blockIdx.x * p.intermediate;
    const __half *up = gate + p.intermediate;
    const int first = blockIdx.y * blockDim.x + threadIdx.x, step = gridDim.y * blockDim.x;
    if (p.intermediate % 8 == 0) {
        for (int c = first; c < p.intermediate / 8; c += step) {
            float g[8], u[8];
            unpack8(load8(gate + 8 * c), g);
            unpack8(load8(up + 8 * c), u);
#pragma unroll
            for (int i = 0; i < 8; i++)
                g[i] = silu(g[i]) * u[i];
            store8(gate + 8 * c, g);
        }
        return;
    }
    for (int i = first; i < p.intermediate / 2; i += step) {
        float2 g = __half22float2(reinterpret_cast<const __half2 *>(gate)[i]);
        float2 u = __half22float2(reinterpret_cast<const __half2 *>(up)[i]);
        reinterpret_cast<__half2 *>(gate)[i] =
            __floats2half2_rn(silu(g.x) * u.x, silu(g.y) * u.y);
    }
}
