/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The tables that the questions and the guidance are answered from. */

#ifndef ANALYSIS_SOURCES_H
#define ANALYSIS_SOURCES_H

#include "views.h"

struct sources {
    struct view fits;     /* scaling.fits */
    struct view regimes;  /* regimes.regimes */
    struct view growth;   /* memory.growth */
    struct view kv;       /* memory.kv_theory */
    struct view budget;   /* memory.budget */
    struct view prefill;  /* descriptive.prefill_latency */
    struct view rates;    /* descriptive.decode_rate */
    struct view failures; /* descriptive.failures */
    struct view causes;   /* cold_start.cold_cause */
    struct view cells;    /* plausibility.cells */
    struct view pairs;    /* compare.comparisons */
};

/* All analyzers that the above come from, for `after`; NULL-terminated. */
extern const char *const sources_after[];

void sources_get(struct sources *s, const struct ctxmark_host *h);

/* Whether the prefill figures of that model on that backend are a prompt cache's, or impossible. */
bool sources_is_cached(const struct sources *s, const char *model, const char *backend);

/* The fit of the same series over its clean part, of medians and latency: where the series breaks
 * that before the break, else the full range.  -1: none with figures. */
int64_t sources_clean_fit(const struct sources *s, const char *model, const char *backend,
                          const char *mode);

/* The rows of one model and backend (and mode) in a table by context: the first, the last; false:
 * none. */
bool sources_ends(const struct view *v, uint64_t from, uint64_t *ret_first, uint64_t *ret_last);

#endif
