/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Plots that analyzers give, as figures. */

#include "config.h"

#include "core/report/figure/plots.h"

#include <math.h>
#include <string.h>

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double number_at(const json_t *list, size_t i)
{
    return number_of(json_array_get(list, i));
}

/* The number of a group in the plot, in the order of appearance. */
static unsigned group_number(const json_t *series, size_t index)
{
    unsigned groups = 0;
    const json_t *own = json_object_get(json_array_get(series, index), "group");
    for (size_t i = 0; i < index; i++) {
        const json_t *group = json_object_get(json_array_get(series, i), "group");
        bool fresh = true;
        for (size_t k = 0; k < i && fresh && json_is_string(group); k++)
            fresh = !json_equal(json_object_get(json_array_get(series, k), "group"), group);
        if (fresh && json_is_string(own) && json_equal(own, group))
            return groups;
        groups += fresh;
    }
    return groups;
}

void plots_points(struct doc *d, const json_t *series, struct figure_series *to)
{
    const json_t *x = json_object_get(series, "x");
    bool band = strcmp(member_text(series, "kind"), "band") == 0;
    for (size_t i = 0; i < json_array_size(x); i++) {
        double low = number_at(json_object_get(series, "low"), i),
               high = number_at(json_object_get(series, "high"), i),
               y = number_at(json_object_get(series, "y"), i);
        if (isnan(y) && band)
            y = 0.5 * (low + high);
        figure_add_point(d, to, (struct figure_point){number_at(x, i), y, low, high, false});
    }
}

static void add_series(struct doc *d, const json_t *analysis, const json_t *series, size_t index,
                       struct figure *f)
{
    const json_t *from = json_array_get(series, index);
    const char *kind = member_text(from, "kind");
    unsigned style = figure_style_of(analysis, member_text(from, "group"), FIGURE_STYLES - 1);
    if (style == FIGURE_STYLES - 1)
        style = group_number(series, index);
    struct figure_series *s = figure_add_series(d, f, member_text(from, "name"), style);
    if (!s)
        return;
    s->points = strcmp(kind, "points") == 0 || strcmp(kind, "both") == 0;
    s->line = strcmp(kind, "line") == 0 || strcmp(kind, "both") == 0;
    s->dashed = strcmp(kind, "line") == 0;
    s->band = !json_is_null(json_object_get(from, "low"));
    plots_points(d, from, s);
}

static struct figure_axis axis_of(const json_t *axis)
{
    return (struct figure_axis){member_text(axis, "label"), member_text(axis, "unit"),
                                json_is_true(json_object_get(axis, "logarithmic")),
                                strcmp(member_text(axis, "unit"), "tokens") == 0};
}

void plots_make(struct doc *d, const json_t *analysis, const json_t *plot, struct figures *all)
{
    const json_t *series = json_object_get(plot, "series");
    size_t i;
    json_t *limit;
    const char *source =
        doc_format(d, "%s.%s", member_text(plot, "analyzer"), member_text(plot, "name"));
    struct figure *f = source ? figure_add(d, all, source) : NULL;
    if (!f)
        return;
    f->title = member_text(plot, "title");
    f->section = member_text(plot, "section");
    f->source = source;
    f->x = axis_of(json_object_get(plot, "x"));
    f->y = axis_of(json_object_get(plot, "y"));
    for (i = 0; i < json_array_size(series); i++)
        add_series(d, analysis, series, i, f);
    json_array_foreach(json_object_get(plot, "limits"), i, limit) figure_add_limit(
        d, f, member_text(limit, "name"), strcmp(member_text(limit, "axis"), "x") == 0,
        number_of(json_object_get(limit, "value")));
}
