/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_cpu/kernels/kernels.h"

#include <stddef.h>
#include <string.h>

const struct cpu_kernels *const *cpu_kernels_usable(void)
{
#if defined(__x86_64__)
    static const struct cpu_kernels *const all[] = {&cpu_kernels_avx512bf16, &cpu_kernels_avx512,
                                                    &cpu_kernels_avx2, &cpu_kernels_generic, NULL};
    /* F16C came before AVX2: whatever has this has that. */
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return all + 3;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return all + 2;
    return __builtin_cpu_supports("avx512bf16") ? all : all + 1;
#else
    static const struct cpu_kernels *const all[] = {&cpu_kernels_generic, NULL};
    return all;
#endif
}

const struct cpu_kernels *cpu_kernels_select(const char *name)
{
    const struct cpu_kernels *const *k = cpu_kernels_usable();
    if (!name || strcmp(name, "auto") == 0)
        return k[0];
    for (; *k; k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}
