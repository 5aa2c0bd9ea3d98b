/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "conditions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/stats/stats.h"

#define FOREIGN_CORES 0.2 /* cores that others kept busy, median over the cell */
#define WHOLE_PROMPT 0.98 /* of the nominal context length */
#define MOSTLY_CACHED 0.5 /* of the prompt */
#define LATE 1.1          /* times the wall clock's: no span lasts so much longer than itself */

struct condition {
    struct keys keys;
    double n, throttled, truncated, prompt_pct, cut_short, generated, most_generated, cached_pct;
    double foreign_cpu, disturbed, told_late;
    const char *throttle;
};

#define C(member, type, role, unit, definition)                                                    \
    FIELD(struct condition, member, type, role, unit, definition)
#define O(member, type, role, unit, definition)                                                    \
    FIELD_OPTIONAL(struct condition, member, type, role, unit, definition)

static const struct field fields[] = {
    KEY_FIELDS(struct condition),
    C(n, INTEGER, DETAIL, "", "usable rows of the cell, of all modes"),
    C(throttled, INTEGER, VALUE, "", "rows in which the device held its clock down"),
    O(throttle, TEXT, VALUE, "", "its first reason for that"),
    C(truncated, INTEGER, VALUE, "", "rows whose prompt the backend cut"),
    O(prompt_pct, NUMBER, VALUE, "%", "median real prompt length of the nominal one"),
    C(cut_short, INTEGER, VALUE, "",
      "rows that generated fewer tokens than the most of their mode in the run"),
    O(generated, NUMBER, VALUE, "tokens",
      "median of tokens generated, of e2e rows where there are any"),
    O(most_generated, INTEGER, DETAIL, "tokens", "most that any such row of the run generated"),
    O(cached_pct, NUMBER, VALUE, "%", "median share of the prompt that came from a cache"),
    O(foreign_cpu, NUMBER, VALUE, "cores", "median of cores that others kept busy meanwhile"),
    O(disturbed, FLAG, VALUE, "", "foreign_cpu above 0.2"),
    C(told_late, INTEGER, VALUE, "",
      "rows that the backend's own clock has at least a tenth longer than the wall clock"),
};

static const struct table condition_table =
    TABLE("conditions", "Cells measured under special conditions", "reliability", 7, fields);

enum { MODE_E2E, MODE_DECODE, MODE_OTHER, MODES };

struct work {
    const struct ctxmark_host *h;
    const struct rows *r;
    struct ctxmark_column throttle, foreign_cpu, device;
    double most_generated[MODES]; /* of e2e, of decode and of all other modes */
    double *values;
};

static int mode_of(const struct work *w, uint64_t row)
{
    int32_t mode = rows_code(&w->r->mode, row);
    return mode == w->r->e2e ? MODE_E2E : mode == w->r->decode ? MODE_DECODE : MODE_OTHER;
}

static double median_of(const struct work *w, const struct group *g, const struct ctxmark_column *c)
{
    size_t n = group_values(g, c, w->values);
    stats_sort(w->values, n);
    return stats_median(w->values, n);
}

/* Median of the share of their prompts that rows took from a cache. */
static double cached_share(const struct work *w, const struct group *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        double share = rows_number(&w->r->cached_tokens, group_row(g, i)) /
                       rows_number(&w->r->prompt_tokens, group_row(g, i));
        if (isfinite(share))
            w->values[n++] = share;
    }
    stats_sort(w->values, n);
    return stats_median(w->values, n);
}

static bool has_note(const struct work *w, uint32_t row, const char *word)
{
    const char *note = rows_text(&w->r->note, row);
    return note && strstr(note, word);
}

static struct condition look_at(const struct work *w, const struct group *g)
{
    struct condition c = {.keys = keys_of(g), .n = (double)g->count};
    for (size_t i = 0; i < g->count; i++) {
        uint32_t row = group_row(g, i);
        const char *why = rows_text(&w->throttle, row);
        double generated = rows_number(&w->r->generated_tokens, row);
        bool prefill = rows_code(&w->r->mode, row) == w->r->prefill;
        c.throttled += why && *why;
        c.throttle = c.throttle || !why || !*why ? c.throttle : why;
        c.truncated += has_note(w, row, "truncated");
        c.told_late += rows_number(&w->device, row) > LATE * rows_number(&w->r->latency, row);
        c.cut_short += !prefill && (has_note(w, row, "short") ||
                                    generated < w->most_generated[mode_of(w, row)]);
    }
    c.prompt_pct = 100 * median_of(w, g, &w->r->prompt_tokens) / g->context;
    size_t n = 0;
    int told = MODE_OTHER; /* the mode whose tokens are told: e2e, else decode */
    for (size_t i = 0; i < g->count; i++)
        told = mode_of(w, group_row(g, i)) < told ? mode_of(w, group_row(g, i)) : told;
    c.most_generated = w->most_generated[told];
    for (size_t i = 0; i < g->count; i++) {
        double x = rows_number(&w->r->generated_tokens, group_row(g, i));
        if (mode_of(w, group_row(g, i)) == told && isfinite(x))
            w->values[n++] = x;
    }
    stats_sort(w->values, n);
    c.generated = stats_median(w->values, n);
    c.cached_pct = 100 * cached_share(w, g);
    c.foreign_cpu = median_of(w, g, &w->foreign_cpu);
    c.disturbed = isnan(c.foreign_cpu) ? NAN : c.foreign_cpu > FOREIGN_CORES;
    return c;
}

static bool is_short_prompt(const struct condition *c)
{
    return c->truncated > 0 || c->prompt_pct < 100 * WHOLE_PROMPT;
}

static bool is_special(const struct condition *c)
{
    return c->throttled > 0 || is_short_prompt(c) || c->cut_short > 0 ||
           c->cached_pct > 100 * MOSTLY_CACHED || c->disturbed == 1 || c->told_late > 0;
}

/* --- findings */

static bool is_throttled(const struct condition *c)
{
    return c->throttled > 0;
}

static bool is_cut_short(const struct condition *c)
{
    return c->cut_short > 0;
}

static bool is_cached(const struct condition *c)
{
    return c->cached_pct > 100 * MOSTLY_CACHED;
}

static bool is_disturbed(const struct condition *c)
{
    return c->disturbed == 1;
}

static bool is_told_late(const struct condition *c)
{
    return c->told_late > 0;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* One kind of condition: which cells have it, what is told of them. */
struct kind {
    const char *id;
    uint32_t severity;
    bool (*is)(const struct condition *c);
    const char *column;
    size_t offset; /* of the figure told */
    const char *words, *unit, *advice;
};

static const struct kind kinds[] = {
    {"throttled", CTXMARK_SEVERITY_WARNING, is_throttled, "throttled",
     offsetof(struct condition, throttled), "were measured while the device held its clock down",
     " rows of a cell", "Their latencies are those of a slower machine."},
    {"short_prompts", CTXMARK_SEVERITY_NOTICE, is_short_prompt, "prompt_pct",
     offsetof(struct condition, prompt_pct), "had prompts shorter than nominal or cut", " %",
     "Compare by real tokens, not by nominal context."},
    {"short_answers", CTXMARK_SEVERITY_NOTICE, is_cut_short, "generated",
     offsetof(struct condition, generated), "generated fewer tokens than asked for",
     " tokens (median)", "Their decode and e2e totals are of different work: compare rates."},
    {"cached_prompts", CTXMARK_SEVERITY_WARNING, is_cached, "cached_pct",
     offsetof(struct condition, cached_pct), "took most of their prompts from a cache",
     " % of the prompt", "Their prefill is a look-up, as the backend itself says."},
    {"disturbed", CTXMARK_SEVERITY_WARNING, is_disturbed, "foreign_cpu",
     offsetof(struct condition, foreign_cpu), "were measured while others kept cores busy",
     " cores", "Single foreign cores have been seen to slow a small run many times over."},
    {"told_late", CTXMARK_SEVERITY_WARNING, is_told_late, "told_late",
     offsetof(struct condition, told_late),
     "have rows that lasted longer by the backend's own clock than by the wall clock",
     " rows of a cell",
     "Their first token came while the client had no core, and was seen with those behind it: read "
     "device_ms instead, and leave the client a core."},
};

static double value_at(const struct condition *c, size_t offset)
{
    double x;
    memcpy(&x, (const char *)c + offset, sizeof x);
    return x;
}

/* One finding for each kind and backend. */
static void find_kind(const struct work *w, const struct kind *k, const struct condition *c,
                      size_t count, const char *backend, size_t of)
{
    size_t n = 0, at = 0;
    double low = INFINITY, high = -INFINITY;
    char range[96] = "";
    for (size_t i = 0; i < count; i++) {
        if (!same_text(c[i].keys.backend, backend) || !k->is(&c[i]))
            continue;
        at = n++ ? at : i;
        low = fmin(low, value_at(&c[i], k->offset));
        high = fmax(high, value_at(&c[i], k->offset));
    }
    if (!n)
        return;
    if (isfinite(low) && low < high)
        snprintf(range, sizeof range, ": %.3g to %.3g%s", low, high, k->unit);
    else if (isfinite(low))
        snprintf(range, sizeof range, ": %.3g%s", low, k->unit);
    finding_emit(w->h, k->severity, k->id, condition_table.name, (int64_t)at, k->column,
                 "%zu of %zu cells of %s %s%s. %s", n, of, backend ? backend : "?", k->words, range,
                 k->advice);
}

static size_t count_cells(const struct groups *g, const char *backend)
{
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++)
        n += same_text(g->items[i].backend, backend);
    return n;
}

static void find_conditions(const struct work *w, const struct groups *g, const struct condition *c,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = same_text(c[k].keys.backend, c[i].keys.backend);
        for (size_t k = 0; !seen && k < sizeof kinds / sizeof *kinds; k++)
            find_kind(w, &kinds[k], c, count, c[i].keys.backend, count_cells(g, c[i].keys.backend));
    }
}

static void get_column(const struct ctxmark_host *h, const char *name, struct ctxmark_column *ret)
{
    *ret = (struct ctxmark_column){.size = sizeof *ret};
    if (!h->column(h, name, ret))
        *ret = (struct ctxmark_column){0};
}

int conditions_report(const struct ctxmark_host *h, const struct rows *r)
{
    struct work w = {.h = h, .r = r, .most_generated = {NAN, NAN, NAN}};
    struct groups g;
    get_column(h, "throttle", &w.throttle);
    get_column(h, "foreign_cpu", &w.foreign_cpu);
    get_column(h, "device_ms", &w.device);
    for (uint64_t row = 0; row < r->count; row++)
        if (rows_is_usable(r, row)) {
            double *most = &w.most_generated[mode_of(&w, row)];
            *most = fmax(*most, rows_number(&r->generated_tokens, row));
        }
    if (groups_make(&g, r, GROUP_CONTEXT, rows_is_usable) < 0)
        return -1;
    struct condition *c = calloc(g.count + 1, sizeof *c);
    w.values = malloc((g.largest + 1) * sizeof *w.values);
    size_t count = 0;
    for (size_t i = 0; c && w.values && i < g.count; i++) {
        c[count] = look_at(&w, &g.items[i]);
        count += is_special(&c[count]);
    }
    bool ready = c && w.values;
    if (ready) {
        table_emit(h, &condition_table, c, sizeof *c, count);
        find_conditions(&w, &g, c, count);
    }
    free(c);
    free(w.values);
    groups_free(&g);
    return ready ? 0 : -1;
}
