/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The layers. */

#ifndef HF_CPU_FORWARD_H
#define HF_CPU_FORWARD_H

#include "plugins/hf_cpu/internal.h"

/* Adds count <= CPU_BLOCK_TOKENS tokens to the sequence; scratch.x holds their last hidden states.
 * CPU_OK or CPU_CANCELLED. */
enum cpu_status cpu_forward_block(struct cpu_engine *g, const int32_t *tokens, int64_t count);

/* scratch.logits of row `row` of the last block. */
void cpu_forward_logits(struct cpu_engine *g, int64_t row);

#endif
