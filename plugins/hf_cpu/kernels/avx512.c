/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* AVX-512 (F, BW, VL, DQ): sixteen lanes. */

#include "config.h"

#include "plugins/hf_cpu/kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq"))),                   \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq")
#endif

#define KERNELS cpu_kernels_avx512
#define KERNELS_NAME "avx512"

#include "plugins/hf_cpu/kernels/avx512.inc.h"

#include "plugins/hf_cpu/kernels/form.inc.h"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
