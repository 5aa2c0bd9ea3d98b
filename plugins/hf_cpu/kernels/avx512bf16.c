/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* AVX-512 with BF16: as avx512, and products of bfloat16 pairs. */

#include "config.h"

#include "plugins/hf_cpu/kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"))),        \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")
#endif

#define KERNELS cpu_kernels_avx512bf16
#define KERNELS_NAME "avx512bf16"

#include "plugins/hf_cpu/kernels/avx512.inc.h"

#define HAVE_DOT_BF16
/* sum + a pair at `a` (the same for all lanes) times the pairs at `b`. */
static inline vec vec_dot_bf16(vec sum, const uint16_t *a, const uint16_t *b)
{
    int32_t pair;
    memcpy(&pair, a, sizeof pair);
    __m512i all = _mm512_set1_epi32(pair), other = _mm512_loadu_si512(b);
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)all, (__m512bh)other);
}

/* out[2 i] = even[i], out[2 i + 1] = odd[i], rounded to nearest even. */
static inline void vec_pair_bf16(uint16_t *out, vec even, vec odd)
{
    __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)even));
    __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)odd));
    _mm512_storeu_si512(out, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
}

#include "plugins/hf_cpu/kernels/form.inc.h"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
