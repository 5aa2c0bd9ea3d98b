/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "plausibility": could the machine have done that work in that time; is a prefill a
 * prefill; was each cell measured under fair conditions. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/groups.h"
#include "plugins/analysis/library/shape.h"
#include "plugins/analysis/library/views.h"
#include "plugins/analysis/plausibility/conditions.h"
#include "plugins/analysis/plausibility/machine.h"
#include "plugins/analysis/plausibility/servers.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define BOUND_SLACK 2.0    /* where the work is only bounded, or the arithmetic's type unknown */
#define MEASURED_PROOF 4.0 /* what was measured is no peak, and the machine may have been busy */
#define FOREIGN_CORES 0.2
#define CACHE_BYTES 134217728. /* weights this small may stay in a processor's cache */
#define ONE_STEP 2.0           /* a prefill this few decode steps long is like one of them */
#define LONG_PROMPT 2048.0
#define FLAT_EXPONENT 0.5

/* --- table */

struct cell_row {
    struct keys keys;
    const char *verdict, *basis, *peak_from, *bandwidth_from, *note;
    double n, latency, tokens, cached, work_tflop, needed_tflop_s, peak_tflop_s, compute_pct;
    double read_gb, needed_gb_s, bandwidth_gb_s, bandwidth_pct, limit_pct, impossible;
    double first_ms, first_tflop_s, first_pct, decode_step_ms, steps;
    /* not in the table */
    const char *gpu;
    double parameters;
};

#define P(member, type, role, unit, definition)                                                    \
    FIELD(struct cell_row, member, type, role, unit, definition)
#define O(member, type, role, unit, definition)                                                    \
    FIELD_OPTIONAL(struct cell_row, member, type, role, unit, definition)

static const struct field fields[] = {
    KEY_FIELDS(struct cell_row),
    P(verdict, TEXT, VALUE, "",
      "impossible: more than the machine can do; doubtful: more than it can do, if the lower bound "
      "on the work were exact, or a measured limit a peak; plausible; unknown: peak or parameters "
      "are not known"),
    P(latency, NUMBER, VALUE, "ms", "median latency"),
    P(tokens, NUMBER, VALUE, "tokens",
      "prefill: median real prompt length, nominal where unknown; decode: median of tokens "
      "generated"),
    P(work_tflop, NUMBER, VALUE, "TFLOP",
      "least work: prefill 2 P n + 2 L H D n^2 + 2 E V (P parameters without embeddings), decode "
      "2 (P + E V) + 4 L H D n a token; only parameters known: 2 for each and token"),
    P(needed_tflop_s, NUMBER, VALUE, "TFLOP/s", "work_tflop / latency"),
    P(peak_tflop_s, NUMBER, VALUE, "TFLOP/s", "the machine's peak"),
    P(compute_pct, NUMBER, VALUE, "%", "needed_tflop_s of peak_tflop_s"),
    P(limit_pct, NUMBER, VALUE, "%", "larger of compute_pct and bandwidth_pct"),
    O(first_pct, NUMBER, VALUE, "%", "the same for the first repetition"),
    O(steps, NUMBER, VALUE, "", "prefill latency / decode_step_ms: about 1 is a cache's hit"),
    P(impossible, INTEGER, VALUE, "", "repetitions faster than is possible"),
    P(read_gb, NUMBER, DETAIL, "GB",
      "least bytes read: weights (half a byte each where unknown), for decode each step, and KV"),
    P(needed_gb_s, NUMBER, DETAIL, "GB/s", "read_gb / latency"),
    P(bandwidth_gb_s, NUMBER, DETAIL, "GB/s", "the machine's memory bandwidth"),
    P(bandwidth_pct, NUMBER, DETAIL, "%",
      "needed_gb_s of bandwidth_gb_s; unknown where the weights may lie in a cache"),
    O(cached, NUMBER, DETAIL, "tokens",
      "median of prompt tokens that the backend took from a cache"),
    O(decode_step_ms, NUMBER, DETAIL, "ms", "median decode latency over its tokens, same cell"),
    O(first_ms, NUMBER, DETAIL, "ms", "latency of the first repetition"),
    O(first_tflop_s, NUMBER, DETAIL, "TFLOP/s", "work_tflop / first_ms"),
    P(n, INTEGER, DETAIL, "", "usable repetitions"),
    P(basis, TEXT, DETAIL, "",
      "shape: the work is known; parameters: a lower bound, impossible needs twice the limit"),
    P(peak_from, TEXT, DETAIL, "",
      "user, table (by the GPU's name), or measured: then impossible needs four times as much, and "
      "is never said where others kept cores busy during the run"),
    P(bandwidth_from, TEXT, DETAIL, "", "likewise"),
    P(note, TEXT, NOTE, "", "what is missing for a judgement"),
};

static const struct table cell_table =
    TABLE("cells", "What each result asks of the machine", "reliability", 5, fields);

struct work {
    const struct ctxmark_host *h;
    struct rows rows;
    struct ctxmark_column params_m;
    struct groups groups;
    struct view causes;
    double *values;
    bool disturbed; /* others kept cores busy during the run, and so perhaps while limits were
                     * measured */
    struct cell_row *cells;
    size_t count;
    struct findings *said;
};

static bool mode_is(const struct keys *k, const char *mode)
{
    return k->mode && strcmp(k->mode, mode) == 0;
}

static double median_of(const struct work *w, const struct group *g, const struct ctxmark_column *c)
{
    size_t n = group_values(g, c, w->values);
    stats_sort(w->values, n);
    return stats_median(w->values, n);
}

/* --- one cell */

/* The group of the same cell in mode decode; NULL: none. */
static const struct group *decode_of(const struct work *w, const struct group *g)
{
    const struct groups *all = &w->groups;
    size_t at = (size_t)(g - all->items), first = at;
    struct keys a = keys_of(g);
    for (size_t i = first; i < all->count; i++) {
        struct keys b = keys_of(&all->items[i]);
        if (strcmp(a.model ? a.model : "", b.model ? b.model : "") != 0 ||
            strcmp(a.backend ? a.backend : "", b.backend ? b.backend : "") != 0)
            return NULL;
        if (mode_is(&b, "decode") && b.context_length == a.context_length)
            return &all->items[i];
    }
    return NULL;
}

static double decode_step(const struct work *w, const struct group *g)
{
    size_t n = 0;
    for (size_t i = 0; g && i < g->count; i++) {
        double tokens = rows_number(&w->rows.generated_tokens, group_row(g, i)),
               ms = rows_number(&w->rows.latency, group_row(g, i));
        if (tokens > 0)
            w->values[n++] = ms / tokens;
    }
    stats_sort(w->values, n);
    return stats_median(w->values, n);
}

static double first_latency(const struct work *w, const struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (rows_number(&w->rows.rep, group_row(g, i)) == 0)
            return rows_number(&w->rows.latency, group_row(g, i));
    return NAN;
}

/* Work and bytes of one repetition, as the cell's medians have it. */
static void size_up(const struct work *w, struct cell_row *c, const struct group *g,
                    const struct shape *m)
{
    double prompt = median_of(w, g, &w->rows.prompt_tokens), n = prompt > 0 ? prompt : g->context;
    c->cached = median_of(w, g, &w->rows.cached_tokens);
    if (mode_is(&c->keys, "prefill")) {
        c->tokens = n;
        c->work_tflop = shape_prefill_flop(m, n, c->cached > 0 ? fmin(c->cached, n) : 0) / 1e12;
        c->read_gb = shape_step_bytes(m, 0) / 1e9;
        c->decode_step_ms = decode_step(w, decode_of(w, g));
        c->steps = c->latency / c->decode_step_ms;
    } else {
        c->tokens = median_of(w, g, &w->rows.generated_tokens);
        c->work_tflop = shape_step_flop(m, n) * c->tokens / 1e12;
        c->read_gb = shape_step_bytes(m, n) * c->tokens / 1e9;
    }
    c->basis = isnan(c->work_tflop) ? NULL : shape_is_whole(m) ? "shape" : "parameters";
    c->parameters = shape_is_whole(m) ? m->inner : m->parameters;
}

/* Against the machine's limits. */
static void hold_against(struct cell_row *c, const struct machine *machine, const struct shape *m)
{
    c->needed_tflop_s = c->work_tflop / c->latency * 1000;
    c->needed_gb_s = c->read_gb / c->latency * 1000;
    c->first_tflop_s = c->work_tflop / c->first_ms * 1000;
    c->peak_tflop_s = machine->flops.value / 1e12;
    c->bandwidth_gb_s = machine->bandwidth.value / 1e9;
    c->peak_from = machine->flops.from;
    c->bandwidth_from = machine->bandwidth.from;
    c->compute_pct = 100 * c->needed_tflop_s / c->peak_tflop_s;
    c->first_pct = 100 * c->first_tflop_s / c->peak_tflop_s;
    if (shape_step_bytes(m, 0) > CACHE_BYTES)
        c->bandwidth_pct = 100 * c->needed_gb_s / c->bandwidth_gb_s;
    c->limit_pct = fmax(c->compute_pct, c->bandwidth_pct);
}

/* By how much a limit must be exceeded before it proves anything. */
static double proof_of(const struct work *w, const struct limit *l, const struct shape *m)
{
    bool measured = l->from && strcmp(l->from, "measured") == 0;
    double bound = shape_is_whole(m) && !m->quantised ? 1 : BOUND_SLACK;
    return measured && w->disturbed ? INFINITY : measured ? MEASURED_PROOF * bound : bound;
}

static void judge(const struct work *w, struct cell_row *c, const struct group *g,
                  const struct machine *machine, const struct shape *m)
{
    double flops = 100 * proof_of(w, &machine->flops, m),
           bytes = 100 * proof_of(w, &machine->bandwidth, m);
    if (isnan(c->limit_pct)) {
        c->verdict = "unknown";
        c->note = !c->basis ? "parameters not known: give the fact MODEL.params_m"
                  : !c->peak_from && !c->bandwidth_from
                      ? "peak not known: give the fact gpu or peak_tflops"
                      : "too small to be told from a cache";
        return;
    }
    bool over = c->compute_pct > 100 * machine->flops.slack ||
                c->bandwidth_pct > 100 * machine->bandwidth.slack;
    bool beyond = c->compute_pct > flops || c->bandwidth_pct > bytes;
    if (over && !beyond)
        c->note = shape_is_whole(m) && !m->quantised
                      ? "the limit is what a program reached, not a peak"
                      : "the work, or its arithmetic, is not wholly known";
    c->verdict = beyond ? "impossible" : over ? "doubtful" : "plausible";
    c->impossible = 0;
    for (size_t i = 0; i < g->count; i++) {
        double faster = c->latency / rows_number(&w->rows.latency, group_row(g, i));
        c->impossible += c->compute_pct * faster > flops || c->bandwidth_pct * faster > bytes;
    }
}

static struct cell_row make_cell(const struct work *w, const struct group *g)
{
    struct cell_row c = {.keys = keys_of(g),
                         .n = (double)g->count,
                         .latency = group_median_latency(g, &w->rows, w->values),
                         .bandwidth_pct = NAN,
                         .impossible = NAN,
                         .decode_step_ms = NAN,
                         .steps = NAN,
                         .first_ms = first_latency(w, g)};
    struct shape m =
        shape_get(w->h, g->backend, g->model, rows_number(&w->params_m, group_row(g, 0)));
    struct machine machine = machine_get(w->h, g->backend, g->model);
    c.gpu = machine.name;
    size_up(w, &c, g, &m);
    hold_against(&c, &machine, &m);
    judge(w, &c, g, &machine, &m);
    return c;
}

/* --- findings about one series: model, backend, mode */

struct series {
    const struct cell_row *cells;
    size_t n, first; /* first: row of the table */
    size_t impossible, doubtful, one_step, with_step, worst, longest, shortest;
    double cached; /* tokens the backend says that it took from a cache; NaN: not known */
    bool cold;     /* cold_start says: a prompt cache */
};

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_series(const struct keys *a, const struct keys *b)
{
    return same_text(a->model, b->model) && same_text(a->backend, b->backend) &&
           same_text(a->mode, b->mode) && same_text(a->run, b->run) &&
           (a->concurrency == b->concurrency || isnan(a->concurrency));
}

static struct series sum_up(const struct work *w, size_t first)
{
    struct series s = {.cells = &w->cells[first], .first = first, .cached = NAN};
    for (; first + s.n < w->count && same_series(&s.cells[0].keys, &s.cells[s.n].keys); s.n++) {
        const struct cell_row *c = &s.cells[s.n];
        s.impossible += same_text(c->verdict, "impossible");
        s.doubtful += same_text(c->verdict, "doubtful");
        s.with_step += !isnan(c->steps);
        s.one_step += c->steps <= ONE_STEP;
        s.cached = fmax(s.cached, c->cached);
        s.worst = c->limit_pct > s.cells[s.worst].limit_pct ? s.n : s.worst;
        s.longest = c->tokens > s.cells[s.longest].tokens ? s.n : s.longest;
        s.shortest = c->tokens < s.cells[s.shortest].tokens ? s.n : s.shortest;
    }
    const struct keys *k = &s.cells[0].keys;
    int64_t row = view_find(&w->causes, 0, k->model, k->backend, NULL, NAN);
    s.cold = row >= 0 && view_text_is(&w->causes, (uint64_t)row, "verdict", "prompt_cache");
    return s;
}

/* Prefill that hardly grows over at least eight times the prompt, and takes about one decode step
 * throughout. */
static bool is_like_one_step(const struct series *s)
{
    const struct cell_row *low = &s->cells[s->shortest], *high = &s->cells[s->longest];
    return s->with_step == s->n && s->one_step == s->n && high->tokens >= LONG_PROMPT &&
           high->tokens >= 8 * low->tokens &&
           log(high->latency / low->latency) < FLAT_EXPONENT * log(high->tokens / low->tokens);
}

static const char *model_of(const struct series *s)
{
    return s->cells[0].keys.model ? s->cells[0].keys.model : "?";
}

static const char *backend_of(const struct series *s)
{
    return s->cells[0].keys.backend ? s->cells[0].keys.backend : "?";
}

/* "Each takes 1.1 to 1.4 decode steps." or nothing. */
static void describe_steps(const struct series *s, char *text, size_t size)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        low = fmin(low, s->cells[i].steps);
        high = fmax(high, s->cells[i].steps);
    }
    *text = '\0';
    if (isfinite(low) && s->one_step == s->n)
        snprintf(text, size,
                 " Whatever its length, a prompt takes as long as %.2f to %.2f decode steps: the "
                 "server evaluates its last token alone.",
                 low, high);
}

/* "First repetitions need 13 to 29 % of the peak, which is a prefill." or nothing. */
static void describe_first(const struct series *s, char *text, size_t size)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        low = fmin(low, s->cells[i].first_pct);
        high = fmax(high, s->cells[i].first_pct);
    }
    *text = '\0';
    if (isfinite(low) && high < 100)
        snprintf(text, size,
                 " First repetitions need %.2g to %.2g %% of the peak, as a real prefill does.",
                 low, high);
}

static const char *provenance(const char *from)
{
    return same_text(from, "table")      ? "dense FP16 by its data sheet"
           : same_text(from, "measured") ? "as measured"
           : same_text(from, "user")     ? "as the facts say"
                                         : text_or(from, "not known");
}

static void find_impossible_prefill(const struct work *w, const struct series *s)
{
    const struct cell_row *c = &s->cells[s->worst];
    char steps[256], first[256], peak[160];
    describe_steps(s, steps, sizeof steps);
    describe_first(s, first, sizeof first);
    snprintf(peak, sizeof peak, "%.80s, %s", c->gpu ? c->gpu : "the machine",
             provenance(c->peak_from));
    bool cache = s->cold || s->cached > 0 || is_like_one_step(s);
    findings_say(w->said,
                 &(const struct saying){CTXMARK_SEVERITY_ERROR, "impossible_prefill",
                                        cell_table.name, "needed_tflop_s"},
                 (int64_t)(s->first + s->worst), c->compute_pct,
                 label_of(&c->keys, "%zu of %zu cells, up to %.3g times the peak", s->impossible,
                          s->n, c->compute_pct / 100)
                     .text,
                 "The prefill figures of %s on %s are impossible as computation in %zu of %zu "
                 "cells: %.0f tokens in %s need %s%s TFLOP/s (%s TFLOP: %s), %.3g times the peak "
                 "of %s TFLOP/s (%s). %s%s%s",
                 model_of(s), backend_of(s), s->impossible, s->n, c->tokens,
                 figure_ms(c->latency).text, same_text(c->basis, "shape") ? "" : "at least ",
                 figure(c->needed_tflop_s).text, figure(c->work_tflop).text,
                 same_text(c->basis, "shape") ? "from the model's shape"
                                              : "2 FLOP for each parameter and token",
                 c->compute_pct / 100, figure(c->peak_tflop_s).text, peak,
                 cache
                     ? "They are hits of a prompt cache."
                     : "Either a cache served them, or the clock stopped before the work was done.",
                 steps, first);
}

/* The mode's other cells: "512, 1024". */
static void list_contexts(const struct series *s, const char *verdict, char *text, size_t size)
{
    size_t len = 0;
    *text = '\0';
    for (size_t i = 0; i < s->n && len < size; i++)
        if (same_text(s->cells[i].verdict, verdict))
            len += (size_t)snprintf(text + len, size - len, "%s%.0f", len ? ", " : "",
                                    s->cells[i].keys.context_length);
}

static void find_impossible_decode(const struct work *w, const struct series *s)
{
    const struct cell_row *c = &s->cells[s->worst];
    char list[256];
    bool bytes = c->bandwidth_pct >= c->compute_pct || isnan(c->compute_pct);
    list_contexts(s, "impossible", list, sizeof list);
    findings_say(w->said,
                 &(const struct saying){CTXMARK_SEVERITY_ERROR, "impossible_decode",
                                        cell_table.name, bytes ? "needed_gb_s" : "needed_tflop_s"},
                 (int64_t)(s->first + s->worst), c->limit_pct,
                 label_of(&c->keys, "at %.60s tokens, %.3g times", list, c->limit_pct / 100).text,
                 "The decode figures of %s on %s at %s tokens are impossible: %.0f tokens in %s "
                 "need at least %s %s, %.3g times what the machine can do. Fewer tokens may have "
                 "been generated than the file says, or several at a time.",
                 model_of(s), backend_of(s), list, c->tokens, figure_ms(c->latency).text,
                 figure(bytes ? c->needed_gb_s : c->needed_tflop_s).text,
                 bytes ? "GB/s" : "TFLOP/s", c->limit_pct / 100);
}

static void find_doubtful(const struct work *w, const struct series *s)
{
    const struct cell_row *c = &s->cells[s->worst];
    char list[256];
    list_contexts(s, "doubtful", list, sizeof list);
    findings_say(
        w->said,
        &(const struct saying){CTXMARK_SEVERITY_WARNING, "doubtful", cell_table.name, "limit_pct"},
        (int64_t)(s->first + s->worst), c->limit_pct,
        label_of(&c->keys, "%.10s at %.60s tokens, %.3g %%", c->keys.mode, list, c->limit_pct).text,
        "The %s figures of %s on %s at %s tokens ask for up to %.3g %% of the machine's "
        "limit, which proves nothing: %s.",
        c->keys.mode, model_of(s), backend_of(s), list, c->limit_pct,
        text_or(c->note, "see the table"));
}

static void find_one_step(const struct work *w, const struct series *s)
{
    const struct cell_row *low = &s->cells[s->shortest], *high = &s->cells[s->longest];
    bool sure = s->cold || s->cached > 0;
    findings_say(
        w->said,
        &(const struct saying){sure ? CTXMARK_SEVERITY_WARNING : CTXMARK_SEVERITY_NOTICE,
                               "prefill_is_one_decode_step", cell_table.name, "steps"},
        (int64_t)(s->first + s->longest), -high->steps,
        label_of(&high->keys, "%s for %.0f tokens", figure_ms(high->latency).text, high->tokens)
            .text,
        "The prefill of %s on %s takes as long as one decode step at every context: %s "
        "for %.0f tokens, %s for %.0f (%.2f decode steps). %s",
        model_of(s), backend_of(s), figure_ms(low->latency).text, low->tokens,
        figure_ms(high->latency).text, high->tokens, high->steps,
        sure ? "It is a prompt cache's hit, not a prefill."
             : "A prompt cache does that, and so does a program that is bound by "
               "something else than the work; longer prompts, or a machine peak in "
               "`facts`, tell them apart.");
}

static void find_in_series(const struct work *w, const struct series *s)
{
    bool prefill = mode_is(&s->cells[0].keys, "prefill");
    if (s->impossible && prefill)
        find_impossible_prefill(w, s);
    else if (s->impossible)
        find_impossible_decode(w, s);
    else if (prefill && is_like_one_step(s))
        find_one_step(w, s);
    if (s->doubtful && !s->impossible)
        find_doubtful(w, s);
}

/* What could not be judged, and what is missing for it. */
static void find_unknown(const struct work *w)
{
    size_t unknown = 0, parameters = 0, at = 0;
    for (size_t i = 0; i < w->count; i++)
        if (same_text(w->cells[i].verdict, "unknown")) {
            at = unknown++ ? at : i;
            parameters += !w->cells[i].basis;
        }
    if (!unknown)
        return;
    finding_emit(w->h, CTXMARK_SEVERITY_NOTICE, "not_judged", cell_table.name, (int64_t)at, "note",
                 "%zu of %zu cells cannot be held against the machine (%zu because the model's "
                 "parameters are not known). Facts that help: gpu or peak_tflops and "
                 "memory_bandwidth_gb_s of the machine, MODEL.params_m or MODEL.layers, "
                 "hidden_size, heads, kv_heads, head_size and vocabulary.",
                 unknown, w->count, parameters);
}

/* --- plot */

static void plot_shares(const struct work *w)
{
    static const struct ctxmark_limit_line limit = {"the machine's limit", 0, 0, 100.0};
    struct lines lines = {0};
    char name[512];
    for (size_t i = 0; i < w->count; i++) {
        const struct cell_row *c = &w->cells[i];
        if (!(c->limit_pct > 0))
            continue;
        snprintf(name, sizeof name, "%s, %s, %s", text_or(c->keys.model, "?"),
                 text_or(c->keys.backend, "?"), c->keys.mode);
        lines_add(&lines, name, c->keys.mode, c->keys.context_length, c->limit_pct, NAN, NAN);
    }
    lines_emit(w->h, &lines,
               (struct ctxmark_plot){.name = "share_of_limit",
                                     .title = "What results ask of the machine",
                                     .section = "reliability",
                                     .order = 5,
                                     .x = {"context length", "tokens", 1, 0},
                                     .y = {"share of its limit", "%", 1, 0},
                                     .limits = &limit,
                                     .limit_count = 1,
                                     .limit_stride = sizeof limit});
}

/* --- putting it together */

static int judge_cells(struct work *w)
{
    if (groups_make(&w->groups, &w->rows, GROUP_CELL, rows_is_usable) < 0)
        return -1;
    w->cells = calloc(w->groups.count + 1, sizeof *w->cells);
    w->values = malloc((w->groups.largest + 1) * sizeof *w->values);
    if (!w->cells || !w->values)
        return -1;
    for (size_t i = 0; i < w->groups.count; i++) {
        struct keys k = keys_of(&w->groups.items[i]);
        if (mode_is(&k, "prefill") || mode_is(&k, "decode"))
            w->cells[w->count++] = make_cell(w, &w->groups.items[i]);
    }
    table_emit(w->h, &cell_table, w->cells, sizeof *w->cells, w->count);
    for (size_t i = 0; i < w->count;) {
        struct series s = sum_up(w, i);
        find_in_series(w, &s);
        i += s.n;
    }
    findings_emit(w->h, w->said);
    find_unknown(w);
    plot_shares(w);
    return 0;
}

static bool was_disturbed(const struct ctxmark_host *h, uint64_t count)
{
    struct ctxmark_column foreign = {.size = sizeof foreign};
    if (!h->column(h, "foreign_cpu", &foreign) || !foreign.number)
        return false;
    for (uint64_t row = 0; row < count; row++)
        if (foreign.number[row] > FOREIGN_CORES)
            return true;
    return false;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    struct findings said = {0};
    struct work w = {.h = h, .said = &said, .params_m = {.size = sizeof w.params_m}};
    rows_get(&w.rows, h);
    if (!h->column(h, "params_m", &w.params_m))
        w.params_m.number = NULL;
    w.disturbed = was_disturbed(h, w.rows.count);
    w.causes = view_get(h, "cold_start", "cold_cause");
    int done = judge_cells(&w);
    if (done == 0)
        done = conditions_report(h, &w.rows);
    if (done == 0)
        done = servers_report(h, &w.rows);
    free(w.cells);
    free(w.values);
    groups_free(&w.groups);
    return done == 0 ? CTXMARK_OK : h->fail(h, CTXMARK_ERROR, "out of memory");
}

/* --- the plugin */

static const char *const after[] = {"cold_start", NULL};

static const struct ctxmark_analyzer analyzer = {
    .size = sizeof analyzer, .after = after, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "plausibility",
    .version = PACKAGE_VERSION,
    .summary = "Results against the machine's limits; prompt caches; conditions of measurement.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
