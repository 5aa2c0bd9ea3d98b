/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "ttft": time to first token (the latency of prefill, which ends with it): by context,
 * how it grows, and from which context on it exceeds what users bear. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/library/views.h"
#include "plugins/analysis/stats/fit.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define LEVEL 0.95
#define FARTHEST 1e9 /* tokens: predictions beyond it say nothing */

static const double thresholds_ms[] = {200, 1000, 5000, 10000};
#define THRESHOLDS (sizeof thresholds_ms / sizeof *thresholds_ms)

struct work {
    struct input *in;
    double *values; /* [largest cell] */
    double *x, *y;  /* [cells] */
};

/* --- by context */

struct context_row {
    struct keys keys;
    double n, median, median_low, median_high, mean, p95, p95_known, prefill_tok_s_mean;
    const char *class;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct context_row, member, type, role, unit, definition)
static const struct field context_fields[] = {
    KEY_FIELDS(struct context_row),
    V(n, INTEGER, VALUE, "", "repetitions"),
    V(median, NUMBER, VALUE, "ms", "median time to first token"),
    V(median_low, NUMBER, LOW, "ms", "95 % interval of the median from order statistics"),
    V(median_high, NUMBER, HIGH, "ms", "see median_low"),
    V(mean, NUMBER, VALUE, "ms", "mean"),
    V(p95, NUMBER, VALUE, "ms", "95 % quantile, type 7; see p95_known"),
    V(p95_known, FLAG, DETAIL, "", "n is large enough to know p95: at least 20"),
    V(class, TEXT, VALUE, "",
      "of the median: excellent below 0.2 s, good below 1 s, poor below 5 s, frustrating below 10 "
      "s, unacceptable from there on"),
    V(prefill_tok_s_mean, NUMBER, VALUE, "tok/s",
      "mean of prompt tokens (nominal where unknown) over latency"),
};
#undef V

static const struct table context_table =
    TABLE("contexts", "Time to first token by context length", "ttft", 10, context_fields);

static const char *class_of(double ms)
{
    static const char *const names[] = {"excellent", "good", "poor", "frustrating"};
    for (size_t i = 0; i < THRESHOLDS; i++)
        if (ms < thresholds_ms[i])
            return names[i];
    return "unacceptable";
}

static struct context_row make_context(struct work *w, const struct series *s, const struct cell *c)
{
    struct context_row r = {.keys = s->keys,
                            .n = (double)c->n,
                            .median = c->median,
                            .mean = c->mean,
                            .p95 = stats_quantile(c->x, c->n, 0.95),
                            .p95_known = stats_quantile_known(c->n, 0.95),
                            .class = class_of(c->median)};
    struct interval m = stats_median_interval(c->x, c->n, LEVEL);
    r.keys.context_length = c->context;
    r.median_low = m.low;
    r.median_high = m.high;
    size_t n = 0;
    for (size_t i = 0; i < c->group->count; i++) {
        double rate = rows_rate(&w->in->rows, group_row(c->group, i));
        if (isfinite(rate))
            w->values[n++] = rate;
    }
    r.prefill_tok_s_mean = stats_mean(w->values, n);
    return r;
}

/* --- growth */

struct growth_row {
    struct keys keys;
    double context_first, context_last, median_first, median_last, mean_first, mean_last;
    double growth_factor_median, growth_factor_mean, context_growth, growth_exponent;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct growth_row, member, type, role, unit, definition)
static const struct field growth_fields[] = {
    KEY_FIELDS(struct growth_row),
    V(context_first, INTEGER, VALUE, "tokens", "shortest context"),
    V(context_last, INTEGER, VALUE, "tokens", "longest context"),
    V(median_first, NUMBER, VALUE, "ms", "median at the shortest context"),
    V(median_last, NUMBER, VALUE, "ms", "median at the longest context"),
    V(growth_factor_median, NUMBER, VALUE, "", "median_last / median_first"),
    V(growth_factor_mean, NUMBER, VALUE, "", "mean_last / mean_first"),
    V(context_growth, NUMBER, VALUE, "", "context_last / context_first"),
    V(growth_exponent, NUMBER, VALUE, "",
      "ln growth_factor_median / ln context_growth: 1 is in proportion"),
    V(mean_first, NUMBER, DETAIL, "ms", "mean at the shortest context"),
    V(mean_last, NUMBER, DETAIL, "ms", "mean at the longest context"),
};
#undef V

static const struct table growth_table =
    TABLE("growth", "How time to first token grows", "ttft", 30, growth_fields);

static struct growth_row make_growth(const struct series *s)
{
    const struct cell *a = &s->cells[0], *b = &s->cells[s->count - 1];
    struct growth_row g = {.keys = s->keys,
                           .context_first = a->context,
                           .context_last = b->context,
                           .median_first = a->median,
                           .median_last = b->median,
                           .mean_first = a->mean,
                           .mean_last = b->mean,
                           .growth_factor_median = b->median / a->median,
                           .growth_factor_mean = b->mean / a->mean,
                           .context_growth = b->context / a->context};
    g.growth_exponent = log(g.growth_factor_median) / log(g.context_growth);
    return g;
}

/* --- thresholds */

struct threshold_row {
    struct keys keys;
    double threshold_ms, ttft_threshold_median, ttft_threshold_mean, predicted, predicted_low;
    double predicted_high;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct threshold_row, member, type, role, unit, definition)
static const struct field threshold_fields[] = {
    KEY_FIELDS(struct threshold_row),
    V(threshold_ms, NUMBER, KEY, "ms", "time to first token"),
    V(ttft_threshold_median, INTEGER, VALUE, "tokens",
      "first context whose median reaches it; unknown: none measured does"),
    V(ttft_threshold_mean, INTEGER, VALUE, "tokens", "the same of the mean"),
    V(predicted, NUMBER, VALUE, "tokens",
      "where the power law through the medians before any break reaches it"),
    V(predicted_low, NUMBER, LOW, "tokens",
      "95 % interval of that: delta method on ln x = (ln threshold - ln a) / b, t(n - 2)"),
    V(predicted_high, NUMBER, HIGH, "tokens", "see predicted_low"),
    V(note, TEXT, NOTE, "", "how far the prediction may be trusted"),
};
#undef V

static const struct table threshold_table =
    TABLE("thresholds", "Contexts at which time to first token becomes too long", "ttft", 20,
          threshold_fields);

static double first_reaching(const struct series *s, enum center center, double ms)
{
    for (size_t i = 0; i < s->count; i++)
        if (cell_center(&s->cells[i], center) >= ms)
            return s->cells[i].context;
    return NAN;
}

static const char *judge_prediction(const struct series *s, size_t clean,
                                    const struct threshold_row *t, const struct power_fit *f)
{
    if (clean < FIT_FEWEST)
        return "fewer than 3 contexts before any break: no prediction";
    if (isnan(t->predicted))
        return f->b > 0 ? "beyond any context" : "does not grow with context";
    if (f->b_high < 1)
        return "grows less than in proportion, as no prefill does: extrapolates a cache";
    if (t->predicted >= s->break_at.first || t->predicted > t->ttft_threshold_median)
        return "beyond the break, where the series is slower";
    if (t->predicted > s->cells[clean - 1].context)
        return s->break_at.by ? "between the last clean context and the break" : "extrapolated";
    if (t->predicted < s->cells[0].context)
        return "below the shortest context measured";
    return NULL;
}

static struct threshold_row make_threshold(const struct series *s, const struct power_fit *f,
                                           size_t clean, double ms)
{
    struct threshold_row t = {.keys = s->keys,
                              .threshold_ms = ms,
                              .ttft_threshold_median = first_reaching(s, CENTER_MEDIAN, ms),
                              .ttft_threshold_mean = first_reaching(s, CENTER_MEAN, ms)};
    struct inverse v = fit_power_inverse(f, clean, ms);
    bool sound = v.x < FARTHEST;
    t.predicted = sound ? v.x : NAN;
    t.predicted_low = sound ? v.low : NAN;
    t.predicted_high = sound && v.high < FARTHEST ? v.high : NAN;
    t.note = judge_prediction(s, clean, &t, f);
    return t;
}

static void make_thresholds(struct work *w, const struct series *s, struct threshold_row *ret)
{
    size_t clean = series_clean_count(s);
    for (size_t i = 0; i < clean; i++) {
        w->x[i] = s->cells[i].context;
        w->y[i] = s->cells[i].median;
    }
    struct power_fit f = fit_power(w->x, w->y, NULL, clean);
    for (size_t i = 0; i < THRESHOLDS; i++)
        ret[i] = make_threshold(s, &f, clean, thresholds_ms[i]);
}

/* --- findings */

static void say_threshold(struct findings *said, const struct threshold_row *t, size_t row)
{
    char name[512];
    if (isnan(t->ttft_threshold_median))
        return;
    findings_say(said,
                 &(const struct saying){CTXMARK_SEVERITY_NOTICE, "ttft_exceeds",
                                        threshold_table.name, "ttft_threshold_median"},
                 (int64_t)row, -t->ttft_threshold_median,
                 label_of(&t->keys, "from %.0f", t->ttft_threshold_median).text,
                 "%s takes %.0f s or more to the first token from %.0f tokens on.",
                 series_name(&t->keys, name, sizeof name), t->threshold_ms / 1000,
                 t->ttft_threshold_median);
}

static void say_growth(struct findings *said, const struct growth_row *g, size_t row)
{
    char name[512];
    if (g->context_growth > 1 && isfinite(g->context_growth) && g->growth_factor_median > 0)
        findings_say(said,
                     &(const struct saying){CTXMARK_SEVERITY_INFO, "ttft_growth", growth_table.name,
                                            "growth_factor_median"},
                     (int64_t)row, g->growth_factor_median,
                     label_of(&g->keys, "%s to %s", figure_ms(g->median_first).text,
                              figure_ms(g->median_last).text)
                         .text,
                     "%s: median time to first token goes from %s at %.0f tokens to %s at %.0f: %s "
                     "times over %.3g times the context.",
                     series_name(&g->keys, name, sizeof name), figure_ms(g->median_first).text,
                     g->context_first, figure_ms(g->median_last).text, g->context_last,
                     figure(g->growth_factor_median).text, g->context_growth);
}

/* Whether cold_start says that these first tokens came without reading the prompt. */
static bool is_cached(const struct view *causes, const struct keys *k)
{
    int64_t row = view_find(causes, 0, k->model, k->backend, NULL, NAN);
    return row >= 0 && view_text_is(causes, (uint64_t)row, "verdict", "prompt_cache");
}

static void say_all(const struct ctxmark_host *h, const struct threshold_row *t,
                    const struct growth_row *g, size_t count)
{
    struct findings said = {0};
    struct view causes = view_get(h, "cold_start", "cold_cause");
    size_t never = 0, cached = 0;
    char hits[128] = "";
    for (size_t i = 0; i < count; i++)
        say_threshold(&said, &t[i * THRESHOLDS + 1], i * THRESHOLDS + 1);
    for (size_t i = 0; i < count; i++) {
        bool below = isnan(t[i * THRESHOLDS + 1].ttft_threshold_median),
             hit = is_cached(&causes, &g[i].keys);
        never += below;
        cached += below && hit;
        if (!hit)
            say_growth(&said, &g[i], i);
    }
    findings_emit(h, &said);
    if (cached)
        snprintf(hits, sizeof hits, " %zu of these %s a prompt cache's hits: see cold_start.",
                 cached, cached == 1 ? "is" : "are");
    if (never)
        finding_emit(h, CTXMARK_SEVERITY_INFO, "ttft_within", threshold_table.name, -1, NULL,
                     "%zu of %zu series stay below 1 s to the first token (by their medians) at "
                     "every context measured.%s",
                     never, count, hits);
}

/* --- plot */

static void plot(const struct ctxmark_host *h, const struct context_row *r, size_t count)
{
    static const struct ctxmark_limit_line limits[THRESHOLDS] = {
        {"0.2 s", 0, 0, 200}, {"1 s", 0, 0, 1000}, {"5 s", 0, 0, 5000}, {"10 s", 0, 0, 10000}};
    struct lines lines = {0};
    char name[512];
    for (size_t i = 0; i < count; i++)
        lines_add(&lines, series_name(&r[i].keys, name, sizeof name), r[i].keys.model,
                  r[i].keys.context_length, r[i].median, r[i].median_low, r[i].median_high);
    lines_emit(h, &lines,
               (struct ctxmark_plot){.name = "ttft",
                                     .title = "Time to first token by context length",
                                     .section = "ttft",
                                     .order = 10,
                                     .x = {"context length", "tokens", 1, 0},
                                     .y = {"median time to first token", "ms", 1, 0},
                                     .limits = limits,
                                     .limit_count = THRESHOLDS,
                                     .limit_stride = sizeof *limits});
}

/* --- putting it together */

static int work(struct input *in)
{
    struct work w = {.in = in};
    size_t cells = in->set.cell_count, count = 0, n = 0;
    struct context_row *r = input_array(in, cells, sizeof *r);
    struct growth_row *g = input_array(in, in->set.count, sizeof *g);
    struct threshold_row *t = input_array(in, THRESHOLDS * in->set.count, sizeof *t);
    w.values = input_array(in, in->set.largest, sizeof *w.values);
    w.x = input_array(in, cells, sizeof *w.x);
    w.y = input_array(in, cells, sizeof *w.y);
    if (in->failed)
        return -1;
    for (size_t i = 0; i < in->set.count; i++) {
        const struct series *s = &in->set.items[i];
        if (!series_is(s, "prefill"))
            continue;
        for (size_t k = 0; k < s->count; k++)
            r[n++] = make_context(&w, s, &s->cells[k]);
        make_thresholds(&w, s, &t[THRESHOLDS * count]);
        g[count++] = make_growth(s);
    }
    table_emit(in->h, &context_table, r, sizeof *r, n);
    table_emit(in->h, &threshold_table, t, sizeof *t, THRESHOLDS * count);
    table_emit(in->h, &growth_table, g, sizeof *g, count);
    say_all(in->h, t, g, count);
    plot(in->h, r, n);
    return 0;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    return input_analyze(h, work);
}

/* --- the plugin */

static const char *const after[] = {"cold_start", NULL};

static const struct ctxmark_analyzer analyzer = {
    .size = sizeof analyzer, .after = after, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "ttft",
    .version = PACKAGE_VERSION,
    .summary = "Time to first token: thresholds by measurement and prediction, growth, p95.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
