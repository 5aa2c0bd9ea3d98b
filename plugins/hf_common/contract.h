/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the backends of Hugging Face checkpoints say to the core in the same words. */

#ifndef HF_COMMON_CONTRACT_H
#define HF_COMMON_CONTRACT_H

#include <ctxmark/plugin.h>
#include <stdbool.h>

#include "plugins/hf_common/error.h"
#include "plugins/hf_common/model_config.h"
#include "plugins/hf_common/prompts.h"

/* What a model's keys say of its weights.  path lives as long as the host. */
struct hf_contract_weights {
    const char *path; /* "" where the config gives none */
    bool random;
    uint64_t seed;  /* of random ones */
    bool rope_half; /* rotary frequencies rounded to float16 */
};

/* An option's or a model key's text; `otherwise` where it has none. */
const char *hf_contract_text(const struct ctxmark_host *host, uint32_t scope, const char *key,
                             const char *otherwise);
struct hf_contract_weights hf_contract_weights(const struct ctxmark_host *host);

/* Not 0 once the user stops; arg: the host, without its const. */
int hf_contract_cancelled(void *arg);

/* Opens the prompts of the loaded model, and tells the log where there is no tokenizer.  0, or -1
 * with the reason. */
int hf_contract_prompts(const struct ctxmark_host *host, const struct hf_config *config,
                        const struct hf_contract_weights *weights, struct hf_prompts **ret_prompts,
                        struct hf_err *e);

/* Gives the model's shape as facts, under the names that analyzers look for. */
void hf_contract_shape(const struct ctxmark_host *host, const struct hf_config *config);

/* CTXMARK_OK if a backend of one sequence can answer the request, whose prompt has `prompt_tokens`
 * tokens; otherwise the status, with the reason given to the host. */
int32_t hf_contract_check(const struct ctxmark_host *host, const struct ctxmark_request *request,
                          int64_t prompt_tokens);

#endif
