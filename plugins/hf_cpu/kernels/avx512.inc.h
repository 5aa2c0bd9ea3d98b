/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Vectors of sixteen lanes, for the forms with AVX-512. */

#define LANES 16
#define TILE_ROWS 12

typedef float vec __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));

static inline vec vec_load_half(const uint16_t *p)
{
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline void vec_store_half(uint16_t *p, vec v)
{
    _mm256_storeu_si256((__m256i *)(void *)p,
                        _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT));
}

#define HAVE_VEC_MAX
static inline vec vec_max(vec a, vec b)
{
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
}

#define HAVE_VEC_SCALEF
static inline vec vec_scalef(vec x, vec n)
{
    return (vec)_mm512_scalef_ps((__m512)x, (__m512)n);
}
