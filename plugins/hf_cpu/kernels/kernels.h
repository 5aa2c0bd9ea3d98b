/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's inner loops, each in several instruction sets, chosen at run time.
 *
 * A kernel works on one thread's share and knows nothing of layers, threads or ctxmark.  All
 * arithmetic is float32 but for product_bf16; sums are taken lane by lane, so the forms agree to
 * rounding only.
 *
 * A panel holds the activations of `panel` tokens side by side: [features][panel], float32.  What a
 * product takes and what it gives have the same layout, so nothing is packed between them. */

#ifndef HF_CPU_KERNELS_KERNELS_H
#define HF_CPU_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/hf_common/half.h"

#define CPU_PANEL_MAX 32 /* the widest panel of any form */
#define CPU_DTYPES 3     /* of enum hf_dtype */
#define CPU_STREAMS_MAX 4

/* c[r][t] = sum over p < depth of a[r * a_row + p * a_step] * b[p * b_row + t], t < panel; with
 * `add`, added to what c holds. */
struct cpu_tile {
    float *c;
    int64_t c_row;
    const float *a;
    int64_t a_row, a_step;
    const void *b; /* float32 or float16 */
    int64_t b_row;
    int64_t depth;
    bool add;
    /* product_half asks for depth * panel elements from here, into the second-level cache: what it
     * multiplies comes from memory, and what comes next is best on its way by then. */
    const void *fetch;
};

/* The same in bfloat16 pairs, sums in float32: a is [rows][a_row], a_row even, zeros after the
 * end of a row; b is [depth / 2][panel][2]; depth is even. */
struct cpu_tile_bf16 {
    float *c;
    int64_t c_row;
    const uint16_t *a;
    int64_t a_row;
    const uint16_t *b;
    int64_t depth;
    bool add;
};

struct cpu_kernels {
    const char *name; /* "generic", "avx2", "avx512", "avx512bf16" */
    int panel;        /* tokens side by side */
    int tile_rows;    /* rows that a product takes at once: multiples of it are fastest */

    /* --- products --- */
    void (*product)(const struct cpu_tile *t, int64_t rows);
    void (*product_half)(const struct cpu_tile *t, int64_t rows); /* b is float16 */
    /* NULL but in avx512bf16, like the packing of its b: out[p / 2][t][p % 2] = x[p][t]; where n is
     * odd a row of zeros follows */
    void (*product_bf16)(const struct cpu_tile_bf16 *t, int64_t rows);
    void (*pack_bf16)(uint16_t *out, const float *x, int64_t n);

    /* y[s * rows + r] = sum over c of w[s][r * cols + c] * x[c], s < streams, r < rows: matrices
     * whose rows are read side by side.  1, 2 or 4 streams; far from each other they are as fast as
     * memory, while rows that lie next to each other keep the processor from reading ahead. */
    void (*gemv[CPU_DTYPES])(float *y, const void *const *w, int streams, const float *x,
                             int64_t rows, int64_t cols);

    /* --- conversions, exact to float32, rounded to nearest even to float16 --- */
    void (*widen[CPU_DTYPES])(float *out, const void *x, int64_t n);
    void (*narrow_half)(uint16_t *out, const float *x, int64_t n);

    /* --- rows, and panels where one is as good as the other --- */
    /* y[i] = x[i] * w[i] / sqrt(mean(x^2) + eps) */
    void (*rms_norm)(float *y, const float *x, const float *w, int64_t n, float eps);
    /* gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i] */
    void (*silu_mul)(float *gate, const float *up, int64_t n);
    /* Pairs (x[i], x[i + n]) are rotated by the angle whose cosine and sine are cosine[i] and
     * sine[i].  For a row n is half the head size; for a panel times the panel. */
    void (*rope)(float *x, const float *cosine, const float *sine, int64_t n);
    /* Softmax of a row that comes in pieces.  *max and *sum are those of the pieces so far (-inf
     * and 0 at first); s[0 .. n - 1] become exp(s - new max).  Returns the factor by which what
     * was gathered so far must be multiplied. */
    float (*softmax_piece)(float *s, int64_t n, float *max, float *sum);
    void (*scale)(float *x, float f, int64_t n);      /* x[i] *= f */
    void (*add)(float *y, const float *x, int64_t n); /* y[i] += x[i] */
    float (*sum)(const float *x, int64_t n);          /* how fast memory can be read */

    /* --- panels: each token a lane of its own; x, y: [n][panel] --- */
    void (*panel_norm)(float *y, const float *x, const float *w, int64_t n, float eps);
    void (*panel_fill)(float *y, const float *x, int64_t n);  /* y[i][t] = x[i] */
    void (*panel_scale)(float *y, const float *f, int64_t n); /* y[i][t] *= f[t] */
    /* softmax_piece for each token: s is [n][panel], scores before their factor `f`; token t sees
     * the rows up to seen + t, the others become 0.  factor[t] gets what softmax_piece returns. */
    void (*panel_softmax)(float *s, int64_t n, int64_t seen, float f, float *max, float *sum,
                          float *factor);
};

extern const struct cpu_kernels cpu_kernels_generic;
#if defined(__x86_64__)
extern const struct cpu_kernels cpu_kernels_avx2;
extern const struct cpu_kernels cpu_kernels_avx512;
extern const struct cpu_kernels cpu_kernels_avx512bf16;
#endif

/* Those that this processor can run, best first, NULL at the end. */
const struct cpu_kernels *const *cpu_kernels_usable(void);

/* By name; NULL or "auto": the best.  NULL: unknown, or not for this processor. */
const struct cpu_kernels *cpu_kernels_select(const char *name);

#endif
