/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/contract.h"

#include <string.h>

#include <ctxmark/util.h>

const char *hf_contract_text(const struct ctxmark_host *h, uint32_t scope, const char *key,
                             const char *otherwise)
{
    const char *text = h->option_text(h, scope, key, 0);
    return text ? text : otherwise;
}

struct hf_contract_weights hf_contract_weights(const struct ctxmark_host *h)
{
    const uint32_t scope = CTXMARK_SCOPE_MODEL;
    return (struct hf_contract_weights){
        .path = hf_contract_text(h, scope, "path", ""),
        .random = strcmp(hf_contract_text(h, scope, "weights", "file"), "random") == 0,
        .seed = (uint64_t)h->option_int(h, scope, "weights_seed", 0, 42),
        .rope_half =
            strcmp(hf_contract_text(h, scope, "rope_frequencies", "float32"), "float16") == 0,
    };
}

int hf_contract_cancelled(void *arg)
{
    const struct ctxmark_host *h = arg;
    return h->cancelled(h) != 0;
}

int hf_contract_prompts(const struct ctxmark_host *h, const struct hf_config *c,
                        const struct hf_contract_weights *w, struct hf_prompts **ret_prompts,
                        struct hf_err *e)
{
    if (hf_prompts_open(c, w->path, ret_prompts, e) != 0)
        return -1;
    if (hf_prompts_lack(*ret_prompts))
        ctxmark_logf(h, w->random ? CTXMARK_LOG_DEBUG : CTXMARK_LOG_INFO,
                     "prompts are seeded token ids, since there is no tokenizer: %s",
                     hf_prompts_lack(*ret_prompts));
    return 0;
}

void hf_contract_shape(const struct ctxmark_host *h, const struct hf_config *c)
{
    int64_t without, all = hf_config_parameters(c, &without);
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        {"layers", (double)c->layers},
        {"hidden_size", (double)c->hidden_size},
        {"heads", (double)c->heads},
        {"kv_heads", (double)c->kv_heads},
        {"head_size", (double)c->head_dim},
        {"intermediate_size", (double)c->intermediate_size},
        {"vocabulary", (double)c->vocab_size},
        {"parameters", (double)all},
        {"parameters_without_embeddings", (double)without},
        {"max_position_embeddings", (double)c->max_positions},
        {"rope_theta", c->rope_theta},
        {"window", (double)c->sliding_window},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ctxmark_fact_number(h, numbers[i].key, numbers[i].value, "", "model");
    ctxmark_fact_text(h, "architecture", c->model_type, "model");
    ctxmark_fact_text(h, "rope_scaling", c->rope == HF_ROPE_LLAMA3 ? "llama3" : "default", "model");
    ctxmark_fact_text(h, "tied_embeddings", c->tied ? "yes" : "no", "model");
}

int32_t hf_contract_check(const struct ctxmark_host *h, const struct ctxmark_request *q,
                          int64_t prompt_tokens)
{
    int64_t positions = prompt_tokens + q->max_new_tokens;
    if (q->concurrency > 1)
        return h->fail(h, CTXMARK_UNSUPPORTED, "this backend runs one request at a time");
    for (uint64_t i = 0; i < q->logit_position_count; i++)
        if (q->logit_positions[i] < 0 || q->logit_positions[i] >= positions)
            return ctxmark_failf(h, CTXMARK_INVALID,
                                 "logits are asked for at position %lld of a sequence of %lld",
                                 (long long)q->logit_positions[i], (long long)positions);
    return CTXMARK_OK;
}
