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
 * cluster.  Of several clusters, the last to arrive with a slice puts those together through device
 * memory.
 *
 * Grid: (splits, kv_heads, eights of heads), clusters along the splits; 128 threads.  Shared
 * memory: the warps' rings.  Lane 4 g + t as in step.cuh. */

#include "step.cuh"

#define ATTEND_WARPS 4
#define ATTEND_HEADS 8
#define ATTEND_RANKS 8 /* blocks of a cluster, at most */
#define ATTEND_TILE 16 /* keys */
#define ATTEND_KEYS (ATTEND_TILE * ATTEND_WARPS)
/* Bytes of keys and values that a block takes before there is a second cluster, and the keys that
 * it has at least where there is one. */
#define ATTEND_ALONE 65536
#define ATTEND_FEW 64
/* Of a warp's ring for head size 128: two blocks find room on a multiprocessor. */
#if __CUDA_ARCH__ >= 900
#define ATTEND_STAGES_WIDE 3
#else
#define ATTEND_STAGES_WIDE 2
#endif
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

struct attend_range {
    int from, to; /* keys of this block */
    int clusters; /* that have any */
};

/* Every block computes the same cut.  A block takes up to `alone` keys before there is a second
 * cluster. */
__device__ __forceinline__ struct attend_range attend_cut(const struct gpu_attend &p, int position,
                                                          int alone)
{
    const int length = position + 1, begin = p.window > 0 ? max(0, length - p.window) : 0;
    const int count = length - begin, ranks = cluster_size();
    int clusters = 1;
    if (count > ranks * alone)
        clusters = min(static_cast<int>(gridDim.x) / ranks,
                       (count + ranks * ATTEND_FEW - 1) / (ranks * ATTEND_FEW));
    const int blocks = clusters * ranks, each = ((count + blocks - 1) / blocks + 15) / 16 * 16;
    const int from = begin + blockIdx.x * each;
    return {from, min(length, from + each), (count + each * ranks - 1) / (each * ranks)};
}

/* A warp's tiles on their way: STAGES times 16 keys, then as many values.  The places of the 16
 * byte pieces of a row are exchanged so that lanes which read at the same time do not meet in a
 * bank. */
template <int D> struct attend_ring {
    static constexpr int STAGES = D == 64 ? 4 : ATTEND_STAGES_WIDE;
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

/* A warp's part of each head: D outputs, maximum, sum.  Where its ring was. */
template <int D> struct attend_slot {
    float value[ATTEND_HEADS][D + 2];
};

template <int D> __device__ __forceinline__ attend_slot<D> &slot_of(attend_ring<D> &ring)
{
    static_assert(sizeof(attend_slot<D>) <= sizeof(attend_ring<D>), "it has room");
    return *reinterpret_cast<attend_slot<D> *>(&ring);
}

template <int D>
__device__ __forceinline__ void slot_store(attend_slot<D> &slot, const attend_state<D> &state)
{
    const int lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
#pragma unroll
    for (int e = 0; e < 2; e++) {
        float *value = slot.value[2 * t + e];
        float sum = keys_sum(state.sum[e]);
        if (g == 0) {
            value[D] = state.maximum[e];
            value[D + 1] = sum;
        }
#pragma unroll
        for (int j = 0; j < D / 64; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                *reinterpret_cast<float2 *>(value + 64 * j + 8 * g + 2 * i) =
                    make_float2(state.out[4 * j + i][e], state.out[4 * j + i][2 + e]);
    }
}

/* A part of a head's softmax: two columns, maximum, sum. */
struct attend_part {
    float2 out, weight;
};

/* `there` of the parts as one. */
template <int N>
__device__ __forceinline__ attend_part parts_merge(const attend_part (&parts)[N], int there)
{
    attend_part all = {make_float2(0.0f, 0.0f), make_float2(-1e30f, 0.0f)};
#pragma unroll
    for (int i = 0; i < N; i++)
        if (i < there)
            all.weight.x = fmaxf(all.weight.x, parts[i].weight.x);
#pragma unroll
    for (int i = 0; i < N; i++)
        if (i < there) {
            const float factor = exp2f(parts[i].weight.x - all.weight.x);
            all.weight.y = fmaf(factor, parts[i].weight.y, all.weight.y);
            all.out.x = fmaf(factor, parts[i].out.x, all.out.x);
            all.out.y = fmaf(factor, parts[i].out.y, all.out.y);
        }
    return all;
}

/* A block's part of each head: as slots, for the other blocks of the cluster. */
template <int D> struct attend_block {
    float value[ATTEND_HEADS][D + 2];
};

template <int D>
__device__ __forceinline__ void slots_merge(attend_ring<D> *rings, int heads,
                                            attend_block<D> &block)
{
    for (int i = threadIdx.x; i < heads * D / 2; i += blockDim.x) {
        const int head = i / (D / 2), at = i % (D / 2) * 2;
        attend_part parts[ATTEND_WARPS];
#pragma unroll
        for (int w = 0; w < ATTEND_WARPS; w++) {
            const float *value = slot_of<D>(rings[w]).value[head];
            parts[w] = {*reinterpret_cast<const float2 *>(value + at),
                        *reinterpret_cast<const float2 *>(value + D)};
        }
        const attend_part all = parts_merge(parts, ATTEND_WARPS);
        *reinterpret_cast<float2 *>(block.value[head] + at) = all.out;
        if (at == 0)
            *reinterpret_cast<float2 *>(block.value[head] + D) = all.weight;
    }
}

/* This block's slice of the columns, of all heads: two at a time. */
template <int D> struct attend_slice {
    int rank, ranks, pairs; /* pairs of columns of a head */

    __device__ __forceinline__ attend_slice()
        : rank(cluster_rank()), ranks(cluster_size()), pairs(D / 2 / cluster_size())
    {
    }

    __device__ __forceinline__ int column(int i) const
    {
        return 2 * (rank * pairs + i % pairs);
    }
};

/* The cluster's blocks together. */
template <int D>
__device__ __forceinline__ attend_part ranks_merge(const attend_block<D> &block,
                                                   const attend_slice<D> &slice, int i)
{
    const float *value = block.value[i / slice.pairs];
    attend_part parts[ATTEND_RANKS];
#pragma unroll
    for (int r = 0; r < ATTEND_RANKS; r++)
        if (r < slice.ranks)
            parts[r] = {cluster_load(value + slice.column(i), r), cluster_load(value + D, r)};
    return parts_merge(parts, slice.ranks);
}

__device__ __forceinline__ void head_store(__half *to, const attend_part &x)
{
    *reinterpret_cast<__half2 *>(to) =
        __floats2half2_rn(x.out.x / x.weight.y, x.out.y / x.weight.y);
}

/* Where cluster 0 keeps its columns of pair i, and, from `column` on, its weight for the slice. */
template <int D>
__device__ __forceinline__ float *partial_at(const struct gpu_attend &p,
                                             const attend_slice<D> &slice, int first_head, int i,
                                             int column)
{
    return p.partial + (int64_t)(first_head + i / slice.pairs) * (D + 2 * slice.ranks) + column;
}

/* Clusters whose parts lie `step` apart, ATTEND_RANKS at a time. */
__device__ __forceinline__ attend_part clusters_merge(const float *out, const float *weight,
                                                      int64_t step, int clusters)
{
    attend_part all = {make_float2(0.0f, 0.0f), make_float2(-1e30f, 0.0f)};
    for (int from = 0; from < clusters; from += ATTEND_RANKS) {
        attend_part parts[ATTEND_RANKS + 1];
#pragma unroll
        for (int c = 0; c < ATTEND_RANKS; c++)
            if (from + c < clusters)
                parts[c + 1] = {
                    __ldcg(reinterpret_cast<const float2 *>(out + (from + c) * step)),
                    __ldcg(reinterpret_cast<const float2 *>(weight + (from + c) * step))};
        parts[0] = all;
        all = parts_merge(parts, min(ATTEND_RANKS, clusters - from) + 1);
    }
    return all;
}

/* Is this the last cluster's block of its rank?  What the others wrote before is there then. */
__device__ __forceinline__ bool attend_arrive(uint32_t *arrived, int clusters)
{
    __shared__ bool last;
    __syncthreads();
    if (threadIdx.x == 0) {
        last = arrive_at(arrived) == clusters - 1u;
        if (last)
            *arrived = 0;
    }
    __syncthreads();
    return last;
}

/* The blocks' parts of `heads` heads together, to the output. */
template <int D>
__device__ __forceinline__ void blocks_merge(const struct gpu_attend &p,
                                             const attend_block<D> &block, int first_head,
                                             int heads, int clusters)
{
    const attend_slice<D> slice;
    const int64_t step = (int64_t)p.heads * (D + 2 * slice.ranks);
    const int64_t mine = blockIdx.x / slice.ranks * step, items = heads * slice.pairs;
    const int weight = D + 2 * slice.rank;
    cluster_arrive();
    cluster_wait();
    for (int i = threadIdx.x; i < items; i += blockDim.x) {
        const attend_part all = ranks_merge<D>(block, slice, i);
        if (clusters == 1) {
            head_store(p.out + (first_head + i / slice.pairs) * D + slice.column(i), all);
            continue;
        }
        *reinterpret_cast<float2 *>(partial_at<D>(p, slice, first_head, i, slice.column(i)) +
                                    mine) = all.out;
        if (i % slice.pairs == 0)
            *reinterpret_cast<float2 *>(partial_at<D>(p, slice, first_head, i, weight) + mine) =
                all.weight;
    }
    cluster_arrive(); /* nobody needs this block's shared memory once all have come here */
    uint32_t *arrived =
        p.arrived + (blockIdx.y * gridDim.z + blockIdx.z) * ATTEND_RANKS + slice.rank;
    if (clusters > 1 && attend_arrive(arrived, clusters))
        for (int i = threadIdx.x; i < items; i += blockDim.x)
            head_store(p.out + (first_head + i / slice.pairs) * D + slice.column(i),
                       clusters_merge(partial_at<D>(p, slice, first_head, i, slice.column(i)),
                                      partial_at<D>(p, slice, first_head, i, weight), step,
                                      clusters));
    cluster_wait();
}

template <int D> __device__ __forceinline__ void attend(const struct gpu_attend &p)
{
    extern __shared__ __align__(16) uint4 memory[];
    __shared__ attend_block<D> block;
    constexpr int STAGES = attend_ring<D>::STAGES;
    attend_ring<D> *rings = reinterpret_cast<attend_ring<D> *>(memory);
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, kv = blockIdx.y;
    const int group = p.heads / p.kv_heads, skip = blockIdx.z * ATTEND_HEADS;
    const int first_head = kv * group + skip, heads = min(ATTEND_HEADS, group - skip);
    const __half *keys = p.keys + kv * p.capacity * D, *values = p.values + kv * p.capacity * D;
    const int position = __ldcg(&p.sequence->position);
    const struct attend_range range = attend_cut(p, position, ATTEND_ALONE / (4 * D));
    step_next();
    if (blockIdx.x / cluster_size() >= range.clusters)
        return;
    attend_ring<D> &ring = rings[warp];
    const int before = min(range.to, position); /* keys that earlier steps wrote */
    int at = range.from + ATTEND_TILE * warp;
#pragma unroll
    for (int i = 0; i < STAGES; i++) {
        tile_fetch<D>(ring.tile[i], keys, values, at + ATTEND_KEYS * i, before);
        copy_commit();
    }
    step_wait();
    uint4 q[D / 32];
#pragma unroll
    for (int j = 0; j < D / 32; j++)
        q[j] = load_cached(p.q + (first_head + lane / 4) * D + 32 * j + 8 * (lane % 4),
                           lane / 4 < heads);
    const bool mine = position >= range.from && position < range.to &&
                      (position - range.from) / ATTEND_TILE % ATTEND_WARPS == warp;
    const uint4 fresh = fresh_load<D>(keys, values, position, mine);
    attend_state<D> state = {{}, {-1e30f, -1e30f}, {0.0f, 0.0f}};
    for (int stage = 0; at < range.to; at += ATTEND_KEYS) {
        copy_wait<STAGES - 1>();
        __syncwarp();
        if (mine && position - at < ATTEND_TILE)
            fresh_store<D>(ring.tile[stage], position - at, fresh);
        attend_tile<D> x;
        tile_read<D>(x, ring.tile[stage]);
        tile_attend<D>(x, q, p.scale * LOG2_E, range.to - at, state);
        __syncwarp();
        if (at + STAGES * ATTEND_KEYS < before)
            tile_fetch<D>(ring.tile[stage], keys, values, at + STAGES * ATTEND_KEYS, before);
        copy_commit();
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    copy_wait<0>();
    __syncwarp();
    slot_store<D>(slot_of<D>(ring), state);
    __syncthreads();
    slots_merge<D>(rings, heads, block);
    blocks_merge<D>(p, block, first_head, heads, range.clusters);
}

extern "C" __global__ void __launch_bounds__(ATTEND_WARPS *WARP)
    gpu_attend_64(const struct gpu_attend p)
{
    attend<64>(p);
}

extern "C" __global__ void __launch_bounds__(ATTEND_WARPS *WARP)
    gpu_attend_128(const struct gpu_attend p)
{
    attend<128>(p);
}
