/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Products of one token, which are bound by reading the weights once.
 *
 * A warp has a piece of two rows: up to 256 ITERS columns of each.  It asks for all of it at once,
 * before anything else; a wide row is the work of `parts` warps.  While the weights are on their
 * way the block waits for the kernels before, then brings the vector into shared memory, normalised
 * where a norm is given.  What a block holds in registers is the buffer that keeps memory busy
 * between kernels: with programmatic dependent launch the blocks of the next kernel take the places
 * of this one's as they end, and begin to read.
 *
 * The products are those of tensor cores: the 4 lanes of group g are row g of the operand with the
 * first row's elements, row g + 8 with the second's, and column g with the vector's, so that the
 * sum is that of a diagonal.  cols is a multiple of 8, the vector is float16, sums are float32.
 *
 * Threads: 32 parts times the pairs of a block; shared memory: 2 cols bytes, 4 where a norm is
 * given, those of heads_load() for STREAM_OUT. */

#include "step.cuh"

#define STREAM_THREADS 512
#define STAGE_THREADS 256

/* The order of enum gpu_stream_kind in kernels.h. */
enum stream_kind { STREAM_QKV, STREAM_OUT, STREAM_ADD, STREAM_SWIGLU, STREAM_LOGITS };

/* The two rows of a warp; both 0 where it has none. */
struct stream_rows {
    bool any;
    int first, second;
    bool both; /* false: the second is the first once more */
};

template <int KIND>
__device__ __forceinline__ struct stream_rows rows_of(const gpu_stream &p, int pair)
{
    struct stream_rows r = {false, 0, 0, true};
    if (KIND == STREAM_QKV) {
        const int half_dim = p.head_dim / 2, head = pair / half_dim;
        r.any = 2 * pair < p.product.rows;
        r.first = head * p.head_dim + pair - head * half_dim;
        r.second = r.first + half_dim;
    } else if (KIND == STREAM_SWIGLU) {
        r.any = pair < p.product.rows;
        r.first = pair;
        r.second = p.product.rows + pair;
    } else {
        r.any = 2 * pair < p.product.rows;
        r.first = 2 * pair;
        r.both = r.first + 1 < p.product.rows;
        r.second = r.both ? r.first + 1 : r.first;
    }
    if (!r.any)
        r.first = r.second = 0;
    return r;
}

/* The sum over the block of each thread's squares, in all of them; parts: one float a warp. */
__device__ __forceinline__ float squares_sum(float x, float *parts)
{
    const int lane = threadIdx.x % WARP;
    x = warp_sum(x);
    if (lane == 0)
        parts[threadIdx.x / WARP] = x;
    __syncthreads();
    return warp_sum(lane < blockDim.x / WARP ? parts[lane] : 0.0f);
}

/* x / rms(x) * weight of 8 elements. */
__device__ __forceinline__ half8 normalise8(const half8 &x, const half8 &weight, float scale)
{
    half8 out;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 a = __half22float2(x.h[i]), w = __half22float2(weight.h[i]);
        out.h[i] = __floats2half2_rn(a.x * scale * w.x, a.y * scale * w.y);
    }
    return out;
}

/* The norm's weights, which nobody writes, to where this thread needs them. */
__device__ __forceinline__ void norm_load(const struct gpu_product &p, half8 *weight)
{
    if (p.norm)
#pragma unroll 1
        for (int c = threadIdx.x; c < p.cols / 8; c += blockDim.x)
            *reinterpret_cast<uint4 *>(weight + c) =
                *reinterpret_cast<const uint4 *>(p.norm + 8 * c);
}

/* The vector into shared memory, for all threads. */
__device__ __forceinline__ void vector_load(const struct gpu_product &p, half8 *x,
                                            const half8 *weight, float *parts)
{
#pragma unroll 1
    for (int c = threadIdx.x; c < p.cols / 8; c += blockDim.x)
        copy_async(reinterpret_cast<__half *>(x + c), p.x + 8 * c, true);
    copy_commit();
    copy_wait<0>();
    if (p.norm) {
        float squares = 0.0f;
#pragma unroll 1
        for (int c = threadIdx.x; c < p.cols / 8; c += blockDim.x)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float2 f = __half22float2(x[c].h[i]);
                squares += f.x * f.x + f.y * f.y;
            }
        float scale = rsqrtf(squares_sum(squares, parts) / (float)p.cols + p.epsilon);
#pragma unroll 1
        for (int c = threadIdx.x; c < p.cols / 8; c += blockDim.x)
            x[c] = normalise8(x[c], weight[c], scale);
    }
    __syncthreads();
}

/* What each of attention's clusters counts for in a head: its share of the sum over all keys. */
__device__ __forceinline__ void clusters_share(const float2 *weight, int clusters, int heads,
                                               float (&share)[ATTEND_CLUSTERS])
{
    float2 w[ATTEND_CLUSTERS];
    float high = -CUDART_INF_F, sum = 0.0f;
#pragma unroll
    for (int i = 0; i < ATTEND_CLUSTERS; i++) {
        w[i] = i < clusters ? weight[i * heads] : make_float2(-CUDART_INF_F, 0.0f);
        high = fmaxf(high, w[i].x);
    }
#pragma unroll
    for (int i = 0; i < ATTEND_CLUSTERS; i++) {
        share[i] = exp2_fast(w[i].x - high) * w[i].y;
        sum += share[i];
    }
    const float inverse = 1.0f / sum;
#pragma unroll
    for (int i = 0; i < ATTEND_CLUSTERS; i++)
        share[i] *= inverse;
}

/* Eight columns of a head from those of its clusters, which lie `chunks` apart. */
__device__ __forceinline__ half8 clusters_merge(const half8 *x, const float2 *weight, int clusters,
                                                int chunks, int heads)
{
    float share[ATTEND_CLUSTERS], all[8] = {};
    half8 out;
    clusters_share(weight, clusters, heads, share);
#pragma unroll
    for (int i = 0; i < ATTEND_CLUSTERS; i++)
        if (i < clusters) {
            float f[8];
            unpack8(x[i * chunks], f);
#pragma unroll
            for (int k = 0; k < 8; k++)
                all[k] = fmaf(share[i], f[k], all[k]);
        }
#pragma unroll
    for (int i = 0; i < 4; i++)
        out.h[i] = __floats2half2_rn(all[2 * i], all[2 * i + 1]);
    return out;
}

/* The vector of STREAM_OUT: x has room for [1 + clusters][cols] and clusters' weights. */
__device__ __forceinline__ void heads_load(const struct gpu_stream &p, half8 *x, int clusters)
{
    const int chunks = p.product.cols / 8, count = clusters * chunks;
    half8 *parts = clusters > 1 ? x + chunks : x;
    float2 *weight = reinterpret_cast<float2 *>(x + (1 + clusters) * chunks);
#pragma unroll 1
    for (int c = threadIdx.x; c < count; c += blockDim.x)
        copy_async(reinterpret_cast<__half *>(parts + c), p.product.x + 8 * c, true);
    if (clusters > 1)
#pragma unroll 1
        for (int i = threadIdx.x; i < clusters * p.heads; i += blockDim.x)
            weight[i] = __ldcg(reinterpret_cast<const float2 *>(p.weight) + i);
    copy_commit();
    copy_wait<0>();
    __syncthreads();
    if (clusters == 1)
        return;
#pragma unroll 1
    for (int c = threadIdx.x; c < chunks; c += blockDim.x)
        x[c] = clusters_merge(parts + c, weight + 8 * c / p.head_dim, clusters, chunks, p.heads);
    __syncthreads();
}

/* Lanes with an even number get the first row's sum, the others the second's. */
__device__ __forceinline__ float diagonal_sum(const float (&a)[4], const float (&b)[4])
{
    const int lane = threadIdx.x % WARP, group = lane / 4;
    const bool mine = lane % 4 == group / 2, odd = group & 1;
    float first = mine ? (odd ? a[1] + b[1] : a[0] + b[0]) : 0.0f;
    float second = mine ? (odd ? a[3] + b[3] : a[2] + b[2]) : 0.0f;
    float keep = lane & 1 ? second : first, send = lane & 1 ? first : second;
    keep += __shfl_xor_sync(ALL_LANES, send, 1);
#pragma unroll
    for (int i = 2; i < WARP; i *= 2)
        keep += __shfl_xor_sync(ALL_LANES, keep, i);
    return keep;
}

/* Cosine and sine of the pair's angle. */
__device__ __forceinline__ float2 qkv_turn(const struct gpu_stream &p, const struct stream_rows &r)
{
    const int half_dim = p.head_dim / 2, at = r.first % p.head_dim;
    return make_float2(__ldcg(p.turn + at), __ldcg(p.turn + half_dim + at));
}

/* A head's pair (i, i + D / 2) of q, k or v, rotated and filed; lane 0 has the first's sum, lane 1
 * the second's. */
__device__ __forceinline__ void qkv_store(const struct gpu_stream &p, const struct stream_rows &r,
                                          float sum, float2 turn, int position)
{
    const int lane = threadIdx.x % WARP, dim = p.head_dim;
    const int row = lane == 0 ? r.first : r.second;
    const int head = row / dim, i = row - head * dim, kv = head - p.heads;
    float other = __shfl_xor_sync(ALL_LANES, sum, 1);
    if (lane > 1)
        return;
    if (kv < p.kv_heads)
        sum = lane == 0 ? sum * turn.x - other * turn.y : sum * turn.x + other * turn.y;
    __half *out = kv < 0 ? static_cast<__half *>(p.product.out) + row
                  : kv < p.kv_heads
                      ? p.keys + (kv * p.capacity + position) * dim + i
                      : p.values + ((kv - p.kv_heads) * p.capacity + position) * dim + i;
    *out = __float2half_rn(sum);
}

/* Larger values have larger keys, and of equal ones the lower index has. */
__device__ __forceinline__ unsigned long long argmax_key(float value, int index)
{
    uint32_t bits = __float_as_uint(isnan(value) ? -CUDART_INF_F : value);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return (unsigned long long)bits << 32 | (uint32_t)~index;
}

/* A logit of each row, and the best of the block's for the sequence where one is given. */
__device__ __forceinline__ void logits_store(const struct gpu_stream &p,
                                             const struct stream_rows &r, bool writes, float sum)
{
    __shared__ unsigned long long best[STREAM_THREADS / WARP];
    const int lane = threadIdx.x % WARP, row = lane == 0 ? r.first : r.second;
    unsigned long long key = 0;
    writes = writes && lane < (r.both ? 2 : 1);
    if (writes) {
        static_cast<float *>(p.product.out)[row] = sum;
        key = argmax_key(sum, row);
    }
    if (!p.sequence)
        return;
    unsigned long long other = __shfl_xor_sync(ALL_LANES, key, 1);
    key = key > other ? key : other;
    if (lane == 0)
        best[threadIdx.x / WARP] = key;
    __syncthreads();
    if (threadIdx.x != 0)
        return;
    for (int i = 1; i < blockDim.x / WARP; i++)
        key = best[i] > key ? best[i] : key;
    atomicMax(reinterpret_cast<unsigned long long *>(&p.sequence->best), key);
}

template <int KIND>
__device__ __forceinline__ void stream_store(const struct gpu_stream &p,
                                             const struct stream_rows &r, float sum, float before,
                                             float2 turn, int position)
{
    const int lane = threadIdx.x % WARP, row = lane == 0 ? r.first : r.second;
    __half *out = static_cast<__half *>(p.product.out);
    if (KIND == STREAM_QKV) {
        qkv_store(p, r, sum + before, turn, position);
    } else if (KIND == STREAM_SWIGLU) {
        float up = __shfl_xor_sync(ALL_LANES, sum, 1);
        if (lane == 0)
            out[row] = __float2half_rn(silu(sum) * up);
    } else if (lane < (r.both ? 2 : 1)) {
        out[row] = __float2half_rn(sum + before);
    }
}

/* Bias, and for STREAM_ADD what is added to, of the lane's row. */
template <int KIND>
__device__ __forceinline__ float stream_bias(const struct gpu_stream &p,
                                             const struct stream_rows &r)
{
    const int lane = threadIdx.x % WARP, row = lane % 2 ? r.second : r.first;
    return r.any && lane < 2 && p.product.bias ? __half2float(p.product.bias[row]) : 0.0f;
}

__device__ __forceinline__ float stream_residual(const struct gpu_stream &p,
                                                 const struct stream_rows &r)
{
    const int lane = threadIdx.x % WARP, row = lane % 2 ? r.second : r.first;
    return r.any && lane < 2
               ? __half2float(__ldcg(static_cast<const __half *>(p.product.out) + row))
               : 0.0f;
}

template <int ITERS>
__device__ __forceinline__ float stream_dot(const uint4 (&a)[ITERS], const uint4 (&b)[ITERS],
                                            const half8 *x, int first, int chunks)
{
    float sums[2][4] = {};
#pragma unroll
    for (int i = 0; i < ITERS; i++) {
        const int c = first + i * WARP;
        uint4 v = make_uint4(0, 0, 0, 0);
        if (c < chunks)
            v = *reinterpret_cast<const uint4 *>(x + c);
        multiply(sums[0], a[i].x, b[i].x, a[i].y, b[i].y, v.x, v.y);
        multiply(sums[1], a[i].z, b[i].z, a[i].w, b[i].w, v.z, v.w);
    }
    return diagonal_sum(sums[0], sums[1]);
}

template <int ITERS, int KIND> __device__ __forceinline__ void stream(const struct gpu_stream &p)
{
    extern __shared__ __align__(16) half8 vector[];
    __shared__ float parts[STREAM_THREADS / WARP];
    __shared__ float sums[STREAM_THREADS / WARP][2];
    const struct gpu_product &q = p.product;
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, chunks = q.cols / 8;
    const int local = warp / p.parts, part = warp - local * p.parts;
    const int first = part * ITERS * WARP + lane;
    const struct stream_rows r =
        rows_of<KIND>(p, blockIdx.x * (blockDim.x / WARP / p.parts) + local);
    uint4 a[ITERS], b[ITERS];
    const uint4 *row_a = reinterpret_cast<const uint4 *>(q.weights + (int64_t)r.first * q.cols);
    const uint4 *row_b = reinterpret_cast<const uint4 *>(q.weights + (int64_t)r.second * q.cols);
#pragma unroll
    for (int i = 0; i < ITERS; i++) {
        const bool valid = r.any && first + i * WARP < chunks;
        a[i] = load_once(row_a + first + i * WARP, valid);
        b[i] = load_once(row_b + first + i * WARP, valid);
    }
    step_next();
    norm_load(q, vector + chunks);
    float before = stream_bias<KIND>(p, r);
    const int position =
        KIND == STREAM_QKV || KIND == STREAM_OUT ? __ldcg(&p.sequence->position) : 0;
    float2 turn = make_float2(1.0f, 0.0f);
    step_wait();
    if (KIND == STREAM_QKV)
        turn = qkv_turn(p, r);
    if (KIND == STREAM_OUT || (KIND == STREAM_ADD && p.adds))
        before += stream_residual(p, r);
    if (KIND == STREAM_OUT)
        heads_load(p, vector, attend_cut_of(position, p.window, p.head_dim, p.clusters).clusters);
    else
        vector_load(q, vector, vector + chunks, parts);
    float sum = stream_dot<ITERS>(a, b, vector, first, chunks);
    if (p.parts > 1) {
        if (lane < 2)
            sums[warp][lane] = sum;
        __syncthreads();
        sum = 0.0f;
        for (int i = 0; part == 0 && i < p.parts; i++)
            sum += sums[warp + i][lane % 2];
    }
    const bool writes = r.any && part == 0;
    if (KIND == STREAM_LOGITS)
        logits_store(p, r, writes, sum);
    else if (writes)
        stream_store<KIND>(p, r, sum, before, turn, position);
}

#define STREAM(kind, KIND, ITERS)                                                                  \
    extern "C" __global__ void __launch_bounds__(STREAM_THREADS)                                   \
        gpu_stream_##kind##_##ITERS(const struct gpu_stream p)                                     \
    {                                                                                              \
        stream<ITERS, KIND>(p);                                                                    \
    }
#define STREAM_ALL(ITERS)                                                                          \
    STREAM(qkv, STREAM_QKV, ITERS)                                                                 \
    STREAM(out, STREAM_OUT, ITERS)                                                                 \
    STREAM(add, STREAM_ADD, ITERS)                                                                 \
    STREAM(swiglu, STREAM_SWIGLU, ITERS)                                                           \
    STREAM(logits, STREAM_LOGITS, ITERS)

STREAM_ALL(2)
STREAM_ALL(4)
STREAM_ALL(5)
STREAM_ALL(6)
STREAM_ALL(7)
STREAM_ALL(8)

/* STREAM_SWIGLU with the weights on their way to shared memory: a warp has p.pairs pairs of rows.
 * What waits there leaves the registers to the next kernel's weights.
 *
 * Threads: 32 for each warp; shared memory: 4 cols bytes, and as many for each pair. */
extern "C" __global__ void __launch_bounds__(STAGE_THREADS, 5)
    gpu_stage_swiglu(const struct gpu_stream p)
{
    extern __shared__ __align__(16) half8 staging[];
    __shared__ float parts[STREAM_THREADS / WARP];
    const struct gpu_product &q = p.product;
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, chunks = q.cols / 8;
    const int first = (blockIdx.x * (blockDim.x / WARP) + warp) * p.pairs;
    const int pairs = max(0, min(p.pairs, q.rows - first));
    uint4 *room = reinterpret_cast<uint4 *>(staging + 2 * (1 + warp * p.pairs) * chunks);
    for (int k = 0; k < pairs; k++) {
        const uint4 *gate =
            reinterpret_cast<const uint4 *>(q.weights + (int64_t)(first + k) * q.cols);
        const uint4 *up = gate + (int64_t)q.rows * chunks;
#pragma unroll 4
        for (int c = lane; c < chunks; c += WARP) {
            copy_once(room + 2 * k * chunks + c, gate + c);
            copy_once(room + (2 * k + 1) * chunks + c, up + c);
        }
    }
    step_next();
    norm_load(q, staging + chunks);
    step_wait();
    vector_load(q, staging, staging + chunks, parts); /* waits for the copies too */
    for (int k = 0; k < pairs; k++) {
        const uint4 *a = room + 2 * k * chunks, *b = a + chunks;
        const uint4 *x = reinterpret_cast<const uint4 *>(staging), none = make_uint4(0, 0, 0, 0);
        float sums[2][4] = {};
#pragma unroll 2
        for (int from = 0; from < chunks; from += WARP) {
            const int c = from + lane;
            const bool valid = c < chunks;
            const uint4 u = valid ? a[c] : none, w = valid ? b[c] : none, v = valid ? x[c] : none;
            multiply(sums[0], u.x, w.x, u.y, w.y, v.x, v.y);
            multiply(sums[1], u.z, w.z, u.w, w.w, v.z, v.w);
        }
        const float sum = diagonal_sum(sums[0], sums[1]);
        const float up = __shfl_xor_sync(ALL_LANES, sum, 1);
        if (lane == 0)
            static_cast<__half *>(q.out)[first + k] = __float2half_rn(silu(sum) * up);
    }
}

/* The token's embedding, and the cosines and sines of its position, which all layers use.  One
 * block. */
extern "C" __global__ void gpu_step_begin(const struct gpu_step p)
{
    const int half_dim = p.head_dim / 2;
    step_wait();
    step_next(); /* only now: the others read the sequence, and the cache, before they wait */
    const int token = __ldcg(&p.sequence->token), position = __ldcg(&p.sequence->position);
    const uint4 *from = reinterpret_cast<const uint4 *>(p.table + (int64_t)token * p.hidden);
    for (int i = threadIdx.x; i < p.hidden / 8; i += blockDim.x)
        reinterpret_cast<uint4 *>(p.x)[i] = from[i];
    for (int i = threadIdx.x; i < half_dim; i += blockDim.x)
        sincosf((float)position * p.frequencies[i], &p.turn[half_dim + i], &p.turn[i]);
}

/* The best logit's token is the sequence's next.  One thread. */
extern "C" __global__ void gpu_step_end(const struct gpu_step p)
{
    step_next();
    step_wait();
    struct gpu_sequence *s = p.sequence;
    uint64_t best = __ldcg(reinterpret_cast<unsigned long long *>(&s->best));
    int32_t token = (int32_t) ~(uint32_t)best, step = __ldcg(&s->step);
    s->best = 0;
    s->token = token;
    s->position = __ldcg(&s->position) + 1;
    s->step = step + 1;
    p.tokens[step] = token;
    __threadfence_system();
}
