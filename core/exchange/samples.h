/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The measured rows of a run, cell by cell, as other programs' formats want them. */

#ifndef CORE_EXCHANGE_SAMPLES_H
#define CORE_EXCHANGE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/analysis/frame.h"
#include "core/base/err.h"

/* The columns that are read; all of them are there. */
struct sample_columns {
    const struct ctxmark_column *run_id, *launch, *time, *backend, *model, *params_m, *context,
        *mode, *phase, *concurrency, *status, *latency, *prompt_tokens, *cached_tokens,
        *generated_tokens, *peak_memory, *note;
    const struct ctxmark_column *rate; /* tokens_per_s; NULL: the file has none */
};

/* Good measured rows of one backend, model, launch, context, mode and number of tokens. */
struct sample_cell {
    const char *backend, *model, *mode;
    int64_t context, launch;
    int64_t generated;    /* tokens that the time is of; 0 for a prefill */
    const uint32_t *rows; /* [count] in the file's order */
    size_t count;
};

struct samples {
    struct sample_columns columns;
    struct sample_cell *cells; /* [count] in the order of the file */
    size_t count;
    uint32_t *rows;
};

/* 0 or -1.  What is left out (failures, requests in parallel, decodes whose number of tokens is not
 * known) is named on stderr; answers from a prompt cache stay, with a warning. */
int samples_make(struct samples *s, const struct frame *f, struct err *e);
void samples_free(struct samples *s);

/* NaN, "": unknown. */
double sample_number(const struct ctxmark_column *c, size_t row);
const char *sample_text(const struct ctxmark_column *c, size_t row);

#endif
