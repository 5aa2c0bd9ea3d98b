/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "distribution": the shape of each sample, and which centre it lets one trust. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define ALPHA 0.05
#define MISLEADING 2.0
#define SLIGHT 1.05
#define SMALL_SAMPLE 30

/* --- cells */

struct cell_row {
    struct keys keys;
    double n, mean_median_ratio, skewness, skewness_G1, excess_kurtosis, shapiro_w, shapiro_p;
    const char *center, *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct cell_row, member, type, role, unit, definition)
static const struct field cell_fields[] = {
    KEY_FIELDS(struct cell_row),
    V(n, INTEGER, VALUE, "", "repetitions"),
    V(center, TEXT, VALUE, "",
      "median: the mean is off it by more than 5 % or normality is refuted; either: nothing speaks "
      "against the mean, which with few repetitions proves little"),
    V(mean_median_ratio, NUMBER, VALUE, "", "mean / median"),
    V(skewness, NUMBER, VALUE, "", "g1 = m3 / m2^1.5"),
    V(skewness_G1, NUMBER, DETAIL, "", "G1 = g1 sqrt(n (n - 1)) / (n - 2)"),
    V(excess_kurtosis, NUMBER, VALUE, "", "m4 / m2^2 - 3; n >= 4"),
    V(shapiro_w, NUMBER, VALUE, "", "Shapiro and Wilk's W; 3 <= n <= 5000"),
    V(shapiro_p, NUMBER, VALUE, "", "its p: small where the sample is not normal"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
};
#undef V

static const struct table cell_table =
    TABLE("cells", "Shape of each sample", "reliability", 60, cell_fields);

static struct cell_row make_cell(const struct series *s, const struct cell *c)
{
    struct distribution_shape shape = stats_shape(c->x, c->n, c->mean, c->sd);
    struct cell_row r = {.keys = s->keys,
                         .n = (double)c->n,
                         .mean_median_ratio = c->median != 0 ? c->mean / c->median : NAN,
                         .skewness = shape.skewness,
                         .skewness_G1 = shape.skewness_adjusted,
                         .excess_kurtosis = shape.excess_kurtosis};
    r.keys.context_length = c->context;
    stats_shapiro(c->x, c->n, &r.shapiro_w, &r.shapiro_p);
    double off = fmax(r.mean_median_ratio, 1 / r.mean_median_ratio);
    r.center = off > SLIGHT || r.shapiro_p < ALPHA ? "median" : "either";
    if (c->n < 3)
        r.note = "fewer than 3 repetitions have no shape";
    else if (!(c->sd > 0))
        r.note = "all repetitions are equal";
    return r;
}

/* --- series, pooled over contexts */

struct pooled_row {
    struct keys keys;
    double n, mean, median, mean_median_ratio, sd, skewness, sd_within, cells, normal_cells;
    double refuted_cells, cell_ratio_largest;
    const char *advice;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct pooled_row, member, type, role, unit, definition)
static const struct field pooled_fields[] = {
    KEY_FIELDS(struct pooled_row),
    V(n, INTEGER, VALUE, "", "repetitions over all contexts"),
    V(advice, TEXT, VALUE, "", "which centre to read within cells"),
    V(cell_ratio_largest, NUMBER, VALUE, "", "largest mean / median of a cell"),
    V(refuted_cells, INTEGER, VALUE, "",
      "cells whose normality Shapiro and Wilk refute (p < 0.05)"),
    V(normal_cells, INTEGER, VALUE, "", "cells that they do not refute"),
    V(mean_median_ratio, NUMBER, VALUE, "",
      "mean / median over all contexts together: holds the growth with context, and says nothing "
      "about a cell"),
    V(skewness, NUMBER, VALUE, "", "g1 over all contexts together; see mean_median_ratio"),
    V(cells, INTEGER, DETAIL, "", "context lengths"),
    V(mean, NUMBER, DETAIL, "ms", "mean over all contexts"),
    V(median, NUMBER, DETAIL, "ms", "median over all contexts"),
    V(sd, NUMBER, DETAIL, "ms", "standard deviation over all contexts"),
    V(sd_within, NUMBER, DETAIL, "ms", "standard deviation within cells, pooled"),
};
#undef V

static const struct table pooled_table =
    TABLE("pooled", "Shape by series, and which centre to trust", "reliability", 58, pooled_fields);

static void judge(struct pooled_row *r)
{
    r->advice = r->cell_ratio_largest > MISLEADING
                    ? "median: single repetitions carry the mean away"
                : r->refuted_cells > r->normal_cells ? "median: most cells are not normal"
                : r->cell_ratio_largest > SLIGHT     ? "median; the mean is off it in some cells"
                                                     : "median or mean: they agree";
}

static struct pooled_row make_pooled(const struct series *s, const struct cell_row *c,
                                     double *values)
{
    struct pooled_row r = {.keys = s->keys, .cells = (double)s->count, .cell_ratio_largest = NAN};
    size_t n = 0, df;
    for (size_t i = 0; i < s->count; i++) {
        memcpy(values + n, s->cells[i].x, s->cells[i].n * sizeof *values);
        n += s->cells[i].n;
        r.normal_cells += c[i].shapiro_p >= ALPHA;
        r.refuted_cells += c[i].shapiro_p < ALPHA;
        r.cell_ratio_largest = fmax(r.cell_ratio_largest, c[i].mean_median_ratio);
    }
    stats_sort(values, n);
    double squares = cells_within(s->cells, s->count, &df);
    r.n = (double)n;
    r.mean = stats_mean(values, n);
    r.median = stats_median(values, n);
    r.mean_median_ratio = r.median != 0 ? r.mean / r.median : NAN;
    r.sd = stats_sd_about(values, n, r.mean);
    r.skewness = stats_shape(values, n, r.mean, r.sd).skewness;
    r.sd_within = df ? sqrt(squares / (double)df) : NAN;
    judge(&r);
    return r;
}

/* --- findings */

static void say_shapes(const struct ctxmark_host *h, const struct pooled_row *p, size_t count,
                       const struct cell_row *c, size_t cells)
{
    double refuted = 0, normal = 0, largest = 0;
    size_t misleading = 0, worst = 0;
    char name[512];
    for (size_t i = 0; i < count; i++) {
        refuted += p[i].refuted_cells;
        normal += p[i].normal_cells;
        misleading += p[i].cell_ratio_largest > MISLEADING;
        if (p[i].cell_ratio_largest > p[worst].cell_ratio_largest)
            worst = i;
    }
    for (size_t i = 0; i < cells; i++)
        largest = fmax(largest, c[i].n);
    if (misleading)
        finding_emit(h, CTXMARK_SEVERITY_WARNING, "center", pooled_table.name, (int64_t)worst,
                     "cell_ratio_largest",
                     "In %zu of %zu series single repetitions carry the mean away from the median, "
                     "by most in %s, %s (%.3g times): only medians describe them.",
                     misleading, count, series_name(&p[worst].keys, name, sizeof name),
                     p[worst].keys.mode ? p[worst].keys.mode : "all", p[worst].cell_ratio_largest);
    if (refuted + normal > 0)
        finding_emit(h, CTXMARK_SEVERITY_INFO, "normality", pooled_table.name, -1, NULL,
                     "%.0f of %.0f samples (cell and mode) are not normal by Shapiro and Wilk's "
                     "test at 5 %%.%s",
                     refuted, refuted + normal,
                     largest < SMALL_SAMPLE ? " That the others pass proves nothing: with so few "
                                              "repetitions most departures go unseen."
                                            : "");
}

/* --- putting it together */

static int work(struct input *in)
{
    size_t n = 0;
    struct cell_row *c = input_array(in, in->set.cell_count, sizeof *c);
    struct pooled_row *p = input_array(in, in->set.count, sizeof *p);
    double *values = input_array(in, in->set.value_count, sizeof *values);
    if (in->failed)
        return -1;
    for (size_t i = 0; i < in->set.count; i++) {
        const struct series *s = &in->set.items[i];
        size_t first = n;
        for (size_t k = 0; k < s->count; k++)
            c[n++] = make_cell(s, &s->cells[k]);
        p[i] = make_pooled(s, &c[first], values);
    }
    table_emit(in->h, &pooled_table, p, sizeof *p, in->set.count);
    table_emit(in->h, &cell_table, c, sizeof *c, n);
    say_shapes(in->h, p, in->set.count, c, n);
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
    .name = "distribution",
    .version = PACKAGE_VERSION,
    .summary = "Skewness, kurtosis, normality, and which centre each sample lets one trust.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
