/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/csv_scan.h"

#ifdef __SSE2__

#include <emmintrin.h>

static uint64_t scan_16(const char *p)
{
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    __m128i found = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(',')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'))),
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                     _mm_cmpeq_epi8(x, _mm_setzero_si128())));
    return (uint64_t)(unsigned)_mm_movemask_epi8(found);
}

uint64_t csv_scan(const char *block)
{
    return scan_16(block) | scan_16(block + 16) << 16 | scan_16(block + 32) << 32 |
           scan_16(block + 48) << 48;
}

#else

uint64_t csv_scan(const char *block)
{
    uint64_t found = 0;
    for (unsigned i = 0; i < CSV_BLOCK; i++)
        found |= (uint64_t)(block[i] == ',' || block[i] == '\n' || block[i] == '"' || !block[i])
                 << i;
    return found;
}

#endif
