/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Prompts of exactly n tokens, from numbers alone. */

#ifndef HF_COMMON_PROMPT_H
#define HF_COMMON_PROMPT_H

#include "plugins/hf_common/model_config.h"

#define HF_PROMPT_DIGITS 64 /* at most: those of base 2 */

/* The nonce as digits of a number whose base is `base` (at least 1), smallest first, shifted by the
 * seed: nonces that differ by less than the base differ in the first digit, all others within the
 * digits, so that no cache of prompts can help where a prompt begins with them.  Returns how many
 * there are in digits[HF_PROMPT_DIGITS]: as many for each nonce. */
int hf_prompt_spell(uint64_t seed, uint64_t nonce, uint64_t base, uint64_t *digits);

/* tokens[0 .. count - 1]: the same for the same seed and nonce, never a special id of the config.
 * The first ones spell the nonce in the vocabulary as its base. */
void hf_prompt_fill(const struct hf_config *c, uint64_t seed, uint64_t nonce, int64_t count,
                    int32_t *tokens);

#endif
