/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Attention of one new token over the cache, split along the keys so that all multiprocessors have
 * a part (Flash-Decoding, Dao 2023): each part's output, maximum and sum are put together by a
 * second kernel.
 *
 * A group of LANES lanes takes a key, 8 elements of D to a lane, for all query heads that share its
 * KV head, so that the cache is read once.  Four keys are at work in a group at a time.  The
 * sequence's length is read from device memory. */

#include "common.cuh"

#define DECODE_WARPS 4
#define KEYS 4  /* of a group at once */
#define HEADS 8 /* query heads at once; more take another round */

/* The softmax of one head over the keys of one lane group; each lane has 8 columns. */
struct share {
    float maximum, sum, out[8];
};

__device__ __forceinline__ void share_merge(struct share &a, const struct share &b)
{
    float m = fmaxf(a.maximum, b.maximum);
    float fa = a.maximum == -CUDART_INF_F ? 0.0f : exp2f(a.maximum - m);
    float fb = b.maximum == -CUDART_INF_F ? 0.0f : exp2f(b.maximum - m);
    a.maximum = m;
    a.sum = a.sum * fa + b.sum * fb;
#pragma unroll
    for (int i = 0; i < 8; i++)
        a.out[i] = a.out[i] * fa + b.out[i] * fb;
}

/* 8 columns of a row that has `left` of them from here on; zeros beyond. */
__device__ __forceinline__ void load_columns(const __half *p, int left, bool wide, float *out)
{
    if (wide && left >= 8) {
        unpack8(load8(p), out);
        return;
    }
#pragma unroll
    for (int i = 0; i < 8; i++)
        out[i] = i < left ? __half2float(p[i]) : 0.0f;
}

template <int LANES> __device__ __forceinline__ float group_sum(float x)
{
#pragma unroll
    for (int i = LANES / 2; i > 0; i /= 2)
        x += __shfl_xor_sync(ALL_LANES, x, i);
    return x;
}

/* `count` keys (0 .. KEYS) from `key` on, for each of the heads. */
template <int LANES>
__device__ __forceinline__ void share_keys(const struct gpu_decode_attention &p, int64_t row,
                                           int count, int column, const float (*q)[8],
                                           struct share *shares)
{
    const bool wide = p.head_dim % 8 == 0;
    const int left = p.head_dim - column;
    float k[KEYS][8], v[KEYS][8];
#pragma unroll
    for (int i = 0; i < KEYS; i++) {
        int64_t at = (row + i) * p.head_dim + column;
        load_columns(p.keys + at, i < count ? left : 0, wide, k[i]);
        load_columns(p.values + at, i < count ? left : 0, wide, v[i]);
    }
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
        float s[KEYS], m = shares[h].maximum;
#pragma unroll
        for (int i = 0; i < KEYS; i++) {
            s[i] = 0.0f;
#pragma unroll
            for (int c = 0; c < 8; c++)
                s[i] = fmaf(q[h][c], k[i][c], s[i]);
            s[i] = group_sum<LANES>(s[i]);
            if (i >= count)
                s[i] = -CUDART_INF_F;
            m = fmaxf(m, s[i]);
        }
        if (m == -CUDART_INF_F)
            continue;
        float factor = exp2f(shares[h].maximum - m);
        shares[h].maximum = m;
        shares[h].sum *= factor;
#pragma unroll
        for (int c = 0; c < 8; c++)
            shares[h].out[c] *= factor;
#pragma unroll
        for (int i = 0; i < KEYS; i++) {
            float w = exp2f(s[i] - m);
            shares[h].sum += w;
#pragma unroll
            for (int c = 0; c < 8; c++)
                shares[h].out[c] = fmaf(w, v[i][c], shares[h].out[c]);
        }
    }
}

/* Merges the lane groups of a warp. */
template <int LANES> __device__ __forceinline__ void share_merge_warp(struct share &s)
{
#pragma unroll
    for (int i = LANES; i < WARP; i *= 2) {
        struct share other;
        other.maximum = __shfl_xor_sync(ALL_LANES, s.maximum, i);
        other.sum = __shfl_xor_sync(ALL_LANES, s.sum, i);
#pragma unroll
        for (int c = 0; c < 8; c++)
            other.out[c] = __shfl_xor_sync(ALL_LANES, s.out[c], i);
        share_merge(s, other);
    }
}

/* Merges the warps and writes the part of `head`. */
template <int LANES>
__device__ __forceinline__ void share_write(const struct gpu_decode_attention &p, struct share &s,
                                            int head, int column)
{
    __shared__ struct share all[DECODE_WARPS][LANES];
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    share_merge_warp<LANES>(s);
    __syncthreads();
    if (lane < LANES)
        all[warp][lane] = s;
    __syncthreads();
    if (warp != 0 || lane >= LANES)
        return;
    for (int w = 1; w < DECODE_WARPS; w++)
        share_merge(s, all[w][lane]);
    float *out = p.partial + ((int64_t)blockIdx.x * p.heads + head) * (p.head_dim + 2);
#pragma unroll
    for (int c = 0; c < 8; c++)
        if (column + c < p.head_dim)
            out[column + c] = s.out[c];
    if (lane == 0) {
        out[p.head_dim] = s.maximum;
        out[p.head_dim + 1] = s.sum;
    }
}

template <int LANES>
__device__ __forceinline__ void decode_heads(const struct gpu_decode_attention &p, int first_head,
                                             int heads, int from, int to)
{
    const int group = threadIdx.x / LANES, groups = DECODE_WARPS * WARP / LANES;
    const int column = threadIdx.x % LANES * 8;
    const int64_t base = blockIdx.y * p.capacity;
    float q[HEADS][8];
    struct share shares[HEADS];
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
        load_columns(p.q + (first_head + h) * p.head_dim + column,
                     h < heads ? p.head_dim - column : 0, false, q[h]);
        shares[h].maximum = -CUDART_INF_F;
        shares[h].sum = 0.0f;
#pragma unroll
        for (int c = 0; c < 8; c++) {
            q[h][c] *= p.scale * 1.4426950408889634f;
            shares[h].out[c] = 0.0f;
        }
    }
    /* The same number of rounds for all: a warp's lanes exchange in each. */
    for (int at = from; at < to; at += groups * KEYS) {
        int key = at + group * KEYS;
        int count = min(KEYS, max(0, to - key));
        share_keys<LANES>(p, base + (count > 0 ? key : from), count, column, q, shares);
    }
#pragma unroll
    for (int h = 0; h < HEADS; h++)
        if (h < heads)
            share_write<LANES>(p, shares[h], first_head + h, column);
}

template <int LANES> __device__ __forceinline__ void decode(const struct gpu_decode_attention &p)
{
    const int length = p.sequence->position + 1;
    const int begin = p.window > 0 ? max(0, length - p.window) : 0;
    const int each = (length - begin + p.splits - 1) / p.splits;
    const int from = begin + blockIdx.x * each, to = min(length, from + each);
    const int group = p.heads / p.kv_heads;
    for (int h = 0; h < group; h += HEADS)
        decode_heads<LANES>(p, blockIdx.y * group + h, min(HEADS, group - h), from, to);
}

#define DECODE(LANES)                                                                              \
    extern "C" __global__ void __launch_bounds__(DECODE_WARPS *WARP)                               \
        gpu_decode_attention_##LANES(const struct gpu_decode_attention p)                          \
    {                                                                                              \
        decode<LANES>(p);                                                                          \
    }

DECODE(4)
DECODE(8)
DECODE(16)
DECODE(32)

/* Puts the splits of a head together.  Grid: heads; threads: any multiple of 32. */
extern "C" __global__ void gpu_decode_combine(const struct gpu_decode_attention p)
{
    const int64_t step = (int64_t)p.heads * (p.head_dim + 2);
    const float *part = p.partial + (int64_t)blockIdx.x * (p.head_dim + 2);
    float maximum = -CUDART_INF_F, sum = 0.0f;
    for (int s = threadIdx.x; s < p.splits; s += blockDim.x)
        maximum = fmaxf(maximum, part[s * step + p.head_dim]);
    maximum = block_max(maximum);
    for (int s = threadIdx.x; s < p.splits; s += blockDim.x)
        sum += exp2f(part[s * step + p.head_dim] - maximum) * part[s * step + p.head_dim + 1];
    sum = block_sum(sum);
    for (int i = threadIdx.x; i < p.head_dim; i += blockDim.x) {
        float out = 0.0f;
        for (int s = 0; s < p.splits; s++)
            out += exp2f(part[s * step + p.head_dim] - maximum) * part[s * step + i];
        p.out[(int64_t)blockIdx.x * p.head_dim + i] = __float2half_rn(out / sum);
    }
}
