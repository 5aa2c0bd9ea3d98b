/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What is reported about a request that has ended well. */

#ifndef OLLAMA_FIGURES_H
#define OLLAMA_FIGURES_H

#include "plugins/ollama/generate.h"

/* Words for the column `note`; must live as long as the result. */
struct ollama_notes {
    char text[96];
};

/* How long the prompt took, in ns: by the server, or where its version tells something else, by the
 * client.  CTXMARK_UNKNOWN: nobody knows. */
int64_t ollama_prefill_ns(const struct ollama *p, const struct ollama_generation *g);

void ollama_put_memory(const struct ollama *p, const struct ctxmark_request *q,
                       struct ctxmark_result *r);

/* Counts, durations and notes; learns from it how long prompts take. */
void ollama_put_figures(struct ollama *p, const struct ctxmark_request *q,
                        const struct ollama_generation *g, struct ollama_notes *n,
                        struct ctxmark_result *r);

/* attempts: requests sent until this one. */
void ollama_give_metrics(const struct ollama *p, const struct ollama_generation *g,
                         const struct ctxmark_emit *emit, int64_t attempts);

#endif
