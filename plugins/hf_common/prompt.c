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

void hf_prompt_fill(const struct hf_config *c, uint64_t seed, uint64_t nonce, int64_t count,
                    int32_t *tokens)
{
    uint64_t ordinary = (uint64_t)(c->vocab_size - c->special_count);
    uint64_t start = ctxmark_mix(seed);
    uint64_t key = ctxmark_mix(start ^ ctxmark_mix(nonce));
    uint64_t digits = nonce + start;
    uint64_t left = UINT64_MAX; /* how far digits can still go */
    for (int64_t i = 0; i < count; i++) {
        uint64_t n = digits % ordinary;
        if (left > 0) {
            digits /= ordinary;
            left /= ordinary;
        } else {
            n = ctxmark_mix(key + (uint64_t)i) % ordinary;
        }
        tokens[i] = prompt_ordinary_id(c, n);
    }
}
