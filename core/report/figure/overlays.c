/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/recipes.h"

#include <math.h>
#include <string.h>

#include "core/report/figure/plots.h"
#include "core/report/figure/rows.h"

#define CURVE_POINTS 48

/* Whether a row of another table is about the same model and backend, in this mode. */
static bool is_of(const json_t *table, size_t row, const struct figure_series *s, const char *mode)
{
    return row_is(table, row, "model", s->model) && row_is(table, row, "backend", s->backend) &&
           (!mode || row_is(table, row, "mode", mode));
}

/* Whether a row is drawn in this series: its value stands there at its context. */
static bool is_in_series(const json_t *table, size_t row, const struct figure_series *s)
{
    double x = row_number(table, row, "context_length"), y = row_number(table, row, "ratio");
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i].x == x && s->at[i].y == y)
            return true;
    return false;
}

/* The curve of a function with three parameters, from x = first to last in equal ratios. */
static void add_curve(struct doc *d, struct figure_series *curve,
                      double (*at)(double x, const double *p), const double *p, double first,
                      double last)
{
    for (int i = 0; i <= CURVE_POINTS; i++) {
        double x = first * pow(last / first, (double)i / CURVE_POINTS);
        figure_add_point(d, curve, (struct figure_point){x, at(x, p), NAN, NAN, false});
    }
}

static double last_x(const struct figure_series *s)
{
    double x = NAN;
    for (size_t i = 0; i < s->count; i++)
        x = isnan(x) || s->at[i].x > x ? s->at[i].x : x;
    return x;
}

/* A nameless series of the look of another one. */
static struct figure_series *add_beside(struct doc *d, struct figure *f, size_t of,
                                        const char *name)
{
    struct figure_series *s = figure_add_series(d, f, name, f->series[of].style);
    if (s)
        s->line = true;
    return s;
}

void overlay_breaks(struct doc *d, const json_t *analysis, struct figure *f, const char *mode)
{
    const json_t *regimes = table_find(analysis, "regimes", "regimes");
    bool any = false;
    for (size_t k = 0; k < f->series_count; k++)
        for (size_t i = 0; i < table_rows(regimes); i++) {
            struct figure_series *s = &f->series[k];
            double at = row_number(regimes, i, "break_at");
            if (isnan(at) || !is_of(regimes, i, s, mode))
                continue;
            for (size_t n = 0; n < s->count; n++) {
                s->at[n].hollow = s->at[n].x >= at;
                any = any || s->at[n].hollow;
            }
        }
    if (any)
        f->note = doc_format(d, "%s Hollow marks at the end of a dotted line lie beyond a break.",
                             f->note);
}

static double power_law(double x, const double *p)
{
    return p[0] * pow(x, p[1]);
}

/* The fit that counts: before the break where there is one. */
static void draw_fit(struct doc *d, const json_t *fits, struct figure *f, size_t series,
                     const char *mode)
{
    const struct figure_series *s = &f->series[series];
    double p[2] = {NAN, NAN}, first = NAN;
    bool clean = false;
    for (size_t i = 0; i < table_rows(fits); i++) {
        const char *range = row_text(fits, i, "range");
        bool full = strcmp(range, "full") == 0;
        bool before = strcmp(range, "pre_spillover") == 0 || strcmp(range, "before_jump") == 0;
        if (!is_of(fits, i, s, mode) || !row_is(fits, i, "quantity", "latency") ||
            !row_is(fits, i, "center", "median") || !(before || (full && !clean)) ||
            isnan(row_number(fits, i, "power_b")))
            continue;
        p[0] = row_number(fits, i, "power_a");
        p[1] = row_number(fits, i, "power_b");
        first = row_number(fits, i, "context_first");
        clean = before;
    }
    double last = last_x(s);
    if (isnan(p[0]) || isnan(p[1]) || !(first > 0) || !(last > first))
        return;
    const char *name = doc_format(d, "%s: context^%.2f", s->name, p[1]);
    struct figure_series *curve = add_beside(d, f, series, "");
    if (!curve || !name)
        return;
    curve->dashed = true;
    add_curve(d, curve, power_law, p, first, last);
    f->series[series].name = name;
}

static const json_t *find_plot(const json_t *analysis, const char *analyzer, const char *name)
{
    size_t i;
    const json_t *plot;
    json_array_foreach(json_object_get(analysis, "plots"), i, plot)
    {
        if (strcmp(member_text(plot, "analyzer"), analyzer) == 0 &&
            strcmp(member_text(plot, "name"), name) == 0)
            return plot;
    }
    return NULL;
}

static bool has_interval(const struct figure_series *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (isfinite(s->at[i].low) && isfinite(s->at[i].high))
            return true;
    return false;
}

/* The band of a fit: of the series of the plot that is named "MODEL on BACKEND: its law". */
static bool draw_fit_band(struct doc *d, const json_t *plot, struct figure *f, size_t series)
{
    const struct figure_series *s = &f->series[series];
    const char *name = doc_format(d, "%s on %s: ", s->model, s->backend);
    size_t i;
    const json_t *fit;
    json_array_foreach(json_object_get(plot, "series"), i, fit)
    {
        if (!name || strncmp(member_text(fit, "name"), name, strlen(name)) != 0)
            continue;
        struct figure_series *band = figure_add_series(d, f, "", f->series[series].style);
        if (!band)
            return false;
        band->band = true;
        plots_points(d, fit, band);
        return has_interval(band);
    }
    return false;
}

void overlay_fits(struct doc *d, const json_t *analysis, struct figure *f, const char *mode)
{
    const json_t *fits = table_find(analysis, "scaling", "fits"),
                 *plot = find_plot(analysis, "scaling", "prefill_fits");
    size_t count = f->series_count;
    bool any = false;
    for (size_t k = 0; k < count; k++) {
        any = draw_fit_band(d, plot, f, k) || any;
        draw_fit(d, fits, f, k, mode);
    }
    if (any)
        f->note = doc_format(d, "%s Shaded around it: its 95 %% band.", f->note);
}

void overlay_first(struct doc *d, const json_t *analysis, struct figure *f, const char *mode)
{
    const json_t *cold = table_find(analysis, "cold_start", "cold_start");
    size_t count = f->series_count, any = 0;
    for (size_t k = 0; k < count; k++) {
        struct figure_series *first = NULL;
        if (!f->series[k].points)
            continue;
        for (size_t i = 0; i < table_rows(cold); i++) {
            if (!row_flag(cold, i, "is_cold") || !is_of(cold, i, &f->series[k], mode))
                continue;
            if (!first)
                first =
                    add_beside(d, f, k, doc_format(d, "%s: first repetition", f->series[k].model));
            if (!first)
                return;
            first->points = first->hollow = true;
            figure_add_point(d, first,
                             (struct figure_point){row_number(cold, i, "context_length"),
                                                   row_number(cold, i, "rep0"), NAN, NAN, false});
            any++;
        }
    }
    if (any)
        f->note = doc_format(d,
                             "%s Hollow marks on a solid line: first repetitions that took more "
                             "than twice as long as the others.",
                             f->note);
}

void overlay_real_ratio(struct doc *d, const json_t *analysis, struct figure *f, const char *mode)
{
    (void)mode;
    const json_t *table = table_find(analysis, "compare", "comparisons");
    size_t count = f->series_count;
    bool any = false;
    for (size_t k = 0; k < count; k++) {
        struct figure_series *real = NULL;
        for (size_t i = 0; i < table_rows(table); i++) {
            double ratio = row_number(table, i, "first_ratio");
            if (isnan(ratio) || !*f->series[k].model || !is_in_series(table, i, &f->series[k]))
                continue;
            if (!real)
                real =
                    add_beside(d, f, k, doc_format(d, "%s: first repetitions", f->series[k].name));
            if (!real)
                return;
            real->points = real->hollow = any = true;
            figure_add_point(d, real,
                             (struct figure_point){row_number(table, i, "context_length"), ratio,
                                                   NAN, NAN, false});
        }
    }
    if (any)
        f->note = doc_format(d,
                             "%s Hollow marks: first repetitions alone, where the others are "
                             "answered from a prompt cache.",
                             f->note);
}

static double parabola(double x, const double *p)
{
    return p[0] + p[1] * x + p[2] * x * x;
}

static void draw_parabola(struct doc *d, const json_t *growth, struct figure *f, size_t series)
{
    for (size_t i = 0; i < table_rows(growth); i++) {
        double p[3] = {row_number(growth, i, "quadratic_in_gpu_c"),
                       row_number(growth, i, "quadratic_in_gpu_b"),
                       row_number(growth, i, "quadratic_in_gpu_a")};
        if (!is_of(growth, i, &f->series[series], NULL) || isnan(p[0] + p[1] + p[2]))
            continue;
        double first = f->series[series].at[0].x, last = last_x(&f->series[series]);
        struct figure_series *curve = add_beside(d, f, series, "");
        if (curve && last > first)
            add_curve(d, curve, parabola, p, first, last);
        return;
    }
}

/* First peak + KV cache beyond that of the first context. */
static void draw_theory(struct doc *d, const json_t *contexts, struct figure *f, size_t series)
{
    struct figure_series *theory = NULL;
    double base = NAN;
    for (size_t i = 0; i < table_rows(contexts); i++) {
        double kv = row_number(contexts, i, "kv_mb"), peak = row_number(contexts, i, "peak_mb"),
               x = row_number(contexts, i, "context_length");
        if (isnan(kv) || isnan(peak) || !is_of(contexts, i, &f->series[series], NULL))
            continue;
        if (isnan(base))
            base = peak - kv;
        if (!theory)
            theory = add_beside(d, f, series, "");
        if (!theory)
            return;
        theory->dashed = true;
        figure_add_point(d, theory, (struct figure_point){x, base + kv, NAN, NAN, false});
    }
}

void overlay_memory(struct doc *d, const json_t *analysis, struct figure *f, const char *mode)
{
    (void)mode;
    const json_t *contexts = table_find(analysis, "memory", "contexts"),
                 *growth = table_find(analysis, "memory", "growth");
    size_t count = f->series_count;
    for (size_t k = 0; k < count; k++) {
        for (size_t n = 0; n < f->series[k].count; n++)
            for (size_t i = 0; i < table_rows(contexts); i++)
                if (is_of(contexts, i, &f->series[k], NULL) &&
                    row_number(contexts, i, "context_length") == f->series[k].at[n].x)
                    f->series[k].at[n].hollow = json_is_false(row_value(contexts, i, "in_gpu"));
        draw_parabola(d, growth, f, k);
        draw_theory(d, contexts, f, k);
    }
}
