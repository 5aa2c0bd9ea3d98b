/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "descriptive": what was measured in each cell, in figures; which cells failed. */

#include "config.h"

#include "plugins/analysis/descriptive/launches.h"
#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/groups.h"
#include "plugins/analysis/library/summary.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define MISLEADING_RATIO 2.0
#define HIGH_CV_PCT 20.0

static const struct field latency_fields[] = {SUMMARY_FIELDS("ms")};
static const struct field rate_fields[] = {SUMMARY_FIELDS("tok/s")};

/* Samples, of all modes, that are too short for some figure. */
struct short_samples {
    size_t cells, without_interval, without_p99;
    const char *table; /* where the shortest is; NULL: no sample yet */
    int64_t row;
    double fewest;
};

/* What all parts of the analysis share. */
struct work {
    const struct ctxmark_host *h;
    struct rows rows;
    size_t draws;
    double *values, *scratch; /* [largest group], [draws] */
    struct short_samples short_samples;
};

/* --- findings about one mode's latencies */

/* "qwen2.5-3b on ollama at 512 tokens" */
static const char *cell_name(const struct keys *k, char *text, size_t size)
{
    snprintf(text, size, "%s on %s at %.0f tokens", k->model ? k->model : "?",
             k->backend ? k->backend : "?", k->context_length);
    return text;
}

static bool same_backend(const struct keys *a, const struct keys *b)
{
    return strcmp(a->backend ? a->backend : "", b->backend ? b->backend : "") == 0;
}

/* Whether this row is the first of its backend. */
static bool is_first_of_backend(const struct summary *s, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_backend(&s[k].keys, &s[i].keys))
            return false;
    return true;
}

/* Cells of one backend in which a figure exceeds a bound. */
struct exceeding {
    size_t cells, of;
    size_t worst; /* row */
};

static struct exceeding count_exceeding(const struct summary *s, size_t count, size_t first,
                                        size_t offset, double bound)
{
    struct exceeding e = {0, 0, first};
    double most = bound;
    for (size_t i = first; i < count; i++) {
        double x;
        memcpy(&x, (const char *)&s[i] + offset, sizeof x);
        if (!same_backend(&s[i].keys, &s[first].keys))
            continue;
        e.of++;
        e.cells += x > bound;
        if (x > most) {
            most = x;
            e.worst = i;
        }
    }
    return e;
}

static void find_misleading_means(struct work *w, const char *table, const struct summary *s,
                                  size_t count, size_t first)
{
    char cell[512];
    struct exceeding e = count_exceeding(
        s, count, first, offsetof(struct summary, mean_median_ratio), MISLEADING_RATIO);
    if (!e.cells)
        return;
    const struct summary *worst = &s[e.worst];
    finding_emit(w->h, CTXMARK_SEVERITY_WARNING, "mean_misleads", table, (int64_t)e.worst,
                 "mean_median_ratio",
                 "The mean misleads in %zu of %zu %s cells of %s: it exceeds twice the median, by "
                 "most for %s (mean %s, median %s, ratio %.3g). Read the medians.",
                 e.cells, e.of, worst->keys.mode ? worst->keys.mode : "",
                 worst->keys.backend ? worst->keys.backend : "?",
                 cell_name(&worst->keys, cell, sizeof cell), figure_ms(worst->mean).text,
                 figure_ms(worst->median).text, worst->mean_median_ratio);
}

static void find_high_variation(struct work *w, const char *table, const struct summary *s,
                                size_t count, size_t first)
{
    char cell[512];
    struct exceeding mean = count_exceeding(
        s, count, first, offsetof(struct summary, mean_median_ratio), MISLEADING_RATIO);
    struct exceeding e =
        count_exceeding(s, count, first, offsetof(struct summary, cv_pct), HIGH_CV_PCT);
    if (!e.cells || 2 * mean.cells >= e.cells) /* then the means say it already */
        return;
    const struct summary *worst = &s[e.worst];
    finding_emit(w->h, CTXMARK_SEVERITY_NOTICE, "high_variation", table, (int64_t)e.worst, "cv_pct",
                 "Repetitions of %zu of %zu %s cells of %s differ by more than %g %% (coefficient "
                 "of variation), by most for %s: %.3g %% over %.0f repetitions, %s to %s.",
                 e.cells, e.of, worst->keys.mode ? worst->keys.mode : "",
                 worst->keys.backend ? worst->keys.backend : "?", HIGH_CV_PCT,
                 cell_name(&worst->keys, cell, sizeof cell), worst->cv_pct, worst->n,
                 figure_ms(worst->min).text, figure_ms(worst->max).text);
}

/* Adds one mode's cells to what is known of short samples. */
static void count_short_samples(struct work *w, const char *table, const struct summary *s,
                                size_t count)
{
    struct short_samples *all = &w->short_samples;
    for (size_t i = 0; i < count; i++) {
        if (!all->table || s[i].n < all->fewest) {
            all->table = table;
            all->row = (int64_t)i;
            all->fewest = s[i].n;
        }
        all->cells++;
        all->without_interval += isnan(s[i].median_low);
        all->without_p99 += s[i].p99_known == 0;
    }
}

static void find_short_samples(const struct work *w)
{
    const struct short_samples *all = &w->short_samples;
    if (all->without_interval)
        finding_emit(w->h, CTXMARK_SEVERITY_NOTICE, "too_few_repetitions", all->table, all->row,
                     "n",
                     "%zu of %zu samples (cell and mode) have fewer than 6 repetitions, the "
                     "shortest %.0f: their medians have no 95 %% interval, and no small difference "
                     "can be told.",
                     all->without_interval, all->cells, all->fewest);
    if (all->without_p99)
        finding_emit(w->h, CTXMARK_SEVERITY_INFO, "p99_unknown", all->table, all->row, "p99_known",
                     "p99 cannot be known in %zu of %zu samples (cell and mode): it takes 100 "
                     "repetitions, p95 takes 20, and there are as few as %.0f. Figures given for "
                     "shorter ones lie between the largest values.",
                     all->without_p99, all->cells, all->fewest);
}

static void find_in_latencies(struct work *w, const char *table, const struct summary *s,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_backend(s, i))
            continue;
        find_misleading_means(w, table, s, count, i);
        find_high_variation(w, table, s, count, i);
    }
    count_short_samples(w, table, s, count);
}

/* --- tables and plots by mode */

struct mode_view {
    const char *mode; /* NULL: any other */
    struct table latency, rate;
    const char *plot;
};

static const struct mode_view views[] = {
    {"prefill",
     TABLE("prefill_latency", "Prefill latency (time to first token)", "prefill", 10,
           latency_fields),
     TABLE("prefill_rate", "Prefill rate", "prefill", 20, rate_fields), "prefill"},
    {"decode", TABLE("decode_latency", "Decode latency", "decode", 20, latency_fields),
     TABLE("decode_rate", "Decode rate", "decode", 10, rate_fields), "decode"},
    {"e2e", TABLE("e2e_latency", "End-to-end latency of a request", "e2e", 10, latency_fields),
     TABLE("e2e_rate", "Generated tokens over the whole request", "e2e", 20, rate_fields), "e2e"},
    {NULL, TABLE("other_latency", "Latency in other modes", "other", 10, latency_fields),
     TABLE("other_rate", "Rate in other modes", "other", 20, rate_fields), "other"},
};

static bool belongs(const struct mode_view *v, const struct group *g)
{
    if (v->mode)
        return g->mode && strcmp(g->mode, v->mode) == 0;
    for (const struct mode_view *o = views; o->mode; o++)
        if (belongs(o, g))
            return false;
    return true;
}

static size_t rate_values(const struct rows *r, const struct group *g, double *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        double x = rows_rate(r, group_row(g, i));
        if (isfinite(x))
            ret[n++] = x;
    }
    stats_sort(ret, n);
    return n;
}

/* The rows of one table; returns how many. */
static size_t summarise_groups(struct work *w, const struct groups *g, const struct mode_view *v,
                               bool rate, struct summary *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < g->count; i++) {
        const struct group *item = &g->items[i];
        if (!belongs(v, item))
            continue;
        size_t n;
        const double *x = w->values;
        if (rate)
            n = rate_values(&w->rows, item, w->values);
        else
            x = group_latencies(item, &w->rows, w->values, &n);
        if (!n)
            continue;
        ret[count].keys = keys_of(item);
        summary_make(&ret[count++], rate ? v->rate.name : v->latency.name, x, n, w->draws,
                     w->scratch);
    }
    return count;
}

static void plot_medians(struct work *w, const struct summary *s, size_t count,
                         struct ctxmark_plot plot)
{
    struct lines lines = {0};
    char name[512];
    for (size_t i = 0; i < count; i++) {
        const struct keys *k = &s[i].keys;
        int len = snprintf(name, sizeof name, "%s, %s", k->model ? k->model : "?",
                           k->backend ? k->backend : "?");
        if (!isnan(k->concurrency) && len > 0 && (size_t)len < sizeof name)
            len +=
                snprintf(name + len, sizeof name - (size_t)len, ", %.0f at once", k->concurrency);
        if (k->run && len > 0 && (size_t)len < sizeof name)
            snprintf(name + len, sizeof name - (size_t)len, ", %s", k->run);
        lines_add(&lines, name, k->model, k->context_length, s[i].median, s[i].median_low,
                  s[i].median_high);
    }
    lines_emit(w->h, &lines, plot);
}

static void plot_latency(struct work *w, const struct mode_view *v, const struct summary *s,
                         size_t count)
{
    plot_medians(w, s, count,
                 (struct ctxmark_plot){.name = v->latency.name,
                                       .title = v->latency.title,
                                       .section = v->latency.section,
                                       .order = v->latency.order,
                                       .x = {"context length", "tokens", 1, 0},
                                       .y = {"median latency", "ms", 1, 0}});
}

static void plot_rate(struct work *w, const struct mode_view *v, const struct summary *s,
                      size_t count)
{
    plot_medians(w, s, count,
                 (struct ctxmark_plot){.name = v->rate.name,
                                       .title = v->rate.title,
                                       .section = v->rate.section,
                                       .order = v->rate.order,
                                       .x = {"context length", "tokens", 1, 0},
                                       .y = {"median rate", "tok/s", 0, 0}});
}

static void analyze_view(struct work *w, const struct groups *g, const struct mode_view *v,
                         struct summary *s)
{
    size_t count = summarise_groups(w, g, v, false, s);
    table_emit(w->h, &v->latency, s, sizeof *s, count);
    find_in_latencies(w, v->latency.name, s, count);
    if (v == &views[0])
        plot_latency(w, v, s, count);
    count = summarise_groups(w, g, v, true, s);
    table_emit(w->h, &v->rate, s, sizeof *s, count);
    if (v == &views[1])
        plot_rate(w, v, s, count);
}

static int analyze_samples(struct work *w)
{
    struct groups g;
    if (groups_make(&g, &w->rows, GROUP_CELL, rows_is_usable) < 0)
        return -1;
    struct summary *s = calloc(g.count + 1, sizeof *s);
    w->values = malloc((g.largest + 1) * sizeof *w->values);
    w->scratch = malloc((w->draws + 1) * sizeof *w->scratch);
    bool ready = s && w->values && w->scratch;
    for (size_t i = 0; ready && i < sizeof views / sizeof *views; i++)
        analyze_view(w, &g, &views[i], s);
    if (ready)
        find_short_samples(w);
    free(s);
    free(w->values);
    free(w->scratch);
    groups_free(&g);
    return ready ? 0 : -1;
}

/* --- memory */

struct memory_row {
    struct keys keys;
    double n, peak_mib, peak_median_mib, limit_mib, share_pct, spilled_mib;
};

#define M(member, type, role, unit, definition)                                                    \
    FIELD(struct memory_row, member, type, role, unit, definition)

static const struct field memory_fields[] = {
    KEY_FIELDS(struct memory_row),
    M(n, INTEGER, DETAIL, "", "rows of any mode that know their peak"),
    M(peak_mib, NUMBER, VALUE, "MiB", "largest peak of the backend's allocator"),
    M(peak_median_mib, NUMBER, VALUE, "MiB", "median peak"),
    FIELD_OPTIONAL(struct memory_row, limit_mib, NUMBER, VALUE, "MiB",
                   "what that allocator may use at most"),
    FIELD_OPTIONAL(struct memory_row, share_pct, NUMBER, VALUE, "%", "peak_mib of limit_mib"),
    FIELD_OPTIONAL(struct memory_row, spilled_mib, NUMBER, VALUE, "MiB",
                   "largest part of it outside the device's own memory"),
};

static const struct table memory_table =
    TABLE("peak_memory", "Peak memory by context length", "memory", 10, memory_fields);

static double largest(const struct group *g, const struct ctxmark_column *c)
{
    double most = NAN;
    for (size_t i = 0; i < g->count; i++)
        most = fmax(most, rows_number(c, group_row(g, i)));
    return most;
}

static int analyze_memory(struct work *w)
{
    struct groups g;
    if (groups_make(&g, &w->rows, GROUP_CONTEXT, rows_is_ok) < 0)
        return -1;
    struct memory_row *m = calloc(g.count + 1, sizeof *m);
    double *values = malloc((g.largest + 1) * sizeof *values);
    size_t count = 0;
    for (size_t i = 0; m && values && i < g.count; i++) {
        size_t n = group_values(&g.items[i], &w->rows.peak_memory, values);
        if (!n)
            continue;
        stats_sort(values, n);
        struct memory_row *row = &m[count++];
        row->keys = keys_of(&g.items[i]);
        row->n = (double)n;
        row->peak_mib = values[n - 1];
        row->peak_median_mib = stats_median(values, n);
        row->limit_mib = largest(&g.items[i], &w->rows.memory_limit);
        row->share_pct = row->limit_mib > 0 ? 100 * row->peak_mib / row->limit_mib : NAN;
        row->spilled_mib = largest(&g.items[i], &w->rows.spilled);
    }
    bool ready = m && values;
    if (ready)
        table_emit(w->h, &memory_table, m, sizeof *m, count);
    free(m);
    free(values);
    groups_free(&g);
    return ready ? 0 : -1;
}

/* --- failures */

struct failure_row {
    struct keys keys;
    double ok, oom, timeout, error, crashed, skipped, other;
    const char *first_error;
};

#define F(member, definition) FIELD(struct failure_row, member, INTEGER, VALUE, "", definition)

static const struct field failure_fields[] = {
    KEY_FIELDS(struct failure_row),
    F(ok, "measured rows (one for each mode of a repetition)"),
    F(oom, "repetitions that ran out of memory"),
    F(timeout, "repetitions that hit a time limit"),
    F(error, "repetitions that failed otherwise"),
    F(crashed, "repetitions in which the backend's process ended"),
    F(skipped, "repetitions that were not tried"),
    FIELD(struct failure_row, other, INTEGER, DETAIL, "", "repetitions of any other status"),
    FIELD(struct failure_row, first_error, TEXT, NOTE, "", "the first error's text"),
};

static const struct table failure_table =
    TABLE("failures", "Cells with failed repetitions", "reliability", 10, failure_fields);

static void count_status(struct failure_row *f, const char *status)
{
    const struct {
        const char *name;
        double *count;
    } known[] = {{"ok", &f->ok},       {"oom", &f->oom},         {"timeout", &f->timeout},
                 {"error", &f->error}, {"crashed", &f->crashed}, {"skipped", &f->skipped}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (status && strcmp(known[i].name, status) == 0) {
            ++*known[i].count;
            return;
        }
    f->other++;
}

static struct failure_row count_failures(const struct rows *r, const struct group *g)
{
    struct failure_row f = {.keys = keys_of(g)};
    for (size_t i = 0; i < g->count; i++) {
        count_status(&f, rows_text(&r->status, group_row(g, i)));
        if (!f.first_error)
            f.first_error = rows_text(&r->error, group_row(g, i));
    }
    return f;
}

static const char *worst_status(const struct failure_row *f)
{
    return f->oom       ? "out of memory"
           : f->crashed ? "crashed"
           : f->timeout ? "time limit"
           : f->error   ? "error"
           : f->skipped ? "skipped"
                        : "unknown status";
}

static void find_failures(struct work *w, const struct failure_row *f, size_t count, size_t cells)
{
    enum { NAMED = 5 };
    char text[1500] = "", cell[512];
    size_t len = 0;
    for (size_t i = 0; i < count && i < NAMED && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s (%s)", i ? ", " : "",
                                cell_name(&f[i].keys, cell, sizeof cell), worst_status(&f[i]));
    if (count)
        finding_emit(w->h, CTXMARK_SEVERITY_WARNING, "cells_failed", failure_table.name, -1, NULL,
                     "%zu of %zu cells have failed repetitions: %s%s.", count, cells, text,
                     count > NAMED ? ", ..." : "");
}

static int analyze_failures(struct work *w)
{
    struct groups g;
    if (groups_make(&g, &w->rows, GROUP_CONTEXT, rows_is_measured) < 0)
        return -1;
    struct failure_row *f = calloc(g.count + 1, sizeof *f);
    size_t count = 0;
    for (size_t i = 0; f && i < g.count; i++) {
        f[count] = count_failures(&w->rows, &g.items[i]);
        if (f[count].ok < (double)g.items[i].count)
            count++;
    }
    if (f) {
        table_emit(w->h, &failure_table, f, sizeof *f, count);
        find_failures(w, f, count, g.count);
    }
    groups_free(&g);
    free(f);
    return f ? 0 : -1;
}

/* --- the plugin */

static int32_t analyze(const struct ctxmark_host *h)
{
    struct work w = {.h = h};
    w.draws = (size_t)h->option_int(h, CTXMARK_SCOPE_PLUGIN, "bootstrap", 0, 1000);
    rows_get(&w.rows, h);
    if (analyze_samples(&w) < 0 || analyze_memory(&w) < 0 || analyze_failures(&w) < 0 ||
        launches_report(h, &w.rows) < 0)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    return CTXMARK_OK;
}

static const struct ctxmark_option options[] = {
    {.name = "bootstrap",
     .type = CTXMARK_TYPE_INT,
     .default_text = "1000",
     .min = 0,
     .max = 1000000,
     .help = "How many samples the bootstrap of each mean draws; 0: no bootstrap."},
};

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "descriptive",
    .version = PACKAGE_VERSION,
    .summary = "Each cell in figures: medians, means, intervals, quantiles; failures; memory.",
    .license = "GPL-3.0-or-later",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
