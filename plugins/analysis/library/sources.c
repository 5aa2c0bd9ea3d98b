/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "sources.h"

#include <math.h>
#include <string.h>

const char *const sources_after[] = {
    "descriptive", "cold_start", "plausibility", "scaling", "regimes", "memory",
    "compare",     "decode",     "ttft",         "anova",   NULL};

void sources_get(struct sources *s, const struct ctxmark_host *h)
{
    s->fits = view_get(h, "scaling", "fits");
    s->regimes = view_get(h, "regimes", "regimes");
    s->growth = view_get(h, "memory", "growth");
    s->kv = view_get(h, "memory", "kv_theory");
    s->budget = view_get(h, "memory", "budget");
    s->prefill = view_get(h, "descriptive", "prefill_latency");
    s->rates = view_get(h, "descriptive", "decode_rate");
    s->failures = view_get(h, "descriptive", "failures");
    s->causes = view_get(h, "cold_start", "cold_cause");
    s->cells = view_get(h, "plausibility", "cells");
    s->pairs = view_get(h, "compare", "comparisons");
}

bool sources_is_cached(const struct sources *s, const char *model, const char *backend)
{
    int64_t row = view_find(&s->causes, 0, model, backend, NULL, NAN);
    if (row >= 0 && view_text_is(&s->causes, (uint64_t)row, "verdict", "prompt_cache"))
        return true;
    for (row = -1;
         (row = view_find(&s->cells, (uint64_t)(row + 1), model, backend, "prefill", NAN)) >= 0;)
        if (view_text_is(&s->cells, (uint64_t)row, "verdict", "impossible"))
            return true;
    return false;
}

/* "pre_spillover", "before_jump": the part before a break. */
static bool is_before_break(const char *range)
{
    return range && (strncmp(range, "pre_", 4) == 0 || strncmp(range, "before_", 7) == 0);
}

int64_t sources_clean_fit(const struct sources *s, const char *model, const char *backend,
                          const char *mode)
{
    const struct view *v = &s->fits;
    int64_t full = -1;
    bool broken = false;
    for (int64_t row = -1;
         (row = view_find(v, (uint64_t)(row + 1), model, backend, mode, NAN)) >= 0;) {
        uint64_t at = (uint64_t)row;
        const char *range = view_text(v, at, "range");
        if (!view_text_is(v, at, "quantity", "latency") || !view_text_is(v, at, "center", "median"))
            continue;
        bool fitted = !isnan(view_number(v, at, "power_b"));
        if (is_before_break(range) && fitted)
            return row;
        broken |= is_before_break(range);
        if (range && strcmp(range, "full") == 0 && fitted)
            full = row;
    }
    return broken ? -1 : full;
}

bool sources_ends(const struct view *v, uint64_t from, uint64_t *ret_first, uint64_t *ret_last)
{
    const char *model = view_text(v, from, "model"), *backend = view_text(v, from, "backend");
    *ret_first = *ret_last = from;
    for (int64_t row = -1;
         (row = view_find(v, (uint64_t)(row + 1), model, backend, NULL, NAN)) >= 0;) {
        double x = view_number(v, (uint64_t)row, "context_length");
        if (x < view_number(v, *ret_first, "context_length"))
            *ret_first = (uint64_t)row;
        if (x > view_number(v, *ret_last, "context_length"))
            *ret_last = (uint64_t)row;
    }
    return from < v->count;
}
