/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the kernels share: reductions over a warp and a block, 16-byte vectors of halves, and the
 * small matrices of tensor cores. */

#ifndef HF_FP16_CUDA_KERNELS_COMMON_CUH
#define HF_FP16_CUDA_KERNELS_COMMON_CUH

#include "params.h"

#include <math_constants.h>

#define WARP 32
#define ALL_LANES 0xffffffffu

__device__ __forceinline__ float warp_sum(float x)
{
#pragma unroll
    for (int i = WARP / 2; i > 0; i /= 2)
        x += __shfl_xor_sync(ALL_LANES, x, i);
    return x;
}

__device__ __forceinline__ float warp_max(float x)
{
#pragma unroll
    for (int i = WARP / 2; i > 0; i /= 2)
        x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, i));
    return x;
}

/* The sum over all threads of the block, in each of them.  Threads: a multiple of 32, up to 1024.
 */
__device__ __forceinline__ float block_sum(float x)
{
    __shared__ float parts[WARP];
    x = warp_sum(x);
    __syncthreads();
    if (threadIdx.x % WARP == 0)
        parts[threadIdx.x / WARP] = x;
    __syncthreads();
    return warp_sum(threadIdx.x % WARP < blockDim.x / WARP ? parts[threadIdx.x % WARP] : 0.0f);
}

__device__ __forceinline__ float block_max(float x)
{
    __shared__ float parts[WARP];
    x = warp_max(x);
    __syncthreads();
    if (threadIdx.x % WARP == 0)
        parts[threadIdx.x / WARP] = x;
    __syncthreads();
    return warp_max(threadIdx.x % WARP < blockDim.x / WARP ? parts[threadIdx.x % WARP]
                                                           : -CUDART_INF_F);
}

/* Eight halves that are loaded and stored as one. */
struct __align__(16) half8
{
    __half2 h[4];
};

__device__ __forceinline__ half8 load8(const __half *p)
{
    const uint4 bits = *reinterpret_cast<const uint4 *>(p); /* or it is taken in four */
    return *reinterpret_cast<const half8 *>(&bits);
}

__device__ __forceinline__ void unpack8(const half8 &v, float *out)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 f = __half22float2(v.h[i]);
        out[2 * i] = f.x;
        out[2 * i + 1] = f.y;
    }
}

__device__ __forceinline__ void store8(__half *p, const float *f)
{
    half8 v;
#pragma unroll
    for (int i = 0; i < 4; i++)
        v.h[i] = __floats2half2_rn(f[2 * i], f[2 * i + 1]);
    *reinterpret_cast<uint4 *>(p) = *reinterpret_cast<const uint4 *>(&v);
}

__device__ __forceinline__ float silu(float x)
{
    return x / (1.0f + __expf(-x));
}

__device__ __forceinline__ float exp2_fast(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ uint32_t shared_address(const void *p)
{
    return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

/* Four 8x8 matrices of halves; lane i gives row i % 8 of matrix i / 8. */
__device__ __forceinline__ void load_matrix(uint32_t *r, const void *p)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(p)));
}

/* c[16x8] += a[16x16] b[16x8] */
__device__ __forceinline__ void multiply(float *c, const uint32_t *a, const uint32_t *b)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#endif
