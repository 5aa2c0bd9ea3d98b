/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Letters, digits and points of any words; runs of other characters become one "-". */
static void add_file_name(struct buf *out, const char *words)
{
    for (const char *p = words; *p; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '.' && out->len))
            buf_putc(out, c);
        else if (out->len && out->data[out->len - 1] != '-')
            buf_putc(out, '-');
        if (out->len > 100)
            break;
    }
}

static bool is_taken(const struct figures *all, const char *name)
{
    for (const struct figure *f = all->first; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return true;
    return false;
}

struct figure *figure_add(struct doc *d, struct figures *all, const char *name)
{
    struct buf b = {0};
    struct figure *f = doc_alloc(d, sizeof *f);
    add_file_name(&b, name);
    while (b.len && b.data[b.len - 1] == '-')
        b.data[--b.len] = '\0';
    const char *file = b.len ? doc_take(d, &b) : "figure";
    buf_free(&b);
    if (!f || !file)
        return NULL;
    f->name = file;
    for (unsigned i = 2; f->name && is_taken(all, f->name); i++)
        f->name = doc_format(d, "%s-%u", file, i);
    f->title = f->section = f->note = f->source = "";
    f->x.label = f->x.unit = f->y.label = f->y.unit = "";
    if (!f->name)
        return NULL;
    if (all->last)
        all->last->next = f;
    else
        all->first = f;
    all->last = f;
    return f;
}

/* Room for one more of `size` bytes; the old ones stay in the arena until the report is done. */
static void *grow(struct doc *d, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t bigger = *capacity ? 2 * *capacity : 8;
    void *fresh = doc_alloc(d, bigger * size);
    if (!fresh)
        return NULL;
    if (count)
        memcpy(fresh, items, count * size);
    *capacity = bigger;
    return fresh;
}

struct figure_series *figure_add_series(struct doc *d, struct figure *f, const char *name,
                                        unsigned style)
{
    struct figure_series *all =
        f && name ? grow(d, f->series, f->series_count, &f->series_capacity, sizeof *f->series)
                  : NULL;
    if (!all)
        return NULL;
    f->series = all;
    all[f->series_count] = (struct figure_series){
        .name = name, .model = "", .backend = "", .style = style % FIGURE_STYLES};
    return &all[f->series_count++];
}

void figure_add_point(struct doc *d, struct figure_series *s, struct figure_point point)
{
    struct figure_point *all = s ? grow(d, s->at, s->count, &s->capacity, sizeof *s->at) : NULL;
    if (!all)
        return;
    s->at = all;
    all[s->count++] = point;
}

void figure_add_limit(struct doc *d, struct figure *f, const char *name, bool vertical,
                      double value)
{
    struct figure_limit *all = f ? doc_alloc(d, (f->limit_count + 1) * sizeof *all) : NULL;
    if (!all || !name)
        return;
    if (f->limit_count)
        memcpy(all, f->limits, f->limit_count * sizeof *all);
    all[f->limit_count++] = (struct figure_limit){name, vertical, value};
    f->limits = all;
}

bool figure_shows(const struct figure *f, const struct figure_point *p)
{
    return isfinite(p->x) && isfinite(p->y) && !(f->x.logarithmic && p->x <= 0) &&
           !(f->y.logarithmic && p->y <= 0);
}

void figure_drop_if_empty(struct figures *all)
{
    struct figure *f = all->last, *before = NULL;
    if (!f)
        return;
    for (size_t i = 0; i < f->series_count; i++)
        for (size_t k = 0; k < f->series[i].count; k++)
            if (figure_shows(f, &f->series[i].at[k]))
                return;
    for (struct figure *p = all->first; p != f; p = p->next)
        before = p;
    all->last = before;
    if (before)
        before->next = NULL;
    else
        all->first = NULL;
}

unsigned figure_style_of(const json_t *analysis, const char *model, unsigned otherwise)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(json_object_get(analysis, "data"), "models"), i,
                       name) if (strcmp(json_string_value(name) ? json_string_value(name) : "",
                                        model) == 0) return (unsigned)i %
        FIGURE_STYLES;
    return otherwise % FIGURE_STYLES;
}
