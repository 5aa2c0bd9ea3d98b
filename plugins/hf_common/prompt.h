/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Prompts of exactly n tokens, from numbers alone. */

#ifndef HF_COMMON_PROMPT_H
#define HF_COMMON_PROMPT_H

#include "plugins/hf_common/model_config.h"

/* tokens[0 .. count - 1]: the same for the same seed and nonce, never a special id of the config.
 * The first tokens spell the nonce as digits of a number whose base is the vocabulary, smallest
 * first: nonces that differ by less than the vocabulary differ in the first token, all others
 * within the first few, so that no cache of prompts can help. */
void hf_prompt_fill(const struct hf_config *c, uint64_t seed, uint64_t nonce, int64_t count,
                    int32_t *tokens);

#endif
