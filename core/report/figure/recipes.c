/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/recipes.h"

#include <math.h>
#include <string.h>

#include "core/report/figure/rows.h"
#include "core/report/value.h"

#define SERIES_MOST 6 /* to a figure: more are told apart with pains */
#define KEY_MOST 12

struct recipe {
    const char *name, *title, *section, *note;
    const char *analyzer, *table;
    const char *mode;  /* rows of this mode only; NULL: all */
    const char *split; /* a figure for each text of this column; NULL: one for all */
    const char *y, *low, *high;
    const char *label, *unit;
    bool logarithmic, line;
    const char *plots[3]; /* plots of analyzers that it stands for; limit lines are the first's */
    void (*more[3])(struct doc *, const json_t *, struct figure *, const char *mode);
};

static const struct recipe recipes[] = {
    {"prefill-latency",
     "Prefill latency by context",
     "prefill",
     "Marks: medians, with their 95 % intervals as bands. Dashed: the power law through the "
     "medians before any break, drawn on to the last context.",
     "descriptive",
     "prefill_latency",
     "prefill",
     "backend",
     "median",
     "median_low",
     "median_high",
     "median latency",
     "ms",
     true,
     true,
     {"descriptive.prefill_latency", "scaling.prefill_fits", NULL},
     {overlay_breaks, overlay_fits, overlay_first}},
    {"decode-rate",
     "Decode rate by context",
     "decode",
     "Marks: medians, with their 95 % intervals as bands.",
     "descriptive",
     "decode_rate",
     "decode",
     "backend",
     "median",
     "median_low",
     "median_high",
     "median decode rate",
     "tok/s",
     false,
     true,
     {"decode.decode_rates", "descriptive.decode_rate", NULL},
     {overlay_breaks, NULL, NULL}},
    {"peak-memory",
     "Peak memory by context",
     "memory",
     "Marks: measured peaks, hollow beyond the limit. Solid: the parabola through the peaks within "
     "the limit. Dashed: what the KV cache alone would add to the first peak, by the model's "
     "shape.",
     "memory",
     "contexts",
     NULL,
     "backend",
     "peak_mb",
     NULL,
     NULL,
     "peak memory",
     "MiB",
     true,
     false,
     {"memory.peak_memory", NULL, NULL},
     {overlay_memory, NULL, NULL}},
    {"ttft",
     "Time to first token by context",
     "ttft",
     "Marks: medians, with their 95 % intervals as bands. Lines across: thresholds.",
     "ttft",
     "contexts",
     "prefill",
     "backend",
     "median",
     "median_low",
     "median_high",
     "median time to first token",
     "ms",
     true,
     true,
     {"ttft.ttft", NULL, NULL},
     {overlay_breaks, overlay_first, NULL}},
    {"ratio",
     "Latency of one side over the other",
     "comparison",
     "Below 1 the second side is faster. Bands: 95 % intervals of the ratio.",
     "compare",
     "comparisons",
     NULL,
     NULL,
     "ratio",
     "ratio_low",
     "ratio_high",
     "ratio of latencies",
     "",
     true,
     true,
     {"compare.ratio", NULL, NULL},
     {overlay_real_ratio, NULL, NULL}},
    {"machine-share",
     "Share of the machine's limit",
     "reliability",
     "What a result needs of the machine's limit, by the least work that it could be. Above 100 % "
     "it cannot have been computed. Hollow marks: a further backend.",
     "plausibility",
     "cells",
     NULL,
     "mode",
     "limit_pct",
     NULL,
     NULL,
     "share of the limit",
     "%",
     true,
     true,
     {"plausibility.share_of_limit", NULL, NULL},
     {NULL, NULL, NULL}},
};

#define RECIPE_COUNT (sizeof recipes / sizeof *recipes)

/* One recipe at work on one value of its split column. */
struct work {
    struct doc *doc;
    const json_t *analysis, *table;
    const struct recipe *recipe;
    const char *part; /* of the split column; NULL: no split */
    struct figures *all;
    struct figure *first; /* of this part */
    /* Columns by which this part's series differ, and others that matter. */
    size_t keys[KEY_MOST], key_count;
    bool models_vary, backends_vary, sides_vary;
};

static bool takes_row(const struct work *w, size_t row)
{
    return row_is(w->table, row, "mode", w->recipe->mode) &&
           (!w->part || row_is(w->table, row, w->recipe->split, w->part));
}

/* Whether the rows that are taken differ in a column. */
static bool varies(const struct work *w, const char *column)
{
    const json_t *first = NULL;
    for (size_t i = 0; i < table_rows(w->table); i++) {
        if (!takes_row(w, i))
            continue;
        const json_t *value = row_value(w->table, i, column);
        if (first && !json_equal(first, value))
            return true;
        first = value;
    }
    return false;
}

static bool is_series_key(const struct work *w, const json_t *column)
{
    const char *name = member_text(column, "name");
    return strcmp(member_text(column, "role"), "key") == 0 && strcmp(name, "context_length") != 0 &&
           !(w->part && strcmp(name, w->recipe->split) == 0);
}

static void find_keys(struct work *w)
{
    size_t i;
    json_t *column;
    w->key_count = 0;
    json_array_foreach(json_object_get(w->table, "columns"), i, column)
    {
        if (w->key_count < KEY_MOST && is_series_key(w, column) &&
            varies(w, member_text(column, "name")))
            w->keys[w->key_count++] = i;
    }
    w->models_vary = varies(w, "model");
    w->backends_vary = varies(w, "backend");
    w->sides_vary = varies(w, "baseline") || varies(w, "candidate");
}

/* A row's series: those of its keys in which rows differ, "model, backend"; its model if they do
 * not. */
static void series_name(const struct work *w, size_t row, struct buf *b)
{
    const json_t *columns = json_object_get(w->table, "columns"),
                 *values = json_array_get(json_object_get(w->table, "rows"), row);
    for (size_t i = 0; i < w->key_count; i++) {
        const json_t *column = json_array_get(columns, w->keys[i]);
        buf_puts(b, i ? ", " : "");
        if (strcmp(member_text(column, "type"), "text") != 0)
            buf_printf(b, "%s ", member_text(column, "name"));
        value_text(b, json_array_get(values, w->keys[i]));
    }
    if (!w->key_count)
        buf_puts(b, row_text(w->table, row, "model"));
}

/* What stands on the y axis of a comparison: which side over which, if that is always the same. */
static const char *label_of(const struct work *w, size_t row)
{
    const char *a = row_text(w->table, row, "baseline"), *b = row_text(w->table, row, "candidate");
    if (!*a || w->sides_vary)
        return w->recipe->label;
    return doc_format(w->doc, "latency of %s over that of %s", b, a);
}

static double limit_value(const json_t *limit)
{
    const json_t *value = json_object_get(limit, "value");
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "memory limit, 12 GiB": a name without a number gets its own. */
static const char *limit_name(struct doc *d, const json_t *limit, const char *unit)
{
    const char *name = member_text(limit, "name");
    struct buf b = {0};
    if (strpbrk(name, "0123456789") || !*unit)
        return name;
    buf_printf(&b, "%s, ", name);
    value_with_unit(&b, limit_value(limit), unit);
    return doc_take(d, &b);
}

static void take_limits(struct work *w, struct figure *f)
{
    size_t i, k;
    json_t *plot, *limit;
    json_array_foreach(json_object_get(w->analysis, "plots"), i, plot)
    {
        const char *dot = strchr(w->recipe->plots[0], '.');
        if (strncmp(member_text(plot, "analyzer"), w->recipe->plots[0],
                    (size_t)(dot - w->recipe->plots[0])) != 0 ||
            strcmp(member_text(plot, "name"), dot + 1) != 0)
            continue;
        json_array_foreach(json_object_get(plot, "limits"), k, limit)
            figure_add_limit(w->doc, f, limit_name(w->doc, limit, w->recipe->unit),
                             strcmp(member_text(limit, "axis"), "x") == 0, limit_value(limit));
    }
}

static struct figure *begin_figure(struct work *w, size_t row)
{
    const struct recipe *r = w->recipe;
    const char *name = w->part ? doc_format(w->doc, "%s %s", r->name, w->part) : r->name;
    struct figure *f = name ? figure_add(w->doc, w->all, name) : NULL;
    if (!f)
        return NULL;
    f->title = w->part ? doc_format(w->doc, "%s: %s", r->title, w->part) : r->title;
    f->section = r->section;
    f->note = r->note;
    f->source = doc_format(w->doc, "%s.%s", r->analyzer, r->table);
    f->x = (struct figure_axis){"context length", "tokens", true, true};
    f->y = (struct figure_axis){label_of(w, row), r->unit, r->logarithmic, false};
    take_limits(w, f);
    return w->doc->failed ? NULL : f;
}

/* A style for a new series: its model's, unless another one of the figure has it. */
static unsigned choose_style(const struct work *w, const struct figure *f, const char *model,
                             bool hollow)
{
    unsigned style =
        w->models_vary ? figure_style_of(w->analysis, model, 0) : (unsigned)f->series_count;
    for (unsigned tries = 0; tries < FIGURE_STYLES; tries++, style++) {
        bool taken = false;
        for (size_t i = 0; i < f->series_count; i++)
            taken = taken ||
                    (f->series[i].style == style % FIGURE_STYLES && f->series[i].hollow == hollow);
        if (!taken)
            break;
    }
    return style % FIGURE_STYLES;
}

/* Whether a backend is not the first one of the figure's rows, where there are several. */
static bool is_further_backend(const struct work *w, const char *backend)
{
    const json_t *first =
        json_array_get(json_object_get(json_object_get(w->analysis, "data"), "backends"), 0);
    return *backend && w->backends_vary && json_is_string(first) &&
           strcmp(json_string_value(first), backend) != 0;
}

static struct figure_series *new_series(struct work *w, struct figure *f, const char *name,
                                        size_t row)
{
    const char *model = row_text(w->table, row, "model"),
               *backend = row_text(w->table, row, "backend");
    bool hollow = is_further_backend(w, backend);
    struct figure_series *s = figure_add_series(w->doc, f, name, choose_style(w, f, model, hollow));
    if (!s)
        return NULL;
    s->model = model;
    s->backend = *backend || !w->part ? backend : w->part;
    s->hollow = hollow;
    s->points = true;
    s->line = w->recipe->line;
    s->band = w->recipe->low != NULL;
    return s;
}

/* The series of a row, in the figure of this part that has it, or in one with room for it. */
static struct figure_series *series_of(struct work *w, size_t row)
{
    struct buf b = {0};
    series_name(w, row, &b);
    for (struct figure *f = w->first; f; f = f->next)
        for (size_t i = 0; i < f->series_count; i++)
            if (strcmp(f->series[i].name, buf_text(&b)) == 0) {
                buf_free(&b);
                return &f->series[i];
            }
    const char *name = doc_take(w->doc, &b);
    struct figure *f = w->first ? w->all->last : NULL;
    if (!f || f->series_count == SERIES_MOST)
        f = begin_figure(w, row);
    if (!w->first)
        w->first = f;
    return f ? new_series(w, f, name, row) : NULL;
}

static void draw_part(struct work *w)
{
    const struct recipe *r = w->recipe;
    w->first = NULL;
    find_keys(w);
    for (size_t i = 0; i < table_rows(w->table); i++) {
        double x = row_number(w->table, i, "context_length"), y = row_number(w->table, i, r->y);
        if (!takes_row(w, i) || !isfinite(x) || !isfinite(y))
            continue;
        figure_add_point(w->doc, series_of(w, i),
                         (struct figure_point){x, y, r->low ? row_number(w->table, i, r->low) : NAN,
                                               r->high ? row_number(w->table, i, r->high) : NAN,
                                               false});
    }
    for (struct figure *f = w->first; f; f = f->next)
        for (size_t k = 0; k < 3 && r->more[k]; k++)
            r->more[k](w->doc, w->analysis, f, r->mode);
}

void recipes_make(struct doc *d, const json_t *analysis, struct figures *all)
{
    for (size_t k = 0; k < RECIPE_COUNT; k++) {
        struct work w = {.doc = d, .analysis = analysis, .recipe = &recipes[k], .all = all};
        json_t *parts = json_object();
        w.table = table_find(analysis, w.recipe->analyzer, w.recipe->table);
        if (!w.recipe->split)
            draw_part(&w);
        for (size_t i = 0; w.recipe->split && i < table_rows(w.table); i++) {
            w.part = row_text(w.table, i, w.recipe->split);
            if (json_object_get(parts, w.part))
                continue;
            json_object_set_new(parts, w.part, json_true());
            draw_part(&w);
        }
        json_decref(parts);
    }
}

bool recipes_cover(const struct figures *all, const json_t *plot)
{
    struct buf name = {0};
    bool covered = false;
    buf_printf(&name, "%s.%s", member_text(plot, "analyzer"), member_text(plot, "name"));
    for (size_t k = 0; k < RECIPE_COUNT; k++)
        for (size_t i = 0; i < 3 && recipes[k].plots[i]; i++)
            for (const struct figure *f = all->first; f; f = f->next)
                covered =
                    covered || (strcmp(recipes[k].plots[i], buf_text(&name)) == 0 &&
                                strcmp(f->section, recipes[k].section) == 0 &&
                                strncmp(f->name, recipes[k].name, strlen(recipes[k].name)) == 0);
    buf_free(&name);
    return covered;
}
