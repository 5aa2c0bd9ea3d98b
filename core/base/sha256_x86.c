/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/sha256_blocks.h"

#if defined __x86_64__ && defined __GNUC__

#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

/* The state as the instructions want it, by the names of FIPS 180-4 from the highest word down. */
struct halves {
    __m128i abef, cdgh;
};

/* The next four words of the message schedule, of the sixteen before. */
WITH_SHA static inline __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
    return _mm_sha256msg2_epu32(sum, d);
}

WITH_SHA static inline void four_rounds(struct halves *s, __m128i words, const uint32_t *constants)
{
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128((const __m128i *)constants));
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, sum);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

WITH_SHA static inline __m128i load_words(const uint8_t *p)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), swap);
}

WITH_SHA static void one_block(struct halves *s, const uint8_t *p)
{
    struct halves before = *s;
    __m128i a = load_words(p), b = load_words(p + 16), c = load_words(p + 32),
            d = load_words(p + 48);
    for (const uint32_t *k = sha256_round_constants, *end = k + 64;;) {
        four_rounds(s, a, k);
        four_rounds(s, b, k + 4);
        four_rounds(s, c, k + 8);
        four_rounds(s, d, k + 12);
        k += 16;
        if (k == end)
            break;
        a = next_words(a, b, c, d);
        b = next_words(b, c, d, a);
        c = next_words(c, d, a, b);
        d = next_words(d, a, b, c);
    }
    s->abef = _mm_add_epi32(s->abef, before.abef);
    s->cdgh = _mm_add_epi32(s->cdgh, before.cdgh);
}

WITH_SHA static void blocks_x86(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1),
            efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    struct halves s = {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
    for (; count; count--, blocks += 64)
        one_block(&s, blocks);
    __m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

sha256_blocks *sha256_blocks_x86(void)
{
    unsigned a, b, c, d;
    bool base = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1);
    return base && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29) ? blocks_x86 : NULL;
}

#else

sha256_blocks *sha256_blocks_x86(void)
{
    return NULL;
}

#endif
