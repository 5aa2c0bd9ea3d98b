/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "cross_model": models of one backend against the smallest of them, by context; decode
 * rate against size; and the rule that where attention scores decide, latency goes with layers x
 * heads.  Facts: params_m (millions; else the column params_m, else what the model's name says),
 * layers, heads; each for one model alone as MODEL.KEY. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/facts.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/stats/stats.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

struct work {
    struct input *in;
    struct ctxmark_column params_m;
    double *values; /* [largest cell] */
};

/* A series with what is known of its model. */
struct entry {
    const struct series *series;
    double params_m, layers_heads;
    const char *source; /* of params_m; NULL: not known */
};

/* --- size of a model */

/* "qwen2.5-0.5b" and "llama3.2:3b-q4": a number right before a b that ends a word; NaN: none. */
static double size_in_name(const char *name)
{
    double found = NAN;
    for (const char *p = name; p && *p; p++) {
        if (!isdigit((unsigned char)*p) ||
            (p > name && (isalnum((unsigned char)p[-1]) || p[-1] == '.')))
            continue;
        char *end;
        double x = strtod(p, &end);
        if ((*end == 'b' || *end == 'B') && !isalnum((unsigned char)end[1]))
            found = 1000 * x;
        else if ((*end == 'm' || *end == 'M') && !isalnum((unsigned char)end[1]))
            found = x;
        p = end > p ? end - 1 : p;
    }
    return found;
}

static struct entry make_entry(const struct work *w, const struct series *s)
{
    const char *backend = s->keys.backend, *model = s->keys.model;
    struct entry e = {.series = s};
    double by_fact = facts_number(w->in->h, backend, model, "params_m"),
           all = facts_number(w->in->h, backend, model, "parameters") / 1e6,
           column = rows_number(&w->params_m, group_row(s->cells[0].group, 0)),
           name = size_in_name(model);
    e.params_m = by_fact > 0 ? by_fact : all > 0 ? all : column > 0 ? column : name;
    e.source = by_fact > 0 || all > 0 ? "fact" : column > 0 ? "column" : name > 0 ? "name" : NULL;
    e.layers_heads = facts_number(w->in->h, backend, model, "layers") *
                     facts_number(w->in->h, backend, model, "heads");
    return e;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_peer(const struct series *a, const struct series *b)
{
    return same_text(a->keys.run, b->keys.run) && same_text(a->keys.backend, b->keys.backend) &&
           same_text(a->keys.mode, b->keys.mode) &&
           (a->keys.concurrency == b->keys.concurrency || isnan(a->keys.concurrency));
}

/* The smallest model that the backend ran in this mode (the first, where sizes are not known). */
static const struct entry *smallest_peer(const struct entry *e, size_t count,
                                         const struct entry *of)
{
    const struct entry *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_peer(e[i].series, of->series) && (!best || e[i].params_m < best->params_m))
            best = &e[i];
    return best;
}

/* --- ratios by context */

struct ratio_row {
    struct keys keys;
    const char *reference, *regime;
    double median, reference_median, ratio, ratio_mean, size_ratio, layers_heads_ratio,
        off_rule_pct;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct ratio_row, member, type, role, unit, definition)
static const struct field ratio_fields[] = {
    KEY_FIELDS(struct ratio_row),
    V(reference, TEXT, KEY, "", "smallest model that the backend ran"),
    V(median, NUMBER, VALUE, "ms", "median latency"),
    V(reference_median, NUMBER, VALUE, "ms", "that of the reference"),
    V(ratio, NUMBER, VALUE, "", "median / reference_median"),
    V(size_ratio, NUMBER, VALUE, "", "parameters over those of the reference"),
    FIELD_OPTIONAL(struct ratio_row, layers_heads_ratio, NUMBER, VALUE, "",
                   "layers x heads over those of the reference: the ratio to expect of a prefill "
                   "whose attention scores are written to memory and decide"),
    FIELD_OPTIONAL(struct ratio_row, off_rule_pct, NUMBER, VALUE, "%",
                   "100 (ratio / layers_heads_ratio - 1)"),
    V(regime, TEXT, VALUE, "", "spill: this model or the reference lies beyond its break"),
    V(ratio_mean, NUMBER, DETAIL, "", "the same of the means"),
};
#undef V

static const struct table ratio_table = TABLE(
    "ratios", "Latency against the smallest model of the backend", "comparison", 60, ratio_fields);

static const struct cell *find_cell(const struct series *s, double context)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->cells[i].context == context)
            return &s->cells[i];
    return NULL;
}

static struct ratio_row make_ratio(const struct entry *e, const struct entry *ref,
                                   const struct cell *c, const struct cell *r)
{
    struct ratio_row row = {.keys = e->series->keys,
                            .reference = ref->series->keys.model,
                            .median = c->median,
                            .reference_median = r->median,
                            .ratio = c->median / r->median,
                            .ratio_mean = c->mean / r->mean,
                            .size_ratio = e->params_m / ref->params_m,
                            .layers_heads_ratio = NAN,
                            .off_rule_pct = NAN,
                            .regime = "clean"};
    row.keys.context_length = c->context;
    if (c->context >= e->series->break_at.first || c->context >= ref->series->break_at.first)
        row.regime = "spill";
    if (series_is(e->series, "prefill")) {
        row.layers_heads_ratio = e->layers_heads / ref->layers_heads;
        row.off_rule_pct = 100 * (row.ratio / row.layers_heads_ratio - 1);
    }
    return row;
}

static size_t make_ratios(const struct entry *e, size_t count, struct ratio_row *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct entry *ref = smallest_peer(e, count, &e[i]);
        for (size_t k = 0; ref != &e[i] && k < e[i].series->count; k++) {
            const struct cell *c = &e[i].series->cells[k], *r = find_cell(ref->series, c->context);
            if (r)
                ret[n++] = make_ratio(&e[i], ref, c, r);
        }
    }
    return n;
}

/* --- decode against size */

struct size_row {
    struct keys keys;
    double params_m, rate, rate_params, relative_rate, relative_size;
    const char *source, *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct size_row, member, type, role, unit, definition)
static const struct field size_fields[] = {
    KEY_FIELDS(struct size_row),
    V(params_m, NUMBER, VALUE, "million", "parameters"),
    V(source, TEXT, VALUE, "", "where that is known from: fact, column, or the model's name"),
    V(rate, NUMBER, VALUE, "tok/s", "mean decode rate"),
    V(relative_rate, NUMBER, VALUE, "", "rate over that of the backend's smallest model"),
    V(relative_size, NUMBER, VALUE, "", "parameters over those of that model"),
    V(rate_params, NUMBER, VALUE, "G/s",
      "rate x parameters: weights read per second if each step reads all of them; equal where "
      "reading weights decides and models are stored alike"),
    V(note, TEXT, NOTE, "", "what is missing"),
};
#undef V

static const struct table size_table = TABLE(
    "decode_by_size", "Decode rate against the size of models", "comparison", 65, size_fields);

static double mean_rate(struct work *w, const struct cell *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->group->count; i++) {
        double rate = rows_rate(&w->in->rows, group_row(c->group, i));
        if (isfinite(rate))
            w->values[n++] = rate;
    }
    return stats_mean(w->values, n);
}

static size_t make_sizes(struct work *w, const struct entry *e, size_t count, struct size_row *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!series_is(e[i].series, "decode"))
            continue;
        const struct entry *ref = smallest_peer(e, count, &e[i]);
        for (size_t k = 0; k < e[i].series->count; k++) {
            const struct cell *c = &e[i].series->cells[k], *r = find_cell(ref->series, c->context);
            struct size_row *row = &ret[n++];
            *row = (struct size_row){.keys = e[i].series->keys,
                                     .params_m = e[i].params_m,
                                     .source = e[i].source,
                                     .relative_size = e[i].params_m / ref->params_m};
            row->keys.context_length = c->context;
            row->rate = mean_rate(w, c);
            row->rate_params = row->rate * row->params_m / 1000;
            row->relative_rate = r ? row->rate / mean_rate(w, r) : NAN;
            if (!e[i].source)
                row->note = "parameters are not known: give the fact MODEL.params_m";
        }
    }
    return n;
}

/* --- findings */

/* The last clean row of each model against the reference, in prefill. */
static void say_ratios(const struct ctxmark_host *h, const struct ratio_row *r, size_t count)
{
    struct findings said = {0};
    char rule[160], against[512];
    for (size_t i = 0; i < count; i++) {
        bool more = i + 1 < count && keys_same_model(&r[i].keys, &r[i + 1].keys) &&
                    same_text(r[i].keys.mode, r[i + 1].keys.mode) &&
                    strcmp(r[i + 1].regime, "clean") == 0;
        if (more || strcmp(r[i].regime, "clean") != 0 || !same_text(r[i].keys.mode, "prefill"))
            continue;
        rule[0] = '\0';
        if (!isnan(r[i].layers_heads_ratio))
            snprintf(rule, sizeof rule, " Layers x heads would have it %.3g times.",
                     r[i].layers_heads_ratio);
        snprintf(against, sizeof against, "%s", r[i].reference ? r[i].reference : "?");
        findings_say(
            &said,
            &(const struct saying){CTXMARK_SEVERITY_INFO, "model_ratio", ratio_table.name, "ratio"},
            (int64_t)i, r[i].ratio,
            label_of(&r[i].keys, "%.3g times %.60s, %.3g times the parameters", r[i].ratio,
                     r[i].reference ? r[i].reference : "?", r[i].size_ratio)
                .text,
            "On %s, %s takes %.3g times as long as %s to read %.0f tokens, with %.3g times "
            "the parameters.%s",
            r[i].keys.backend ? r[i].keys.backend : "?", r[i].keys.model ? r[i].keys.model : "?",
            r[i].ratio, against, r[i].keys.context_length, r[i].size_ratio, rule);
    }
    findings_emit(h, &said);
}

static void say_sizes(const struct ctxmark_host *h, const struct size_row *s, size_t count)
{
    struct findings said = {0};
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || !keys_same_model(&s[i - 1].keys, &s[i].keys);
        if (!first || !(s[i].relative_size > 1) || isnan(s[i].relative_rate))
            continue;
        findings_say(&said,
                     &(const struct saying){CTXMARK_SEVERITY_INFO, "decode_by_size",
                                            size_table.name, "relative_rate"},
                     (int64_t)i, s[i].relative_size,
                     label_of(&s[i].keys, "%.3g times the parameters, %.2f of the rate",
                              s[i].relative_size, s[i].relative_rate)
                         .text,
                     "On %s, %s has %.3g times the parameters of the smallest model and decodes at "
                     "%.2f of its rate at %.0f tokens.",
                     s[i].keys.backend ? s[i].keys.backend : "?",
                     s[i].keys.model ? s[i].keys.model : "?", s[i].relative_size,
                     s[i].relative_rate, s[i].keys.context_length);
    }
    findings_emit(h, &said);
}

/* --- putting it together */

static int work(struct input *in)
{
    struct work w = {.in = in, .params_m = {.size = sizeof w.params_m}};
    if (!in->h->column(in->h, "params_m", &w.params_m))
        w.params_m = (struct ctxmark_column){0};
    size_t count = in->set.count, cells = in->set.cell_count;
    struct entry *e = input_array(in, count, sizeof *e);
    struct ratio_row *r = input_array(in, cells, sizeof *r);
    struct size_row *s = input_array(in, cells, sizeof *s);
    w.values = input_array(in, in->set.largest, sizeof *w.values);
    if (in->failed)
        return -1;
    for (size_t i = 0; i < count; i++)
        e[i] = make_entry(&w, &in->set.items[i]);
    size_t n = make_ratios(e, count, r);
    table_emit(in->h, &ratio_table, r, sizeof *r, n);
    say_ratios(in->h, r, n);
    n = make_sizes(&w, e, count, s);
    table_emit(in->h, &size_table, s, sizeof *s, n);
    say_sizes(in->h, s, n);
    return 0;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    return input_analyze(h, work);
}

/* --- the plugin */

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "cross_model",
    .version = PACKAGE_VERSION,
    .summary = "Models against each other by context, decode against size, layers x heads.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
