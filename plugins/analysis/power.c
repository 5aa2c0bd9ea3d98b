/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "power": which differences so many repetitions can show, and how many it takes to show a
 * difference of 1, 3, 5 or 10 %: for two equal groups, two-sided, at the options' alpha and power.
 * By the normal approximation and by the non-central t distribution, which is right. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include <ctxmark/util.h>

#define HALVINGS 100
#define MOST_REPETITIONS 1e7

struct work {
    struct input *in;
    double alpha, power;
};

/* --- effects in units of the standard deviation */

static double quantile_z(double p)
{
    return qnorm(p, 0, 1, 1, 0);
}

/* Power of Student's two-sided test to see an effect of d standard deviations, n in each group. */
static double power_of(const struct work *w, double d, double n)
{
    double df = 2 * n - 2, critical = qt(1 - w->alpha / 2, df, 1, 0), shift = d * sqrt(n / 2);
    return pnt(critical, df, shift, 0, 0) + pnt(-critical, df, shift, 1, 0);
}

static double effect_z(const struct work *w, double n)
{
    return (quantile_z(1 - w->alpha / 2) + quantile_z(w->power)) * sqrt(2 / n);
}

/* Smallest effect whose test is significant at all. */
static double effect_critical(const struct work *w, double n)
{
    return n < 2 ? NAN : qt(1 - w->alpha / 2, 2 * n - 2, 1, 0) * sqrt(2 / n);
}

/* Effect that Student's test sees with the wanted power; NaN for n < 2. */
static double effect_t(const struct work *w, double n)
{
    double low = 0, high = effect_z(w, n);
    if (n < 2)
        return NAN;
    for (int i = 0; i < HALVINGS && power_of(w, high, n) < w->power; i++)
        high *= 2;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (power_of(w, middle, n) < w->power)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Fewest repetitions in each group that see an effect of d; NaN: more than 10^7. */
static double repetitions_for(const struct work *w, double d)
{
    double z = quantile_z(1 - w->alpha / 2) + quantile_z(w->power), guess = 2 * z * z / (d * d);
    /* what a t-test needs beyond that, nearly: it is looked up on both sides */
    guess += quantile_z(1 - w->alpha / 2) * quantile_z(1 - w->alpha / 2) / 4;
    if (!(d > 0) || isinf(d) || !(guess < MOST_REPETITIONS))
        return NAN;
    double n = fmax(2, ceil(guess));
    while (n > 2 && power_of(w, d, n - 1) >= w->power)
        n--;
    while (power_of(w, d, n) < w->power)
        n++;
    return n;
}

/* --- by number of repetitions */

struct by_n_row {
    double n, alpha, power, d_z, d_critical_t, d_t, power_at_d_critical, power_at_d_z, cells;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct by_n_row, member, type, role, unit, definition)
static const struct field by_n_fields[] = {
    V(n, INTEGER, KEY, "", "repetitions in each of two groups"),
    V(cells, INTEGER, VALUE, "", "samples (cell and mode) with so many"),
    V(d_t, NUMBER, VALUE, "",
      "effect in standard deviations that Student's test sees with the wanted power (non-central "
      "t)"),
    V(d_z, NUMBER, VALUE, "",
      "the same by the normal approximation, (z(1 - alpha / 2) + z(power)) sqrt(2 / n): too small"),
    V(power_at_d_z, NUMBER, VALUE, "", "power that Student's test has at d_z"),
    V(d_critical_t, NUMBER, VALUE, "",
      "smallest effect that comes out significant, t(1 - alpha / 2, 2 n - 2) sqrt(2 / n): no "
      "detectable effect, since half of such effects are missed"),
    V(power_at_d_critical, NUMBER, VALUE, "", "power that Student's test has at d_critical_t"),
    V(alpha, NUMBER, DETAIL, "", "two-sided significance level"),
    V(power, NUMBER, DETAIL, "", "wanted power"),
};
#undef V

static const struct table by_n_table =
    TABLE("by_n", "Detectable effects by number of repetitions", "reliability", 70, by_n_fields);

static struct by_n_row make_by_n(const struct work *w, double n)
{
    struct by_n_row r = {.n = n,
                         .alpha = w->alpha,
                         .power = w->power,
                         .d_z = effect_z(w, n),
                         .d_critical_t = effect_critical(w, n),
                         .d_t = effect_t(w, n)};
    r.power_at_d_critical = power_of(w, r.d_critical_t, n);
    r.power_at_d_z = power_of(w, r.d_z, n);
    return r;
}

/* --- by cell */

struct cell_row {
    struct keys keys;
    double n, sd, cv_pct, mde_z, mde_t, mde_pct, n_for_1pct, n_for_3pct, n_for_5pct, n_for_10pct;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct cell_row, member, type, role, unit, definition)
static const struct field cell_fields[] = {
    KEY_FIELDS(struct cell_row),
    V(n, INTEGER, VALUE, "", "repetitions"),
    V(sd, NUMBER, VALUE, "ms", "standard deviation, n - 1"),
    V(mde_t, NUMBER, VALUE, "ms", "smallest detectable difference: d_t(n) sd"),
    V(mde_z, NUMBER, VALUE, "ms", "the same by the normal approximation: d_z(n) sd"),
    V(mde_pct, NUMBER, VALUE, "%", "mde_t of the mean"),
    V(n_for_1pct, INTEGER, VALUE, "",
      "repetitions in each group that show a difference of 1 % of the mean; unknown beyond 10^7"),
    V(n_for_3pct, INTEGER, VALUE, "", "3 %"),
    V(n_for_5pct, INTEGER, VALUE, "", "5 %"),
    V(n_for_10pct, INTEGER, VALUE, "", "10 %"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
    V(cv_pct, NUMBER, DETAIL, "%", "100 sd / mean"),
};
#undef V

static const struct table cell_table =
    TABLE("cells", "Detectable differences by cell", "reliability", 80, cell_fields);

static struct cell_row make_cell(const struct work *w, const struct series *s, const struct cell *c,
                                 const struct by_n_row *by_n)
{
    double d_t = by_n ? by_n->d_t : NAN, d_z = by_n ? by_n->d_z : NAN;
    struct cell_row r = {.keys = s->keys,
                         .n = (double)c->n,
                         .sd = c->sd,
                         .cv_pct = c->mean > 0 ? 100 * c->sd / c->mean : NAN,
                         .mde_z = d_z * c->sd,
                         .mde_t = d_t * c->sd};
    r.keys.context_length = c->context;
    r.mde_pct = c->mean > 0 ? 100 * r.mde_t / c->mean : NAN;
    r.n_for_1pct = repetitions_for(w, 1 / r.cv_pct);
    r.n_for_3pct = repetitions_for(w, 3 / r.cv_pct);
    r.n_for_5pct = repetitions_for(w, 5 / r.cv_pct);
    r.n_for_10pct = repetitions_for(w, 10 / r.cv_pct);
    if (c->n < 2)
        r.note = "one repetition has no spread";
    else if (!(c->sd > 0))
        r.note = "all repetitions are equal";
    return r;
}

/* --- by series */

struct stratum_row {
    struct keys keys;
    double n, repetitions, pooled_sd, mde_pooled, sd_within, mde_within, mde_within_pct;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct stratum_row, member, type, role, unit, definition)
static const struct field stratum_fields[] = {
    KEY_FIELDS(struct stratum_row),
    V(n, INTEGER, VALUE, "", "repetitions over all contexts"),
    V(repetitions, INTEGER, VALUE, "", "the most frequent number in a cell: n of the effects here"),
    V(sd_within, NUMBER, VALUE, "ms", "standard deviation within cells, pooled"),
    V(mde_within, NUMBER, VALUE, "ms", "d_z(repetitions) sd_within"),
    V(pooled_sd, NUMBER, VALUE, "ms",
      "standard deviation over all contexts together: it holds the growth with context, so that "
      "mde_pooled says nothing about a difference at one context"),
    V(mde_pooled, NUMBER, VALUE, "ms", "d_z(repetitions) pooled_sd"),
    V(mde_within_pct, NUMBER, DETAIL, "%", "mde_within of the mean over all contexts"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
};
#undef V

static const struct table stratum_table =
    TABLE("strata", "Detectable differences by series", "reliability", 90, stratum_fields);

/* values: room for all repetitions of the series. */
static struct stratum_row make_stratum(const struct work *w, const struct series *s, double reps,
                                       double *values)
{
    struct stratum_row r = {.keys = s->keys, .repetitions = reps};
    size_t n = 0, df;
    for (size_t i = 0; i < s->count; i++) {
        memcpy(values + n, s->cells[i].x, s->cells[i].n * sizeof *values);
        n += s->cells[i].n;
    }
    double squares = cells_within(s->cells, s->count, &df), d = effect_z(w, reps);
    r.n = (double)n;
    r.pooled_sd = stats_sd(values, n);
    r.mde_pooled = d * r.pooled_sd;
    r.sd_within = df ? sqrt(squares / (double)df) : NAN;
    r.mde_within = d * r.sd_within;
    r.mde_within_pct = 100 * r.mde_within / stats_mean(values, n);
    if (!df)
        r.note = "no cell has two repetitions";
    return r;
}

/* --- findings */

static int compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void say_cells(const struct work *w, const struct cell_row *c, size_t count, double *values)
{
    size_t n = 0, worst = 0, blind = 0;
    char name[512];
    for (size_t i = 0; i < count; i++) {
        if (!(c[i].mde_pct > 0))
            continue;
        values[n++] = c[i].mde_pct;
        blind += c[i].mde_pct > 100;
        if (!(c[worst].mde_pct > 0) || c[i].mde_pct > c[worst].mde_pct)
            worst = i;
    }
    if (!n)
        return;
    qsort(values, n, sizeof *values, compare_values);
    finding_emit(w->in->h, CTXMARK_SEVERITY_INFO, "detectable_difference", cell_table.name,
                 (int64_t)worst, "mde_pct",
                 "Half of the %zu samples (cell and mode) can show differences of %.2g %% or less "
                 "(power %.2g, alpha %.2g); the least precise, %s, %s at %.0f tokens, only from "
                 "%.3g %% on.",
                 n, stats_median(values, n), w->power, w->alpha,
                 series_name(&c[worst].keys, name, sizeof name),
                 c[worst].keys.mode ? c[worst].keys.mode : "all", c[worst].keys.context_length,
                 c[worst].mde_pct);
    if (blind)
        finding_emit(w->in->h, CTXMARK_SEVERITY_NOTICE, "blind_samples", cell_table.name,
                     (int64_t)worst, "mde_pct",
                     "%zu of %zu samples spread so widely that a mean twice as large could not be "
                     "told from theirs: a few repetitions stand far off. Compare medians there.",
                     blind, n);
}

/* --- putting it together */

/* Counts samples by size, ascending by n.  0, or -1: out of memory. */
static int count_sizes(const struct series_set *set, struct by_n_row *ret, size_t *sizes)
{
    size_t n = 0, kinds = 0;
    double *all = calloc(set->cell_count + 1, sizeof *all);
    for (size_t i = 0; all && i < set->count; i++)
        for (size_t k = 0; k < set->items[i].count; k++)
            all[n++] = (double)set->items[i].cells[k].n;
    stats_sort(all, n);
    for (size_t i = 0; i < n; i++) {
        if (!kinds || ret[kinds - 1].n != all[i])
            ret[kinds++] = (struct by_n_row){.n = all[i]};
        ret[kinds - 1].cells++;
    }
    free(all);
    *sizes = kinds;
    return all ? 0 : -1;
}

/* The most frequent size, the smaller of two as frequent. */
static double usual_size(const struct by_n_row *r, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (r[i].cells > r[best].cells)
            best = i;
    return count ? r[best].n : NAN;
}

static const struct by_n_row *find_size(const struct by_n_row *r, size_t count, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (r[i].n == (double)n)
            return &r[i];
    return NULL;
}

static void fill_by_n(const struct work *w, struct by_n_row *r, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        double cells = r[i].cells;
        if (r[i].n < 2)
            continue;
        r[kept] = make_by_n(w, r[i].n);
        r[kept++].cells = cells;
    }
    *count = kept;
}

static int work(struct input *in)
{
    const struct ctxmark_host *h = in->h;
    size_t cells = in->set.cell_count, sizes = 0, n = 0;
    struct work w = {.in = in,
                     .alpha = h->option_number(h, CTXMARK_SCOPE_PLUGIN, "alpha", 0, 0.05),
                     .power = h->option_number(h, CTXMARK_SCOPE_PLUGIN, "power", 0, 0.8)};
    struct by_n_row *by_n = input_array(in, cells, sizeof *by_n);
    struct cell_row *c = input_array(in, cells, sizeof *c);
    struct stratum_row *s = input_array(in, in->set.count, sizeof *s);
    double *values = input_array(in, in->set.value_count + cells, sizeof *values);
    if (in->failed || count_sizes(&in->set, by_n, &sizes) < 0)
        return -1;
    double reps = usual_size(by_n, sizes);
    fill_by_n(&w, by_n, &sizes);
    for (size_t i = 0; i < in->set.count; i++) {
        const struct series *item = &in->set.items[i];
        for (size_t k = 0; k < item->count; k++)
            c[n++] = make_cell(&w, item, &item->cells[k], find_size(by_n, sizes, item->cells[k].n));
        s[i] = make_stratum(&w, item, reps, values);
    }
    table_emit(h, &by_n_table, by_n, sizeof *by_n, sizes);
    table_emit(h, &cell_table, c, sizeof *c, n);
    table_emit(h, &stratum_table, s, sizeof *s, in->set.count);
    say_cells(&w, c, n, values);
    return 0;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    return input_analyze(h, work);
}

/* --- the plugin */

static const struct ctxmark_option options[] = {
    {.name = "alpha",
     .type = CTXMARK_TYPE_NUMBER,
     .default_text = "0.05",
     .min = 1e-6,
     .max = 0.5,
     .help = "Two-sided significance level."},
    {.name = "power",
     .type = CTXMARK_TYPE_NUMBER,
     .default_text = "0.8",
     .min = 0.5,
     .max = 0.9999,
     .help = "Probability with which a difference is to be seen."},
};

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "power",
    .version = PACKAGE_VERSION,
    .summary = "Which differences the repetitions can show, and how many it takes for 1 to 10 %.",
    .license = "GPL-3.0-or-later",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
