/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Random weights that every engine can make for itself, element by element.
 *
 * Element i of tensor `id` is table[(mix(key + i / 4) >> 16 * (i % 4)) & 0xffff], where mix is
 * ctxmark_mix(), key = mix(seed ^ mix(id)), and table[j] is the quantile (j + 0.5) / 65536 of the
 * normal distribution with mean 0 and standard deviation 0.02, rounded to float16.  Norm weights
 * are 1. */

#ifndef HF_COMMON_RANDOM_H
#define HF_COMMON_RANDOM_H

#include <stdint.h>

#include <ctxmark/util.h>

#define HF_RANDOM_TABLE_SIZE 65536
#define HF_RANDOM_SIGMA 0.02

/* table[HF_RANDOM_TABLE_SIZE] */
void hf_random_table(uint16_t *table);

static inline uint64_t hf_random_key(uint64_t seed, uint64_t tensor_id)
{
    return ctxmark_mix(seed ^ ctxmark_mix(tensor_id));
}

static inline uint16_t hf_random_half(const uint16_t *table, uint64_t key, uint64_t i)
{
    return table[(ctxmark_mix(key + i / 4) >> (16 * (i % 4))) & 0xffffu];
}

/* out[0 .. count - 1] = elements from .. from + count - 1; from is a multiple of 4. */
void hf_random_fill(const uint16_t *table, uint64_t key, uint64_t from, uint64_t count,
                    uint16_t *out);

#endif
