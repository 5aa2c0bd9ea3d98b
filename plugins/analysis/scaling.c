/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "scaling": how latency grows with context length.  Power law, line and parabola through
 * each series' medians, means and trimmed means, over the full range and on either side of a break,
 * and which of the curves the repetitions speak for.  Facts: memory_limit_mib (MiB), which says
 * where a series breaks if its rows do not. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/stats/fit.h"
#include "plugins/analysis/stats/lsq.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define STABLE_RATIO 1.1
#define CURVE_POINTS 40
#define BAND_MOST 10 /* no band is drawn that reaches further above its curve */

struct work {
    struct input *in;
    struct findings said;
    double *x, *y, *weights, *values; /* [most contexts in a series], values: [largest cell] */
};

/* --- fits */

struct fit_row {
    struct keys keys;
    const char *quantity, *center, *range;
    double n_points, context_first, context_last;
    double power_a, power_b, power_b_ci95_low, power_b_ci95_high, power_r2, power_rss, power_se_a;
    double power_se_b, loglog_ln_a, loglog_b, loglog_se_b, loglog_r2_log;
    double linear_intercept, linear_slope, linear_slope_ci95_low, linear_slope_ci95_high;
    double linear_rss, linear_r2, linear_se_intercept, linear_se_slope;
    double quadratic_c, quadratic_b, quadratic_a, quadratic_a_ci95_low, quadratic_a_ci95_high;
    double quadratic_rss, quadratic_r2, quadratic_se_c, quadratic_se_b, quadratic_se_a;
    const char *better_fit, *error;
    struct power_fit power; /* for the band of its curve */
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct fit_row, member, type, role, unit, definition)
static const struct field fit_fields[] = {
    KEY_FIELDS(struct fit_row),
    V(quantity, TEXT, KEY, "", "latency: ms; ms_per_token: ms of decode per generated token"),
    V(center, TEXT, KEY, "", "what of each context's repetitions is fitted"),
    V(range, TEXT, KEY, "",
      "full: all contexts; pre_spillover, post_spillover: before and beyond the memory limit; "
      "before_jump, after_jump: the same where memory is not known and latency jumps"),
    V(n_points, INTEGER, VALUE, "", "contexts that are fitted; below 3 nothing is"),
    V(power_b, NUMBER, VALUE, "", "exponent of y = a x^b, unweighted least squares in y"),
    V(power_b_ci95_low, NUMBER, LOW, "", "power_b - t(n - 2) power_se_b, 95 %"),
    V(power_b_ci95_high, NUMBER, HIGH, "", "power_b + t(n - 2) power_se_b, 95 %"),
    V(power_r2, NUMBER, VALUE, "", "1 - power_rss / sum of squares around the mean"),
    V(linear_r2, NUMBER, VALUE, "", "the same for y = intercept + slope x"),
    V(quadratic_r2, NUMBER, VALUE, "", "the same for y = c + b x + a x^2"),
    V(better_fit, TEXT, VALUE, "", "power_law where its R2 is at least the line's, else linear"),
    V(quadratic_a, NUMBER, VALUE, "ms/token^2", "a of y = c + b x + a x^2"),
    V(quadratic_a_ci95_low, NUMBER, LOW, "ms/token^2", "quadratic_a - t(n - 3) its error, 95 %"),
    V(quadratic_a_ci95_high, NUMBER, HIGH, "ms/token^2", "see quadratic_a_ci95_low"),
    V(loglog_b, NUMBER, VALUE, "",
      "exponent by the line through ln y over ln x: weighs all "
      "contexts alike, where power_b follows the largest"),
    V(error, TEXT, NOTE, "", "why nothing is fitted"),
    V(context_first, INTEGER, DETAIL, "tokens", "first context of the range"),
    V(context_last, INTEGER, DETAIL, "tokens", "last context of the range"),
    V(power_a, NUMBER, DETAIL, "ms", "a of y = a x^b: y at x = 1"),
    V(power_se_a, NUMBER, DETAIL, "ms", "its standard error"),
    V(power_se_b, NUMBER, DETAIL, "", "standard error of power_b"),
    V(power_rss, NUMBER, DETAIL, "ms^2", "sum of squared residuals"),
    V(loglog_ln_a, NUMBER, DETAIL, "", "intercept of ln y over ln x"),
    V(loglog_se_b, NUMBER, DETAIL, "", "standard error of loglog_b"),
    V(loglog_r2_log, NUMBER, DETAIL, "", "R2 of ln y"),
    V(linear_intercept, NUMBER, DETAIL, "ms", "intercept of y = intercept + slope x"),
    V(linear_slope, NUMBER, DETAIL, "ms/token", "slope of y = intercept + slope x"),
    V(linear_slope_ci95_low, NUMBER, DETAIL, "ms/token", "slope - t(n - 2) its error, 95 %"),
    V(linear_slope_ci95_high, NUMBER, DETAIL, "ms/token", "see linear_slope_ci95_low"),
    V(linear_se_intercept, NUMBER, DETAIL, "ms", "standard error of the intercept"),
    V(linear_se_slope, NUMBER, DETAIL, "ms/token", "standard error of the slope"),
    V(linear_rss, NUMBER, DETAIL, "ms^2", "sum of squared residuals"),
    V(quadratic_c, NUMBER, DETAIL, "ms", "c of y = c + b x + a x^2"),
    V(quadratic_b, NUMBER, DETAIL, "ms/token", "b of y = c + b x + a x^2"),
    V(quadratic_se_c, NUMBER, DETAIL, "ms", "standard error of c; unknown for 3 contexts"),
    V(quadratic_se_b, NUMBER, DETAIL, "ms/token", "standard error of b"),
    V(quadratic_se_a, NUMBER, DETAIL, "ms/token^2", "standard error of a"),
    V(quadratic_rss, NUMBER, DETAIL, "ms^2", "sum of squared residuals"),
};
#undef V

static const struct table fit_table = TABLE(
    "fits", "Growth with context length: fits through the medians", "scaling", 10, fit_fields);
static const struct table center_table =
    TABLE("fits_by_center", "The same through means and trimmed means", "scaling", 40, fit_fields);

static void fill_fits(struct fit_row *r, const struct fits *f)
{
    r->power_a = f->power.a;
    r->power_b = f->power.b;
    r->power_b_ci95_low = f->power.b_low;
    r->power_b_ci95_high = f->power.b_high;
    r->power_r2 = f->power.r2;
    r->power_rss = f->power.rss;
    r->power_se_a = f->power.se_a;
    r->power_se_b = f->power.se_b;
    r->loglog_ln_a = f->loglog.ln_a;
    r->loglog_b = f->loglog.b;
    r->loglog_se_b = f->loglog.se_b;
    r->loglog_r2_log = f->loglog.r2_log;
    r->linear_intercept = f->linear.intercept;
    r->linear_slope = f->linear.slope;
    r->linear_slope_ci95_low = f->linear.slope_low;
    r->linear_slope_ci95_high = f->linear.slope_high;
    r->linear_rss = f->linear.rss;
    r->linear_r2 = f->linear.r2;
    r->linear_se_intercept = f->linear.se_intercept;
    r->linear_se_slope = f->linear.se_slope;
    r->quadratic_c = f->quadratic.c;
    r->quadratic_b = f->quadratic.b;
    r->quadratic_a = f->quadratic.a;
    r->quadratic_a_ci95_low = f->quadratic.a_low;
    r->quadratic_a_ci95_high = f->quadratic.a_high;
    r->quadratic_rss = f->quadratic.rss;
    r->quadratic_r2 = f->quadratic.r2;
    r->quadratic_se_c = f->quadratic.se_c;
    r->quadratic_se_b = f->quadratic.se_b;
    r->quadratic_se_a = f->quadratic.se_a;
    r->better_fit = f->better;
}

/* A part of a series: cells [from, to). */
struct range {
    const char *name;
    size_t from, to;
};

/* The full range and, where the series breaks, its two parts; returns how many. */
static size_t ranges_of(const struct series *s, struct range ret[3])
{
    size_t clean = series_clean_count(s);
    bool memory = s->break_at.by && strcmp(s->break_at.by, BREAK_MEMORY) == 0;
    ret[0] = (struct range){"full", 0, s->count};
    ret[1] = (struct range){memory ? "pre_spillover" : "before_jump", 0, clean};
    ret[2] = (struct range){memory ? "post_spillover" : "after_jump", clean, s->count};
    return s->break_at.by ? 3 : 1;
}

/* Median ms per generated token of a cell; NaN where a rate is not known. */
static double ms_per_token(struct work *w, const struct cell *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->group->count; i++) {
        double rate = rows_rate(&w->in->rows, group_row(c->group, i));
        if (rate > 0)
            w->values[n++] = 1000 / rate;
    }
    stats_sort(w->values, n);
    return stats_median(w->values, n);
}

/* center: CENTER_COUNT: ms per token. */
static struct fit_row fit_range(struct work *w, const struct series *s, const struct range *r,
                                unsigned center)
{
    struct fit_row row = {.keys = s->keys, .range = r->name};
    size_t n = 0;
    row.quantity = center == CENTER_COUNT ? "ms_per_token" : "latency";
    row.center = center_names[center == CENTER_COUNT ? CENTER_MEDIAN : center];
    row.context_first = r->to > r->from ? s->cells[r->from].context : NAN;
    row.context_last = r->to > r->from ? s->cells[r->to - 1].context : NAN;
    for (size_t i = r->from; i < r->to; i++) {
        double y = center == CENTER_COUNT ? ms_per_token(w, &s->cells[i])
                                          : cell_center(&s->cells[i], center);
        if (!isfinite(y))
            continue;
        w->x[n] = s->cells[i].context;
        w->y[n++] = y;
    }
    struct fits f = fit_all(w->x, w->y, n);
    fill_fits(&row, &f);
    row.power = f.power;
    row.n_points = (double)n;
    if (n < FIT_FEWEST)
        row.error = "too_few_points";
    return row;
}

/* --- which centre, and whether it matters */

struct robustness_row {
    struct keys keys;
    double b_median, b_mean, b_trim5, b_trim10, b_ratio_max_min, stable_10pct, trim5_trim10;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct robustness_row, member, type, role, unit, definition)
static const struct field robustness_fields[] = {
    KEY_FIELDS(struct robustness_row),
    V(b_median, NUMBER, VALUE, "", "full-range exponent through the medians"),
    V(b_mean, NUMBER, VALUE, "", "through the means"),
    V(b_trim5, NUMBER, VALUE, "", "through means without the floor(5 % n) values at either end"),
    V(b_trim10, NUMBER, VALUE, "", "through means without the floor(10 % n) values at either end"),
    V(b_ratio_max_min, NUMBER, VALUE, "", "largest over smallest of these, without sign"),
    V(stable_10pct, FLAG, VALUE, "", "b_ratio_max_min below 1.1"),
    V(trim5_trim10, NUMBER, DETAIL, "", "b_trim5 / b_trim10"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
};
#undef V

static const struct table robustness_table =
    TABLE("robustness", "Exponents by centre: whether single repetitions decide", "scaling", 30,
          robustness_fields);

static struct robustness_row compare_centers(const struct series *s, const double b[CENTER_COUNT])
{
    struct robustness_row r = {.keys = s->keys,
                               .b_median = b[CENTER_MEDIAN],
                               .b_mean = b[CENTER_MEAN],
                               .b_trim5 = b[CENTER_TRIM5],
                               .b_trim10 = b[CENTER_TRIM10],
                               .b_ratio_max_min = NAN,
                               .stable_10pct = NAN,
                               .trim5_trim10 = b[CENTER_TRIM5] / b[CENTER_TRIM10]};
    double most = 0, least = INFINITY;
    for (int i = 0; i < CENTER_COUNT; i++) {
        if (!isfinite(b[i])) {
            r.note = "too few contexts";
            return r;
        }
        most = fmax(most, fabs(b[i]));
        least = fmin(least, fabs(b[i]));
    }
    if (least > 0) {
        r.b_ratio_max_min = most / least;
        r.stable_10pct = r.b_ratio_max_min < STABLE_RATIO;
    } else {
        r.note = "an exponent is 0";
    }
    return r;
}

/* --- which curve the repetitions speak for */

struct choice_row {
    struct keys keys;
    const char *range, *chosen, *note;
    double n_points, n, delta, aicc_constant, aicc_linear, aicc_power, aicc_quadratic;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct choice_row, member, type, role, unit, definition)
static const struct field choice_fields[] = {
    KEY_FIELDS(struct choice_row),
    V(range, TEXT, KEY, "", "part of the series, as in the table of fits"),
    V(n_points, INTEGER, VALUE, "", "contexts"),
    V(n, INTEGER, VALUE, "", "repetitions over them: what is fitted here"),
    V(chosen, TEXT, VALUE, "", "the curve of the smallest AICc"),
    V(delta, NUMBER, VALUE, "", "by how much the next one's AICc is larger; below 2 they are even"),
    V(aicc_constant, NUMBER, DETAIL, "",
      "n ln(rss / n) + 2 k + 2 k (k + 1) / (n - k - 1), k = coefficients + 1, of y = c; unknown "
      "where contexts are no more than coefficients"),
    V(aicc_linear, NUMBER, VALUE, "", "the same of y = intercept + slope x"),
    V(aicc_power, NUMBER, VALUE, "", "the same of y = a x^b"),
    V(aicc_quadratic, NUMBER, VALUE, "", "the same of y = c + b x + a x^2"),
    V(note, TEXT, NOTE, "", "why there is no choice"),
};
#undef V

static const struct table choice_table =
    TABLE("choice", "Which curve the repetitions speak for (AICc)", "scaling", 20, choice_fields);

/* Least squares over repetitions is least squares over the cells' means, each as often as it has
 * repetitions, plus what the repetitions differ from their mean by. */
static void fill_choice(struct work *w, struct choice_row *c, const struct cell *cells,
                        size_t count)
{
    double within = cells_within(cells, count, NULL), scale = 0;
    struct lsq l;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        w->x[i] = cells[i].context;
        w->y[i] = cells[i].mean;
        w->weights[i] = (double)cells[i].n;
        n += cells[i].n;
        scale += (double)cells[i].n * cells[i].mean * cells[i].mean;
    }
    double least = scale * 1e-24;
    c->n = (double)n;
    if (count > 1 && lsq_polynomial(&l, w->x, w->y, w->weights, count, 0) == 0)
        c->aicc_constant = fit_aicc(l.rss + within, least, n, 1);
    if (count > 2 && lsq_polynomial(&l, w->x, w->y, w->weights, count, 1) == 0)
        c->aicc_linear = fit_aicc(l.rss + within, least, n, 2);
    if (count > 2)
        c->aicc_power =
            fit_aicc(fit_power(w->x, w->y, w->weights, count).rss + within, least, n, 2);
    if (count > 3 && lsq_polynomial(&l, w->x, w->y, w->weights, count, 2) == 0)
        c->aicc_quadratic = fit_aicc(l.rss + within, least, n, 3);
}

static struct choice_row choose_curve(struct work *w, const struct series *s, const struct range *r)
{
    struct choice_row c = {.keys = s->keys,
                           .range = r->name,
                           .n_points = (double)(r->to - r->from),
                           .delta = NAN,
                           .aicc_constant = NAN,
                           .aicc_linear = NAN,
                           .aicc_power = NAN,
                           .aicc_quadratic = NAN};
    fill_choice(w, &c, s->cells + r->from, r->to - r->from);
    const struct {
        const char *name;
        double aicc;
    } all[] = {{"constant", c.aicc_constant},
               {"linear", c.aicc_linear},
               {"power_law", c.aicc_power},
               {"quadratic", c.aicc_quadratic}};
    double best = INFINITY, next = INFINITY;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].aicc < best) {
            next = best;
            best = all[i].aicc;
            c.chosen = all[i].name;
        } else if (all[i].aicc < next) {
            next = all[i].aicc;
        }
    }
    if (r->to - r->from < FIT_FEWEST || isinf(next)) {
        c.chosen = NULL;
        c.note = "too few contexts or repetitions";
    } else {
        c.delta = next - best;
    }
    return c;
}

/* --- findings */

static void say_artefact(struct work *w, const struct series *s, const struct fit_row *full,
                         const struct fit_row *clean, int64_t row)
{
    char name[512];
    findings_say(&w->said,
                 &(const struct saying){CTXMARK_SEVERITY_WARNING, "exponent_across_break",
                                        fit_table.name, "power_b"},
                 row, full->power_b,
                 label_of(&s->keys, "context^%.2f, up to %.0f tokens context^%.2f", full->power_b,
                          s->break_at.last, clean->power_b)
                     .text,
                 "%s, prefill: the exponent over the full range, context^%.2f, is an artefact of "
                 "the break between %.0f and %.0f tokens (%s). Up to %.0f tokens latency grows as "
                 "context^%.2f (95 %% interval %.2f to %.2f, R2 %.4f; parabola R2 %.4f).",
                 series_name(&s->keys, name, sizeof name), full->power_b, s->break_at.last,
                 s->break_at.first,
                 strcmp(s->break_at.by, BREAK_MEMORY) == 0 ? "memory limit" : "a jump in latency",
                 s->break_at.last, clean->power_b, clean->power_b_ci95_low,
                 clean->power_b_ci95_high, clean->power_r2, clean->quadratic_r2);
}

static void say_growth(struct work *w, const struct series *s, const struct fit_row *f, int64_t row)
{
    char name[512];
    series_name(&s->keys, name, sizeof name);
    if (f->power_b_ci95_high < 1)
        findings_say(&w->said,
                     &(const struct saying){CTXMARK_SEVERITY_WARNING, "prefill_below_linear",
                                            fit_table.name, "power_b"},
                     row, -f->power_b, label_of(&s->keys, "context^%.3f", f->power_b).text,
                     "%s, prefill: latency grows as context^%.3f only (95 %% interval %.3f to "
                     "%.3f). Reading a prompt takes at least time in proportion to its length, so "
                     "this is no prefill: a prompt cache, or a fixed cost that hides it.",
                     name, f->power_b, f->power_b_ci95_low, f->power_b_ci95_high);
    else if (f->power_b > 0)
        findings_say(&w->said,
                     &(const struct saying){CTXMARK_SEVERITY_INFO, "prefill_growth", fit_table.name,
                                            "power_b"},
                     row, f->power_b, label_of(&s->keys, "context^%.2f", f->power_b).text,
                     "%s, prefill: latency grows as context^%.2f from %.0f to %.0f tokens (95 %% "
                     "interval %.2f to %.2f, R2 %.4f).",
                     name, f->power_b, f->context_first, f->context_last, f->power_b_ci95_low,
                     f->power_b_ci95_high, f->power_r2);
}

/* Whether attention's quadratic cost shows in the clean range. */
static void say_quadratic(struct work *w, const struct series *s, const struct fit_row *f,
                          int64_t row)
{
    char name[512];
    if (!(f->quadratic_a_ci95_low > 0) || !(f->power_b_ci95_low > 1))
        return;
    double x = f->context_last, square = f->quadratic_a * x * x,
           all = f->quadratic_c + f->quadratic_b * x + square;
    findings_say(
        &w->said,
        &(const struct saying){CTXMARK_SEVERITY_INFO, "quadratic_term", fit_table.name,
                               "quadratic_a"},
        row, square / all,
        label_of(&s->keys, "%.3g ms, %.0f %%", f->quadratic_a * 1e6, 100 * square / all).text,
        "%s, prefill: a quadratic term shows up to %.0f tokens: %.3g ms per million token "
        "pairs (95 %% interval %.3g to %.3g), %.0f %% of the latency there.",
        series_name(&s->keys, name, sizeof name), x, f->quadratic_a * 1e6,
        f->quadratic_a_ci95_low * 1e6, f->quadratic_a_ci95_high * 1e6, 100 * square / all);
}

/* first: the row of the series' full range, followed by those of its parts. */
static void say_fits(struct work *w, const struct series *s, const struct fit_row *first,
                     size_t ranges, int64_t row)
{
    if (!series_is(s, "prefill"))
        return;
    const struct fit_row *clean = ranges > 1 ? first + 1 : first;
    int64_t at = ranges > 1 ? row + 1 : row;
    if (ranges > 1 && !isnan(first->power_b) && !isnan(clean->power_b))
        say_artefact(w, s, first, clean, row);
    else if (!isnan(clean->power_b))
        say_growth(w, s, clean, at);
    say_quadratic(w, s, clean, at);
}

static void say_unstable(struct work *w, const struct robustness_row *r, size_t count)
{
    size_t unstable = 0, of = 0, worst = 0;
    char name[512];
    for (size_t i = 0; i < count; i++) {
        of += !isnan(r[i].b_ratio_max_min);
        unstable += r[i].stable_10pct == 0;
        if (r[i].b_ratio_max_min > r[worst].b_ratio_max_min ||
            (isnan(r[worst].b_ratio_max_min) && !isnan(r[i].b_ratio_max_min)))
            worst = i;
    }
    if (unstable)
        finding_emit(w->in->h, CTXMARK_SEVERITY_NOTICE, "exponent_depends_on_center",
                     robustness_table.name, (int64_t)worst, "b_ratio_max_min",
                     "The exponents of %zu of %zu series differ by more than 10 %% between medians "
                     "and means, by most for %s, %s: %.3f through the medians, %.3f through the "
                     "means. Single repetitions decide there; read the medians.",
                     unstable, of, series_name(&r[worst].keys, name, sizeof name),
                     r[worst].keys.mode ? r[worst].keys.mode : "", r[worst].b_median,
                     r[worst].b_mean);
}

/* --- plot */

static void add_curve(struct lines *l, const char *name, const char *group, const struct fit_row *f)
{
    if (isnan(f->power_b) || !(f->context_last > f->context_first))
        return;
    double step = pow(f->context_last / f->context_first, 1.0 / (CURVE_POINTS - 1));
    for (int i = 0; i < CURVE_POINTS; i++) {
        double x = f->context_first * pow(step, i), y = f->power_a * pow(x, f->power_b);
        struct curve_point c = fit_power_at(&f->power, (size_t)f->n_points, x);
        bool told = c.high < BAND_MOST * y;
        lines_add(l, name, group, x, y, told ? c.low : NAN, told ? c.high : NAN);
    }
    lines_draw_as(l, name, CTXMARK_SERIES_LINE);
}

static void plot_series(struct lines *l, const struct series *s, const struct fit_row *clean)
{
    char name[512], curve[600];
    series_name(&s->keys, name, sizeof name);
    for (size_t i = 0; i < s->count; i++) {
        struct interval m = stats_median_interval(s->cells[i].x, s->cells[i].n, 0.95);
        lines_add(l, name, s->keys.model, s->cells[i].context, s->cells[i].median, m.low, m.high);
    }
    lines_draw_as(l, name, CTXMARK_SERIES_POINTS);
    snprintf(curve, sizeof curve, "%s: context^%.2f", name, clean->power_b);
    add_curve(l, curve, s->keys.model, clean);
}

/* --- putting it together */

static size_t fit_medians(struct work *w, struct fit_row *ret, struct choice_row *choices,
                          size_t *ret_choices, struct lines *lines)
{
    size_t count = 0, chosen = 0;
    for (size_t i = 0; i < w->in->set.count; i++) {
        const struct series *s = &w->in->set.items[i];
        struct range ranges[3];
        size_t first = count, n = ranges_of(s, ranges);
        for (size_t k = 0; k < n; k++) {
            ret[count++] = fit_range(w, s, &ranges[k], CENTER_MEDIAN);
            if (k < 2)
                choices[chosen++] = choose_curve(w, s, &ranges[k]);
        }
        if (series_is(s, "prefill"))
            plot_series(lines, s, &ret[first + (n > 1)]);
        for (size_t k = 0; k < n && series_is(s, "decode"); k++)
            ret[count++] = fit_range(w, s, &ranges[k], CENTER_COUNT);
    }
    *ret_choices = chosen;
    return count;
}

static void say_all(struct work *w, const struct fit_row *rows, size_t count)
{
    size_t row = 0;
    for (size_t i = 0; i < w->in->set.count && row < count; i++) {
        struct range ranges[3];
        size_t n = ranges_of(&w->in->set.items[i], ranges);
        say_fits(w, &w->in->set.items[i], &rows[row], n, (int64_t)row);
        row += series_is(&w->in->set.items[i], "decode") ? 2 * n : n;
    }
}

static size_t fit_centers(struct work *w, struct fit_row *ret, struct robustness_row *robust)
{
    size_t count = 0;
    for (size_t i = 0; i < w->in->set.count; i++) {
        const struct series *s = &w->in->set.items[i];
        struct range ranges[3];
        double b[CENTER_COUNT];
        size_t n = ranges_of(s, ranges) > 1 ? 2 : 1;
        b[CENTER_MEDIAN] = fit_range(w, s, &ranges[0], CENTER_MEDIAN).power_b;
        for (unsigned c = CENTER_MEAN; c < CENTER_COUNT; c++) {
            for (size_t k = 0; k < n; k++)
                ret[count + k] = fit_range(w, s, &ranges[k], c);
            b[c] = ret[count].power_b;
            count += n;
        }
        robust[i] = compare_centers(s, b);
    }
    return count;
}

static int work(struct input *in)
{
    struct work w = {.in = in};
    struct lines lines = {0};
    size_t series = in->set.count, cells = in->set.cell_count, chosen;
    struct fit_row *fits = input_array(in, 6 * series, sizeof *fits);
    struct choice_row *choices = input_array(in, 6 * series, sizeof *choices);
    struct robustness_row *robust = input_array(in, series, sizeof *robust);
    w.x = input_array(in, cells, sizeof *w.x);
    w.y = input_array(in, cells, sizeof *w.y);
    w.weights = input_array(in, cells, sizeof *w.weights);
    w.values = input_array(in, in->set.largest, sizeof *w.values);
    if (in->failed)
        return -1;
    size_t count = fit_medians(&w, fits, choices, &chosen, &lines);
    table_emit(in->h, &fit_table, fits, sizeof *fits, count);
    table_emit(in->h, &choice_table, choices, sizeof *choices, chosen);
    say_all(&w, fits, count);
    findings_emit(in->h, &w.said);
    count = fit_centers(&w, fits, robust);
    table_emit(in->h, &robustness_table, robust, sizeof *robust, series);
    table_emit(in->h, &center_table, fits, sizeof *fits, count);
    say_unstable(&w, robust, series);
    lines_emit(
        in->h, &lines,
        (struct ctxmark_plot){
            .name = "prefill_fits",
            .title = "Prefill: medians, and power laws before any break with their 95 % bands",
            .section = "scaling",
            .order = 10,
            .x = {"context length", "tokens", 1, 0},
            .y = {"median latency", "ms", 1, 0}});
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
    .name = "scaling",
    .version = PACKAGE_VERSION,
    .summary = "Growth with context length: exponents, parabolas, which curve holds, by regime.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
