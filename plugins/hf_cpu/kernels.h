/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's inner loops, each in several instruction sets, chosen at run time.
 *
 * A kernel works on one thread's share and knows nothing of layers, threads or ctxmark.  All
 * arithmetic is float32; "half" is IEEE binary16 as bits.  Sums are taken lane by lane, so the
 * forms agree to rounding only. */

#ifndef HF_CPU_KERNELS_H
#define HF_CPU_KERNELS_H

#include <stdint.h>

struct cpu_kernels {
    const char *name; /* "generic", "avx2", "avx512" */

    /* out[i] = x[i], exact */
    void (*half_to_float)(float *out, const uint16_t *x, int64_t n);

    /* y[r] = sum over c of w[r * cols + c] * x[c]; rows of w follow each other */
    void (*gemv_half)(float *y, const uint16_t *w, const float *x, int64_t rows, int64_t cols);

    /* y[i] = x[i] * w[i] / sqrt(mean(x^2) + eps) */
    void (*rms_norm)(float *y, const float *x, const uint16_t *w, int64_t n, float eps);

    /* gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i] */
    void (*silu_mul)(float *gate, const float *up, int64_t n);

    /* Rotates one head in place: pairs (x[i], x[i + n]) by the angle whose cosine and sine are
     * cosine[i] and sine[i]; n is half the head size. */
    void (*rope)(float *x, const float *cosine, const float *sine, int64_t n);

    /* Softmax of a row that comes in pieces.  *max and *sum are those of the pieces so far (-inf
     * and 0 at first); s[0 .. n - 1] become exp(s - new max).  Returns the factor by which what
     * was gathered so far must be multiplied. */
    float (*softmax_piece)(float *s, int64_t n, float *max, float *sum);

    /* x[i] *= f */
    void (*scale)(float *x, float f, int64_t n);

    /* y[i] += x[i] */
    void (*add)(float *y, const float *x, int64_t n);

    /* s[t] = f * sum over i of q[i] * k[t * n + i], t < count */
    void (*scores)(float *s, const float *q, const float *k, int64_t count, int64_t n, float f);

    /* o[i] = sum over t of p[t] * v[t * n + i], t < count */
    void (*weighted_sum)(float *o, const float *p, const float *v, int64_t count, int64_t n);

    /* sum of x: what measures how fast memory can be read */
    float (*sum)(const float *x, int64_t n);
};

extern const struct cpu_kernels cpu_kernels_generic;
#if defined(__x86_64__)
extern const struct cpu_kernels cpu_kernels_avx2;
extern const struct cpu_kernels cpu_kernels_avx512;
#endif

/* Those that this processor can run, best first, NULL at the end. */
const struct cpu_kernels *const *cpu_kernels_usable(void);

/* By name; NULL or "auto": the best.  NULL: unknown, or not for this processor. */
const struct cpu_kernels *cpu_kernels_select(const char *name);

#endif
