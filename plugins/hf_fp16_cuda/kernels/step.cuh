/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the kernels of a decoding step share.  On sm_90 and later they are launched so that one may
 * begin while the one before is at work (programmatic dependent launch): it fetches what no kernel
 * of the step writes - weights, keys and values of earlier positions - then calls step_wait(), and
 * reads and writes everything else after it.  What is written within a step is read past the first
 * level cache, which may hold it as it was. */

#ifndef HF_FP16_CUDA_KERNELS_STEP_CUH
#define HF_FP16_CUDA_KERNELS_STEP_CUH

#include "common.cuh"

/* The next kernel may begin as soon as all blocks of this one have come here. */
__device__ __forceinline__ void step_next()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/* Until all kernels before have ended; every thread calls it. */
__device__ __forceinline__ void step_wait()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/* Of blocks that run at the same time and see each other's shared memory, which this one is. */
__device__ __forceinline__ int cluster_rank()
{
    int rank = 0;
#if __CUDA_ARCH__ >= 900
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
    return rank;
}

#if __CUDA_ARCH__ >= 900
#define ATTEND_RANKS 8    /* blocks of a cluster: what every device that has clusters can do */
#define ATTEND_CLUSTERS 8 /* at most */
#else
#define ATTEND_RANKS 1
#define ATTEND_CLUSTERS 16
#endif
#define ATTEND_RING                                                                                \
    65536 /* bytes of keys and values that a block of attend.cu has on their way                   \
           */

struct attend_cut {
    int from, each; /* the first key that is seen; keys of a block */
    int clusters;   /* that have any */
};

/* How the keys of one token are divided among clusters: every block computes it anew.  There is a
 * second cluster where a block of the first would have more than its ring. */
__device__ __forceinline__ attend_cut attend_cut_of(int position, int window, int head_dim,
                                                    int clusters_most)
{
    const int length = position + 1, from = window > 0 ? max(0, length - window) : 0;
    const int count = length - from, ring = ATTEND_RANKS * (ATTEND_RING / 4 / head_dim);
    const int blocks = ATTEND_RANKS * min(clusters_most, (count + ring - 1) / ring);
    const int each = ((count + blocks - 1) / blocks + 15) / 16 * 16;
    return {from, each, (count + each * ATTEND_RANKS - 1) / (each * ATTEND_RANKS)};
}

/* All threads of a cluster arrive; after the wait they see what the others wrote before. */
__device__ __forceinline__ void cluster_arrive()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#endif
}

__device__ __forceinline__ void cluster_wait()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#else
    __syncthreads();
#endif
}

/* What p is in this block's shared memory, in that of block `rank`. */
__device__ __forceinline__ uint32_t cluster_address(const void *p, int rank)
{
    uint32_t at = shared_address(p);
#if __CUDA_ARCH__ >= 900
    asm("mapa.shared::cluster.u32 %0, %0, %1;" : "+r"(at) : "r"(rank));
#endif
    return at;
}

#if __CUDA_ARCH__ >= 900
#define CLUSTER_ST "st.shared::cluster"
#else
#define CLUSTER_ST "st.shared"
#endif

__device__ __forceinline__ void cluster_store(float2 *p, int rank, float2 v)
{
    asm volatile(CLUSTER_ST ".v2.f32 [%0], {%1, %2};" ::"r"(cluster_address(p, rank)), "f"(v.x),
                 "f"(v.y)
                 : "memory");
}

__device__ __forceinline__ void cluster_store(float4 *p, int rank, float4 v)
{
    asm volatile(CLUSTER_ST ".v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(cluster_address(p, rank)),
                 "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w)
                 : "memory");
}

/* 16 bytes that are read once and never written, or zeros where !valid. */
__device__ __forceinline__ uint4 load_once(const uint4 *p, bool valid)
{
    uint4 v = make_uint4(0, 0, 0, 0);
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %5, 0;\n"
                 "@p ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];\n}"
                 : "+r"(v.x), "+r"(v.y), "+r"(v.z), "+r"(v.w)
                 : "l"(p), "r"(static_cast<int>(valid)));
    return v;
}

/* The same of what an earlier step wrote: never through the path of constants. */
__device__ __forceinline__ uint4 load_cached(const __half *p, bool valid)
{
    uint4 v = make_uint4(0, 0, 0, 0);
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %5, 0;\n"
                 "@p ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];\n}"
                 : "+r"(v.x), "+r"(v.y), "+r"(v.z), "+r"(v.w)
                 : "l"(p), "r"(static_cast<int>(valid))
                 : "memory");
    return v;
}

/* 16 bytes of what earlier steps wrote into shared memory, or zeros where !valid: there after
 * copy_wait<N>() where N or more groups were committed later, for the thread that asked. */
__device__ __forceinline__ void copy_async(__half *to, const __half *from, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)),
                 "l"(from), "r"(valid ? 16 : 0)
                 : "memory");
}

/* The same of weights, which are read once. */
__device__ __forceinline__ void copy_once(uint4 *to, const uint4 *from)
{
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(shared_address(to)),
                 "l"(from)
                 : "memory");
}

__device__ __forceinline__ void copy_commit()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int N> __device__ __forceinline__ void copy_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

/* d[16x8] += a[16x16] b[16x8].  Lane 4 g + t has rows g and g + 8 of a, column g of b (elements
 * 2 t, 2 t + 1 and 2 t + 8, 2 t + 9), and columns 2 t, 2 t + 1 of d. */
__device__ __forceinline__ void multiply(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                         uint32_t a3, uint32_t b0, uint32_t b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/* Of an 8 x 8 matrix of halves: lane 4 g + t gives row g, columns 2 t and 2 t + 1. */
__device__ __forceinline__ uint32_t transpose(uint32_t x)
{
    uint32_t y;
    asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(y) : "r"(x));
    return y;
}

__device__ __forceinline__ uint32_t pack(float low, float high)
{
    __half2 h = __floats2half2_rn(low, high);
    return *reinterpret_cast<uint32_t *>(&h);
}

#endif
