/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Weights on their way into device memory: conversion to float16, and random weights; and a kernel
 * that does nothing but read, for the measured limit. */

#include "common.cuh"

#include <cuda_bf16.h>

/* A finite value that float16 has not got, or an infinite one, is an overflow. */
__device__ __forceinline__ __half narrow(float f, const struct gpu_convert &p)
{
    __half h = __float2half_rn(f);
    if (__hisinf(h))
        atomicMin(p.overflow, p.tensor);
    return h;
}

extern "C" __global__ void gpu_convert_float(const struct gpu_convert p)
{
    const float *in = static_cast<const float *>(p.in);
    for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < p.count;
         i += (uint64_t)gridDim.x * blockDim.x)
        p.out[i] = narrow(in[i], p);
}

extern "C" __global__ void gpu_convert_bfloat16(const struct gpu_convert p)
{
    const __nv_bfloat16 *in = static_cast<const __nv_bfloat16 *>(p.in);
    for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < p.count;
         i += (uint64_t)gridDim.x * blockDim.x)
        p.out[i] = narrow(__bfloat162float(in[i]), p);
}

/* SplitMix64: the counter-based generator that every engine draws random weights from. */
__device__ __forceinline__ uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

extern "C" __global__ void gpu_random_fill(const struct gpu_random p)
{
    for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < p.count;
         i += (uint64_t)gridDim.x * blockDim.x)
        p.out[i] = p.table ? p.table[(mix(p.key + i / 4) >> (16 * (i % 4))) & 0xffffu]
                           : __float2half_rn(1.0f);
}

/* Every thread reads 64 bytes at a time. */
extern "C" __global__ void gpu_read_all(const struct gpu_read p)
{
    const float4 *in = reinterpret_cast<const float4 *>(p.in);
    const uint64_t threads = (uint64_t)gridDim.x * blockDim.x;
    uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
    float sum = 0.0f;
    for (; i + 3 * threads < p.count; i += 4 * threads) {
        float4 v[4];
#pragma unroll
        for (int k = 0; k < 4; k++)
            v[k] = in[i + k * threads];
#pragma unroll
        for (int k = 0; k < 4; k++)
            sum += v[k].x + v[k].y + v[k].z + v[k].w;
    }
    for (; i < p.count; i += threads)
        sum += in[i].x + in[i].y + in[i].z + in[i].w;
    if (sum == 1.2345e-30f)
        *p.out = sum;
}
