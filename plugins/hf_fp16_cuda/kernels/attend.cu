/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Attention of one new token over the cache on tensor cores, for head sizes 64 and 128.
 *
 * The keys are split among blocks, as many as make a share of about TILE keys a warp, so that a
 * warp has all of its keys and values on their way before it waits for the new token's
 * (Flash-Decoding, Dao 2023).  Products are transposed, with the heads that share a KV head, up to
 * 8, as the narrow side: scores [16 keys][8 heads] = K Q', output [D][8 heads] += V' P'.  The order
 * of what is summed over is free as long as both operands have the same, which lets every lane load
 * 16 bytes.  The last block of a KV head to arrive puts the splits together.
 *
 * Grid: (splits, kv_heads, eights of heads); 256 threads.  Lane 4 g + t as in step.cuh. */

#include "step.cuh"

#define ATTEND_WARPS 8
#define ATTEND_HEADS 8
#define ATTEND_SPLITS 64 /* at most */
#define LOG2_E 1.4426950408889634f

/* 16 keys and values of a warp: k[n][j] is of key 8 n + g, columns 32 j + 8 t ..; v[n][j] of key
 * 8 (n / 2) + 2 t + n % 2, columns 64 j + 8 g .. */
template <int D> struct attend_tile {
    uint4 k[2][D / 32], v[4][D / 64];
};

/* The softmax so far of heads 2 t and 2 t + 1: out[4 j + i] has columns 64 j + 8 g + 2 i and the
 * next, first of both heads, then of both heads. */
template <int D> struct attend_state {
    float out[D / 16][4], maximum[2], sum[2];
};

struct attend_range {
    int from, to, active; /* keys of this block; blocks that have any */
};

/* Every block computes the same cut. */
__device__ __forceinline__ struct attend_range attend_cut(const struct gpu_attend &p, int position,
                                                          int block_keys)
{
    const int length = position + 1, begin = p.window > 0 ? max(0, length - p.window) : 0;
    const int count = length - begin;
    const int wanted = min(p.splits, (count + block_keys - 1) / block_keys);
    const int each = ((count + wanted - 1) / wanted + 15) / 16 * 16;
    const int from = begin + blockIdx.x * each;
    return {from, min(length, from + each), (count + each - 1) / each};
}

/* Keys `at` .. of which those below `to` are there: the others are zeros. */
template <int D>
__device__ __forceinline__ void tile_load(attend_tile<D> &x, const __half *keys,
                                          const __half *values, int at, int to)
{
    const int lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
#pragma unroll
    for (int n = 0; n < 2; n++)
#pragma unroll
        for (int j = 0; j < D / 32; j++) {
            const int key = at + 8 * n + g;
            x.k[n][j] = load_cached(keys + (int64_t)key * D + 32 * j + 8 * t, key < to);
        }
#pragma unroll
    for (int n = 0; n < 4; n++)
#pragma unroll
        for (int j = 0; j < D / 64; j++) {
            const int key = at + 8 * (n / 2) + 2 * t + n % 2;
            x.v[n][j] = load_cached(values + (int64_t)key * D + 64 * j + 8 * g, key < to);
        }
}

/* The one key that this step's kernels wrote, if it is in the tile. */
template <int D>
__device__ __forceinline__ void tile_load_new(attend_tile<D> &x, const __half *keys,
                                              const __half *values, int at, int position)
{
    const int lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
    if (position < at || position >= at + 16)
        return;
#pragma unroll
    for (int n = 0; n < 2; n++)
#pragma unroll
        for (int j = 0; j < D / 32; j++)
            if (at + 8 * n + g == position)
                x.k[n][j] = load_cached(keys + (int64_t)position * D + 32 * j + 8 * t, true);
#pragma unroll
    for (int n = 0; n < 4; n++)
#pragma unroll
        for (int j = 0; j < D / 64; j++)
            if (at + 8 * (n / 2) + 2 * t + n % 2 == position)
                x.v[n][j] = load_cached(values + (int64_t)position * D + 64 * j + 8 * g, true);
}

/* The largest, and the sum, over the keys of a tile: lanes of the same t. */
__device__ __forceinline__ float keys_max(float x)
{
#pragma unroll
    for (int i = 4; i < WARP; i *= 2)
        x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, i));
    return x;
}

__device__ __forceinline__ float keys_sum(float x)
{
#pragma unroll
    for (int i = 4; i < WARP; i *= 2)
        x += __shfl_xor_sync(ALL_LANES, x, i);
    return x;
}

__device__ __forceinline__ uint32_t word_of(const uint4 &v, int i)
{
    return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w;
}

/* scores[0], [1]: key g, heads 2 t and 2 t + 1; [2], [3]: key g + 8.  To base 2. */
template <int D>
__device__ __forceinline__ void tile_scores(const attend_tile<D> &x, const uint4 (&q)[D / 32],
                                            float scale, int keys, float (&scores)[4])
{
    const int g = threadIdx.x % WARP / 4;
    scores[0] = scores[1] = scores[2] = scores[3] = 0.0f;
#pragma unroll
    for (int j = 0; j < D / 32; j++) {
        multiply(scores, x.k[0][j].x, x.k[1][j].x, x.k[0][j].y, x.k[1][j].y, q[j].x, q[j].y);
        multiply(scores, x.k[0][j].z, x.k[1][j].z, x.k[0][j].w, x.k[1][j].w, q[j].z, q[j].w);
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        scores[i] = g + i / 2 * 8 < keys ? scores[i] * scale : -CUDART_INF_F;
}

/* `keys` of the tile's keys count: 1 to 16. */
template <int D>
__device__ __forceinline__ void tile_attend(const attend_tile<D> &x, const uint4 (&q)[D / 32],
                                            float scale, int keys, attend_state<D> &state)
{
    float s[4], factor[2];
    tile_scores<D>(x, q, scale, keys, s);
#pragma unroll
    for (int e = 0; e < 2; e++) {
        float high = fmaxf(state.maximum[e], keys_max(fmaxf(s[e], s[2 + e])));
        factor[e] = exp2f(state.maximum[e] - high);
        state.maximum[e] = high;
        s[e] = exp2f(s[e] - high);
        s[2 + e] = exp2f(s[2 + e] - high);
        state.sum[e] = state.sum[e] * factor[e] + s[e] + s[2 + e];
    }
    const uint32_t b0 = transpose(pack(s[0], s[1])), b1 = transpose(pack(s[2], s[3]));
#pragma unroll
    for (int j = 0; j < D / 64; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float(&out)[4] = state.out[4 * j + i];
            const uint32_t w0 = word_of(x.v[0][j], i), w1 = word_of(x.v[1][j], i);
            const uint32_t w2 = word_of(x.v[2][j], i), w3 = word_of(x.v[3][j], i);
#pragma unroll
            for (int e = 0; e < 4; e++)
                out[e] *= factor[e & 1];
            multiply(out, __byte_perm(w0, w1, 0x5410), __byte_perm(w0, w1, 0x7632),
                     __byte_perm(w2, w3, 0x5410), __byte_perm(w2, w3, 0x7632), b0, b1);
        }
}

/* A warp's part of each head: D outputs, maximum, sum. */
template <int D> struct attend_slots {
    float value[ATTEND_WARPS][ATTEND_HEADS][D + 2];
};

template <int D>
__device__ __forceinline__ void slot_store(attend_slots<D> &slots, const attend_state<D> &state)
{
    const int lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
#pragma unroll
    for (int e = 0; e < 2; e++) {
        float *slot = slots.value[threadIdx.x / WARP][2 * t + e];
        float sum = keys_sum(state.sum[e]);
        if (g == 0) {
            slot[D] = state.maximum[e];
            slot[D + 1] = sum;
        }
#pragma unroll
        for (int j = 0; j < D / 64; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                *reinterpret_cast<float2 *>(slot + 64 * j + 8 * g + 2 * i) =
                    make_float2(state.out[4 * j + i][e], state.out[4 * j + i][2 + e]);
    }
}

/* The warps' parts of `heads` heads together: to the output where the block is alone, else to its
 * split's place. */
template <int D>
__device__ __forceinline__ void slots_merge(const struct gpu_attend &p,
                                            const attend_slots<D> &slots, int first_head, int heads,
                                            bool alone)
{
    for (int i = threadIdx.x; i < heads * D / 2; i += blockDim.x) {
        const int head = i / (D / 2), at = i % (D / 2) * 2;
        float high = slots.value[0][head][D], sum = 0.0f, x = 0.0f, y = 0.0f;
#pragma unroll
        for (int w = 1; w < ATTEND_WARPS; w++)
            high = fmaxf(high, slots.value[w][head][D]);
#pragma unroll
        for (int w = 0; w < ATTEND_WARPS; w++) {
            const float *slot = slots.value[w][head], factor = exp2f(slot[D] - high);
            sum += factor * slot[D + 1];
            x += factor * slot[at];
            y += factor * slot[at + 1];
        }
        if (alone) {
            *reinterpret_cast<__half2 *>(p.out + (first_head + head) * D + at) =
                __floats2half2_rn(x / sum, y / sum);
            continue;
        }
        float *to = p.partial + ((int64_t)blockIdx.x * p.heads + first_head + head) * (D + 2);
        *reinterpret_cast<float2 *>(to + at) = make_float2(x, y);
        if (at == 0)
            *reinterpret_cast<float2 *>(to + D) = make_float2(high, sum);
    }
}

/* Is this the last block of its KV head?  What the others wrote before is there then. */
__device__ __forceinline__ bool attend_arrive(const struct gpu_attend &p, int active)
{
    __shared__ bool last;
    uint32_t *arrived = p.arrived + blockIdx.y * gridDim.z + blockIdx.z;
    __syncthreads();
    if (threadIdx.x == 0) {
        __threadfence();
        last = atomicAdd(arrived, 1u) == active - 1u;
        if (last)
            *arrived = 0;
        __threadfence();
    }
    __syncthreads();
    return last;
}

/* All splits of a head together, by one warp. */
template <int D>
__device__ __forceinline__ void splits_merge(const struct gpu_attend &p, int head, int active,
                                             float *factors)
{
    const int lane = threadIdx.x % WARP;
    const int64_t step = (int64_t)p.heads * (D + 2);
    const float *part = p.partial + (int64_t)head * (D + 2);
    float high[2], parts[2], sum = 0.0f;
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const bool there = lane + i * WARP < active;
        float2 both = make_float2(-CUDART_INF_F, 0.0f);
        if (there)
            both = __ldcg(reinterpret_cast<const float2 *>(part + (lane + i * WARP) * step + D));
        high[i] = both.x;
        parts[i] = both.y;
    }
    const float highest = warp_max(fmaxf(high[0], high[1]));
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const float factor = exp2f(high[i] - highest);
        sum += factor * parts[i];
        factors[lane + i * WARP] = factor;
    }
    sum = warp_sum(sum);
    __syncwarp();
    float2 out[D / 64] = {};
#pragma unroll 8
    for (int i = 0; i < active; i++)
#pragma unroll
        for (int j = 0; j < D / 64; j++) {
            const float2 v =
                __ldcg(reinterpret_cast<const float2 *>(part + i * step + 64 * j + 2 * lane));
            out[j].x = fmaf(factors[i], v.x, out[j].x);
            out[j].y = fmaf(factors[i], v.y, out[j].y);
        }
#pragma unroll
    for (int j = 0; j < D / 64; j++)
        *reinterpret_cast<__half2 *>(p.out + head * D + 64 * j + 2 * lane) =
            __floats2half2_rn(out[j].x / sum, out[j].y / sum);
}

/* TILES of 16 keys a warp at once. */
template <int D, int TILES> __device__ __forceinline__ void attend(const struct gpu_attend &p)
{
    __shared__ attend_slots<D> slots;
    __shared__ float factors[ATTEND_WARPS][ATTEND_SPLITS];
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, kv = blockIdx.y;
    const int group = p.heads / p.kv_heads, skip = blockIdx.z * ATTEND_HEADS;
    const int first_head = kv * group + skip, heads = min(ATTEND_HEADS, group - skip);
    const __half *keys = p.keys + kv * p.capacity * D, *values = p.values + kv * p.capacity * D;
    const int position = __ldcg(&p.sequence->position);
    const struct attend_range range = attend_cut(p, position, ATTEND_WARPS * TILES * 16);
    step_next();
    if (range.from >= range.to)
        return;
    attend_tile<D> x[TILES];
    int at = range.from + warp * TILES * 16;
#pragma unroll
    for (int i = 0; i < TILES; i++)
        tile_load<D>(x[i], keys, values, at + 16 * i, min(range.to, position));
    step_wait();
    uint4 q[D / 32];
#pragma unroll
    for (int j = 0; j < D / 32; j++)
        q[j] = load_cached(p.q + (first_head + lane / 4) * D + 32 * j + 8 * (lane % 4),
                           lane / 4 < heads);
#pragma unroll
    for (int i = 0; i < TILES; i++)
        tile_load_new<D>(x[i], keys, values, at + 16 * i, position);
    attend_state<D> state = {{}, {-1e30f, -1e30f}, {0.0f, 0.0f}};
    while (at < range.to) {
#pragma unroll
        for (int i = 0; i < TILES; i++)
            if (at + 16 * i < range.to)
                tile_attend<D>(x[i], q, p.scale * LOG2_E, range.to - at - 16 * i, state);
        at += ATTEND_WARPS * TILES * 16;
#pragma unroll
        for (int i = 0; i < TILES; i++)
            tile_load<D>(x[i], keys, values, at + 16 * i, range.to);
    }
    slot_store<D>(slots, state);
    __syncthreads();
    slots_merge<D>(p, slots, first_head, heads, range.active == 1);
    if (range.active == 1 || !attend_arrive(p, range.active))
        return;
    if (warp < heads)
        splits_merge<D>(p, first_head + warp, range.active, factors[warp]);
}

extern "C" __global__ void __launch_bounds__(ATTEND_WARPS *WARP)
    gpu_attend_64(const struct gpu_attend p)
{
    attend<64, 2>(p);
}

extern "C" __global__ void __launch_bounds__(ATTEND_WARPS *WARP)
    gpu_attend_128(const struct gpu_attend p)
{
    attend<128, 1>(p);
}
