/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* out = silu(a gate') * (a up') for Hopper: the products of an MLP's first half, with SwiGLU where
 * the sums lie, so that gate and up are never stored.
 *
 * One warpgroup has the copy engine bring 64 columns at a time of a tile of tokens and of as many
 * rows of gate as of up, which lie behind each other in shared memory, so that a thread's sums of a
 * product are OUTS columns of gate and the same ones of up.  Two others multiply:
 *   TOGETHER: both take one tile, 64 MB tokens each;
 *   IN_TURN:  each takes every second tile, so that one's SwiGLU hides behind the other's products.
 *             One starts a tile's products when the other's are all started; so it also knows that
 *             the stages' barriers are at the phase before its own, and parities are not mistaken.
 * Blocks stay: block b takes tiles b, b + blocks and so on, tokens innermost within groups of
 * token tiles, so that what is at work at one time shares its weights and tokens in the second
 * level cache.  In a cluster, ROWS blocks take neighbouring token tiles and COLS neighbouring
 * columns; two with the same columns bring the gate and the up for both, two with the same tokens
 * half of the tokens for both.
 *
 * Any number of tokens; K and I are multiples of 8.  What lies outside of the tensors is read as 0
 * and not written. */

#include "hopper.cuh"

#define CONSUMERS 2
#define STEP 64 /* columns that a stage has: a row is 128 bytes */

enum gemm_way { TOGETHER, IN_TURN };

/* LAG: TOGETHER's second warpgroup starts so many steps behind the first, and so its SwiGLU too. */
template <gemm_way WAY_, int MB_, int N_, int STAGES_, int ROWS_, int COLS_, int LAG_>
struct gemm_shape {
    static constexpr gemm_way WAY = WAY_;
    static constexpr int MB = MB_, N = N_, STAGES = STAGES_, LAG = LAG_;
    static constexpr int ROWS = ROWS_, COLS = COLS_, CLUSTER = ROWS * COLS;
    static constexpr int OUTS = N / 2;
    static constexpr int TOKENS = 64 * MB * (WAY == TOGETHER ? CONSUMERS : 1);
    static constexpr int STAGE_BYTES = (TOKENS + N) * STEP * 2;
    /* Warps that read what a block brings: its own, and those of the blocks beside it. */
    static constexpr int RELEASES =
        (ROWS + COLS - 1) * (WAY == TOGETHER ? CONSUMERS : 1) * WARPGROUP / WARP;
    static constexpr int BOX = 64 * 64;     /* halves of a stored box */
    static constexpr int BOXES = OUTS / 64; /* beside each other */
    static_assert(LAG < STAGES, "the first warpgroup's stages wait for the second");
    static_assert(ROWS <= 2 && COLS <= 2, "there are two halves to bring");
};

template <class S> struct gemm_shared {
    alignas(1024) __half a[S::STAGES][S::TOKENS * STEP];
    alignas(1024) __half w[S::STAGES][S::N * STEP]; /* OUTS rows of gate, OUTS rows of up */
    alignas(1024) __half out[CONSUMERS][S::MB * S::BOXES * S::BOX];
    uint64_t full[S::STAGES], empty[S::STAGES];
};

/* Which tiles there are; a cluster's is of ROWS x COLS blocks' tiles. */
struct gemm_tiles {
    int rows, cols, group, steps;
    int first, step; /* of this cluster */

    template <class S> __device__ __forceinline__ static gemm_tiles of(const gpu_gate_up &p)
    {
        gemm_tiles t;
        t.rows = (p.tokens + S::ROWS * S::TOKENS - 1) / (S::ROWS * S::TOKENS);
        t.cols = (p.intermediate + S::COLS * S::OUTS - 1) / (S::COLS * S::OUTS);
        t.group = p.group;
        t.steps = (p.hidden + STEP - 1) / STEP;
        t.first = blockIdx.x / S::CLUSTER;
        t.step = gridDim.x / S::CLUSTER;
        return t;
    }

    __device__ __forceinline__ int count() const
    {
        return rows * cols;
    }

    __device__ __forceinline__ void find(int tile, int &row, int &col) const
    {
        const int all = group * cols, before = tile / all * group, at = tile % all;
        const int size = min(group, rows - before);
        row = before + at % size;
        col = at / size;
    }
};

/* A place in the ring of stages; parity is that of its full barrier. */
template <int STAGES> struct gemm_place {
    int stage, parity;

    __device__ __forceinline__ explicit gemm_place(int i)
        : stage(i % STAGES), parity(i / STAGES & 1)
    {
    }

    __device__ __forceinline__ void next()
    {
        if (++stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
};

/* Where a block stands in its cluster. */
template <class S> struct gemm_block {
    int row, col;

    __device__ __forceinline__ gemm_block() : row(0), col(0)
    {
        if (S::CLUSTER > 1) {
            row = cluster_rank() % S::ROWS;
            col = cluster_rank() / S::ROWS;
        }
    }

    /* The first token and the first output of its part of the cluster's tile. */
    __device__ __forceinline__ int token(int tile_row) const
    {
        return (tile_row * S::ROWS + row) * S::TOKENS;
    }

    __device__ __forceinline__ int out(int tile_col) const
    {
        return (tile_col * S::COLS + col) * S::OUTS;
    }
};

/* One thread.  A stage is empty when the warps of all blocks that its boxes go to are done with it,
 * since this block writes to all of them. */
template <class S>
__device__ __forceinline__ void gemm_bring(gemm_shared<S> &s, const gpu_gate_up &p)
{
    const gemm_tiles tiles = gemm_tiles::of<S>(p);
    const gemm_block<S> block;
    const int same_tokens = (1 + (1 << S::ROWS)) << block.row;
    const int same_outs = 3 << block.col * S::ROWS;
    gemm_place<S::STAGES> at(0);
    for (int tile = tiles.first; tile < tiles.count(); tile += tiles.step) {
        int row, col;
        tiles.find(tile, row, col);
        const int token = block.token(row), out = block.out(col);
        for (int i = 0; i < tiles.steps; i++, at.next()) {
            uint64_t *full = &s.full[at.stage];
            __half *a = s.a[at.stage], *w = s.w[at.stage];
            barrier_wait(&s.empty[at.stage], at.parity ^ 1);
            barrier_expect(full, S::STAGE_BYTES);
            if (S::COLS == 1) {
                copy_box(a, &p.a, full, i * STEP, token, 0);
            } else {
                const int half = block.col * (S::TOKENS / 2);
                copy_box_to_all(a + half * STEP, &p.a, full, i * STEP, token + half, 0,
                                same_tokens);
            }
            if (S::ROWS == 1) {
                copy_box(w, &p.w, full, i * STEP, out, 0);
                copy_box(w + S::OUTS * STEP, &p.w, full, i * STEP, out, 1);
            } else {
                copy_box_to_all(w + block.row * S::OUTS * STEP, &p.w, full, i * STEP, out,
                                block.row, same_outs);
            }
        }
    }
}

/* silu(gate) * up of two.  One division serves both: each divisor is held below 2^61, where silu
 * is 0 in float16 for any gate and up that are not huge. */
__device__ __forceinline__ uint32_t swiglu_pair(const float *gate, const float *up)
{
    const float most = 60.0f, to_base_2 = -1.44269504f;
    const float a = 1.0f + exp2_fast(fminf(gate[0] * to_base_2, most));
    const float b = 1.0f + exp2_fast(fminf(gate[1] * to_base_2, most));
    const float r = reciprocal_fast(a * b);
    return pack(gate[0] * up[0] * (b * r), gate[1] * up[1] * (a * r));
}

template <class S> struct gemm_consumer {
    gemm_shared<S> &s;
    const gpu_gate_up &p;
    gemm_block<S> block;
    int group, warp, lane;
    bool tells; /* the block that is numbered as the lane, that its boxes were read */
    float sum[S::MB][S::N / 2];

    __device__ __forceinline__ gemm_consumer(gemm_shared<S> &shared, const gpu_gate_up &given)
        : s(shared), p(given)
    {
    }

    __device__ __forceinline__ void start(int stage, int add)
    {
        const int rows = S::WAY == TOGETHER ? group * 64 * S::MB : 0;
        const uint64_t a = operand(s.a[stage] + rows * STEP, 16), w = operand(s.w[stage], 16);
        products_fence();
#pragma unroll
        for (int i = 0; i < STEP / 16; i++)
#pragma unroll
            for (int m = 0; m < S::MB; m++) /* descriptors count 16 bytes */
                multiply_shared(sum[m], a + m * 64 * 8 + i * 2, w + i * 2, add | i);
        products_commit();
    }

    __device__ __forceinline__ void release(int stage)
    {
        if (!tells)
            return;
        if (S::CLUSTER == 1)
            barrier_arrive(&s.empty[stage]);
        else
            barrier_arrive_at(&s.empty[stage], lane);
    }

    /* The second warpgroup starts behind the first, once. */
    __device__ __forceinline__ void lag(bool wait)
    {
        if (wait)
            named_sync(5, CONSUMERS * WARPGROUP);
        else
            named_arrive(5, CONSUMERS * WARPGROUP);
    }

    __device__ __forceinline__ void multiply(gemm_place<S::STAGES> at, int steps, bool first_tile)
    {
        const bool lags = S::LAG > 0 && first_tile;
        if (lags && group == 1)
            lag(true);
        int before = 0;
        for (int i = 0; i < steps; i++) {
            barrier_wait(&s.full[at.stage], at.parity);
            start(at.stage, i);
            if (lags && group == 0 && i == min(S::LAG, steps) - 1)
                lag(false);
            products_wait<1>();
            if (i > 0)
                release(before);
            before = at.stage;
            at.next();
        }
        if (S::WAY == IN_TURN)
            named_arrive(3 + (group ^ 1), CONSUMERS * WARPGROUP);
        products_wait<0>();
#pragma unroll
        for (int m = 0; m < S::MB; m++)
            products_done(sum[m]);
        release(before);
    }

    /* A thread has columns 8 j + 2 (lane % 4) and the next of two rows, the second 8 below the
     * first: elements 4 j, 4 j + 1 and 4 j + 2, 4 j + 3.  The warp's 16 rows go into boxes of 64
     * columns, whose 16-byte pieces are swizzled as the copy engine reads them. */
    __device__ __forceinline__ void stage_out(char *box, const float *gate, const float *up)
    {
        const int row = warp * 16 + lane % 16;
#pragma unroll
        for (int j = 0; j < S::OUTS / 8; j += 2) {
            const int piece = j % 8 + lane / 16;
            uint32_t half[4];
#pragma unroll
            for (int i = 0; i < 4; i++)
                half[i] = swiglu_pair(gate + 4 * j + 2 * i, up + 4 * j + 2 * i);
            store_matrix(box + j / 8 * S::BOX * 2 + row * 128 + ((piece ^ (row & 7)) << 4), half[0],
                         half[1], half[2], half[3]);
        }
    }

    __device__ __forceinline__ void store(int token, int out)
    {
        __half *boxes = s.out[group];
        const bool leads = threadIdx.x % WARPGROUP == 0;
        if (leads)
            store_wait_read();
        __syncwarp(); /* or the first thread may come to the barrier alone */
        named_sync(1 + group, WARPGROUP);
#pragma unroll
        for (int m = 0; m < S::MB; m++)
            stage_out(reinterpret_cast<char *>(boxes + m * S::BOXES * S::BOX), sum[m],
                      sum[m] + S::N / 4);
        store_publish();
        named_sync(1 + group, WARPGROUP);
        if (leads) {
            for (int m = 0; m < S::MB; m++)
                for (int b = 0; b < S::BOXES; b++)
                    if (token + m * 64 < p.tokens && out + b * 64 < p.intermediate)
                        store_box(&p.out, boxes + (m * S::BOXES + b) * S::BOX, out + b * 64,
                                  token + m * 64, 0);
            store_commit();
        }
        __syncwarp();
    }

    __device__ __forceinline__ void run()
    {
        const gemm_tiles tiles = gemm_tiles::of<S>(p);
        const int every = S::WAY == IN_TURN ? CONSUMERS : 1;
        int i = S::WAY == IN_TURN ? group : 0;
        if (S::WAY == IN_TURN && group == 1)
            named_arrive(3, CONSUMERS * WARPGROUP);
        for (; tiles.first + i * tiles.step < tiles.count(); i += every) {
            int row, col;
            tiles.find(tiles.first + i * tiles.step, row, col);
            int token = block.token(row);
            if (S::WAY == TOGETHER)
                token += group * 64 * S::MB;
            if (S::WAY == IN_TURN)
                named_sync(3 + group, CONSUMERS * WARPGROUP);
            multiply(gemm_place<S::STAGES>(i * tiles.steps), tiles.steps, i == 0);
            store(token, block.out(col));
        }
        if (threadIdx.x % WARPGROUP == 0)
            store_wait();
    }
};

/* No block may leave while another writes to it or arrives at its barriers. */
template <int CLUSTER> __device__ __forceinline__ void all_sync()
{
    if (CLUSTER == 1)
        __syncthreads();
    else
        cluster_sync();
}

template <class S> __device__ __forceinline__ void gemm_swiglu(const gpu_gate_up &p)
{
    extern __shared__ char raw[];
    gemm_shared<S> &s = *reinterpret_cast<gemm_shared<S> *>(
        (reinterpret_cast<uintptr_t>(raw) + 1023) & ~static_cast<uintptr_t>(1023));
    if (threadIdx.x == 0) {
        map_prefetch(&p.a);
        map_prefetch(&p.w);
        map_prefetch(&p.out);
        for (int i = 0; i < S::STAGES; i++) {
            barrier_init(&s.full[i], 1);
            barrier_init(&s.empty[i], S::RELEASES);
        }
        barrier_publish();
    }
    all_sync<S::CLUSTER>();
    const int group = uniform(threadIdx.x / WARPGROUP);
    if (group == 0) {
        registers_fewer<40>();
        if (threadIdx.x == 0)
            gemm_bring<S>(s, p);
        __syncwarp();
    } else {
        registers_more<232>();
        gemm_consumer<S> c(s, p);
        c.group = group - 1;
        c.warp = threadIdx.x / WARP % 4;
        c.lane = threadIdx.x % WARP;
        c.tells = c.lane < S::CLUSTER &&
                  (c.lane % S::ROWS == c.block.row || c.lane / S::ROWS == c.block.col);
        c.run();
    }
    if (S::CLUSTER > 1)
        cluster_sync();
}

#define GATE_UP(name, way, MB, N, STAGES, ROWS, COLS, LAG)                                         \
    using name##_shape = gemm_shape<way, MB, N, STAGES, ROWS, COLS, LAG>;                          \
    extern "C" __global__ __cluster_dims__(ROWS *COLS, 1, 1)                                       \
        __launch_bounds__((CONSUMERS + 1) * WARPGROUP, 1) void                                     \
        name(const __grid_constant__ struct gpu_gate_up p)                                         \
    {                                                                                              \
        gemm_swiglu<name##_shape>(p);                                                              \
    }

/* As in the table of gate_up.c. */
GATE_UP(gpu_gate_up_lag_2x1, TOGETHER, 1, 256, 4, 2, 1, 1)
GATE_UP(gpu_gate_up_turns_2x1, IN_TURN, 2, 128, 6, 2, 1, 0)
GATE_UP(gpu_gate_up_turns_2x2, IN_TURN, 2, 128, 6, 2, 2, 0)
