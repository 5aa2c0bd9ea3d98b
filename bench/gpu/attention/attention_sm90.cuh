/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A candidate for kernels/flash.cu on Hopper, as it was measured: see ../NOTES.md. */

#include <cuda.h>
#include <cuda_fp16.h>
#include <stdint.h>
#include "wgmma.inc.cuh"

__device__ __forceinline__ uint32_t smem_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}
__device__ __forceinline__ void barrier_init(uint64_t *b, int count)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(smem_address(b)), "r"(count));
}
__device__ __forceinline__ void barrier_expect(uint64_t *b, int bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(smem_address(b)),
                 "r"(bytes)
                 : "memory");
}
__device__ __forceinline__ void barrier_arrive(uint64_t *b)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(smem_address(b)) : "memory");
}
__device__ __forceinline__ void barrier_wait(uint64_t *b, int phase)
{
    asm volatile("{\n.reg .pred p;\nwait:\nmbarrier.try_wait.parity.shared::cta.b64 p, [%0], "
                 "%1;\n@p bra done;\nbra wait;\ndone:\n}" ::"r"(smem_address(b)),
                 "r"(phase)
                 : "memory");
}
__device__ __forceinline__ void copy_tile(void *to, const CUtensorMap *map, uint64_t *b, int d,
                                          int head, int token)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%3, %4, %5}], [%2];" ::"r"(smem_address(to)),
                 "l"(map), "r"(smem_address(b)), "r"(d), "r"(head), "r"(token)
                 : "memory");
}
__device__ __forceinline__ void wgmma_fence()
{
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void wgmma_commit()
{
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int LEFT> __device__ __forceinline__ void wgmma_wait()
{
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}
__device__ __forceinline__ void named_sync(int id, int threads)
{
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ __forceinline__ void named_arrive(int id, int threads)
{
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/* descriptor of a 128-byte-swizzled operand */
__device__ __forceinline__ uint64_t operand(const void *p, uint32_t lbo, uint32_t sbo)
{
    return (uint64_t)((smem_address(p) & 0x3ffff) >> 4) | (uint64_t)(lbo >> 4) << 16 |
           (uint64_t)(sbo >> 4) << 32 | 1ull << 62;
}
__device__ __forceinline__ float exp2_fast(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
/* 2^x by a cubic on the FMA units, for x <= 0; error below fp16's rounding */
__device__ __forceinline__ float exp2_poly(float x)
{
    x = fmaxf(x, -126.0f);
    float r = x + 12582912.0f; /* 1.5 * 2^23: rounds to nearest integer */
    float f = x - (r - 12582912.0f);
    float p = fmaf(fmaf(fmaf(0.05550411f, f, 0.24022651f), f, 0.69314718f), f, 1.0f);
    return __int_as_float(__float_as_int(p) + (__float_as_int(r) << 23));
}
__device__ __forceinline__ uint32_t pack(float lo, float hi)
{
    uint32_t r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
    return r;
}

#ifndef NO_TURNS
#define NO_TURNS 0
#endif
#ifndef POLY_EVERY
#define POLY_EVERY 0
#endif

template <int D, int WG> struct attention_smem {
    static constexpr int M = 64 * WG, N = 128, STAGES = 2;
    alignas(1024) __half q[M * D];
    alignas(1024) __half k[STAGES][N * D];
    alignas(1024) __half v[STAGES][N * D];
    uint64_t q_full, k_full[STAGES], k_empty[STAGES], v_full[STAGES], v_empty[STAGES];
};

template <int D, int WG> struct consumer {
    using smem = attention_smem<D, WG>;
    static constexpr int N = smem::N;
    smem &s;
    int wg, warp, lane;
    float o[D / 2];
    float score[N / 2];
    uint32_t p[N / 4];
    float row_max[2], row_sum[2];
    int limit[2]; /* last visible column of each row */
    float scale;

    __device__ __forceinline__ consumer(smem &s) : s(s)
    {
    }

    __device__ __forceinline__ void issue_scores(int stage)
    {
        const char *q = (const char *)s.q + wg * 64 * 128;
        const char *k = (const char *)s.k[stage];
        wgmma_fence();
#pragma unroll
        for (int i = 0; i < D / 16; i++)
            wgmma_ss(score, operand(q + (i / 4) * smem::M * 128 + (i % 4) * 32, 16, 1024),
                     operand(k + (i / 4) * N * 128 + (i % 4) * 32, 16, 1024), i != 0);
        wgmma_commit();
    }
    __device__ __forceinline__ void issue_output(int stage, bool first)
    {
        const char *v = (const char *)s.v[stage];
        wgmma_fence();
#pragma unroll
        for (int i = 0; i < N / 16; i++)
            wgmma_rs(o, p + 4 * i, operand(v + i * 16 * 128, N * 128, 1024), i != 0 || !first);
        wgmma_commit();
    }
    __device__ __forceinline__ void mask(int column0)
    {
#pragma unroll
        for (int j = 0; j < N / 8; j++)
#pragma unroll
            for (int e = 0; e < 4; e++)
                if (column0 + 8 * j + 2 * (lane % 4) + (e & 1) > limit[e >> 1])
                    score[4 * j + e] = -INFINITY;
    }
    /* scores become probabilities (still float); returns the factor of what was summed before */
    __device__ __forceinline__ void softmax(float (&alpha)[2])
    {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float m = row_max[r];
#pragma unroll
            for (int j = 0; j < N / 8; j++)
                m = fmaxf(m, fmaxf(score[4 * j + 2 * r], score[4 * j + 2 * r + 1]));
            m = fmaxf(m, __shfl_xor_sync(~0u, m, 1));
            m = fmaxf(m, __shfl_xor_sync(~0u, m, 2));
            float shift = m * scale;
            alpha[r] = exp2_fast((row_max[r] - m) * scale);
            row_max[r] = m;
            float sum = 0;
#pragma unroll
            for (int j = 0; j < N / 8; j++) {
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    float x = fmaf(score[4 * j + 2 * r + e], scale, -shift);
                    float y = POLY_EVERY && (j % (POLY_EVERY ? POLY_EVERY : 1)) == 0 ? exp2_poly(x)
                                                                                     : exp2_fast(x);
                    score[4 * j + 2 * r + e] = y;
                    sum += y;
                }
            }
            row_sum[r] = row_sum[r] * alpha[r] + sum;
        }
    }
    __device__ __forceinline__ void convert()
    {
#pragma unroll
        for (int i = 0; i < N / 16; i++)
#pragma unroll
            for (int e = 0; e < 4; e++)
                p[4 * i + e] = pack(score[8 * i + 2 * e], score[8 * i + 2 * e + 1]);
    }
    __device__ __forceinline__ void rescale(const float (&alpha)[2])
    {
#pragma unroll
        for (int j = 0; j < D / 8; j++)
#pragma unroll
            for (int e = 0; e < 4; e++)
                o[4 * j + e] *= alpha[e >> 1];
    }
    __device__ __forceinline__ void turn_wait()
    {
        if (NO_TURNS)
            return;
        named_sync(1 + wg, WG * 128);
    }
    __device__ __forceinline__ void turn_pass()
    {
        if (NO_TURNS)
            return;
        if (WG == 2)
            named_arrive(1 + (wg ^ 1), WG * 128);
        else {
            named_arrive(1 + (wg + 1) % 3, WG * 128);
            named_arrive(1 + (wg + 2) % 3, WG * 128);
        }
    }
};

template <int D, int WG>
__global__ __launch_bounds__((WG + 1) * 128, 1) void attention_prefill_sm90(
    const __grid_constant__ CUtensorMap q_map, const __grid_constant__ CUtensorMap k_map,
    const __grid_constant__ CUtensorMap v_map, __half *__restrict__ out, int out_stride, int n_q,
    int n_kv, int group, float scale)
{
    using smem = attention_smem<D, WG>;
    constexpr int M = smem::M, N = smem::N, STAGES = smem::STAGES;
    extern __shared__ char raw[];
    smem &s = *(smem *)(((uintptr_t)raw + 1023) & ~(uintptr_t)1023);
    int head = blockIdx.x, kv_head = head / group;
    int m0 = (gridDim.y - 1 - blockIdx.y) * M;
    int offset = n_kv - n_q;
    int tiles = (min(n_kv, m0 + M + offset) + N - 1) / N;
    int wg = threadIdx.x / 128 - 1;
    if (threadIdx.x == 0) {
        barrier_init(&s.q_full, 1);
        for (int i = 0; i < STAGES; i++) {
            barrier_init(&s.k_full[i], 1);
            barrier_init(&s.v_full[i], 1);
            barrier_init(&s.k_empty[i], WG * 4);
            barrier_init(&s.v_empty[i], WG * 4);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    if (wg < 0) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(WG == 2 ? 24 : 32));
        if (threadIdx.x == 0) {
            barrier_expect(&s.q_full, M * D * 2);
            for (int b = 0; b < D / 64; b++)
                copy_tile(s.q + b * M * 64, &q_map, &s.q_full, b * 64, head, m0);
            for (int i = 0; i < tiles; i++) {
                int stage = i % STAGES, phase = (i / STAGES) & 1, n0 = (tiles - 1 - i) * N;
                barrier_wait(&s.k_empty[stage], phase ^ 1);
                barrier_expect(&s.k_full[stage], N * D * 2);
                for (int b = 0; b < D / 64; b++)
                    copy_tile(s.k[stage] + b * N * 64, &k_map, &s.k_full[stage], b * 64, kv_head,
                              n0);
                barrier_wait(&s.v_empty[stage], phase ^ 1);
                barrier_expect(&s.v_full[stage], N * D * 2);
                for (int b = 0; b < D / 64; b++)
                    copy_tile(s.v[stage] + b * N * 64, &v_map, &s.v_full[stage], b * 64, kv_head,
                              n0);
            }
        }
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(WG == 2 ? 240 : 160));
        consumer<D, WG> c(s);
        c.wg = wg;
        c.warp = (threadIdx.x / 32) % 4;
        c.lane = threadIdx.x % 32;
        c.scale = scale;
        int row = m0 + wg * 64 + c.warp * 16 + c.lane / 4;
        c.limit[0] = row + offset;
        c.limit[1] = row + 8 + offset;
        c.row_max[0] = c.row_max[1] = -1e30f;
        c.row_sum[0] = c.row_sum[1] = 0;
        float alpha[2];
        bool leader = c.lane == 0;
        /* tiles beyond this group's last visible column */
        int last = min(tiles - 1, (m0 + wg * 64 + 63 + offset) / N);
        if (!NO_TURNS && wg > 0)
            named_arrive(1, WG * 128); /* group 0 begins */
        if (!NO_TURNS && WG == 3 && wg > 1)
            named_arrive(2, WG * 128);
        int i = 0;
        for (; i < tiles - 1 - last; i++) {
            barrier_wait(&s.k_full[i % STAGES], (i / STAGES) & 1);
            barrier_wait(&s.v_full[i % STAGES], (i / STAGES) & 1);
            c.turn_wait();
            c.turn_pass();
            if (leader) {
                barrier_arrive(&s.k_empty[i % STAGES]);
                barrier_arrive(&s.v_empty[i % STAGES]);
            }
        }
        barrier_wait(&s.q_full, 0);
        barrier_wait(&s.k_full[i % STAGES], (i / STAGES) & 1);
        c.turn_wait();
        c.issue_scores(i % STAGES);
        c.turn_pass();
        wgmma_wait<0>();
        if (leader)
            barrier_arrive(&s.k_empty[i % STAGES]);
        c.mask((tiles - 1 - i) * N);
        c.softmax(alpha);
        c.convert();
        int first_row_limit = m0 + wg * 64 + offset;
        bool first = true;
        for (i++; i < tiles; i++) {
            int stage = i % STAGES, before = (i - 1) % STAGES;
            barrier_wait(&s.k_full[stage], (i / STAGES) & 1);
            c.turn_wait();
            c.issue_scores(stage);
            barrier_wait(&s.v_full[before], ((i - 1) / STAGES) & 1);
            c.issue_output(before, first);
            first = false;
            c.turn_pass();
            wgmma_wait<1>();
            if (leader)
                barrier_arrive(&s.k_empty[stage]);
            int column0 = (tiles - 1 - i) * N;
            if (column0 + N - 1 > first_row_limit)
                c.mask(column0);
            c.softmax(alpha);
            wgmma_wait<0>();
            if (leader)
                barrier_arrive(&s.v_empty[before]);
            c.rescale(alpha);
            c.convert();
        }
        int before = (i - 1) % STAGES;
        barrier_wait(&s.v_full[before], ((i - 1) / STAGES) & 1);
        c.issue_output(before, first);
        wgmma_wait<0>();
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float sum = c.row_sum[r];
            sum += __shfl_xor_sync(~0u, sum, 1);
            sum += __shfl_xor_sync(~0u, sum, 2);
            float factor = 1.0f / sum;
            int at = row + 8 * r;
            if (at < n_q) {
                __half *to = out + (size_t)at * out_stride + head * D + 2 * (c.lane % 4);
#pragma unroll
                for (int j = 0; j < D / 8; j++)
                    *(uint32_t *)(to + 8 * j) =
                        pack(c.o[4 * j + 2 * r] * factor, c.o[4 * j + 2 * r + 1] * factor);
            }
        }
    }
}
