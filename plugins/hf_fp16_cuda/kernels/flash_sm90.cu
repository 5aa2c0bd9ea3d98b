/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* flash.cu's attention for Hopper and head sizes 64 and 128, as FlashAttention-3 (Shah et al. 2024)
 * does it: one warpgroup has the copy engine bring tiles of keys and values, the others multiply,
 * 64 queries each.  A group's softmax of one tile is at work while the tensor cores multiply the
 * probabilities of the tile before with its values, and groups take turns at starting products, so
 * that one group's softmax hides behind another's products.
 *
 * Rows' highest scores are not looked for in every tile.  Probabilities are relative to the highest
 * score of the first tile; while none is beyond float16, which their sums tell, that is as good as
 * any.  Where one is, a warp takes the tile's scores anew and moves its rows' base.  (It goes
 * beyond FlashAttention-4, which moves the base where scores have risen by 2^8 but looks at all of
 * them.)
 *
 * Grid: (heads, tiles of queries); the longest rows come first.  Tiles go from the last key to the
 * first.  Compiled for sm_90a alone. */

#include "hopper.cuh"

#define KEY_TILE 128
#define KEY_STAGES 4
#define VALUE_STAGES 2
/* While a thread's probabilities of a row and a tile add up to no more, float16 holds them. */
#define SUM_MOST 32768.0f

template <int D, int GROUPS> struct flash_shared {
    static constexpr int QUERIES = 64 * GROUPS;
    alignas(1024) __half q[QUERIES * D]; /* by 64 columns: [D / 64][rows][64], as k and v */
    alignas(1024) __half k[KEY_STAGES][KEY_TILE * D];
    alignas(1024) __half v[VALUE_STAGES][KEY_TILE * D];
    uint64_t q_full, k_full[KEY_STAGES], k_empty[KEY_STAGES], v_full[VALUE_STAGES],
        v_empty[VALUE_STAGES];
};

/* One warpgroup's 64 queries.  A thread has columns 8 j + 2 (lane % 4) and the next of two rows,
 * the second 8 below the first: elements 4 j, 4 j + 1 and 4 j + 2, 4 j + 3. */
template <int D, int GROUPS> struct query_group {
    flash_shared<D, GROUPS> &s;
    int group, lane;
    uint32_t queries, keys, values; /* operands, of the first stage */
    float out[D / 2], score[KEY_TILE / 2];
    uint32_t probability[KEY_TILE / 4];
    float highest[2], sum[2];
    int last_seen; /* key that the first row sees last */
    float scale;   /* to base 2 */

    __device__ __forceinline__ query_group(flash_shared<D, GROUPS> &shared) : s(shared)
    {
    }

    __device__ __forceinline__ void start_scores(int stage)
    {
        const uint32_t k = keys + stage * (KEY_TILE * D * 2 / 16);
        products_fence();
#pragma unroll
        for (int i = 0; i < D / 16; i++)
            multiply_shared(
                score,
                operand_at(queries, i / 4 * flash_shared<D, GROUPS>::QUERIES * 128 + i % 4 * 32),
                operand_at(k, i / 4 * KEY_TILE * 128 + i % 4 * 32), i != 0);
        products_commit();
    }

    __device__ __forceinline__ void start_output(int stage)
    {
        const uint32_t v = values + stage * (KEY_TILE * D * 2 / 16);
        products_fence();
#pragma unroll
        for (int i = 0; i < KEY_TILE / 16; i++)
            multiply_registers(out, probability + 4 * i, operand_at(v, i * 16 * 128), 1);
        products_commit();
    }

    __device__ __forceinline__ void mask(int first_key)
    {
#pragma unroll
        for (int i = 0; i < KEY_TILE / 2; i++)
            if (first_key + i / 4 * 8 + lane % 4 * 2 + i % 2 > last_seen + i / 2 % 2 * 8)
                score[i] = -CUDART_INF_F;
    }

    /* The base of probabilities becomes each row's highest score so far; what was summed must be
     * multiplied by `factor`. */
    __device__ __forceinline__ void rebase(float (&factor)[2])
    {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float high = highest[r];
#pragma unroll
            for (int j = 0; j < KEY_TILE / 8; j++)
                high = fmaxf(high, fmaxf(score[4 * j + 2 * r], score[4 * j + 2 * r + 1]));
            high = fmaxf(high, __shfl_xor_sync(ALL_LANES, high, 1));
            high = fmaxf(high, __shfl_xor_sync(ALL_LANES, high, 2));
            factor[r] = exp2_fast((highest[r] - high) * scale);
            highest[r] = high;
        }
    }

    /* Scores become probabilities, `more` their sums.  Are all of the warp's in float16's range? */
    __device__ __forceinline__ bool exponentials(float (&more)[2])
    {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            const float shift = highest[r] * scale;
            more[r] = 0.0f;
#pragma unroll
            for (int j = 0; j < KEY_TILE / 8; j++)
#pragma unroll
                for (int e = 4 * j + 2 * r; e < 4 * j + 2 * r + 2; e++) {
                    score[e] = exp2_fast(fmaf(score[e], scale, -shift));
                    more[r] += score[e];
                }
        }
        return __all_sync(ALL_LANES, more[0] <= SUM_MOST && more[1] <= SUM_MOST);
    }

    /* The warp's 16 rows of scores anew, without its group: rows of 128 bytes lie swizzled. */
    __device__ __forceinline__ void scores_again(int stage)
    {
        const int warp = threadIdx.x / WARP % 4, row = lane % 8;
        const char *q = reinterpret_cast<const char *>(s.q) +
                        (group * 64 + warp * 16 + lane / 8 % 2 * 8 + row) * 128;
        const char *k = reinterpret_cast<const char *>(s.k[stage]) + row * 128;
#pragma unroll
        for (int e = 0; e < KEY_TILE / 2; e++)
            score[e] = 0.0f;
#pragma unroll 1
        for (int i = 0; i < D / 32; i++) { /* 32 columns at a time */
            const int block = i / 2, chunk = i % 2 * 4;
            const char *q_at = q + block * flash_shared<D, GROUPS>::QUERIES * 128;
            const char *k_at = k + block * KEY_TILE * 128 + ((chunk + lane / 8) ^ row) * 16;
            uint32_t a[8], b[4];
            load_matrix(a, q_at + ((chunk + lane / 16) ^ row) * 16);
            load_matrix(a + 4, q_at + ((chunk + 2 + lane / 16) ^ row) * 16);
#pragma unroll
            for (int j = 0; j < KEY_TILE / 8; j++) {
                load_matrix(b, k_at + j * 8 * 128);
                multiply(score + 4 * j, a, b);
                multiply(score + 4 * j, a + 4, b + 2);
            }
        }
    }

    __device__ __forceinline__ void narrow()
    {
#pragma unroll
        for (int i = 0; i < KEY_TILE / 4; i++)
            probability[i] = pack(score[2 * i], score[2 * i + 1]);
    }

    __device__ __forceinline__ void rescale(const float (&factor)[2])
    {
        sum[0] *= factor[0];
        sum[1] *= factor[1];
#pragma unroll
        for (int i = 0; i < D / 2; i++)
            out[i] *= factor[i / 2 % 2];
    }

    __device__ __forceinline__ void add(const float (&more)[2])
    {
        sum[0] += more[0];
        sum[1] += more[1];
    }

    /* Group g waits at barrier 1 + g until all others have had their turn. */
    __device__ __forceinline__ void turn_wait()
    {
        named_sync(1 + group, GROUPS * WARPGROUP);
    }

    __device__ __forceinline__ void turn_pass()
    {
#pragma unroll
        for (int i = 1; i < GROUPS; i++)
            named_arrive(1 + (group + i) % GROUPS, GROUPS * WARPGROUP);
    }

    /* Group 0 is the first, then 1 and so on. */
    __device__ __forceinline__ void turn_begin()
    {
#pragma unroll
        for (int i = 0; i + 1 < GROUPS; i++)
            if (group > i)
                named_arrive(1 + i, GROUPS * WARPGROUP);
    }

    __device__ __forceinline__ void store(__half *to, int64_t stride, int row, int rows)
    {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float all = sum[r];
            all += __shfl_xor_sync(ALL_LANES, all, 1);
            all += __shfl_xor_sync(ALL_LANES, all, 2);
            float factor = 1.0f / all;
            if (row + 8 * r >= rows)
                continue;
            __half *at = to + (row + 8 * r) * stride + lane % 4 * 2;
#pragma unroll
            for (int j = 0; j < D / 8; j++)
                *reinterpret_cast<uint32_t *>(at + 8 * j) =
                    pack(out[4 * j + 2 * r] * factor, out[4 * j + 2 * r + 1] * factor);
        }
    }
};

/* Tile number i of `tiles`, counted from the last key, goes through stage i % KEY_STAGES and
 * i % VALUE_STAGES. */
__device__ __forceinline__ int key_parity(int i)
{
    return i / KEY_STAGES & 1;
}

__device__ __forceinline__ int value_parity(int i)
{
    return i / VALUE_STAGES & 1;
}

template <int D, int GROUPS>
__device__ __forceinline__ void bring_tiles(flash_shared<D, GROUPS> &s,
                                            const struct gpu_attention_sm90 &p, int first_query,
                                            int tiles)
{
    const int head = blockIdx.x, kv_head = head / (p.heads / p.kv_heads), rows = 64 * GROUPS;
    barrier_expect(&s.q_full, rows * D * 2);
    for (int b = 0; b < D / 64; b++)
        copy_box(s.q + b * rows * 64, &p.q, &s.q_full, b * 64, head, first_query);
    for (int i = 0; i < tiles; i++) {
        const int ks = i % KEY_STAGES, vs = i % VALUE_STAGES, key = (tiles - 1 - i) * KEY_TILE;
        barrier_wait(&s.k_empty[ks], key_parity(i) ^ 1);
        barrier_expect(&s.k_full[ks], KEY_TILE * D * 2);
        for (int b = 0; b < D / 64; b++)
            copy_box(s.k[ks] + b * KEY_TILE * 64, &p.keys, &s.k_full[ks], b * 64, key, kv_head);
        barrier_wait(&s.v_empty[vs], value_parity(i) ^ 1);
        barrier_expect(&s.v_full[vs], KEY_TILE * D * 2);
        for (int b = 0; b < D / 64; b++)
            copy_box(s.v[vs] + b * KEY_TILE * 64, &p.values, &s.v_full[vs], b * 64, key, kv_head);
    }
}

template <int D, int GROUPS>
__device__ __forceinline__ void
attend(flash_shared<D, GROUPS> &s, const struct gpu_attention_sm90 &p, int first_query, int tiles)
{
    query_group<D, GROUPS> g(s);
    const int warp = threadIdx.x / WARP % 4;
    g.group = threadIdx.x / WARPGROUP - 1;
    g.lane = threadIdx.x % WARP;
    g.scale = p.scale * 1.44269504f;
    g.queries = operand_low(s.q + g.group * 64 * 64, 16);
    g.keys = operand_low(s.k, 16);
    g.values = operand_low(s.v, KEY_TILE * 128);
    const int row = first_query + g.group * 64 + warp * 16 + g.lane / 4;
    const int group_sees = p.from + first_query + g.group * 64; /* its first row, last key */
    g.last_seen = p.from + row;
    for (int r = 0; r < 2; r++) {
        g.highest[r] = -1e30f;
        g.sum[r] = 0.0f;
    }
    for (int i = 0; i < D / 2; i++)
        g.out[i] = 0.0f;
    float factor[2], more[2];
    int i = 0;
    g.turn_begin();
    for (; (tiles - 1 - i) * KEY_TILE > group_sees + 63; i++) { /* nothing for this group */
        barrier_wait(&s.k_full[i % KEY_STAGES], key_parity(i));
        barrier_wait(&s.v_full[i % VALUE_STAGES], value_parity(i));
        g.turn_wait();
        g.turn_pass();
        if (g.lane == 0) {
            barrier_arrive(&s.k_empty[i % KEY_STAGES]);
            barrier_arrive(&s.v_empty[i % VALUE_STAGES]);
        }
    }
    barrier_wait(&s.q_full, 0);
    barrier_wait(&s.k_full[i % KEY_STAGES], key_parity(i));
    g.turn_wait();
    g.start_scores(i % KEY_STAGES);
    g.turn_pass();
    products_wait<0>();
    if (g.lane == 0)
        barrier_arrive(&s.k_empty[i % KEY_STAGES]);
    g.mask((tiles - 1 - i) * KEY_TILE);
    g.rebase(factor);
    g.exponentials(more);
    g.add(more);
    g.narrow();
    for (i++; i < tiles; i++) {
        const int stage = i % KEY_STAGES, before = (i - 1) % VALUE_STAGES;
        const int key = (tiles - 1 - i) * KEY_TILE;
        barrier_wait(&s.k_full[stage], key_parity(i));
        g.turn_wait();
        g.start_scores(stage);
        barrier_wait(&s.v_full[before], value_parity(i - 1));
        g.start_output(before);
        g.turn_pass();
        products_wait<1>();
        const bool masked = key + KEY_TILE - 1 > group_sees;
        if (masked)
            g.mask(key);
        const bool fits = g.exponentials(more);
        products_wait<0>();
        if (g.lane == 0)
            barrier_arrive(&s.v_empty[before]);
        if (!fits) {
            g.scores_again(stage);
            if (masked)
                g.mask(key);
            g.rebase(factor);
            g.rescale(factor);
            g.exponentials(more);
        }
        if (g.lane == 0)
            barrier_arrive(&s.k_empty[stage]);
        g.add(more);
        g.narrow();
    }
    barrier_wait(&s.v_full[(i - 1) % VALUE_STAGES], value_parity(i - 1));
    g.start_output((i - 1) % VALUE_STAGES);
    products_wait<0>();
    g.store(p.out + blockIdx.x * D, static_cast<int64_t>(p.heads) * D, row, p.tokens);
}

template <int D, int GROUPS, int PRODUCER_REGISTERS, int REGISTERS>
__device__ __forceinline__ void flash(const struct gpu_attention_sm90 &p)
{
    extern __shared__ char raw[];
    using shared = flash_shared<D, GROUPS>;
    shared &s = *reinterpret_cast<shared *>((reinterpret_cast<uintptr_t>(raw) + 1023) &
                                            ~static_cast<uintptr_t>(1023));
    const int first_query = (gridDim.y - 1 - blockIdx.y) * shared::QUERIES;
    const int keys = min(p.from + p.tokens, p.from + first_query + shared::QUERIES);
    const int tiles = (keys + KEY_TILE - 1) / KEY_TILE;
    if (threadIdx.x == 0) {
        barrier_init(&s.q_full, 1);
        for (int i = 0; i < KEY_STAGES; i++) {
            barrier_init(&s.k_full[i], 1);
            barrier_init(&s.k_empty[i], GROUPS * WARPGROUP / WARP);
        }
        for (int i = 0; i < VALUE_STAGES; i++) {
            barrier_init(&s.v_full[i], 1);
            barrier_init(&s.v_empty[i], GROUPS * WARPGROUP / WARP);
        }
        barrier_publish();
    }
    __syncthreads();
    if (threadIdx.x < WARPGROUP) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(PRODUCER_REGISTERS));
        if (threadIdx.x == 0)
            bring_tiles<D, GROUPS>(s, p, first_query, tiles);
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
        attend<D, GROUPS>(s, p, first_query, tiles);
    }
}

#define FLASH(name, D, GROUPS, PRODUCER_REGISTERS, REGISTERS)                                      \
    extern "C" __global__ __launch_bounds__((GROUPS + 1) * WARPGROUP, 1) void name(                \
        const __grid_constant__ struct gpu_attention_sm90 p)                                       \
    {                                                                                              \
        flash<D, GROUPS, PRODUCER_REGISTERS, REGISTERS>(p);                                        \
    }

FLASH(gpu_flash_sm90_64_short, 64, 2, 24, 240)
FLASH(gpu_flash_sm90_64, 64, 3, 32, 160)
FLASH(gpu_flash_sm90_128, 128, 2, 24, 240)
