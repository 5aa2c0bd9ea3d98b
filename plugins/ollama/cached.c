/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/cached.h"

/* How much faster than a reference, and how near a decode step. */
#define FASTER 3
#define STEPS 4
#define ENOUGH 2
/* A long prompt is evaluated more efficiently than a short one, but by no more than this. */
#define EFFICIENCY 8

void ollama_cached_learn(struct ollama_cached *c, int64_t tokens, int64_t ns, bool at_once)
{
    struct ollama_reference *r = NULL;
    if (tokens < 1)
        return;
    for (size_t i = 0; i < c->count; i++)
        if (c->references[i].tokens == tokens)
            r = &c->references[i];
    if (!r && c->count == OLLAMA_REFERENCES)
        return;
    if (!r) {
        r = &c->references[c->count++];
        *r = (struct ollama_reference){tokens, ns, 0};
    }
    r->count += at_once ? ENOUGH : 1;
    r->ns = ns < r->ns ? ns : r->ns;
}

bool ollama_cached_detect(const struct ollama_cached *c, int64_t tokens, int64_t ns,
                          int64_t step_ns)
{
    if (step_ns > 0 && ns > STEPS * step_ns)
        return false;
    for (size_t i = 0; i < c->count; i++) {
        const struct ollama_reference *r = &c->references[i];
        int64_t times = tokens / (r->tokens * EFFICIENCY);
        if (r->count >= ENOUGH && r->tokens <= tokens &&
            ns < r->ns / FASTER * (times > 1 ? times : 1))
            return true;
    }
    return false;
}
