/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* How long a sequence may be.
 *
 * Beyond max_position_embeddings a model can be computed like anywhere else, as transformers does;
 * only what it says means little there.  A benchmark of lengths may want that, so it is worth a
 * warning, and not a refusal. */

#ifndef HF_COMMON_LENGTHS_H
#define HF_COMMON_LENGTHS_H

#include "plugins/hf_common/error.h"
#include "plugins/hf_common/model_config.h"

/* 1 <= prompt, 1 <= new_tokens, at most HF_POSITIONS_MAX together: what sizes can be computed of.
 * 0, or -1 and what is wrong. */
int hf_length_check(int64_t prompt, int64_t new_tokens, struct hf_err *e);

/* For engines whose queries see all positions: whether that is the same within the model's sliding
 * window.  0, or -1 and why not. */
int hf_length_check_window(const struct hf_config *c, int64_t prompt, int64_t new_tokens,
                           struct hf_err *e);

/* Whether the sequence goes beyond the positions that the model was made for; if so, *ret_warning
 * says it. */
bool hf_length_is_beyond(const struct hf_config *c, int64_t prompt, int64_t new_tokens,
                         struct hf_err *ret_warning);

#endif
