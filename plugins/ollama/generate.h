/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One streamed request to /api/generate, from its prompt to its closing line. */

#ifndef OLLAMA_GENERATE_H
#define OLLAMA_GENERATE_H

#include "plugins/ollama/http.h"
#include "plugins/ollama/lines.h"
#include "plugins/ollama/ollama.h"
#include "plugins/ollama/reply.h"

struct ollama_generation {
    struct ollama_call call; /* its outcome: failed, err */
    const struct ollama *owner;
    const struct ctxmark_emit *emit; /* NULL: nobody listens */
    uint32_t request;
    int64_t max_new_tokens;

    struct ollama_lines lines;
    int64_t pieces;            /* lines with text so far; a token may be held back */
    int64_t reported;          /* tokens told to emit */
    int64_t first_ns, last_ns; /* of pieces; CTXMARK_UNKNOWN before */
    uint64_t last_piece;       /* a hash of its text */
    int64_t equal_pieces;      /* how many at the end are the same */
    bool finished;             /* the closing line has come: `final` is filled */
    struct ollama_final final;
    int64_t end_ns;
};

/* Makes the request; emit may be NULL.  0, or -1 and *e.  `g` must stay where it is. */
int ollama_generation_init(struct ollama_generation *g, const struct ollama *p, const char *prompt,
                           int64_t max_new_tokens, uint32_t request,
                           const struct ctxmark_emit *emit, struct ollama_err *e);
void ollama_generation_free(struct ollama_generation *g);

/* Runs them at once.  Afterwards each has failed or `finished`, or neither: the stream ended
 * without a closing line. */
void ollama_generations_run(const struct ollama *p, struct ollama_generation *list[], size_t count);

#endif
