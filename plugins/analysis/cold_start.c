/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "cold_start": the first repetition of each cell against the others, and why it differs.
 */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/groups.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

/* --- rep-0 of one cell */

struct cell_row {
    struct keys keys;
    double rep0, rest_n, rest_median, rest_mean, rest_sd, cold_ratio, is_cold, mean_inflation_pct;
    double rest_cv_pct, implied_prefill_tok_s;
    const char *note;
    /* not in the table */
    double order;        /* where in the run the cell began */
    bool reloaded;       /* the backend says that it loaded the model in rep-0 */
    double cached_share; /* of the others' prompts that came from a cache; NaN: not known */
};

#define C(member, type, role, unit, definition)                                                    \
    FIELD(struct cell_row, member, type, role, unit, definition)
#define CELL_FIELDS(first, rest)                                                                   \
    KEY_FIELDS(struct cell_row), C(rep0, NUMBER, VALUE, "ms", "latency of " first),                \
        C(rest_n, INTEGER, VALUE, "", "how many " rest),                                           \
        C(rest_median, NUMBER, VALUE, "ms", "median latency of " rest),                            \
        C(cold_ratio, NUMBER, VALUE, "", "rep0 / rest_median"),                                    \
        C(is_cold, FLAG, VALUE, "", "cold_ratio above the option `ratio` (2 unless given)"),       \
        C(mean_inflation_pct, NUMBER, VALUE, "%",                                                  \
          "by how much rep0 raises the mean: (mean of all - rest_mean) / rest_mean"),              \
        C(rest_mean, NUMBER, DETAIL, "ms", "mean latency of " rest),                               \
        C(rest_sd, NUMBER, DETAIL, "ms", "standard deviation of " rest ", n - 1"),                 \
        C(rest_cv_pct, NUMBER, VALUE, "%", "100 rest_sd / rest_mean"),                             \
        C(implied_prefill_tok_s, NUMBER, VALUE, "tok/s",                                           \
          "prompt tokens (nominal where unknown) / rep0: its rate if it is a prefill"),            \
        C(note, TEXT, NOTE, "", "why figures are missing")

static const struct field rep0_fields[] = {
    CELL_FIELDS("repetition 0", "the other measured repetitions")};
static const struct field warmup_fields[] = {
    CELL_FIELDS("the first warm-up repetition", "the measured repetitions")};

static const struct table rep0_table =
    TABLE("cold_start", "Repetition 0 against the others", "reliability", 20, rep0_fields);
static const struct table warmup_table =
    TABLE("warmup", "First warm-up repetition against the measured ones", "reliability", 30,
          warmup_fields);

struct work {
    const struct ctxmark_host *h;
    struct rows rows;
    double ratio;
    double *values; /* [most rows in a cell] */
};

/* rep as recorded; where it is not, rows count from 0 in the file's order. */
static double rep_of(const struct work *w, const struct group *g, size_t i)
{
    return w->rows.rep.number ? rows_number(&w->rows.rep, group_row(g, i)) : (double)i;
}

static double order_of(const struct work *w, uint32_t row)
{
    double seq = rows_number(&w->rows.seq, row);
    return isnan(seq) ? (double)row : seq;
}

static bool was_reloaded(const struct work *w, uint32_t row)
{
    const char *note = rows_text(&w->rows.note, row);
    double load = rows_number(&w->rows.load_ms, row), all = rows_number(&w->rows.latency, row);
    return (note && strstr(note, "reloaded")) || load > all / 2;
}

/* Mean share of their prompts that the group's repetitions took from a cache, but for repetition
 * `without`; NaN: not known. */
static double mean_cached_share(const struct work *w, const struct group *g, double without)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        double cached = rows_number(&w->rows.cached_tokens, group_row(g, i)),
               prompt = rows_number(&w->rows.prompt_tokens, group_row(g, i));
        if (rep_of(w, g, i) == without || isnan(cached) || !(prompt > 0))
            continue;
        sum += cached / prompt;
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* Holds the row `first` against the others, whose latencies are in w->values[n] (with room for one
 * more). */
static void compare_first(const struct work *w, struct cell_row *c, uint32_t first, size_t n)
{
    c->rep0 = rows_number(&w->rows.latency, first);
    c->order = order_of(w, first);
    c->reloaded = was_reloaded(w, first);
    c->rest_n = (double)n;
    double tokens = rows_number(&w->rows.prompt_tokens, first);
    if (rows_code(&w->rows.mode, first) == w->rows.prefill && c->rep0 > 0)
        c->implied_prefill_tok_s = (tokens > 0 ? tokens : c->keys.context_length) / c->rep0 * 1000;
    if (!n) {
        c->note = "only one repetition";
        return;
    }
    stats_sort(w->values, n);
    c->rest_median = stats_median(w->values, n);
    c->rest_mean = stats_mean(w->values, n);
    c->rest_sd = stats_sd(w->values, n);
    if (c->rest_mean > 0) {
        w->values[n] = c->rep0;
        double mean = stats_mean(w->values, n + 1);
        c->mean_inflation_pct = 100 * (mean - c->rest_mean) / c->rest_mean;
        c->rest_cv_pct = 100 * c->rest_sd / c->rest_mean;
    }
    if (c->rest_median > 0) {
        c->cold_ratio = c->rep0 / c->rest_median;
        c->is_cold = c->cold_ratio > w->ratio;
    }
}

static struct cell_row unknown_cell(const struct group *g)
{
    struct cell_row c = {.keys = keys_of(g),
                         .rep0 = NAN,
                         .rest_n = NAN,
                         .rest_median = NAN,
                         .rest_mean = NAN,
                         .rest_sd = NAN,
                         .cold_ratio = NAN,
                         .is_cold = NAN,
                         .mean_inflation_pct = NAN,
                         .rest_cv_pct = NAN,
                         .implied_prefill_tok_s = NAN,
                         .order = INFINITY,
                         .cached_share = NAN};
    return c;
}

static struct cell_row compare_rep0(const struct work *w, const struct group *g)
{
    struct cell_row c = unknown_cell(g);
    size_t n = 0;
    size_t first = g->count;
    for (size_t i = 0; i < g->count; i++) {
        if (rep_of(w, g, i) == 0) {
            first = first < g->count ? first : i;
            continue;
        }
        w->values[n++] = rows_number(&w->rows.latency, group_row(g, i));
    }
    c.cached_share = mean_cached_share(w, g, 0);
    if (first < g->count)
        compare_first(w, &c, group_row(g, first), n);
    else
        c.note = "repetition 0 is not usable";
    return c;
}

/* --- cause, by model and backend */

struct cause_row {
    struct keys keys;
    double cells, cold_cells, largest_ratio, rep0_exponent, rep0_exponent_se, rest_exponent;
    double first_cell_only, reloads, cached_share_pct;
    const char *verdict, *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct cause_row, member, type, role, unit, definition)

static const struct field cause_fields[] = {
    KEY_FIELDS(struct cause_row),
    V(verdict, TEXT, VALUE, "",
      "prompt_cache: the first repetition grows with context, the others do not; model_load: the "
      "model was loaded in it; process_start: only the first cell is cold; none: no cell is cold"),
    V(cells, INTEGER, VALUE, "", "context lengths with a first repetition and others"),
    V(cold_cells, INTEGER, VALUE, "", "of those, cold"),
    V(largest_ratio, NUMBER, VALUE, "", "largest ratio of first to the others' median"),
    V(rep0_exponent, NUMBER, VALUE, "", "slope of ln(first) over ln(context length)"),
    V(rep0_exponent_se, NUMBER, DETAIL, "", "its standard error"),
    V(rest_exponent, NUMBER, VALUE, "", "slope of ln(median of the others) over ln(context)"),
    V(first_cell_only, FLAG, DETAIL, "", "the only cold cell is the first that was measured"),
    V(reloads, INTEGER, DETAIL, "", "first repetitions in which the backend loaded the model"),
    FIELD_OPTIONAL(struct cause_row, cached_share_pct, NUMBER, VALUE, "%",
                   "of the other repetitions' prompts that the backend took from a cache"),
    V(note, TEXT, NOTE, "", "what the verdict rests on"),
};

static const struct table cause_table =
    TABLE("cold_cause", "Why first repetitions are slow", "reliability", 15, cause_fields);

/* The exponents of first and rest over the cells of one model and backend. */
static void fit_exponents(struct cause_row *v, const struct cell_row *c, size_t n)
{
    double *x = malloc((3 * n + 1) * sizeof *x);
    if (!x)
        return;
    double *first = x + n, *rest = first + n;
    for (size_t i = 0; i < n; i++) {
        x[i] = c[i].keys.context_length;
        first[i] = c[i].rep0;
        rest[i] = c[i].rest_median;
    }
    struct line_fit f = stats_loglog(x, first, n), r = stats_loglog(x, rest, n);
    free(x);
    v->rep0_exponent = f.slope;
    v->rep0_exponent_se = f.se_slope;
    v->rest_exponent = r.slope;
}

static void count_cells(struct cause_row *v, const struct cell_row *c, size_t n)
{
    size_t shares = 0, earliest = 0;
    double share = 0;
    for (size_t i = 0; i < n; i++) {
        v->cells += !isnan(c[i].cold_ratio);
        v->cold_cells += c[i].is_cold == 1;
        v->largest_ratio = fmax(v->largest_ratio, c[i].cold_ratio);
        v->reloads += c[i].is_cold == 1 && c[i].reloaded;
        share += isnan(c[i].cached_share) ? 0 : c[i].cached_share;
        shares += !isnan(c[i].cached_share);
        earliest = c[i].order < c[earliest].order ? i : earliest;
    }
    v->first_cell_only = v->cold_cells == 1 && v->cells > 1 && c[earliest].is_cold == 1;
    if (shares)
        v->cached_share_pct = 100 * share / (double)shares;
}

/* The first repetition does work that grows with the prompt; the others hardly notice its length.
 */
static bool grows_apart(const struct cause_row *v)
{
    return v->cells >= 3 && v->cold_cells >= v->cells / 2 && v->rep0_exponent >= 0.7 &&
           v->rest_exponent <= 0.5 && v->rep0_exponent - v->rest_exponent >= 0.5;
}

static void judge(struct cause_row *v)
{
    if (v->cells == 0) {
        v->verdict = "not_enough_data";
        v->note = "no cell has a first repetition and others";
    } else if (v->cold_cells == 0) {
        v->verdict = "none";
    } else if (v->cached_share_pct >= 50) {
        v->verdict = "prompt_cache";
        v->note = "the backend says that it took the prompts from a cache";
    } else if (v->reloads >= (v->cold_cells + 1) / 2) {
        v->verdict = "model_load";
        v->note = "the backend says that it loaded the model";
    } else if (grows_apart(v)) {
        v->verdict = "prompt_cache";
        v->note = "first repetitions grow with context, the others stay flat";
    } else if (v->first_cell_only == 1) {
        v->verdict = "process_start";
        v->note = "only the first cell measured is cold";
    } else {
        v->verdict = "unclear";
        v->note = v->cells < 3 ? "fewer than 3 context lengths cannot tell the causes apart"
                               : "cold cells follow none of the known patterns";
    }
}

static struct cause_row find_cause(const struct cell_row *c, size_t n)
{
    struct cause_row v = {.keys = c->keys,
                          .largest_ratio = NAN,
                          .rep0_exponent = NAN,
                          .rep0_exponent_se = NAN,
                          .rest_exponent = NAN,
                          .cached_share_pct = NAN};
    v.keys.context_length = NAN;
    count_cells(&v, c, n);
    fit_exponents(&v, c, n);
    judge(&v);
    return v;
}

/* --- findings */

static const struct cell_row *extreme_cell(const struct cell_row *c, size_t n, int sign)
{
    const struct cell_row *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (!isnan(c[i].cold_ratio) &&
            (!best || sign * (c[i].keys.context_length - best->keys.context_length) > 0))
            best = &c[i];
    return best ? best : c;
}

static void find_prompt_cache(struct findings *said, const struct cause_row *v,
                              const struct cell_row *c, size_t n, int64_t row)
{
    const struct cell_row *low = extreme_cell(c, n, -1), *high = extreme_cell(c, n, 1);
    char scaling[256] = "";
    if (!isnan(v->rep0_exponent) && v->cells >= 3)
        snprintf(scaling, sizeof scaling,
                 " First repetitions grow as context^%.2f, as a real prefill does; the others as "
                 "context^%.2f, which no prefill can.",
                 v->rep0_exponent, v->rest_exponent);
    findings_say(said,
                 &(const struct saying){CTXMARK_SEVERITY_WARNING, "prompt_cache", cause_table.name,
                                        "verdict"},
                 row, v->largest_ratio,
                 label_of(&v->keys, "up to %.0f times less", v->largest_ratio).text,
                 "The prefill figures of %s on %s are hits of a prompt cache, not prefills: the "
                 "first repetition takes %s at %.0f tokens and %s at %.0f (%.0f and %.0f "
                 "tok/s), the others %s and %s, up to %.0f times less.%s Only the first "
                 "repetitions measure the prefill.",
                 v->keys.model ? v->keys.model : "?", v->keys.backend ? v->keys.backend : "?",
                 figure_ms(low->rep0).text, low->keys.context_length, figure_ms(high->rep0).text,
                 high->keys.context_length, low->implied_prefill_tok_s, high->implied_prefill_tok_s,
                 figure_ms(low->rest_median).text, figure_ms(high->rest_median).text,
                 v->largest_ratio, scaling);
}

static void find_other(struct findings *said, const struct cause_row *v, int64_t row)
{
    const char *why = strcmp(v->verdict, "model_load") == 0 ? "the model was loaded during them"
                      : strcmp(v->verdict, "process_start") == 0
                          ? "only the first cell after the process started is affected"
                          : v->note;
    findings_say(
        said,
        &(const struct saying){CTXMARK_SEVERITY_NOTICE, "cold_start", cause_table.name, "verdict"},
        row, v->largest_ratio,
        label_of(&v->keys, "%.0f of %.0f cells, up to %.3g times: %.60s", v->cold_cells, v->cells,
                 v->largest_ratio, why)
            .text,
        "First repetitions of %s on %s are cold in %.0f of %.0f cells (up to %.3g times "
        "the median of the others): %s. Medians hardly notice it, means do.",
        v->keys.model ? v->keys.model : "?", v->keys.backend ? v->keys.backend : "?", v->cold_cells,
        v->cells, v->largest_ratio, why);
}

static void report_cause(struct findings *said, const struct cause_row *v, const struct cell_row *c,
                         size_t n, int64_t row)
{
    if (strcmp(v->verdict, "prompt_cache") == 0)
        find_prompt_cache(said, v, c, n, row);
    else if (v->cold_cells > 0)
        find_other(said, v, row);
}

/* --- putting it together */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_worker(const struct keys *a, const struct keys *b)
{
    return same_text(a->run, b->run) && same_text(a->model, b->model) &&
           same_text(a->backend, b->backend) && same_text(a->mode, b->mode) &&
           (a->concurrency == b->concurrency || isnan(a->concurrency)) &&
           (a->launch == b->launch || isnan(a->launch));
}

/* Prefill where model and backend have it, else e2e. */
static bool is_wanted(const struct groups *g, size_t i)
{
    const struct group *item = &g->items[i];
    if (same_text(item->mode, "prefill"))
        return true;
    if (!same_text(item->mode, "e2e"))
        return false;
    for (size_t k = 0; k < g->count; k++)
        if (same_text(g->items[k].mode, "prefill") && same_text(g->items[k].model, item->model) &&
            same_text(g->items[k].backend, item->backend) && same_text(g->items[k].run, item->run))
            return false;
    return true;
}

static int compare_cells(const void *left, const void *right)
{
    const struct cell_row *a = left, *b = right;
    double x = isnan(a->keys.launch) ? 0 : a->keys.launch,
           y = isnan(b->keys.launch) ? 0 : b->keys.launch;
    return (x > y) - (x < y);
}

/* Cells of a series come by context and launch: brings those of one launch together. */
static void sort_by_launch(struct cell_row *c, size_t count)
{
    for (size_t i = 0, n; i < count; i += n) {
        n = 1;
        while (i + n < count) {
            struct keys k = c[i + n].keys;
            k.launch = c[i].keys.launch;
            if (!same_worker(&c[i].keys, &k))
                break;
            n++;
        }
        /* qsort is not stable: a merge by insertion keeps the contexts in order */
        for (size_t a = i + 1; a < i + n; a++)
            for (size_t b = a; b > i && compare_cells(&c[b - 1], &c[b]) > 0; b--) {
                struct cell_row t = c[b];
                c[b] = c[b - 1];
                c[b - 1] = t;
            }
    }
}

static int emit_causes(const struct ctxmark_host *h, const struct cell_row *c, size_t count)
{
    struct cause_row *v = calloc(count + 1, sizeof *v);
    size_t *first = calloc(count + 1, sizeof *first), causes = 0;
    for (size_t i = 0, n; v && first && i < count; i += n) {
        for (n = 1; i + n < count && same_worker(&c[i].keys, &c[i + n].keys); n++)
            ;
        first[causes] = i;
        v[causes++] = find_cause(&c[i], n);
        first[causes] = i + n;
    }
    bool ready = v && first;
    struct findings said = {0};
    if (ready)
        table_emit(h, &cause_table, v, sizeof *v, causes);
    for (size_t k = 0; ready && k < causes; k++)
        report_cause(&said, &v[k], &c[first[k]], first[k + 1] - first[k], (int64_t)k);
    findings_emit(h, &said);
    free(v);
    free(first);
    return ready ? 0 : -1;
}

/* Where a cell was warmed up, its first warm-up repetition is its first; the row for it. */
static struct cell_row compare_warmup(const struct work *w, const struct group *warm,
                                      const struct groups *measured)
{
    struct cell_row c = unknown_cell(warm);
    uint32_t first = group_row(warm, 0);
    for (size_t i = 1; i < warm->count; i++)
        if (order_of(w, group_row(warm, i)) < order_of(w, first))
            first = group_row(warm, i);
    const struct group *rest = NULL;
    for (size_t i = 0; !rest && i < measured->count; i++) {
        struct keys k = keys_of(&measured->items[i]);
        if (same_worker(&c.keys, &k) && k.context_length == c.keys.context_length)
            rest = &measured->items[i];
    }
    compare_first(w, &c, first, rest ? group_values(rest, &w->rows.latency, w->values) : 0);
    if (rest)
        c.cached_share = mean_cached_share(w, rest, NAN);
    if (!rest)
        c.note = "no measured repetition is usable";
    return c;
}

static size_t compare_groups(const struct work *w, const struct groups *from,
                             const struct groups *measured, struct cell_row *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++)
        if (is_wanted(from, i))
            ret[count++] = from == measured ? compare_rep0(w, &from->items[i])
                                            : compare_warmup(w, &from->items[i], measured);
    sort_by_launch(ret, count);
    return count;
}

/* Adds the cells of workers that were not warmed up to warmed[count]; returns how many there are.
 */
static size_t add_unwarmed(struct cell_row *warmed, size_t count, const struct cell_row *rep0,
                           size_t rep0_count)
{
    size_t all = count;
    for (size_t i = 0; i < rep0_count; i++) {
        bool is_warmed = false;
        for (size_t k = 0; !is_warmed && k < count; k++)
            is_warmed = same_worker(&warmed[k].keys, &rep0[i].keys);
        if (!is_warmed)
            warmed[all++] = rep0[i];
    }
    return all;
}

static int analyze_groups(struct work *w, const struct groups *measured, const struct groups *warm)
{
    struct cell_row *c = calloc(measured->count + 1, sizeof *c),
                    *warmed = calloc(warm->count + measured->count + 1, sizeof *warmed);
    w->values = malloc((measured->largest + 2) * sizeof *w->values);
    int done = c && warmed && w->values ? 0 : -1;
    if (done == 0) {
        size_t count = compare_groups(w, measured, measured, c),
               first = compare_groups(w, warm, measured, warmed);
        table_emit(w->h, &rep0_table, c, sizeof *c, count);
        table_emit(w->h, &warmup_table, warmed, sizeof *warmed, first);
        done = emit_causes(w->h, warmed, add_unwarmed(warmed, first, c, count));
    }
    free(c);
    free(warmed);
    free(w->values);
    return done;
}

static bool is_single(const struct ctxmark_column *c)
{
    for (uint64_t i = 1; c->number && i < c->count; i++)
        if (c->number[i] != c->number[0])
            return false;
    return true;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    struct work w = {.h = h};
    struct groups measured = {0}, warm = {0};
    w.ratio = h->option_number(h, CTXMARK_SCOPE_PLUGIN, "ratio", 0, 2);
    rows_get(&w.rows, h);
    unsigned by = GROUP_CELL | (is_single(&w.rows.launch) ? 0 : GROUP_LAUNCH);
    int done = groups_make(&measured, &w.rows, by, rows_is_usable);
    if (done == 0)
        done = groups_make(&warm, &w.rows, by, rows_is_warmup);
    if (done == 0)
        done = analyze_groups(&w, &measured, &warm);
    groups_free(&measured);
    groups_free(&warm);
    return done == 0 ? CTXMARK_OK : h->fail(h, CTXMARK_ERROR, "out of memory");
}

/* --- the plugin */

static const struct ctxmark_option options[] = {
    {.name = "ratio",
     .type = CTXMARK_TYPE_NUMBER,
     .default_text = "2",
     .min = 1,
     .max = 1e6,
     .help = "A first repetition this many times slower than the others' median is cold."},
};

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "cold_start",
    .version = PACKAGE_VERSION,
    .summary = "First repetitions against the others: process start, model load or prompt cache.",
    .license = "GPL-3.0-or-later",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
