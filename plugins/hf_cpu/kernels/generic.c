/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Plain C with the compiler's vector types: four lanes, which every 64-bit processor has. */

#include "config.h"

#include "plugins/hf_cpu/kernels/kernels.h"

#include <math.h>
#include <string.h>

#define LANES 4
#define TILE_ROWS 6
#define KERNELS cpu_kernels_generic
#define KERNELS_NAME "generic"

typedef float vec __attribute__((vector_size(16)));
typedef int32_t ivec __attribute__((vector_size(16)));

/* As hf_half_to_float(), lane by lane. */
static inline vec vec_load_half(const uint16_t *p)
{
    uint16_t __attribute__((vector_size(8))) narrow;
    memcpy(&narrow, p, sizeof narrow);
    ivec h = __builtin_convertvector(narrow, ivec);
    ivec sign = (h & 0x8000) << 16, magnitude = (h & 0x7fff) << 13;
    ivec special = (h & 0x7c00) == 0x7c00;
    ivec finite = (ivec)((vec)magnitude * 0x1p112f);
    return (vec)(sign | (special & (0x7f800000 | magnitude)) | (~special & finite));
}

static inline void vec_store_half(uint16_t *p, vec v)
{
    for (int i = 0; i < LANES; i++)
        p[i] = hf_float_to_half(v[i]);
}

#include "plugins/hf_cpu/kernels/form.inc.h"
