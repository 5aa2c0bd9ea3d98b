/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Attention of one new token over the cache on tensor cores, for head sizes 64 and 128.
 *
 * The keys are split among blocks (Flash-Decoding, Dao 2023).  Each warp has a ring of tiles in
 * shared memory, which it asks for before it waits for the new token's query: beside the weights
 * that wait in the registers of the kernels to come, keys and values take none.  Products are
 * transposed, with the heads that share a KV head, up to 8, as the narrow side: scores [16 keys]
 * [8 heads] = K Q', output [D][8 heads] += V' P'.  The order of what is summed over is free as long
 * as both operands have the same, which lets every lane load 16 bytes.
 *
 * Where blocks can be clusters (sm_90), the blocks of one put their parts together through each
 * other's shared memory, each for its own slice of the columns; elsewhere a block is its own
 * cluster.  What several clusters leave is put together by the product that follows (stream.cu).
 *
 * Grid: (blocks of all clusters, kv_heads, eights of heads); 128 threads.  Shared
 * memory: the warps' rings.  Lane 4 g + t as in step.cuh. */

#include "step.cuh"

#define ATTEND_WARPS 4
#define ATTEND_HEADS 8
#if __CUDA_ARCH__ >= 900
#define ATTEND_CLUSTER __cluster_dims__(ATTEND_RANKS, 1, 1)
#else
#define ATTEND_CLUSTER
#endif
#define ATTEND_TILE 16 /* keys */
#define ATTEND_KEYS (ATTEND_TILE * ATTEND_WARPS)
#define LOG2_E 1.4426950408889634f

/* Of a tile, what a lane multiplies: k[n][j] is of key 8 n + g, columns 32 j + 8 t ..; v[n][j] of
 * key 8 (n / 2) + 2 t + n % 2, columns 64 j + 8 g .. */
template <int D> struct attend_tile {
    uint4 k[2][D / 32], v[4][D / 64];
};

/* The softmax so far of heads 2 t and 2 t + 1: out[4 j + i] has columns 64 j + 8 g + 2 i and the
 * next, first of both heads, then of both heads. */
template <int D> struct attend_state {
    float out[D / 16][4], maximum[2], sum[2];
};

/* A warp's tiles on their way: STAGES times 16 keys, then as many values.  The places of the 16
 * byte pieces of a row are exchanged so that lanes which read at the same time do not meet in a
 * bank. */
template <int D> struct attend_ring {
    static constexpr int STAGES = D == 64 ? 4 : 2; /* 64 KB a block */
    __half tile[STAGES][2][ATTEND_TILE * D];
};

template <int D> __device__ __forceinline__ int key_place(int key, int piece)
{
    return key * D + 8 * (piece ^ (key & 1) << 2);
}

template <int D> __device__ __forceinline__ int value_place(int key, int piece)
{
    return key * D + 8 * (piece ^ (key >> 1 & 3) << 1);
}

/* Keys `at` .. of which those below `to` are there: the others are zeros. */
template <int D>
__device__ __forceinline__ void tile_fetch(__half (&tile)[2][ATTEND_TILE * D], const __half *keys,
                                           const __half *values, int at, int to)
{
#pragma unroll
    for (int i = threadIdx.x % WARP; i < ATTEND_TILE * D / 8; i += WARP) {
        const int key = i / (D / 8), piece = i % (D / 8);
        const bool there = at + key < to;
        const int64_t from = there ? (int64_t)(at + key) * D + 8 * piece : 0;
        copy_async(tile[0] + key_place<D>(key, piece), keys + from, there);
        copy_async(tile[1] + value_place<D>(key, piece), values + from, there);
    }
}

template <int D>
__device__ __forceinline__ void tile_read(attend_tile<D> &x,
                                          const __half (&tile)[2][ATTEND_TILE * D])
{
    const int lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
#pragma unroll
    for (int n = 0; n < 2; n++)
#pragma unroll
        for (int j = 0; j < D / 32; j++)
            x.k[n][j] =
                *reinterpret_cast<const uint4 *>(tile[0] + key_place<D>(8 * n + g, 4 * j + t));
#pragma unroll
    for (int n = 0; n < 4; n++)
#pragma unroll
        for (int j = 0; j < D / 64; j++)
            x.v[n][j] = *reinterpret_cast<const uint4 *>(
                tile[1] + value_place<D>(8 * (n / 2) + 2 * t + n % 2, 8 * j + g));
}

/* The key and value that this step's kernels wrote, a piece a lane: of a warp that has them. */
template <int D>
__device__ __forceinline__ uint4 fresh_load(const __half *keys, const __half *values, int position,
                                            bool mine)
{
    const int lane = threadIdx.x % WARP, piece = lane % (D / 8);
    return load_cached((lane < D / 8 ? keys : values) + (int64_t)position * D + 8 * piece,
                       mine && lane < D / 4);
}

template <int D>
__device__ __forceinline__ void fresh_store(__half (&tile)[2][ATTEND_TILE * D], int key,
                                            const uint4 &fresh)
{
    const int lane = threadIdx.x % WARP, piece = lane % (D / 8);
    if (lane < D / 4)
        *reinterpret_cast<uint4 *>(lane < D / 8 ? tile[0] + key_place<D>(key, piece)
                                                : tile[1] + value_place<D>(key, piece)) = fresh;
    __syncwarp();
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
        factor[e] = exp2_fast(state.maximum[e] - high);
        state.maximum[e] = high;
        s[e] = exp2_fast(s[e] - high);
        s[2 + e] = exp2_fast(s[2 + e] - high);
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

/* A part of a head's softmax: two columns, maximum, sum. */
struct attend_part {
    float2 out, weight;
};

__device__ __forceinline__ attend_part nothing_yet()
{
    return {make_float2(0.0f, 0.0f), make_float2(-1e30f, 0.0f)};
}

/* The first N of the parts, of which `there` count, as one. */
template <int N>
__device__ __forceinline__ attend_part parts_merge(const attend_part (&parts)[N], int there = N)
{
    attend_part all = nothing_yet();
#pragma unroll
    for (int i = 0; i < N; i++)
        if (i < there)
            all.weight.x = fmaxf(all.weight.x, parts[i].weight.x);
#pragma unroll
    for (int i = 0; i < N; i++)
        if (i < there) {
            const float factor = exp2_fast(parts[i].weight.x - all.weight.x);
            all.weight.y = fmaf(factor, parts[i].weight.y, all.weight.y);
            all.out.x = fmaf(factor, parts[i].out.x, all.out.x);
            all.out.y = fmaf(factor, parts[i].out.y, all.out.y);
        }
    return all;
}

/* What the warps of the cluster have of this block's slice of the columns: D / RANKS of each head.
 */
template <int D> struct attend_inbox {
    static constexpr int COLUMNS = D / ATTEND_RANKS, PARTS = ATTEND_WARPS * ATTEND_RANKS;
    alignas(16) float out[PARTS][ATTEND_HEADS][COLUMNS];
    float2 weight[PARTS][ATTEND_HEADS]; /* maximum, sum */
};

/* This warp's part, to the blocks whose slices they are.  Without clusters there is one. */
template <int D>
__device__ __forceinline__ void part_send(attend_inbox<D> &inbox, const attend_state<D> &state)
{
    constexpr int COLUMNS = attend_inbox<D>::COLUMNS;
    const int lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
    const int part = cluster_rank() * ATTEND_WARPS + threadIdx.x / WARP;
#pragma unroll
    for (int e = 0; e < 2; e++) {
        const int head = 2 * t + e;
        const float2 weight = make_float2(state.maximum[e], keys_sum(state.sum[e]));
        if (g < ATTEND_RANKS)
            cluster_store(&inbox.weight[part][head], g, weight);
#pragma unroll
        for (int j = 0; j < D / 64; j++)
#pragma unroll
            for (int i = 0; i < 4; i += 2) {
                const int column = 64 * j + 8 * g + 2 * i;
                const float(&x)[4] = state.out[4 * j + i], (&y)[4] = state.out[4 * j + i + 1];
                cluster_store(reinterpret_cast<float4 *>(&inbox.out[part][head][column % COLUMNS]),
                              column / COLUMNS, make_float4(x[e], x[2 + e], y[e], y[2 + e]));
            }
    }
}

/* Of all heads and columns of a slice, two columns at a time, a thread has its share of one. */
template <int D> struct attend_item {
    static constexpr int PAIRS = attend_inbox<D>::COLUMNS / 2, ITEMS = ATTEND_HEADS * PAIRS;
    static constexpr int THREADS = ATTEND_WARPS * WARP,
                         SHARES = ITEMS < THREADS ? THREADS / ITEMS : 1;
    int head, column, share;

    __device__ __forceinline__ attend_item(int i)
        : head(i / SHARES / PAIRS), column(i / SHARES % PAIRS * 2), share(i % SHARES)
    {
    }

    /* The shares as one, in all threads that have one. */
    static __device__ __forceinline__ attend_part together(attend_part all)
    {
#pragma unroll
        for (int i = 1; i < SHARES; i *= 2) {
            const attend_part both[2] = {all,
                                         {{__shfl_xor_sync(ALL_LANES, all.out.x, i),
                                           __shfl_xor_sync(ALL_LANES, all.out.y, i)},
                                          {__shfl_xor_sync(ALL_LANES, all.weight.x, i),
                                           __shfl_xor_sync(ALL_LANES, all.weight.y, i)}}};
            all = parts_merge(both);
        }
        return all;
    }
};

/* All warps of the cluster together. */
template <int D>
__device__ __forceinline__ attend_part inbox_merge(const attend_inbox<D> &inbox,
                                                   const attend_item<D> &item)
{
    constexpr int SHARES = attend_item<D>::SHARES;
    attend_part parts[attend_inbox<D>::PARTS / SHARES];
#pragma unroll
    for (int i = 0; i < attend_inbox<D>::PARTS / SHARES; i++) {
        const int part = i * SHARES + item.share;
        parts[i] = {*reinterpret_cast<const float2 *>(&inbox.out[part][item.head][item.column]),
                    inbox.weight[part][item.head]};
    }
    return attend_item<D>::together(parts_merge(parts));
}

/* The cluster's softmax of `heads` heads, as if it were alone, and what it weighs. */
template <int D>
__device__ __forceinline__ void
attend_finish(const struct gpu_attend &p, const attend_inbox<D> &inbox, int first_head, int heads)
{
    using item_type = attend_item<D>;
    const int rank = cluster_rank(), cluster = blockIdx.x / ATTEND_RANKS;
    for (int i = threadIdx.x; i < item_type::ITEMS * item_type::SHARES; i += blockDim.x) {
        const item_type item(i);
        const attend_part all = inbox_merge<D>(inbox, item);
        if (item.share != 0 || item.head >= heads)
            continue;
        const int head = cluster * p.heads + first_head + item.head;
        const int column = rank * attend_inbox<D>::COLUMNS + item.column;
        *reinterpret_cast<__half2 *>(p.out + (int64_t)head * D + column) =
            __floats2half2_rn(all.out.x / all.weight.y, all.out.y / all.weight.y);
        if (column == 0)
            *reinterpret_cast<float2 *>(p.weight + 2 * head) = all.weight;
    }
}

template <int D> __device__ __forceinline__ void attend(const struct gpu_attend &p)
{
    extern __shared__ __align__(16) uint4 memory[];
    __shared__ attend_inbox<D> inbox;
    constexpr int STAGES = attend_ring<D>::STAGES;
    attend_ring<D> *rings = reinterpret_cast<attend_ring<D> *>(memory);
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, kv = blockIdx.y;
    const int group = p.heads / p.kv_heads, skip = blockIdx.z * ATTEND_HEADS;
    const int first_head = kv * group + skip, heads = min(ATTEND_HEADS, group - skip);
    const __half *keys = p.keys + kv * p.capacity * D, *values = p.values + kv * p.capacity * D;
    const int position = __ldcg(&p.sequence->position);
    const attend_cut cut = attend_cut_of(position, p.window, D, gridDim.x / ATTEND_RANKS);
    const int from = cut.from + blockIdx.x * cut.each, to = min(position + 1, from + cut.each);
    if (!p.late)
        step_next();
    if (blockIdx.x / ATTEND_RANKS >= cut.clusters)
        return;
    cluster_arrive(); /* each block's shared memory is there */
    attend_ring<D> &ring = rings[warp];
    const int before = min(to, position); /* keys that earlier steps wrote */
    int at = from + ATTEND_TILE * warp;
#pragma unroll 1
    for (int i = 0; i < STAGES; i++) {
        tile_fetch<D>(ring.tile[i], keys, values, at + ATTEND_KEYS * i, before);
        copy_commit();
    }
    step_wait();
    if (p.late)
        step_next();
    uint4 q[D / 32];
#pragma unroll
    for (int j = 0; j < D / 32; j++)
        q[j] = load_cached(p.q + (first_head + lane / 4) * D + 32 * j + 8 * (lane % 4),
                           lane / 4 < heads);
    const bool mine =
        position >= from && position < to && (position - from) / ATTEND_TILE % ATTEND_WARPS == warp;
    const uint4 fresh = fresh_load<D>(keys, values, position, mine);
    attend_state<D> state = {{}, {-1e30f, -1e30f}, {0.0f, 0.0f}};
    for (int stage = 0; at < to; at += ATTEND_KEYS) {
        copy_wait<STAGES - 1>();
        __syncwarp();
        if (mine && position - at < ATTEND_TILE)
            fresh_store<D>(ring.tile[stage], position - at, fresh);
        attend_tile<D> x;
        tile_read<D>(x, ring.tile[stage]);
        tile_attend<D>(x, q, p.scale * LOG2_E, to - at, state);
        __syncwarp();
        if (at + STAGES * ATTEND_KEYS < before)
            tile_fetch<D>(ring.tile[stage], keys, values, at + STAGES * ATTEND_KEYS, before);
        copy_commit();
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    cluster_wait();
    part_send<D>(inbox, state);
    cluster_arrive();
    cluster_wait();
    attend_finish<D>(p, inbox, first_head, heads);
}

extern "C" __global__ void ATTEND_CLUSTER __launch_bounds__(ATTEND_WARPS *WARP, 7)
    gpu_attend_64(const struct gpu_attend p)
{
    attend<64>(p);
}

extern "C" __global__ void ATTEND_CLUSTER __launch_bounds__(ATTEND_WARPS *WARP)
    gpu_attend_128(const struct gpu_attend p)
{
    attend<128>(p);
}
