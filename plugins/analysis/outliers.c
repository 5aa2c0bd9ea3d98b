/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "outliers": repetitions that stand apart from the others of their cell, by Tukey's fence
 * and by the median absolute deviation, and cells whose latency drifts while it is measured. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/stats/adjust.h"
#include "plugins/analysis/stats/stats.h"
#include "plugins/analysis/stats/tails.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define FENCE_FEWEST 4
#define DRIFT_FEWEST 5
#define NORMAL_MAD 1.4826 /* MAD to standard deviation of a normal distribution */
#define MAD_BOUND 3.5     /* modified z above it: Iglewicz and Hoaglin (1993) */
#define ALPHA 0.05
#define SMALL_DRIFT_PCT 1.0
#define HIGH_RATE_PCT 5.0

struct work {
    struct input *in;
    double *order, *values, *ranks, *sorted; /* [largest cell] each */
};

/* --- cells */

struct cell_row {
    struct keys keys;
    double n, iqr_lo, iqr_hi, outliers, outliers_mad, mad, drift_rho, drift_p, drift_log10_p;
    double drift_p_bh, drift_pct;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct cell_row, member, type, role, unit, definition)
static const struct field cell_fields[] = {
    KEY_FIELDS(struct cell_row),
    V(n, INTEGER, VALUE, "", "repetitions"),
    V(outliers, INTEGER, VALUE, "", "of those, outside [iqr_lo, iqr_hi]; none is sought for n < 4"),
    V(outliers_mad, INTEGER, VALUE, "",
      "further than 3.5 x 1.4826 mad from the median; none is sought for n < 4 or mad 0"),
    V(iqr_lo, NUMBER, VALUE, "ms", "q1 - 1.5 (q3 - q1), quartiles of type 7"),
    V(iqr_hi, NUMBER, VALUE, "ms", "q3 + 1.5 (q3 - q1)"),
    V(mad, NUMBER, DETAIL, "ms", "median distance from the median"),
    V(drift_rho, NUMBER, VALUE, "",
      "Spearman's rank correlation of latency with the order in which it was measured; n >= 5"),
    V(drift_p, NUMBER, DETAIL, "", "its two-sided p by t(n - 2)"),
    V(drift_log10_p, NUMBER, DETAIL, "", "decimal logarithm of drift_p"),
    V(drift_p_bh, NUMBER, VALUE, "", "drift_p adjusted over all cells (Benjamini and Hochberg)"),
    V(drift_pct, NUMBER, VALUE, "%",
      "drift from first to last repetition, by a line, of the median"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
};
#undef V

static const struct table cell_table =
    TABLE("cells", "Outliers and drift by cell", "reliability", 50, cell_fields);

/* --- the outliers themselves */

struct point_row {
    struct keys keys;
    double rep, latency, median, ratio, by_fence, by_mad;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct point_row, member, type, role, unit, definition)
static const struct field point_fields[] = {
    KEY_FIELDS(struct point_row),
    V(rep, INTEGER, KEY, "", "repetition"),
    V(latency, NUMBER, VALUE, "ms", "its latency"),
    V(median, NUMBER, VALUE, "ms", "median of its cell"),
    V(ratio, NUMBER, VALUE, "", "latency / median"),
    V(by_fence, FLAG, VALUE, "", "outside Tukey's fence"),
    V(by_mad, FLAG, VALUE, "", "outside 3.5 x 1.4826 mad"),
};
#undef V

static const struct table point_table =
    TABLE("points", "The outliers", "reliability", 55, point_fields);

struct points {
    struct point_row *items;
    size_t count;
};

static double mad_of(struct work *w, const struct cell *c)
{
    size_t right = c->n / 2, left = right;
    for (size_t i = 0; i <= c->n / 2 && i < c->n; i++) { /* outwards from the middle */
        double below = left ? fabs(c->x[left - 1] - c->median) : INFINITY,
               above = right < c->n ? fabs(c->x[right] - c->median) : INFINITY;
        w->values[i] = below < above ? below : above;
        if (below < above)
            left--;
        else
            right++;
    }
    return stats_median(w->values, c->n);
}

static void find_points(struct work *w, const struct series *s, const struct cell *c,
                        struct cell_row *r, struct points *ret)
{
    for (size_t i = 0; i < c->group->count && c->n >= FENCE_FEWEST; i++) {
        double x = rows_number(&w->in->rows.latency, group_row(c->group, i));
        bool fence = x < r->iqr_lo || x > r->iqr_hi,
             mad = r->mad > 0 && fabs(x - c->median) > MAD_BOUND * NORMAL_MAD * r->mad;
        r->outliers += fence;
        r->outliers_mad += mad;
        if (!fence && !mad)
            continue;
        struct point_row *p = &ret->items[ret->count++];
        *p = (struct point_row){.keys = s->keys,
                                .rep = rows_number(&w->in->rows.rep, group_row(c->group, i)),
                                .latency = x,
                                .median = c->median,
                                .ratio = x / c->median,
                                .by_fence = fence,
                                .by_mad = mad};
        p->keys.context_length = c->context;
    }
}

/* --- drift */

/* When a row was measured: by seq, else repetition, else its place in the file. */
static double order_of(const struct work *w, uint32_t row)
{
    double seq = rows_number(&w->in->rows.seq, row), rep = rows_number(&w->in->rows.rep, row);
    return !isnan(seq) ? seq : !isnan(rep) ? rep : (double)row;
}

/* Pearson's correlation and the slope of y over x. */
static void correlate(const double *x, const double *y, size_t n, double *ret_r, double *ret_slope)
{
    struct line_fit f = stats_line(x, y, n);
    double sx = stats_sd(x, n), sy = stats_sd(y, n);
    *ret_slope = f.slope;
    *ret_r = sy > 0 ? fmax(-1, fmin(1, f.slope * sx / sy)) : NAN;
}

#define SEARCHES 4

/* How many of sorted[n], n >= 1, are below each x.  The step of a search waits for the one before:
 * several side by side take little longer than one. */
static void count_below(const double *sorted, size_t n, const double x[SEARCHES],
                        size_t ret[SEARCHES])
{
    size_t from[SEARCHES] = {0};
    for (size_t left = n, half; left > 1; left -= half) {
        half = left / 2;
        for (size_t i = 0; i < SEARCHES; i++) /* without branches that depend on the data */
            from[i] += half & -(size_t)(sorted[from[i] + half - 1] < x[i]);
    }
    for (size_t i = 0; i < SEARCHES; i++)
        ret[i] = from[i] + (sorted[from[i]] < x[i]);
}

/* The rank of x, which has `below` smaller ones; equal ones share the mean of theirs. */
static double rank_of(double x, const double *sorted, size_t n, size_t below)
{
    size_t up_to = below + 1, end = n;
    if (up_to < n && sorted[up_to] == x)
        while (up_to < end) {
            size_t middle = up_to + (end - up_to) / 2;
            if (sorted[middle] <= x)
                up_to = middle + 1;
            else
                end = middle;
        }
    return ((double)below + 1 + (double)up_to) / 2;
}

/* Ranks from 1 among the same values in ascending order. */
static void rank_values(const double *x, size_t n, const double *sorted, double *ret)
{
    for (size_t i = 0; i < n; i += SEARCHES) {
        size_t count = n - i < SEARCHES ? n - i : SEARCHES, below[SEARCHES];
        double some[SEARCHES];
        for (size_t k = 0; k < SEARCHES; k++)
            some[k] = x[i + (k < count ? k : 0)];
        count_below(sorted, n, some, below);
        for (size_t k = 0; k < count; k++)
            ret[i + k] = rank_of(some[k], sorted, n, below[k]);
    }
}

/* The same for the order of measurement, which is mostly that of the file. */
static void rank_order(struct work *w, size_t n)
{
    size_t i = 1;
    while (i < n && w->order[i] > w->order[i - 1])
        i++;
    if (i < n) {
        memcpy(w->sorted, w->order, n * sizeof *w->order);
        stats_sort(w->sorted, n);
        rank_values(w->order, n, w->sorted, w->ranks);
    }
    for (size_t k = 0; k < n; k++)
        w->order[k] = i < n ? w->ranks[k] : (double)(k + 1);
}

static void find_drift(struct work *w, const struct cell *c, struct cell_row *r)
{
    size_t n = c->group->count;
    double slope, unused;
    if (n < DRIFT_FEWEST)
        return;
    for (size_t i = 0; i < n; i++) {
        w->order[i] = order_of(w, group_row(c->group, i));
        w->values[i] = rows_number(&w->in->rows.latency, group_row(c->group, i));
    }
    rank_order(w, n);
    correlate(w->order, w->values, n, &unused, &slope);
    if (c->median > 0 && !isnan(slope))
        r->drift_pct = 100 * slope * (double)(n - 1) / c->median;
    rank_values(w->values, n, c->x, w->ranks);
    correlate(w->order, w->ranks, n, &r->drift_rho, &unused);
    if (isnan(r->drift_rho))
        return;
    double df = (double)(n - 2), rho = r->drift_rho;
    struct tail p = tail_t_two_sided(rho * sqrt(df / ((1 - rho) * (1 + rho))), df);
    r->drift_p = p.p;
    r->drift_log10_p = p.log10_p;
}

static void make_cell(struct work *w, const struct series *s, const struct cell *c,
                      struct cell_row *r, struct points *points)
{
    double q1 = stats_quantile(c->x, c->n, 0.25), q3 = stats_quantile(c->x, c->n, 0.75);
    *r = (struct cell_row){.keys = s->keys,
                           .n = (double)c->n,
                           .iqr_lo = q1 - 1.5 * (q3 - q1),
                           .iqr_hi = q3 + 1.5 * (q3 - q1),
                           .mad = mad_of(w, c),
                           .drift_rho = NAN,
                           .drift_p = NAN,
                           .drift_log10_p = NAN,
                           .drift_p_bh = NAN,
                           .drift_pct = NAN};
    r->keys.context_length = c->context;
    if (c->n < FENCE_FEWEST)
        r->note = "fewer than 4 repetitions: no outlier is sought";
    else if (c->n < DRIFT_FEWEST)
        r->note = "fewer than 5 repetitions: no drift is sought";
    find_points(w, s, c, r, points);
    find_drift(w, c, r);
}

/* --- series and all */

struct series_row {
    struct keys keys;
    double n, outliers, rate_pct, outliers_mad, rate_mad_pct, slow;
};

#define SERIES_FIELDS_                                                                             \
    FIELD(struct series_row, n, INTEGER, VALUE, "", "usable repetitions"),                         \
        FIELD(struct series_row, outliers, INTEGER, VALUE, "", "outside their cell's fence"),      \
        FIELD(struct series_row, rate_pct, NUMBER, VALUE, "%", "100 outliers / n"),                \
        FIELD(struct series_row, outliers_mad, INTEGER, VALUE, "",                                 \
              "by the median absolute deviation"),                                                 \
        FIELD(struct series_row, rate_mad_pct, NUMBER, VALUE, "%", "100 outliers_mad / n"),        \
        FIELD(struct series_row, slow, INTEGER, VALUE, "",                                         \
              "outliers by the fence that are slow; the others are fast")

static const struct field series_fields[] = {KEY_FIELDS(struct series_row), SERIES_FIELDS_};
static const struct field total_fields[] = {SERIES_FIELDS_};

static const struct table series_table =
    TABLE("series", "Outliers by series", "reliability", 45, series_fields);
static const struct table total_table =
    TABLE("total", "Outliers in all", "reliability", 40, total_fields);

static void add_rates(struct series_row *r)
{
    r->rate_pct = r->n > 0 ? 100 * r->outliers / r->n : NAN;
    r->rate_mad_pct = r->n > 0 ? 100 * r->outliers_mad / r->n : NAN;
}

static struct series_row sum_cells(const struct cell_row *c, size_t count,
                                   const struct point_row *points, size_t point_count)
{
    struct series_row r = {.keys = count ? c->keys : (struct keys){0}};
    r.keys.context_length = NAN;
    for (size_t i = 0; i < count; i++) {
        r.n += c[i].n;
        r.outliers += c[i].outliers;
        r.outliers_mad += c[i].outliers_mad;
    }
    for (size_t i = 0; i < point_count; i++)
        r.slow += points[i].by_fence && points[i].ratio > 1;
    add_rates(&r);
    return r;
}

/* --- findings */

static void say_outliers(struct work *w, const struct series_row *s, size_t count,
                         const struct series_row *total, const struct points *p)
{
    size_t first = 0, fence = 0, worst = 0;
    char name[512];
    for (size_t i = 0; i < p->count; i++) {
        fence += p->items[i].by_fence == 1;
        first += p->items[i].by_fence == 1 && p->items[i].rep == 0;
    }
    for (size_t i = 1; i < count; i++)
        if (s[i].rate_pct > s[worst].rate_pct)
            worst = i;
    if (fence)
        finding_emit(w->in->h,
                     total->rate_pct > HIGH_RATE_PCT ? CTXMARK_SEVERITY_NOTICE
                                                     : CTXMARK_SEVERITY_INFO,
                     "outliers", series_table.name, (int64_t)worst, "rate_pct",
                     "%.0f of %.0f measurements (%.1f %%) lie outside their cell's fence, %.0f of "
                     "them slow; %zu are repetition 0. Most are in %s, %s (%.1f %%).",
                     total->outliers, total->n, total->rate_pct, total->slow, first,
                     series_name(&s[worst].keys, name, sizeof name),
                     s[worst].keys.mode ? s[worst].keys.mode : "all", s[worst].rate_pct);
}

static void say_drift(struct work *w, const struct cell_row *c, size_t count)
{
    size_t found = 0, worst = 0, of = 0;
    char name[512];
    for (size_t i = 0; i < count; i++) {
        of += !isnan(c[i].drift_rho);
        if (!(c[i].drift_p_bh < ALPHA) || !(fabs(c[i].drift_pct) > SMALL_DRIFT_PCT))
            continue;
        if (!found++ || fabs(c[i].drift_pct) > fabs(c[worst].drift_pct))
            worst = i;
    }
    if (found)
        finding_emit(
            w->in->h, CTXMARK_SEVERITY_NOTICE, "drift", cell_table.name, (int64_t)worst,
            "drift_pct",
            "%zu of %zu samples (cell and mode) drift while they are measured, by most %s, "
            "%s at %.0f tokens: %+.3g %% from first to last repetition (rank correlation "
            "%.2f, adjusted p %.2g).",
            found, of, series_name(&c[worst].keys, name, sizeof name),
            c[worst].keys.mode ? c[worst].keys.mode : "all", c[worst].keys.context_length,
            c[worst].drift_pct, c[worst].drift_rho, c[worst].drift_p_bh);
}

/* --- putting it together */

static int adjust_drift(struct cell_row *c, size_t count)
{
    double *p = malloc((count + 1) * sizeof *p);
    struct adjusted *adjusted = calloc(count + 1, sizeof *adjusted);
    int done = p && adjusted ? 0 : -1;
    for (size_t i = 0; done == 0 && i < count; i++)
        p[i] = c[i].drift_p;
    if (done == 0)
        done = adjust_family(p, count, adjusted);
    for (size_t i = 0; done == 0 && i < count; i++)
        c[i].drift_p_bh = adjusted[i].bh;
    free(p);
    free(adjusted);
    return done;
}

static void add_counts(struct series_row *to, const struct series_row *s)
{
    to->n += s->n;
    to->outliers += s->outliers;
    to->outliers_mad += s->outliers_mad;
    to->slow += s->slow;
}

static int work(struct input *in)
{
    struct work w = {.in = in};
    size_t largest = in->set.largest, n = 0;
    struct cell_row *c = input_array(in, in->set.cell_count, sizeof *c);
    struct series_row *s = input_array(in, in->set.count, sizeof *s), all = {0};
    struct points points = {input_array(in, in->set.value_count, sizeof *points.items), 0};
    w.order = input_array(in, largest, sizeof *w.order);
    w.values = input_array(in, largest, sizeof *w.values);
    w.ranks = input_array(in, largest, sizeof *w.ranks);
    w.sorted = input_array(in, largest, sizeof *w.sorted);
    if (in->failed)
        return -1;
    for (size_t i = 0; i < in->set.count; i++) {
        const struct series *item = &in->set.items[i];
        size_t first = n, first_point = points.count;
        for (size_t k = 0; k < item->count; k++)
            make_cell(&w, item, &item->cells[k], &c[n++], &points);
        s[i] =
            sum_cells(&c[first], n - first, points.items + first_point, points.count - first_point);
        add_counts(&all, &s[i]);
    }
    if (adjust_drift(c, n) < 0)
        return -1;
    add_rates(&all);
    table_emit(in->h, &total_table, &all, sizeof all, in->set.count ? 1 : 0);
    table_emit(in->h, &series_table, s, sizeof *s, in->set.count);
    table_emit(in->h, &cell_table, c, sizeof *c, n);
    table_emit(in->h, &point_table, points.items, sizeof *points.items, points.count);
    say_outliers(&w, s, in->set.count, &all, &points);
    say_drift(&w, c, n);
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
    .name = "outliers",
    .version = PACKAGE_VERSION,
    .summary = "Repetitions that stand apart (Tukey's fence, MAD), and drift within cells.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
