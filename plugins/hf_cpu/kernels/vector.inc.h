/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Vectors of LANES floats.  Included once per instruction set, after `vec` and `ivec` are there;
 * no include guard. */

#include <math.h>
#include <string.h>

static inline vec vec_load(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void vec_store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

static inline vec vec_all(float f)
{
    return f - (vec){0};
}

/* The lanes p[0 .. n - 1], n < LANES, and zeros. */
static inline vec vec_load_part(const float *p, int64_t n)
{
    float lanes[LANES] = {0};
    memcpy(lanes, p, (size_t)n * sizeof *p);
    return vec_load(lanes);
}

static inline void vec_store_part(float *p, vec v, int64_t n)
{
    float lanes[LANES];
    vec_store(lanes, v);
    memcpy(p, lanes, (size_t)n * sizeof *p);
}

/* Adds the halves until one lane is left: a fixed order. */
static inline float vec_sum(vec v)
{
    typedef float quad __attribute__((vector_size(16)));
    quad parts[LANES / 4];
    memcpy(parts, &v, sizeof v);
    for (int half = LANES / 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            parts[i] += parts[i + half];
    quad q = parts[0];
    return (q[0] + q[2]) + (q[1] + q[3]);
}

#ifndef HAVE_VEC_MAX
static inline vec vec_max(vec a, vec b)
{
    ivec greater = a > b;
    return (vec)(((ivec)a & greater) | ((ivec)b & ~greater));
}
#endif

static inline float vec_max_lane(vec v)
{
    float lanes[LANES];
    vec_store(lanes, v);
    float m = lanes[0];
    for (int i = 1; i < LANES; i++)
        m = lanes[i] > m ? lanes[i] : m;
    return m;
}

/* exp(x), relative error about 2e-7; 0 below -87.3, where float32 ends (with scalef: below -103,
 * where its subnormals end).  x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) by the polynomial of
 * Cephes' expf. */
static inline vec vec_exp(vec x)
{
#ifdef HAVE_VEC_SCALEF
    x = vec_max(x, vec_all(-104.0f));
#else
    ivec tiny = x < -87.3f;
    x = vec_max(x, vec_all(-87.3f));
    x = -vec_max(-x, vec_all(-88.3f));
#endif
    vec shifted = x * 1.44269504f + 12582912.0f; /* rounds: 1.5 * 2^23 */
    vec n = shifted - 12582912.0f;
    vec r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
#ifdef HAVE_VEC_SCALEF
    return vec_scalef(p, n);
#else
    ivec exponent = ((ivec)shifted - 0x4b400000) << 23;
    return (vec)(((ivec)p + exponent) & ~tiny);
#endif
}

typedef uint16_t nvec __attribute__((vector_size(2 * LANES)));

static inline vec vec_load_bf16(const uint16_t *p)
{
    nvec narrow;
    memcpy(&narrow, p, sizeof narrow);
    return (vec)(__builtin_convertvector(narrow, ivec) << 16);
}
