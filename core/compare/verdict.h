/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the analyzer `compare` found, as an answer.  Nothing is computed here but counts. */

#ifndef CORE_COMPARE_VERDICT_H
#define CORE_COMPARE_VERDICT_H

#include <stdbool.h>

#include <jansson.h>

struct verdict {
    size_t cells, faster, slower, equivalent, inconclusive;
    size_t proven, excluded; /* cells whose loss beyond --fail-over is proven, or excluded */
    bool by_launch;          /* launches are the sample in all cells */
    const char *word;        /* faster, slower, mixed, equivalent, inconclusive: over all cells */
};

/* The rows of the table `comparisons` of an analysis as objects, a member for each column; an empty
 * list if there is no such table.  A new reference; NULL: out of memory. */
json_t *verdict_rows(const json_t *analysis);

void verdict_make(const json_t *rows, struct verdict *ret);

/* --fail-over: what the exit status says, "regression" (3), "no regression" (0) or "inconclusive"
 * (4).  unmatched: how many cells only one run has measured. */
const char *verdict_gate(const struct verdict *v, size_t unmatched);

#endif
