/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "anova": how much of the latency's variation is due to the backend (or run), to context
 * length, and to their interaction. */

#include "config.h"

#include "plugins/analysis/anova/family.h"
#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/groups.h"
#include "plugins/analysis/library/sides.h"
#include "plugins/analysis/stats/anova_sums.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define ALPHA 0.05
#define UNEQUAL_VARIANCES 100.0

/* --- tables */

struct oneway_row {
    struct keys keys;
    const char *effect, *note;
    double ss, df, ms, F, p, log10_p, eta2, partial_eta2, omega2, ss_within, df_within, ms_within,
        n;
};

#define W(member, type, role, unit, definition)                                                    \
    FIELD(struct oneway_row, member, type, role, unit, definition)

static const struct field oneway_fields[] = {
    KEY_FIELDS(struct oneway_row),
    W(effect, TEXT, KEY, "",
      "backend (or run) over all rows; the same over the contexts that all sides have; context "
      "over all rows"),
    {"oneway_F", CTXMARK_NUMBER, CTXMARK_ROLE_VALUE, "", "ms / ms_within",
     offsetof(struct oneway_row, F), false},
    W(df, INTEGER, VALUE, "", "levels - 1"),
    W(df_within, INTEGER, VALUE, "", "n - levels"),
    W(p, NUMBER, VALUE, "", "of so large an F if all levels had one mean"),
    W(log10_p, NUMBER, DETAIL, "", "log10 of it, which does not underflow"),
    W(eta2, NUMBER, VALUE, "", "ss / (ss + ss_within): share of the variation"),
    W(partial_eta2, NUMBER, DETAIL, "", "the same, as there is one factor"),
    W(omega2, NUMBER, DETAIL, "", "(ss - df ms_within) / (ss + (n - df) ms_within): less biased"),
    W(ss, NUMBER, DETAIL, "ms^2", "sum of squares between levels"),
    W(ms, NUMBER, DETAIL, "ms^2", "ss / df"),
    W(ss_within, NUMBER, DETAIL, "ms^2", "sum of squares within levels"),
    W(ms_within, NUMBER, DETAIL, "ms^2", "ss_within / df_within"),
    W(n, INTEGER, DETAIL, "", "values"),
    W(note, TEXT, NOTE, "", "why figures are missing, or how to read them"),
};

static const struct table oneway_table =
    TABLE("oneway", "One-way analysis of variance", "comparison", 50, oneway_fields);

/* One type of sums of squares; the columns of the table are named after it. */
struct type_sums {
    double ss, ms, F, p, log10_p, partial_eta2, partial_omega2;
};

struct twoway_row {
    struct keys keys;
    const char *scale, *effect;
    double df;
    struct type_sums type[3];
};

#define T(k, member, role, unit, definition)                                                       \
    {                                                                                              \
        "twoway_type" #k "_" #member, CTXMARK_NUMBER, CTXMARK_ROLE_##role, unit, definition,       \
            offsetof(struct twoway_row, type[k - 1].member), false                                 \
    }
#define TYPE_FIELDS(k, role, words)                                                                \
    T(k, F, role, "", "mean square over that of the error, type " words),                          \
        T(k, p, role, "", "of so large an F without this effect"),                                 \
        T(k, log10_p, DETAIL, "", "log10 of it, which does not underflow"),                        \
        T(k, ss, DETAIL, "", "sum of squares, type " words ": ms^2, or none for ln ms"),           \
        T(k, ms, DETAIL, "", "its mean square"),                                                   \
        T(k, partial_eta2, role, "", "ss / (ss + ss_error)"),                                      \
        T(k, partial_omega2, DETAIL, "", "(ss - df ms_error) / (ss + (n - df) ms_error)")

static const struct field twoway_fields[] = {
    KEY_FIELDS(struct twoway_row),
    FIELD(struct twoway_row, scale, TEXT, KEY, "", "raw: ms; log: ln ms"),
    FIELD(struct twoway_row, effect, TEXT, KEY, "",
          "a: backend (or run); b: context; a_x_b: their interaction"),
    FIELD(struct twoway_row, df, INTEGER, VALUE, "", "degrees of freedom of the effect"),
    TYPE_FIELDS(2, VALUE, "II: after the other factor"),
    TYPE_FIELDS(1, DETAIL, "I: a first, then b, then a_x_b"),
    TYPE_FIELDS(3, DETAIL, "III: after everything else, contrasts that sum to zero"),
};

static const struct table twoway_table = TABLE(
    "twoway", "Two-way analysis of variance over shared contexts", "comparison", 40, twoway_fields);

struct design_row {
    struct keys keys;
    const char *scale, *baseline, *interaction, *strength, *note;
    const char *levels_a, *levels_b, *contexts_a, *contexts_b, *shared;
    double n, ss_error, df_error, ms_error, ss_total, balanced, variance_ratio;
    double gap_smallest, gap_smallest_at, gap_largest, gap_largest_at, gap_growth;
};

#define D(member, type, role, unit, definition)                                                    \
    FIELD(struct design_row, member, type, role, unit, definition)

static const struct field design_fields[] = {
    KEY_FIELDS(struct design_row),
    D(scale, TEXT, KEY, "", "raw: ms; log: ln ms"),
    D(interaction, TEXT, VALUE, "",
      "none: no proof on either scale; constant_ratio: the gap grows, the ratio does not; "
      "magnitude: the ratio depends on context; crossover: so does who is faster"),
    D(strength, TEXT, VALUE, "",
      "of the interaction on the log scale, by partial eta squared: weak < 0.06, moderate < 0.14, "
      "strong"),
    D(gap_smallest, NUMBER, VALUE, "ms", "smallest distance of mean latencies from the baseline's"),
    D(gap_smallest_at, INTEGER, VALUE, "tokens", "at this context"),
    D(gap_largest, NUMBER, VALUE, "ms", "largest distance"),
    D(gap_largest_at, INTEGER, VALUE, "tokens", "at this context"),
    D(gap_growth, NUMBER, DETAIL, "", "gap_largest / gap_smallest"),
    D(variance_ratio, NUMBER, VALUE, "",
      "largest over smallest variance of a cell; the F test assumes 1"),
    D(baseline, TEXT, DETAIL, "", "the side that gaps are from"),
    D(levels_a, TEXT, DETAIL, "", "backends (or runs) in the design"),
    D(levels_b, TEXT, DETAIL, "", "context lengths in the design"),
    D(contexts_a, TEXT, DETAIL, "", "context lengths of the baseline"),
    D(contexts_b, TEXT, DETAIL, "", "context lengths of any other side"),
    D(shared, TEXT, DETAIL, "", "context lengths of all sides"),
    D(n, INTEGER, DETAIL, "", "values in the design"),
    D(balanced, FLAG, DETAIL, "", "all cells have as many values"),
    D(ss_error, NUMBER, DETAIL, "", "sum of squares within cells"),
    D(df_error, INTEGER, DETAIL, "", "n - cells"),
    D(ms_error, NUMBER, DETAIL, "", "ss_error / df_error"),
    D(ss_total, NUMBER, DETAIL, "", "sum of squares around the grand mean"),
    D(note, TEXT, NOTE, "", "what was left out or refused, by name"),
};

static const struct table design_table =
    TABLE("design", "What the two-way analysis is of, and the kind of interaction", "comparison",
          30, design_fields);

/* --- what is worked on */

struct work {
    const struct ctxmark_host *h;
    struct rows rows;
    struct groups groups;
    struct sides sides;
    double *values;
    struct family *families;
    struct oneway_row *oneway;
    struct twoway_row *twoway;
    struct design_row *designs;
    size_t family_count, oneway_count, twoway_count, design_count;
    struct findings said;
};

/* --- one-way */

static struct keys family_keys(const struct work *w, const struct family *f)
{
    struct keys k = keys_of(f->any);
    k.context_length = k.launch = NAN;
    if (w->sides.by_run)
        k.run = NULL;
    else
        k.backend = NULL;
    return k;
}

/* Levels are sides, or contexts; only shared contexts, or all. */
static struct anova_oneway oneway_of(const struct family *f, bool by_context, bool shared,
                                     struct anova_cell *scratch)
{
    size_t levels = by_context ? f->context_count : f->side_count;
    for (size_t i = 0; i < levels; i++)
        scratch[i] = (struct anova_cell){0, 0, 0, 0};
    for (size_t i = 0; i < f->side_count; i++)
        for (size_t k = 0; k < f->context_count; k++) {
            struct anova_cell *to = &scratch[by_context ? k : i];
            if (!shared || f->shared[k])
                *to = anova_cell_join(to, &f->raw[i * f->context_count + k]);
        }
    return anova_oneway(scratch, levels);
}

static void add_oneway(struct work *w, const struct family *f, const char *effect, const char *note,
                       const struct anova_oneway *a)
{
    w->oneway[w->oneway_count++] = (struct oneway_row){
        .keys = family_keys(w, f),
        .effect = effect,
        .note = isnan(a->effect.F) ? "too few levels or values, or no variation" : note,
        .ss = a->effect.ss,
        .df = a->effect.df,
        .ms = a->effect.ms,
        .F = a->effect.F,
        .p = a->effect.p.p,
        .log10_p = a->effect.p.log10_p,
        .eta2 = a->effect.partial_eta2,
        .partial_eta2 = a->effect.partial_eta2,
        .omega2 = a->effect.partial_omega2,
        .ss_within = a->ss_within,
        .df_within = a->df_within,
        .ms_within = a->ms_within,
        .n = a->n,
    };
}

/* "prefill of qwen2.5-1.5b" */
static struct label family_name(const struct family *f)
{
    struct label l;
    snprintf(l.text, sizeof l.text, "%.20s of %.120s", f->any->mode ? f->any->mode : "latency",
             f->any->model ? f->any->model : "?");
    return l;
}

static int analyze_oneway(struct work *w, const struct family *f)
{
    bool by_run = w->sides.by_run;
    struct anova_cell *scratch = calloc(f->side_count + f->context_count, sizeof *scratch);
    if (!scratch)
        return -1;
    struct anova_oneway all = oneway_of(f, false, false, scratch),
                        shared = oneway_of(f, false, true, scratch),
                        context = oneway_of(f, true, false, scratch);
    free(scratch);
    bool unequal = f->shared_count < f->context_count;
    add_oneway(w, f, by_run ? "run_all_rows" : "backend_all_rows",
               unequal ? "the sides have different contexts: see the shared ones" : NULL, &all);
    add_oneway(w, f, by_run ? "run_shared" : "backend_shared", NULL, &shared);
    add_oneway(w, f, "context_all_rows", NULL, &context);
    if (unequal && !isnan(shared.effect.F))
        findings_say(
            &w->said,
            &(const struct saying){CTXMARK_SEVERITY_NOTICE, "unequal_contexts", oneway_table.name,
                                   "oneway_F"},
            (int64_t)w->oneway_count - 3, -shared.effect.F / all.effect.F,
            label_named(family_name(f).text, "%.4g and %.4g", all.effect.F, shared.effect.F).text,
            "A one-way F of %s on %s of %s over all rows (%.4g) mixes in contexts that "
            "not all sides have; over the %zu shared ones it is %.4g (p %.3g).",
            by_run ? "run" : "backend", f->any->mode ? f->any->mode : "latency",
            f->any->model ? f->any->model : "?", all.effect.F, f->shared_count, shared.effect.F,
            shared.effect.p.p);
    return 0;
}

/* --- two-way */

/* The cells of the shared contexts, put together; NULL: out of memory. */
static struct anova_cell *shared_cells(const struct family *f, const struct anova_cell *from)
{
    struct anova_cell *cells = calloc(f->side_count * f->shared_count + 1, sizeof *cells);
    size_t n = 0;
    for (size_t i = 0; cells && i < f->side_count; i++)
        for (size_t k = 0; k < f->context_count; k++)
            if (f->shared[k])
                cells[n++] = from[i * f->context_count + k];
    return cells;
}

static struct type_sums sums_of(const struct anova_effect *e)
{
    return (struct type_sums){
        e->ss, e->ms, e->F, e->p.p, e->p.log10_p, e->partial_eta2, e->partial_omega2};
}

static void add_effect(struct work *w, const struct family *f, const char *scale,
                       const char *effect, const struct anova_effect e[3])
{
    struct twoway_row *r = &w->twoway[w->twoway_count++];
    *r = (struct twoway_row){
        .keys = family_keys(w, f), .scale = scale, .effect = effect, .df = e[0].df};
    for (int k = 0; k < 3; k++)
        r->type[k] = sums_of(&e[k]);
}

static double variance_ratio(const struct anova_cell *cells, size_t count)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < count; i++) {
        double v = cells[i].n > 1 ? cells[i].ss / (cells[i].n - 1) : 0;
        if (v > 0) {
            least = fmin(least, v);
            most = fmax(most, v);
        }
    }
    return most > 0 ? most / least : NAN;
}

/* The gaps between each side's mean and the baseline's; returns whether one changes its sign. */
static bool find_gaps(const struct family *f, struct design_row *d)
{
    size_t base = family_side(f, f->baseline);
    bool crosses = false;
    d->gap_smallest = d->gap_largest = d->gap_smallest_at = d->gap_largest_at = NAN;
    for (size_t i = 0; i < f->side_count; i++) {
        bool above = false, below = false;
        for (size_t k = 0; i != base && k < f->context_count; k++) {
            if (!f->shared[k])
                continue;
            const struct anova_cell *x = &f->raw[base * f->context_count + k],
                                    *y = &f->raw[i * f->context_count + k];
            double gap = (y->high - x->high) + (y->low - x->low);
            above |= gap > 0;
            below |= gap < 0;
            if (!(fabs(gap) >= d->gap_smallest)) {
                d->gap_smallest = fabs(gap);
                d->gap_smallest_at = f->contexts[k];
            }
            if (!(fabs(gap) <= d->gap_largest)) {
                d->gap_largest = fabs(gap);
                d->gap_largest_at = f->contexts[k];
            }
        }
        crosses |= above && below;
    }
    d->gap_growth = d->gap_smallest > 0 ? d->gap_largest / d->gap_smallest : NAN;
    return crosses;
}

static void classify(struct design_row *d, bool crosses, const struct anova_effect *raw,
                     const struct anova_effect *log)
{
    bool proven_raw = raw->p.p < ALPHA, proven_log = log && log->p.p < ALPHA;
    double size = log ? log->partial_eta2 : raw->partial_eta2;
    if (isnan(raw->p.p)) {
        d->interaction = NULL;
        return;
    }
    d->interaction = !proven_raw && !proven_log ? "none"
                     : crosses                  ? "crossover"
                     : log && !proven_log       ? "constant_ratio"
                                                : "magnitude";
    if (strcmp(d->interaction, "none") != 0)
        d->strength = size < 0.06 ? "weak" : size < 0.14 ? "moderate" : "strong";
}

static struct design_row design_of(const struct work *w, const struct family *f, const char *scale)
{
    return (struct design_row){.keys = family_keys(w, f),
                               .scale = scale,
                               .baseline = f->baseline,
                               .levels_a = f->texts[FAMILY_LEVELS_A],
                               .levels_b = f->texts[FAMILY_LEVELS_B],
                               .contexts_a = f->texts[FAMILY_CONTEXTS_A],
                               .contexts_b = f->texts[FAMILY_CONTEXTS_B],
                               .shared = f->texts[FAMILY_LEVELS_B],
                               .note = *f->texts[FAMILY_NOTE] ? f->texts[FAMILY_NOTE] : NULL,
                               .n = NAN,
                               .ss_error = NAN,
                               .df_error = NAN,
                               .ms_error = NAN,
                               .ss_total = NAN,
                               .balanced = NAN,
                               .variance_ratio = NAN,
                               .gap_smallest = NAN,
                               .gap_smallest_at = NAN,
                               .gap_largest = NAN,
                               .gap_largest_at = NAN,
                               .gap_growth = NAN};
}

static void add_scale(struct work *w, const struct family *f, const char *scale,
                      const struct anova_twoway *t, const struct anova_cell *cells)
{
    struct design_row *d = &w->designs[w->design_count++];
    *d = design_of(w, f, scale);
    d->n = t->n;
    d->ss_error = t->ss_error;
    d->df_error = t->df_error;
    d->ms_error = t->ms_error;
    d->ss_total = t->ss_total;
    d->balanced = t->balanced;
    d->variance_ratio = variance_ratio(cells, f->side_count * f->shared_count);
    add_effect(w, f, scale, "a", t->a);
    add_effect(w, f, scale, "b", t->b);
    add_effect(w, f, scale, "a_x_b", t->a_x_b);
}

static void refuse(struct work *w, const struct family *f, const char *why)
{
    struct design_row *d = &w->designs[w->design_count++];
    *d = design_of(w, f, "raw");
    snprintf(f->texts[FAMILY_REFUSED], FAMILY_TEXT_SIZE, "refused: %s%s%.400s", why,
             d->note ? "; " : "", d->note ? d->note : "");
    d->note = f->texts[FAMILY_REFUSED];
    findings_say(&w->said,
                 &(const struct saying){CTXMARK_SEVERITY_NOTICE, "twoway_refused",
                                        design_table.name, "note"},
                 (int64_t)w->design_count - 1, 0, label_named(family_name(f).text, "%s", "").text,
                 "No two-way analysis of %s of %s: %s.", f->any->mode ? f->any->mode : "latency",
                 f->any->model ? f->any->model : "?", d->note + strlen("refused: "));
}

static void find_interaction(struct work *w, const struct family *f, const struct design_row *d,
                             const struct anova_twoway *raw, const struct anova_twoway *log)
{
    if (!d->interaction)
        return;
    char logs[128] = "", gaps[160] = "";
    if (log)
        snprintf(logs, sizeof logs, ", on logarithms F = %.4g, p = %.3g", log->a_x_b[1].F,
                 log->a_x_b[1].p.p);
    snprintf(gaps, sizeof gaps, "the gap goes from %s at %.0f tokens to %s at %.0f",
             figure_ms(d->gap_smallest).text, d->gap_smallest_at, figure_ms(d->gap_largest).text,
             d->gap_largest_at);
    findings_say(&w->said,
                 &(const struct saying){CTXMARK_SEVERITY_INFO, "interaction", design_table.name,
                                        "interaction"},
                 d - w->designs, log ? log->a_x_b[1].F : raw->a_x_b[1].F,
                 label_named(family_name(f).text, "%s%s%s", d->interaction, d->strength ? ", " : "",
                             d->strength ? d->strength : "")
                     .text,
                 "Two-way analysis of %s of %s over %zu shared contexts: the interaction of %s and "
                 "context is %s%s%s: F(%.0f, %.0f) = %.4g, p = %.3g%s; %s.",
                 f->any->mode ? f->any->mode : "latency", f->any->model ? f->any->model : "?",
                 f->shared_count, w->sides.by_run ? "run" : "backend", d->interaction,
                 d->strength ? ", " : "", d->strength ? d->strength : "", raw->a_x_b[1].df,
                 raw->df_error, raw->a_x_b[1].F, raw->a_x_b[1].p.p, logs, gaps);
}

static int analyze_twoway(struct work *w, const struct family *f)
{
    if (f->shared_count < 2) {
        refuse(w, f, "fewer than two contexts that all sides have");
        return 0;
    }
    struct anova_cell *raw = shared_cells(f, f->raw), *log = shared_cells(f, f->log);
    struct anova_twoway t, t_log;
    int done = raw && log ? anova_twoway(raw, f->side_count, f->shared_count, &t) : -1;
    bool with_log = done == 0 && !f->no_log;
    if (with_log)
        done = anova_twoway(log, f->side_count, f->shared_count, &t_log);
    if (done == 1) {
        refuse(w, f, "no cell has a second repetition");
        done = 0;
    } else if (done == 0) {
        struct design_row *d = &w->designs[w->design_count];
        add_scale(w, f, "raw", &t, raw);
        if (with_log)
            add_scale(w, f, "log", &t_log, log);
        bool crosses = find_gaps(f, d);
        classify(d, crosses, &t.a_x_b[1], with_log ? &t_log.a_x_b[1] : NULL);
        find_interaction(w, f, d, &t, with_log ? &t_log : NULL);
    }
    free(raw);
    free(log);
    return done;
}

static void find_unequal_variances(const struct work *w)
{
    size_t n = 0, worst = 0, of = 0;
    for (size_t i = 0; i < w->design_count; i++) {
        const struct design_row *d = &w->designs[i];
        if (strcmp(d->scale, "raw") != 0 || isnan(d->variance_ratio))
            continue;
        of++;
        n += d->variance_ratio > UNEQUAL_VARIANCES;
        if (!(d->variance_ratio <= w->designs[worst].variance_ratio))
            worst = i;
    }
    if (n)
        finding_emit(w->h, CTXMARK_SEVERITY_NOTICE, "unequal_variances", design_table.name,
                     (int64_t)worst, "variance_ratio",
                     "In %zu of %zu two-way designs the variances of cells differ by more than "
                     "%g times (up to %.3g, %s of %s): F on the raw scale assumes them equal, so "
                     "its p are no more than labels. Read the log scale.",
                     n, of, UNEQUAL_VARIANCES, w->designs[worst].variance_ratio,
                     w->designs[worst].keys.mode ? w->designs[worst].keys.mode : "latency",
                     w->designs[worst].keys.model ? w->designs[worst].keys.model : "?");
}

/* --- putting it together */

static int analyze_families(struct work *w)
{
    for (size_t first = 0, n; first < w->sides.count; first += n) {
        n = sides_family(&w->sides, first);
        struct family *f = &w->families[w->family_count++];
        if (family_make(f, &w->sides, &w->rows, first, n, w->values) < 0)
            return -1;
        if (f->side_count < 2)
            continue;
        if (analyze_oneway(w, f) < 0 || analyze_twoway(w, f) < 0)
            return -1;
    }
    return 0;
}

static int analyze_all(struct work *w)
{
    if (groups_make(&w->groups, &w->rows, GROUP_CELL, rows_is_usable) < 0 ||
        sides_make(&w->sides, w->h, &w->rows, &w->groups) < 0)
        return -1;
    size_t n = w->groups.count + 1; /* no fewer than there are families */
    w->values = malloc((w->groups.largest + 1) * sizeof *w->values);
    w->families = calloc(n, sizeof *w->families);
    w->oneway = calloc(3 * n, sizeof *w->oneway);
    w->twoway = calloc(6 * n, sizeof *w->twoway);
    w->designs = calloc(2 * n, sizeof *w->designs);
    if (!w->values || !w->families || !w->oneway || !w->twoway || !w->designs)
        return -1;
    return analyze_families(w);
}

static int32_t analyze(const struct ctxmark_host *h)
{
    struct work w = {.h = h};
    rows_get(&w.rows, h);
    int done = analyze_all(&w);
    if (done == 0) {
        table_emit(h, &design_table, w.designs, sizeof *w.designs, w.design_count);
        table_emit(h, &twoway_table, w.twoway, sizeof *w.twoway, w.twoway_count);
        table_emit(h, &oneway_table, w.oneway, sizeof *w.oneway, w.oneway_count);
        find_unequal_variances(&w);
    }
    findings_emit(h, &w.said);
    for (size_t i = 0; i < w.family_count; i++)
        family_free(&w.families[i]);
    free(w.values);
    free(w.families);
    free(w.oneway);
    free(w.twoway);
    free(w.designs);
    sides_free(&w.sides);
    groups_free(&w.groups);
    return done == 0 ? CTXMARK_OK : h->fail(h, CTXMARK_ERROR, "out of memory");
}

/* --- the plugin */

static const struct ctxmark_option options[] = {
    {.name = "baseline",
     .type = CTXMARK_TYPE_TEXT,
     .help = "Backend (or run, where there are several) that gaps are from; unset: the fact "
             "`baseline`, else the first in the file."},
};

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "anova",
    .version = PACKAGE_VERSION,
    .summary = "Analysis of variance: backend, context length and their interaction.",
    .license = "GPL-3.0-or-later",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
