/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/prompt.h"

#include <ctxmark/util.h>

/* The n-th id that is not special. */
static int32_t prompt_ordinary_id(const struct hf_config *c, uint64_t n)
{
    int32_t id = (int32_t)n;
    for (int i = 0; i < c->special_count && c->special[i] <= id; i++)
        id++;
    return id;
}

int hf_prompt_spell(uint64_t seed, uint64_t nonce, uint64_t base, uint64_t *digits)
{
    uint64_t number = nonce + ctxmark_mix(seed);
    uint64_t left = UINT64_MAX; /* how far the number can still go */
    int count = 0;
    while (left > 0 && count < HF_PROMPT_DIGITS) {
        digits[count++] = number % base;
        number /= base;
        left /= base;
    }
    return count;
}

void hf_prompt_fill(const struct hf_config *c, uint64_t seed, uint64_t nonce, int64_t count,
                    int32_t *tokens)
{
    uint64_t ordinary = (uint64_t)(c->vocab_size - c->special_count);
    uint64_t key = ctxmark_mix(ctxmark_mix(seed) ^ ctxmark_mix(nonce));
    uint64_t digits[HF_PROMPT_DIGITS];
    int spelled = hf_prompt_spell(seed, nonce, ordinary, digits);
    for (int64_t i = 0; i < count; i++)
        tokens[i] = prompt_ordinary_id(c, i < spelled ? digits[i]
                                                      : ctxmark_mix(key + (uint64_t)i) % ordinary);
}
