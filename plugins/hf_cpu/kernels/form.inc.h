/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One form of all kernels.  Included once per instruction set, by a file that defines LANES (floats
 * of a vector), TILE_ROWS (rows of a product whose sums fit into the registers), KERNELS and
 * KERNELS_NAME, the types vec and ivec, and vec_load_half() and vec_store_half(). */

#define ALWAYS static inline __attribute__((always_inline))

/* Short loops over registers: an array of vectors stays in registers only when unrolled. */
#define UNROLL _Pragma("GCC unroll 4")
#define UNROLL_TILE _Pragma("GCC unroll 16")

#include "plugins/hf_cpu/kernels/vector.inc.h"

#include "plugins/hf_cpu/kernels/rows.inc.h"

#include "plugins/hf_cpu/kernels/panels.inc.h"

#include "plugins/hf_cpu/kernels/tiles.inc.h"

const struct cpu_kernels KERNELS = {
    .name = KERNELS_NAME,
    .panel = PANEL,
    .tile_rows = TILE_ROWS,
    .product = product,
    .product_half = product_half,
#ifdef HAVE_DOT_BF16
    .product_bf16 = product_bf16,
    .pack_bf16 = pack_bf16,
#endif
    .gemv = {[HF_F16] = gemv_half, [HF_BF16] = gemv_bf16, [HF_F32] = gemv_float},
    .widen = {[HF_F16] = widen_half, [HF_BF16] = widen_bf16, [HF_F32] = widen_float},
    .narrow_half = narrow_half,
    .rms_norm = rms_norm,
    .silu_mul = silu_mul,
    .rope = rope,
    .softmax_piece = softmax_piece,
    .scale = scale,
    .add = add,
    .sum = sum,
    .panel_norm = panel_norm,
    .panel_fill = panel_fill,
    .panel_scale = panel_scale,
    .panel_softmax = panel_softmax,
};
