/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Prompts of an exact number of tokens for a tokenizer that nobody can ask.
 *
 * Ollama has no endpoint that counts tokens, but each answer says how many its prompt had.  Every
 * tokenizer of today splits text before words, so that the tokens of "a b c" are those of its words
 * together, and some fixed ones (a begin-of-text).  So it is enough to learn what each of 64 words
 * costs; any length is then a sum. */

#ifndef OLLAMA_WORDS_H
#define OLLAMA_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/ollama/error.h"

#define OLLAMA_WORDS 64
/* Words that are different in every request, at the start: 64 bits' worth and one. */
#define OLLAMA_NONCE_WORDS 11

struct ollama_words {
    int64_t base;           /* tokens of a prompt beside its words */
    int cost[OLLAMA_WORDS]; /* tokens of each word, at least 1 */
};

/* How many tokens `text` has, as the server counts: 0, or -1 and *e. */
typedef int (*ollama_count_fn)(void *arg, const char *text, int64_t *ret_tokens,
                               struct ollama_err *e);

/* Learns the costs with some short prompts: 4 where every word is one token, more where not. */
int ollama_words_learn(ollama_count_fn count, void *arg, struct ollama_words *ret_words,
                       struct ollama_err *e);

/* As text, to keep; ollama_words_read() takes it back: 0, or -1 where it is none. */
void ollama_words_write(const struct ollama_words *w, char *ret_text, size_t size);
int ollama_words_read(const char *text, struct ollama_words *ret_words);

/* A text in the making: a string that grows. */
struct ollama_text {
    char *data; /* NUL-terminated once something was added; freed by the owner */
    size_t length, capacity;
    bool failed; /* out of memory: then everything else is without effect */
};

void ollama_text_add(struct ollama_text *t, const char *bytes, size_t length);

/* Adds the words that tell requests apart, and that many tokens: the same number whatever the
 * nonce, as far as `most` tokens allow. */
int64_t ollama_words_add_nonce(const struct ollama_words *w, struct ollama_text *t, uint64_t nonce,
                               int64_t most);

/* Adds words drawn from `seed` that have `tokens` tokens together, or as close below it as the
 * words' costs allow.  Returns how many they have. */
int64_t ollama_words_add(const struct ollama_words *w, struct ollama_text *t, uint64_t seed,
                         int64_t tokens);

#endif
