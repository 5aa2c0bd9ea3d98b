/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/lengths.h"

#include <inttypes.h>

int hf_length_check(int64_t prompt, int64_t new_tokens, struct hf_err *e)
{
    if (prompt >= 1 && new_tokens >= 1 && prompt <= HF_POSITIONS_MAX &&
        new_tokens <= HF_POSITIONS_MAX - prompt)
        return 0;
    return hf_err_set(e,
                      "a prompt of %" PRId64 " tokens and %" PRId64
                      " new ones are no sequence of 2 "
                      "to %" PRId64 " tokens",
                      prompt, new_tokens, HF_POSITIONS_MAX);
}

int hf_length_check_window(const struct hf_config *c, int64_t prompt, int64_t new_tokens,
                           struct hf_err *e)
{
    if (c->sliding_window == 0 || prompt + new_tokens <= c->sliding_window)
        return 0;
    return hf_err_set(e,
                      "a prompt of %" PRId64 " tokens and %" PRId64 " new ones are more than the "
                      "model's sliding window of %" PRId64 ", beyond which this backend cannot go "
                      "(choose shorter contexts, or max_context for this model)",
                      prompt, new_tokens, c->sliding_window);
}

bool hf_length_is_beyond(const struct hf_config *c, int64_t prompt, int64_t new_tokens,
                         struct hf_err *ret_warning)
{
    if (prompt + new_tokens <= c->max_positions)
        return false;
    (void)hf_err_set(ret_warning,
                     "%" PRId64 " tokens and %" PRId64 " new ones are more than the %" PRId64
                     " positions that the model was made for (max_position_embeddings): its speed "
                     "is measured, its text means little",
                     prompt, new_tokens, c->max_positions);
    return true;
}
