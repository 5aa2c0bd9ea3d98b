/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the backends of Hugging Face checkpoints say to the core in the same words. */

#ifndef HF_COMMON_CONTRACT_H
#define HF_COMMON_CONTRACT_H

#include <ctxmark/plugin.h>

#include "plugins/hf_common/model_config.h"

/* Gives the model's shape as facts, under the names that analyzers look for. */
void hf_contract_shape(const struct ctxmark_host *host, const struct hf_config *config);

/* CTXMARK_OK if a backend of one sequence can answer the request, whose prompt has `prompt_tokens`
 * tokens; otherwise the status, with the reason given to the host. */
int32_t hf_contract_check(const struct ctxmark_host *host, const struct ctxmark_request *request,
                          int64_t prompt_tokens);

#endif
