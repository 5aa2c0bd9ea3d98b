/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Makes a cell's prompts: how much of what goes into them, found out once, and the texts. */

#ifndef OLLAMA_PROMPT_H
#define OLLAMA_PROMPT_H

#include "plugins/ollama/words.h"

/* What a prompt of `tokens` tokens is made of: the nonce, `text_words` words of the user's text
 * (repeated as often as needed), and words of ours worth `filler` tokens. */
struct ollama_recipe {
    int64_t tokens;
    int64_t text_words;
    int64_t filler;
    double tokens_per_word; /* of the user's text, as far as known */
};

/* The recipe for prompts of `tokens` tokens without a text of the user's: a sum, nothing to ask. */
void ollama_recipe_plain(const struct ollama_words *w, int64_t tokens,
                         struct ollama_recipe *ret_recipe);

/* The recipe where costs alone do not say it: with a text (may be NULL), or for a tokenizer whose
 * words do not add up.  Asks the server, with prompts that begin with nonces made from `nonce`,
 * until a prompt has the right length within 2 tokens; a few times at most. */
int ollama_recipe_fit(const struct ollama_words *w, ollama_count_fn count, void *arg,
                      const char *text, uint64_t seed, uint64_t nonce, int64_t tokens,
                      struct ollama_recipe *ret_recipe, struct ollama_err *e);

/* A prompt: allocated, the caller frees it.  NULL: out of memory. */
char *ollama_prompt_make(const struct ollama_words *w, const struct ollama_recipe *r,
                         const char *text, uint64_t seed, uint64_t nonce);

#endif
