/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tells a prompt that came from a cache by its time, where the server does not say so.
 *
 * A longer prompt takes longer to evaluate.  So one that is evaluated far faster than a shorter (or
 * equal) one that no cache can have had, and in about the time of a decode step, was not evaluated.
 */

#ifndef OLLAMA_CACHED_H
#define OLLAMA_CACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OLLAMA_REFERENCES 32

/* Prompts of `tokens` tokens that were surely evaluated, and the least time that one took. */
struct ollama_reference {
    int64_t tokens, ns;
    unsigned count;
};

struct ollama_cached {
    struct ollama_reference references[OLLAMA_REFERENCES];
    size_t count;
};

/* One more prompt that was evaluated.  It takes two of a length before they count, because a
 * server's first one is slow for other reasons, unless `at_once`. */
void ollama_cached_learn(struct ollama_cached *c, int64_t tokens, int64_t ns, bool at_once);

/* Was a prompt of `tokens` tokens, evaluated in `ns`, taken from a cache?  step_ns: the time of a
 * decode step; 0: not known. */
bool ollama_cached_detect(const struct ollama_cached *c, int64_t tokens, int64_t ns,
                          int64_t step_ns);

#endif
