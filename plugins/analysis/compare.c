/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "compare": two backends, or two runs, cell by cell. */

#include "config.h"

#include "plugins/analysis/compare/comparison.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/groups.h"
#include "plugins/analysis/library/sides.h"
#include "plugins/analysis/library/views.h"
#include "plugins/analysis/stats/ranks.h"
#include "plugins/analysis/stats/two_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

struct work {
    const struct ctxmark_host *h;
    struct rows rows;
    struct groups groups;
    struct sides sides;
    struct view causes, firsts; /* of cold_start */
    double margin, regression;  /* regression: NaN: not asked for */
    double *a, *b, *scratch;    /* [largest], [largest], [2 largest] */
    struct ranks_memory ranks;
    struct comparison *items;
    size_t count, capacity;
    struct findings *said;
};

/* --- one cell */

/* The row of a view that is about a group's run, too. */
static int64_t find_row(const struct view *v, const struct group *g, const char *mode,
                        double context)
{
    int64_t row = view_find(v, 0, g->model, g->backend, mode, context);
    while (row >= 0 && g->run && view_text(v, (uint64_t)row, "run") &&
           !view_text_is(v, (uint64_t)row, "run", g->run))
        row = view_find(v, (uint64_t)row + 1, g->model, g->backend, mode, context);
    return row;
}

static bool is_cached(const struct work *w, const struct group *g)
{
    if (!g->mode || strcmp(g->mode, "prefill") != 0)
        return false;
    int64_t row = find_row(&w->causes, g, NULL, NAN);
    return row >= 0 && view_text_is(&w->causes, (uint64_t)row, "verdict", "prompt_cache");
}

/* The first repetition's latency of a cell, as cold_start has it. */
static double first_latency(const struct work *w, const struct group *g)
{
    int64_t row = find_row(&w->firsts, g, g->mode, g->context);
    return row >= 0 ? view_number(&w->firsts, (uint64_t)row, "rep0") : NAN;
}

static void note_caches(const struct work *w, struct comparison *c, const struct group *a,
                        const struct group *b)
{
    bool cached_a = is_cached(w, a), cached_b = is_cached(w, b);
    if (!cached_a && !cached_b)
        return;
    c->first_ratio = (cached_b ? first_latency(w, b) : c->median_b) /
                     (cached_a ? first_latency(w, a) : c->median_a);
    c->note = cached_a && cached_b ? "both sides are hits of a prompt cache, not prefills"
              : cached_b           ? "b is a hit of a prompt cache, not a prefill"
                                   : "a is a hit of a prompt cache, not a prefill";
}

/* Mean ln latency of each launch; returns how many launches there are, 0 or 1 of a single cell. */
static size_t launch_means(const struct work *w, const struct group *g, double *ret)
{
    size_t count = 0;
    double done = -INFINITY;
    if (!w->rows.launch.number || g->cell_count == 1)
        return 0;
    while (1) {
        double next = INFINITY, sum = 0, n = 0;
        for (size_t i = 0; i < g->count; i++) {
            double l = rows_number(&w->rows.launch, group_row(g, i));
            next = l > done && l < next ? l : next;
        }
        if (!isfinite(next))
            return count;
        for (size_t i = 0; i < g->count; i++)
            if (rows_number(&w->rows.launch, group_row(g, i)) == next) {
                sum += log(rows_number(&w->rows.latency, group_row(g, i)));
                n++;
            }
        ret[count++] = sum / n;
        done = next;
    }
}

/* Fills in what a cell's repetitions and launches say.  factor: a's latencies are taken times it.
 */
static int compare_sides(struct work *w, struct comparison *c, const struct group *a,
                         const struct group *b, double factor)
{
    size_t n_a, n_b;
    const double *x = group_latencies(a, &w->rows, w->a, &n_a),
                 *y = group_latencies(b, &w->rows, w->b, &n_b);
    for (size_t i = 0; i < n_a; i++)
        w->a[i] = x[i] * factor;
    comparison_clear(c);
    if (comparison_make(c, w->a, n_a, y, n_b, w->margin, w->scratch, &w->ranks) < 0)
        return -1;
    size_t l_a = launch_means(w, a, w->a), l_b = launch_means(w, b, w->b);
    for (size_t i = 0; i < l_a; i++)
        w->a[i] += log(factor);
    if (l_a >= 2 || l_b >= 2)
        comparison_add_launches(c, w->a, l_a, w->b, l_b, w->margin);
    return 0;
}

static int add_comparison(struct work *w, const struct group *a, const struct group *b)
{
    struct comparison c = {0}, beyond = {0};
    if (compare_sides(w, &c, a, b, 1) < 0)
        return -1;
    if (!isnan(w->regression)) {
        if (compare_sides(w, &beyond, a, b, 1 + w->regression) < 0)
            return -1;
        comparison_add_regression(&c, &beyond);
    }
    c.keys = keys_of(b);
    c.keys.launch = NAN;
    if (w->sides.by_run)
        c.keys.run = NULL;
    else
        c.keys.backend = NULL;
    c.baseline = sides_of(&w->sides, a);
    c.candidate = sides_of(&w->sides, b);
    note_caches(w, &c, a, b);
    if (w->count == w->capacity) {
        size_t n = w->capacity ? 2 * w->capacity : 64;
        struct comparison *items = realloc(w->items, n * sizeof *items);
        if (!items)
            return -1;
        w->items = items;
        w->capacity = n;
    }
    w->items[w->count++] = c;
    return 0;
}

/* The side of that name in a cell; NULL: it is not in it. */
static const struct group *find_side(const struct work *w, size_t first, size_t n, const char *name)
{
    for (size_t i = first; i < first + n; i++)
        if (strcmp(sides_of(&w->sides, w->sides.items[i]), name) == 0)
            return w->sides.items[i];
    return NULL;
}

static int compare_cells(struct work *w)
{
    const struct sides *s = &w->sides;
    for (size_t f = 0, n; f < s->count; f += n) {
        n = sides_family(s, f);
        const char *baseline = sides_baseline(s, f, n);
        for (size_t c = f, cell; c < f + n; c += cell) {
            cell = sides_cell(s, c);
            const struct group *a = find_side(w, c, cell, baseline);
            for (size_t i = c; a && i < c + cell; i++)
                if (s->items[i] != a && add_comparison(w, a, s->items[i]) < 0)
                    return -1;
        }
    }
    return 0;
}

/* --- corrections */

struct correction {
    const char *test;
    double m, threshold, uncorrected, bonferroni, holm, bh, max_p, min_p;
    double smallest_log10_p;
};

#define K(member, type, role, definition)                                                          \
    FIELD(struct correction, member, type, role, "", definition)

static const struct field correction_fields[] = {
    K(test, TEXT, KEY, "student, welch or mann_whitney (asymptotic)"),
    K(m, INTEGER, VALUE, "tests in the family: all comparisons with a p"),
    K(threshold, NUMBER, VALUE, "Bonferroni's threshold: 0.05 / m"),
    K(uncorrected, INTEGER, VALUE, "tests with p below 0.05"),
    K(bonferroni, INTEGER, VALUE, "of these, left after Bonferroni's correction"),
    K(holm, INTEGER, VALUE, "left after Holm's"),
    K(bh, INTEGER, VALUE, "left after Benjamini and Hochberg's (false discovery rate)"),
    K(max_p, NUMBER, VALUE, "largest p of the family"),
    K(min_p, NUMBER, VALUE, "smallest p of the family"),
    K(smallest_log10_p, NUMBER, DETAIL, "log10 of min_p, which does not underflow"),
};

static const struct table correction_table =
    TABLE("corrections", "Corrections for multiple tests", "comparison", 20, correction_fields);

static void count_one(struct correction *r, double p, double log10_p, const double *adjusted)
{
    if (isnan(p))
        return;
    r->m++;
    r->uncorrected += p < COMPARISON_ALPHA;
    r->bonferroni += adjusted[1] < COMPARISON_ALPHA;
    r->holm += adjusted[2] < COMPARISON_ALPHA;
    r->bh += adjusted[3] < COMPARISON_ALPHA;
    r->max_p = fmax(r->max_p, p);
    r->min_p = fmin(r->min_p, p);
    r->smallest_log10_p = fmin(r->smallest_log10_p, log10_p);
}

static void count_corrections(const struct work *w, struct correction *r)
{
    const char *const names[] = {"student", "welch", "mann_whitney"};
    for (size_t k = 0; k < 3; k++)
        r[k] = (struct correction){
            .test = names[k], .max_p = NAN, .min_p = NAN, .smallest_log10_p = NAN};
    for (size_t i = 0; i < w->count; i++) {
        const struct comparison *c = &w->items[i];
        count_one(&r[0], c->student_p, c->student_log10_p, &c->adjusted_student_m);
        count_one(&r[1], c->welch_p, c->welch_log10_p, &c->adjusted_welch_m);
        count_one(&r[2], c->mann_whitney_p_asymptotic, c->mann_whitney_log10_p_asymptotic,
                  &c->adjusted_mann_whitney_m);
    }
    for (size_t k = 0; k < 3; k++)
        r[k].threshold = r[k].m > 0 ? COMPARISON_ALPHA / r[k].m : NAN;
}

/* --- findings */

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* Comparisons of one model, mode and pair of sides. */
struct series {
    size_t first, n, faster, slower, equivalent, cached, least, most; /* rows of extreme ratios */
};

static bool same_series(const struct comparison *a, const struct comparison *b)
{
    return strcmp(text_or(a->keys.model, ""), text_or(b->keys.model, "")) == 0 &&
           strcmp(text_or(a->keys.mode, ""), text_or(b->keys.mode, "")) == 0 &&
           strcmp(text_or(a->keys.backend, ""), text_or(b->keys.backend, "")) == 0 &&
           strcmp(text_or(a->keys.run, ""), text_or(b->keys.run, "")) == 0 &&
           (a->keys.concurrency == b->keys.concurrency || isnan(a->keys.concurrency)) &&
           strcmp(a->candidate, b->candidate) == 0;
}

static struct series sum_up(const struct comparison *c, size_t count, size_t first)
{
    struct series s = {.first = first, .least = first, .most = first};
    for (size_t i = first; i < count; i++) {
        if (!same_series(&c[i], &c[first]))
            continue;
        s.n++;
        s.faster += strcmp(c[i].verdict, "faster") == 0;
        s.slower += strcmp(c[i].verdict, "slower") == 0;
        s.equivalent += strcmp(c[i].verdict, "equivalent") == 0;
        s.cached += !isnan(c[i].first_ratio);
        s.least = c[i].ratio < c[s.least].ratio ? i : s.least;
        s.most = c[i].ratio > c[s.most].ratio ? i : s.most;
    }
    return s;
}

/* "12.5 times faster", "1.3 times slower", "as fast" */
static const char *times(double ratio, char *text, size_t size)
{
    struct figure f = figure(ratio < 1 ? 1 / ratio : ratio);
    if (strcmp(f.text, "1") == 0)
        snprintf(text, size, "as fast");
    else
        snprintf(text, size, "%s times %s", f.text, ratio < 1 ? "faster" : "slower");
    return text;
}

/* "prefill of qwen2.5-1.5b, ollama against hf_cpu" */
static struct label pair_name(const struct comparison *c)
{
    struct label l;
    snprintf(l.text, sizeof l.text, "%.20s of %.80s%s%.40s, %.40s against %.40s",
             text_or(c->keys.mode, "latency"), text_or(c->keys.model, "?"),
             c->keys.backend ? " on " : "", text_or(c->keys.backend, ""), c->candidate,
             c->baseline);
    return l;
}

static void find_series(const struct work *w, const struct series *s)
{
    const struct comparison *c = w->items, *one = &c[s->first];
    char least[64], most[64], proven[128];
    if (isnan(c[s->least].ratio) || isnan(c[s->most].ratio))
        return;
    snprintf(proven, sizeof proven, "%zu proven faster, %zu slower, %zu equivalent within %g %%",
             s->faster, s->slower, s->equivalent, 100 * w->margin);
    findings_say(
        w->said,
        &(const struct saying){CTXMARK_SEVERITY_INFO, "side_by_side", comparison_table.name,
                               "ratio"},
        (int64_t)s->least,
        fabs(log(c[s->most].ratio)) > fabs(log(c[s->least].ratio)) ? fabs(log(c[s->most].ratio))
                                                                   : fabs(log(c[s->least].ratio)),
        label_named(pair_name(one).text, "%s at %.0f tokens, %s at %.0f", least,
                    c[s->least].keys.context_length, most, c[s->most].keys.context_length)
            .text,
        "In %s of %s%s%s %s against %s is %s at %.0f tokens and %s at %.0f, the extremes of "
        "%zu context lengths (%s, after Holm's correction).",
        text_or(one->keys.mode, "latency"), text_or(one->keys.model, "?"),
        one->keys.backend ? " on " : "", text_or(one->keys.backend, ""), one->candidate,
        one->baseline, times(c[s->least].ratio, least, sizeof least),
        c[s->least].keys.context_length, times(c[s->most].ratio, most, sizeof most),
        c[s->most].keys.context_length, s->n, proven);
}

static void find_cached(const struct work *w, const struct series *s)
{
    const struct comparison *c = w->items;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = s->first; i < w->count; i++)
        if (same_series(&c[i], &c[s->first]) && !isnan(c[i].first_ratio)) {
            low = fmin(low, 1 / c[i].first_ratio);
            high = fmax(high, 1 / c[i].first_ratio);
        }
    findings_say(w->said,
                 &(const struct saying){CTXMARK_SEVERITY_WARNING, "compares_with_a_cache",
                                        comparison_table.name, "first_ratio"},
                 (int64_t)s->first, high,
                 label_named(pair_name(&c[s->first]).text, "%s to %s times, not %s to %s",
                             figure(low).text, figure(high).text, figure(1 / c[s->most].ratio).text,
                             figure(1 / c[s->least].ratio).text)
                     .text,
                 "The prefill comparison of %s between %s and %s holds a prefill against hits of a "
                 "prompt cache (%s). First repetitions, which do compute it, make %s %s to %s "
                 "times as fast as %s over the same contexts, not %s to %s times.",
                 text_or(c[s->first].keys.model, "?"), c[s->first].candidate, c[s->first].baseline,
                 text_or(c[s->first].note, "see cold_start"), c[s->first].candidate,
                 figure(low).text, figure(high).text, c[s->first].baseline,
                 figure(1 / c[s->most].ratio).text, figure(1 / c[s->least].ratio).text);
}

static void find_in_series(const struct work *w)
{
    const struct comparison *c = w->items;
    for (size_t i = 0; i < w->count; i++) {
        bool seen = false;
        for (size_t k = i; k-- > 0 && !seen;)
            seen = same_series(&c[k], &c[i]);
        if (seen)
            continue;
        struct series s = sum_up(c, w->count, i);
        find_series(w, &s);
        if (s.cached)
            find_cached(w, &s);
    }
}

static void find_corrections(const struct work *w, const struct correction *r)
{
    if (!r[1].m)
        return;
    finding_emit(w->h, CTXMARK_SEVERITY_INFO, "multiple_tests", correction_table.name, 1, NULL,
                 "Of %.0f comparisons by Welch's t-test %.0f have p < 0.05; %.0f are left after "
                 "Bonferroni's correction, %.0f after Holm's, %.0f after Benjamini and Hochberg's. "
                 "By Mann-Whitney's ranks it is %.0f, %.0f, %.0f and %.0f of %.0f; the largest p "
                 "is %.3g by Welch and %.3g by ranks.",
                 r[1].m, r[1].uncorrected, r[1].bonferroni, r[1].holm, r[1].bh, r[2].uncorrected,
                 r[2].bonferroni, r[2].holm, r[2].bh, r[2].m, r[1].max_p, r[2].max_p);
}

static void find_disagreement(const struct work *w)
{
    size_t n = 0, at = 0;
    for (size_t i = w->count; i-- > 0;)
        if (w->items[i].tests_disagree == 1) {
            n++;
            at = i;
        }
    if (!n)
        return;
    const struct comparison *c = &w->items[at];
    finding_emit(w->h, CTXMARK_SEVERITY_NOTICE, "tests_disagree", comparison_table.name,
                 (int64_t)at, "tests_disagree",
                 "The tests disagree at 0.05 in %zu of %zu comparisons, first for %s, %s at %.0f "
                 "tokens: p is %.3g by Student, %.3g by Welch, %.3g by Mann-Whitney. Unequal "
                 "variances, single far values or few repetitions do that; trust none of them "
                 "alone.",
                 n, w->count, text_or(c->keys.model, "?"), text_or(c->keys.mode, "?"),
                 c->keys.context_length, c->student_p, c->welch_p,
                 isnan(c->mann_whitney_p_exact) ? c->mann_whitney_p_asymptotic
                                                : c->mann_whitney_p_exact);
}

static void find_dependence(const struct work *w)
{
    bool e2e = false, part = false, launches = false;
    for (size_t i = 0; i < w->count; i++) {
        const char *mode = text_or(w->items[i].keys.mode, "");
        e2e |= strcmp(mode, "e2e") == 0;
        part |= strcmp(mode, "prefill") == 0 || strcmp(mode, "decode") == 0;
        launches |= w->items[i].launches_a >= 2 && w->items[i].launches_b >= 2;
    }
    if (e2e && part)
        finding_emit(w->h, CTXMARK_SEVERITY_INFO, "dependent_tests", correction_table.name, -1,
                     NULL,
                     "The %zu comparisons are not independent: prefill, decode and e2e rows come "
                     "from the same repetitions, and e2e contains the other two. Bonferroni and "
                     "Holm hold all the same; counting them as so many pieces of evidence does "
                     "not.",
                     w->count);
    if (w->count && !launches)
        finding_emit(w->h, CTXMARK_SEVERITY_NOTICE, "within_one_launch", comparison_table.name, -1,
                     NULL,
                     "The comparisons are within one launch of each side: how much results differ "
                     "from one start of a program to the next is in no interval or p here "
                     "(launches: K measures it).");
}

/* --- plot */

static void plot_ratios(const struct work *w)
{
    static const struct ctxmark_limit_line equal = {"equal", 0, 0, 1.0};
    struct lines lines = {0};
    char name[512];
    for (size_t i = 0; i < w->count; i++) {
        const struct comparison *c = &w->items[i];
        if (isnan(c->ratio))
            continue;
        snprintf(name, sizeof name, "%s%s%s, %s: %s / %s", text_or(c->keys.model, "?"),
                 c->keys.backend ? ", " : "", text_or(c->keys.backend, ""),
                 text_or(c->keys.mode, "?"), c->candidate, c->baseline);
        lines_add(&lines, name, c->keys.mode, c->keys.context_length, c->ratio, c->ratio_low,
                  c->ratio_high);
    }
    lines_emit(w->h, &lines,
               (struct ctxmark_plot){.name = "ratio",
                                     .title = "Latency of one side over the other",
                                     .section = "comparison",
                                     .order = 10,
                                     .x = {"context length", "tokens", 1, 0},
                                     .y = {"ratio of latencies", "", 1, 0},
                                     .limits = &equal,
                                     .limit_count = 1,
                                     .limit_stride = sizeof equal});
}

/* --- putting it together */

static void report(const struct work *w)
{
    struct correction r[3];
    count_corrections(w, r);
    table_emit(w->h, &comparison_table, w->items, sizeof *w->items, w->count);
    table_emit(w->h, &correction_table, r, sizeof *r, w->count ? 3 : 0);
    find_in_series(w);
    findings_emit(w->h, w->said);
    find_corrections(w, r);
    find_disagreement(w);
    find_dependence(w);
    plot_ratios(w);
}

static int compare_all(struct work *w)
{
    if (groups_make(&w->groups, &w->rows, GROUP_CELL, rows_is_usable) < 0 ||
        sides_make(&w->sides, w->h, &w->rows, &w->groups) < 0)
        return -1;
    size_t n = w->groups.largest + 1;
    w->a = malloc(n * sizeof *w->a);
    w->b = malloc(n * sizeof *w->b);
    w->scratch = malloc(2 * n * sizeof *w->scratch);
    if (!w->a || !w->b || !w->scratch || compare_cells(w) < 0)
        return -1;
    return comparison_judge(w->items, w->count);
}

static int32_t analyze(const struct ctxmark_host *h)
{
    struct findings said = {0};
    struct work w = {.h = h, .said = &said};
    w.margin = h->option_number(h, CTXMARK_SCOPE_PLUGIN, "margin_pct", 0, 5) / 100;
    w.regression = h->option_number(h, CTXMARK_SCOPE_PLUGIN, "regression_pct", 0, NAN) / 100;
    w.causes = view_get(h, "cold_start", "cold_cause");
    w.firsts = view_get(h, "cold_start", "cold_start");
    rows_get(&w.rows, h);
    int done = compare_all(&w);
    if (done == 0)
        report(&w);
    free(w.a);
    free(w.b);
    free(w.scratch);
    free(w.items);
    ranks_forget(&w.ranks);
    sides_free(&w.sides);
    groups_free(&w.groups);
    return done == 0 ? CTXMARK_OK : h->fail(h, CTXMARK_ERROR, "out of memory");
}

/* --- the plugin */

static const struct ctxmark_option options[] = {
    {.name = "baseline",
     .type = CTXMARK_TYPE_TEXT,
     .help = "Backend (or run, where there are several) that others are held against; unset: the "
             "fact `baseline`, else the first in the file."},
    {.name = "margin_pct",
     .type = CTXMARK_TYPE_NUMBER,
     .default_text = "5",
     .min = 0.01,
     .max = 1000,
     .unit = "%",
     .help = "Latencies whose ratio is within this margin count as equivalent."},
    {.name = "regression_pct",
     .type = CTXMARK_TYPE_NUMBER,
     .min = 0,
     .max = 1000,
     .unit = "%",
     .help = "Also says whether side b is proven to be more than this slower; unset: does not."},
};

static const char *const after[] = {"cold_start", NULL};

static const struct ctxmark_analyzer analyzer = {
    .size = sizeof analyzer, .after = after, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "compare",
    .version = PACKAGE_VERSION,
    .summary = "Backends or runs side by side: tests, effect sizes, ratios, equivalence.",
    .license = "GPL-3.0-or-later",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
