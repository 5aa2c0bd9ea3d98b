/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "decode": how fast tokens come at each context length, how much slower they get, and up
 * to which context a given rate is kept.  Facts: rate_tok_s (tok/s), the rate to keep; the option
 * `rate` where it is not given. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/facts.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define LEVEL 0.95

struct work {
    struct input *in;
    double rate;    /* to keep, tok/s */
    double *values; /* 2 x [largest cell] */
};

/* --- rates by context */

struct rate_row {
    struct keys keys;
    double n, decode_tok_s_mean, ci95_low, ci95_high, decode_tok_s_median, ms_per_token_median;
    double relative_pct, decode_tok_s_ratio_of_means;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct rate_row, member, type, role, unit, definition)
static const struct field rate_fields[] = {
    KEY_FIELDS(struct rate_row),
    V(n, INTEGER, VALUE, "", "repetitions whose rate is known"),
    V(decode_tok_s_median, NUMBER, VALUE, "tok/s", "median rate"),
    V(decode_tok_s_mean, NUMBER, VALUE, "tok/s", "mean of the repetitions' rates"),
    V(ci95_low, NUMBER, LOW, "tok/s", "decode_tok_s_mean - t(n - 1) se, 95 %"),
    V(ci95_high, NUMBER, HIGH, "tok/s", "decode_tok_s_mean + t(n - 1) se, 95 %"),
    V(decode_tok_s_ratio_of_means, NUMBER, VALUE, "tok/s",
      "all tokens over all time: differs from the mean where repetitions do"),
    V(ms_per_token_median, NUMBER, VALUE, "ms", "median time per token"),
    V(relative_pct, NUMBER, VALUE, "%", "mean rate against that at the shortest context"),
};
#undef V

static const struct table rate_table =
    TABLE("rates", "Decode rate by context length", "decode", 5, rate_fields);

static struct rate_row make_rate(struct work *w, const struct series *s, const struct cell *c)
{
    struct rate_row r = {.keys = s->keys};
    double *rates = w->values, *per_token = w->values + w->in->set.largest, tokens = 0, ms = 0;
    size_t n = 0;
    r.keys.context_length = c->context;
    for (size_t i = 0; i < c->group->count; i++) {
        double rate = rows_rate(&w->in->rows, group_row(c->group, i)),
               latency = rows_number(&w->in->rows.latency, group_row(c->group, i));
        if (!(rate > 0) || !isfinite(rate))
            continue;
        tokens += rate * latency;
        ms += latency;
        per_token[n] = 1000 / rate;
        rates[n++] = rate;
    }
    stats_sort(rates, n);
    stats_sort(per_token, n);
    r.n = (double)n;
    r.decode_tok_s_mean = stats_mean(rates, n);
    r.decode_tok_s_median = stats_median(rates, n);
    r.ms_per_token_median = stats_median(per_token, n);
    r.decode_tok_s_ratio_of_means = n ? tokens / ms : NAN;
    struct interval t = stats_t_interval(r.decode_tok_s_mean, stats_sd(rates, n), n, LEVEL);
    r.ci95_low = t.low;
    r.ci95_high = t.high;
    return r;
}

/* --- degradation */

struct degradation_row {
    struct keys keys;
    double context_first, context_last, rate_first, rate_last, decode_degradation_pct;
    double decode_slowdown, context_growth;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct degradation_row, member, type, role, unit, definition)
static const struct field degradation_fields[] = {
    KEY_FIELDS(struct degradation_row),
    V(context_first, INTEGER, VALUE, "tokens", "shortest context"),
    V(context_last, INTEGER, VALUE, "tokens", "longest context"),
    V(rate_first, NUMBER, VALUE, "tok/s", "mean rate at the shortest context"),
    V(rate_last, NUMBER, VALUE, "tok/s", "mean rate at the longest context"),
    V(decode_degradation_pct, NUMBER, VALUE, "%", "100 (rate_last / rate_first - 1)"),
    V(decode_slowdown, NUMBER, VALUE, "", "rate_first / rate_last"),
    V(context_growth, NUMBER, DETAIL, "", "context_last / context_first"),
};
#undef V

static const struct table degradation_table =
    TABLE("degradation", "How much decode slows down over the contexts measured", "decode", 6,
          degradation_fields);

static struct degradation_row make_degradation(const struct rate_row *r, size_t n)
{
    struct degradation_row d = {.keys = r->keys,
                                .context_first = r[0].keys.context_length,
                                .context_last = r[n - 1].keys.context_length,
                                .rate_first = r[0].decode_tok_s_mean,
                                .rate_last = r[n - 1].decode_tok_s_mean};
    d.keys.context_length = NAN;
    d.decode_degradation_pct = 100 * (d.rate_last / d.rate_first - 1);
    d.decode_slowdown = d.rate_first / d.rate_last;
    d.context_growth = d.context_last / d.context_first;
    return d;
}

/* --- the largest context that keeps a rate */

struct limit_row {
    struct keys keys;
    double rate_tok_s, decode_limit, limit_low, limit_high, last_above, first_below;
    const char *status, *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct limit_row, member, type, role, unit, definition)
static const struct field limit_fields[] = {
    KEY_FIELDS(struct limit_row),
    V(rate_tok_s, NUMBER, VALUE, "tok/s", "rate to keep"),
    V(status, TEXT, VALUE, "",
      "crosses: the mean rate falls below it within the contexts measured; never_below, "
      "always_below: at none, or already at the shortest"),
    V(decode_limit, NUMBER, VALUE, "tokens",
      "first context at which the mean rate falls below, between neighbours by a line"),
    V(limit_low, NUMBER, LOW, "tokens",
      "the same for the lower bounds of the mean rates' 95 % intervals"),
    V(limit_high, NUMBER, HIGH, "tokens", "the same for the upper bounds"),
    V(last_above, INTEGER, VALUE, "tokens", "last context before it whose mean keeps the rate"),
    V(first_below, INTEGER, VALUE, "tokens", "first context whose mean does not"),
    V(note, TEXT, NOTE, "", "what is missing"),
};
#undef V

static const struct table limit_table =
    TABLE("limits", "The largest context that keeps a decode rate", "decode", 7, limit_fields);

/* First i with y below the rate; n: none. */
static size_t first_below(const double *y, size_t n, double rate)
{
    size_t i = 0;
    while (i < n && !(y[i] < rate))
        i++;
    return i;
}

/* Where y, by lines between its points, first falls below the rate; NaN: not within them. */
static double crossing(const double *x, const double *y, size_t n, double rate)
{
    size_t i = first_below(y, n, rate);
    if (i == 0 || i == n || isnan(y[i - 1]))
        return NAN;
    return x[i - 1] + (x[i] - x[i - 1]) * (y[i - 1] - rate) / (y[i - 1] - y[i]);
}

/* x, y: room for n values each. */
static struct limit_row make_limit(const struct rate_row *r, size_t n, double rate, double *x,
                                   double *y)
{
    struct limit_row l = {
        .keys = r->keys, .rate_tok_s = rate, .last_above = NAN, .first_below = NAN};
    l.keys.context_length = NAN;
    for (size_t i = 0; i < n; i++) {
        x[i] = r[i].keys.context_length;
        y[i] = r[i].ci95_low;
    }
    l.limit_low = crossing(x, y, n, rate);
    for (size_t i = 0; i < n; i++)
        y[i] = r[i].ci95_high;
    l.limit_high = crossing(x, y, n, rate);
    for (size_t i = 0; i < n; i++)
        y[i] = r[i].decode_tok_s_mean;
    l.decode_limit = crossing(x, y, n, rate);
    size_t i = first_below(y, n, rate);
    l.status = i == n ? "never_below" : i == 0 ? "always_below" : "crosses";
    if (i < n)
        l.first_below = x[i];
    if (i > 0)
        l.last_above = x[i - 1];
    if (isnan(l.decode_limit))
        l.limit_low = l.limit_high = NAN;
    else if (isnan(l.limit_low) || isnan(l.limit_high))
        l.note = "a bound of the interval lies outside the contexts measured";
    return l;
}

/* --- findings */

static void say_degradation(struct findings *said, const struct degradation_row *d, size_t count)
{
    char name[512];
    for (size_t i = 0; i < count; i++)
        if (d[i].context_growth > 1 && isfinite(d[i].context_growth) &&
            isfinite(d[i].decode_degradation_pct))
            findings_say(said,
                         &(const struct saying){CTXMARK_SEVERITY_INFO, "decode_degradation",
                                                degradation_table.name, "decode_degradation_pct"},
                         (int64_t)i, -d[i].decode_degradation_pct,
                         label_of(&d[i].keys, "%+.1f %%", d[i].decode_degradation_pct).text,
                         "%s decodes %s tok/s at %.0f tokens and %s at %.0f: %+.1f %% over %.3g "
                         "times the context.",
                         series_name(&d[i].keys, name, sizeof name), figure(d[i].rate_first).text,
                         d[i].context_first, figure(d[i].rate_last).text, d[i].context_last,
                         d[i].decode_degradation_pct, d[i].context_growth);
}

/* " (29900 to 30000)", or nothing. */
static const char *interval_text(const struct limit_row *l, char *text, size_t size)
{
    text[0] = '\0';
    if (!isnan(l->limit_low) && !isnan(l->limit_high))
        snprintf(text, size, " (95 %% interval %.0f to %.0f)", l->limit_low, l->limit_high);
    return text;
}

static void say_limits(struct findings *said, const struct limit_row *l, size_t count)
{
    char name[512], range[96];
    for (size_t i = 0; i < count; i++) {
        series_name(&l[i].keys, name, sizeof name);
        if (!isnan(l[i].decode_limit))
            findings_say(said,
                         &(const struct saying){CTXMARK_SEVERITY_NOTICE, "decode_limit",
                                                limit_table.name, "decode_limit"},
                         (int64_t)i, -l[i].decode_limit,
                         label_of(&l[i].keys, "%.0f tokens", l[i].decode_limit).text,
                         "%s keeps %s tok/s up to about %.0f tokens of context%s.", name,
                         figure(l[i].rate_tok_s).text, l[i].decode_limit,
                         interval_text(&l[i], range, sizeof range));
        else if (strcmp(l[i].status, "always_below") == 0)
            findings_say(said,
                         &(const struct saying){CTXMARK_SEVERITY_INFO, "decode_always_below",
                                                limit_table.name, "status"},
                         (int64_t)i, 0, label_of(&l[i].keys, "%s", "").text,
                         "%s keeps %s tok/s at no context measured.", name,
                         figure(l[i].rate_tok_s).text);
    }
}

/* --- plot */

static void plot_rates(const struct work *w, const struct rate_row *r, size_t count)
{
    struct lines lines = {0};
    char name[512];
    const struct ctxmark_limit_line wanted = {"rate to keep", 0, 0, w->rate};
    for (size_t i = 0; i < count; i++)
        lines_add(&lines, series_name(&r[i].keys, name, sizeof name), r[i].keys.model,
                  r[i].keys.context_length, r[i].decode_tok_s_mean, r[i].ci95_low, r[i].ci95_high);
    lines_emit(w->in->h, &lines,
               (struct ctxmark_plot){.name = "decode_rates",
                                     .title = "Mean decode rate by context length",
                                     .section = "decode",
                                     .order = 5,
                                     .x = {"context length", "tokens", 1, 0},
                                     .y = {"mean rate", "tok/s", 0, 0},
                                     .limits = &wanted,
                                     .limit_count = 1,
                                     .limit_stride = sizeof wanted});
}

/* --- putting it together */

/* Rates of a series in r; returns how many contexts have one. */
static size_t make_rates(struct work *w, const struct series *s, struct rate_row *r)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        r[n] = make_rate(w, s, &s->cells[i]);
        r[n].relative_pct = 100 * r[n].decode_tok_s_mean / r[0].decode_tok_s_mean;
        n += r[n].n > 0;
    }
    return n;
}

/* As the facts say it of a model on a backend, or (k NULL) of all. */
static double rate_to_keep(const struct ctxmark_host *h, const struct keys *k, double otherwise)
{
    double fact = facts_number(h, k ? k->backend : NULL, k ? k->model : NULL, "rate_tok_s");
    return fact > 0 ? fact : otherwise;
}

static int work(struct input *in)
{
    struct work w = {.in = in};
    struct findings said = {0};
    size_t count = 0, series = 0, cells = in->set.cell_count;
    struct rate_row *rates = input_array(in, cells, sizeof *rates);
    struct degradation_row *d = input_array(in, in->set.count, sizeof *d);
    struct limit_row *l = input_array(in, in->set.count, sizeof *l);
    double *room = input_array(in, 2 * cells, sizeof *room);
    w.values = input_array(in, 2 * in->set.largest, sizeof *w.values);
    if (in->failed)
        return -1;
    w.rate =
        rate_to_keep(in->h, NULL, in->h->option_number(in->h, CTXMARK_SCOPE_PLUGIN, "rate", 0, 50));
    for (size_t i = 0; i < in->set.count; i++) {
        size_t n = series_is(&in->set.items[i], "decode")
                       ? make_rates(&w, &in->set.items[i], &rates[count])
                       : 0;
        if (!n)
            continue;
        d[series] = make_degradation(&rates[count], n);
        l[series++] = make_limit(&rates[count], n, rate_to_keep(in->h, &rates[count].keys, w.rate),
                                 room, room + cells);
        count += n;
    }
    table_emit(in->h, &rate_table, rates, sizeof *rates, count);
    table_emit(in->h, &degradation_table, d, sizeof *d, series);
    table_emit(in->h, &limit_table, l, sizeof *l, series);
    say_degradation(&said, d, series);
    say_limits(&said, l, series);
    findings_emit(in->h, &said);
    plot_rates(&w, rates, count);
    return 0;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    return input_analyze(h, work);
}

/* --- the plugin */

static const struct ctxmark_option options[] = {
    {.name = "rate",
     .type = CTXMARK_TYPE_NUMBER,
     .default_text = "50",
     .min = 1e-6,
     .max = 1e9,
     .unit = "tok/s",
     .help = "The decode rate whose largest context is sought; the fact rate_tok_s goes before."},
};

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "decode",
    .version = PACKAGE_VERSION,
    .summary = "Decode rates by context, degradation, the largest context that keeps a rate.",
    .license = "GPL-3.0-or-later",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
