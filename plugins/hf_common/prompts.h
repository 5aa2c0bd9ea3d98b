/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The prompts of one model: of text where it has a tokenizer, of seeded ids where it has none. */

#ifndef HF_COMMON_PROMPTS_H
#define HF_COMMON_PROMPTS_H

#include <ctxmark/plugin.h>

#include "plugins/hf_common/model_config.h"

struct hf_prompts;

/* Looks for tokenizer.json where the config.json of `path` is.  That there is none, or none that
 * can be used, is no error: see hf_prompts_lack().  0, or -1: out of memory.  `c` must live as
 * long. */
int hf_prompts_open(const struct hf_config *c, const char *path, struct hf_prompts **ret_prompts,
                    struct hf_err *e);
void hf_prompts_close(struct hf_prompts *p);

/* Why there is no tokenizer; NULL: there is one. */
const char *hf_prompts_lack(const struct hf_prompts *p);

/* The prompt of request `index` of a group (0 for a single one) as new ids, free()d by the caller.
 *
 * Ids that the request gives are copied, and its text is encoded as a whole, with what the
 * tokenizer's post-processor puts around it: *ret_count is then what it came to.  Else there are
 * exactly prompt_tokens of them: what the post-processor puts before a text; under CACHE_BUST the
 * nonce, spelled in a few ordinary tokens, of which the first differs in each request; then
 * seed_text (or a paragraph of our own), repeated with an empty line between and cut.  Without a
 * tokenizer: hf_prompt_fill().  0, or -1 with the reason. */
int hf_prompts_make(struct hf_prompts *p, const struct ctxmark_request *q, uint32_t index,
                    int32_t **ret_ids, int64_t *ret_count, struct hf_err *e);

/* The bytes of a token, of which *ret_length are valid until hf_prompts_close(); NULL where there
 * is no tokenizer or it has no such token.  Costs no more than a look into a table. */
const char *hf_prompts_text(const struct hf_prompts *p, int32_t id, size_t *ret_length);

#endif
