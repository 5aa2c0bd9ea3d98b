/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "emit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct keys keys_of(const struct group *g)
{
    return (struct keys){g->run,     g->model,       g->backend, g->mode,
                         g->context, g->concurrency, g->launch};
}

static struct ctxmark_value value_of(const struct field *f, const char *row)
{
    struct ctxmark_value v = {NAN, NULL};
    if (f->type == CTXMARK_TEXT)
        memcpy(&v.text, row + f->offset, sizeof v.text);
    else
        memcpy(&v.number, row + f->offset, sizeof v.number);
    return v;
}

static bool is_known(const struct field *f, const char *rows, size_t row_size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ctxmark_value v = value_of(f, rows + i * row_size);
        if (v.text || isfinite(v.number))
            return true;
    }
    return false;
}

/* Picks the columns that the table gets; returns how many. */
static uint32_t pick_columns(const struct table *t, const void *rows, size_t row_size, size_t count,
                             const struct field **picked, struct ctxmark_table_column *columns)
{
    uint32_t n = 0;
    for (size_t i = 0; i < t->field_count; i++) {
        const struct field *f = &t->fields[i];
        if (f->optional && !is_known(f, rows, row_size, count))
            continue;
        picked[n] = f;
        columns[n++] =
            (struct ctxmark_table_column){f->name, f->type, f->role, f->unit, f->definition};
    }
    return n;
}

/* No table has more columns, so that none is lost for want of memory. */
#define COLUMNS_MOST 192

void table_emit(const struct ctxmark_host *h, const struct table *t, const void *rows,
                size_t row_size, size_t count)
{
    const struct field *picked[COLUMNS_MOST];
    struct ctxmark_table_column columns[COLUMNS_MOST];
    struct ctxmark_value values[COLUMNS_MOST];
    if (count == 0)
        return;
    if (t->field_count > COLUMNS_MOST) {
        h->log(h, CTXMARK_LOG_WARNING, "a table has too many columns to be emitted");
        return;
    }
    uint32_t n = pick_columns(t, rows, row_size, count, picked, columns);
    struct ctxmark_table table = {.size = sizeof table,
                                  .column_stride = sizeof *columns,
                                  .name = t->name,
                                  .title = t->title,
                                  .section = t->section,
                                  .order = t->order,
                                  .column_count = n,
                                  .columns = columns};
    int32_t handle = h->table_begin(h, &table);
    for (size_t i = 0; handle >= 0 && i < count; i++) {
        for (uint32_t k = 0; k < n; k++)
            values[k] = value_of(picked[k], (const char *)rows + i * row_size);
        h->table_row(h, handle, values, n);
    }
}

void finding_emit(const struct ctxmark_host *h, uint32_t severity, const char *id,
                  const char *table, int64_t row, const char *column, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    struct ctxmark_evidence evidence = {NULL, table, row, column};
    struct ctxmark_finding finding = {.size = sizeof finding,
                                      .severity = severity,
                                      .id = id,
                                      .text = text,
                                      .evidence = table ? &evidence : NULL,
                                      .evidence_count = table ? 1 : 0,
                                      .evidence_stride = sizeof evidence};
    h->finding(h, &finding);
}

static struct line *find_line(struct lines *l, const char *name, const char *group)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0)
            return &l->items[i];
    if (l->count == l->capacity) {
        size_t n = l->capacity ? l->capacity * 2 : 8;
        struct line *items = realloc(l->items, n * sizeof *items);
        if (!items)
            return NULL;
        l->items = items;
        l->capacity = n;
    }
    struct line *line = &l->items[l->count];
    *line = (struct line){.name = strdup(name), .group = group};
    if (!line->name)
        return NULL;
    l->count++;
    return line;
}

static bool grow_values(double **x, size_t n)
{
    double *more = realloc(*x, n * sizeof *more);
    if (more)
        *x = more;
    return more != NULL;
}

static bool grow_line(struct line *line)
{
    size_t n = line->capacity ? line->capacity * 2 : 16;
    if (!grow_values(&line->x, n) || !grow_values(&line->y, n) || !grow_values(&line->low, n) ||
        !grow_values(&line->high, n))
        return false;
    line->capacity = n;
    return true;
}

void lines_add(struct lines *l, const char *name, const char *group, double x, double y, double low,
               double high)
{
    struct line *line = l->failed ? NULL : find_line(l, name, group);
    if (!line || (line->count == line->capacity && !grow_line(line))) {
        l->failed = true;
        return;
    }
    size_t i = line->count++;
    line->x[i] = x;
    line->y[i] = y;
    line->low[i] = low;
    line->high[i] = high;
}

void lines_draw_as(struct lines *l, const char *name, uint32_t kind)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0)
            l->items[i].kind = kind;
}

static void lines_free(struct lines *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct line *line = &l->items[i];
        free(line->name);
        free(line->x);
        free(line->y);
        free(line->low);
        free(line->high);
    }
    free(l->items);
    *l = (struct lines){0};
}

void lines_emit(const struct ctxmark_host *h, struct lines *l, struct ctxmark_plot p)
{
    struct ctxmark_series *series = calloc(l->count + 1, sizeof *series);
    for (size_t i = 0; series && i < l->count; i++) {
        const struct line *line = &l->items[i];
        series[i] = (struct ctxmark_series){.name = line->name,
                                            .group = line->group,
                                            .kind = line->kind ? line->kind : CTXMARK_SERIES_BOTH,
                                            .count = (uint32_t)line->count,
                                            .x = line->x,
                                            .y = line->y,
                                            .low = line->low,
                                            .high = line->high};
    }
    p.size = sizeof p;
    p.series_stride = sizeof *series;
    p.series = series;
    p.series_count = (uint32_t)l->count;
    if (series && l->count && !l->failed)
        h->plot(h, &p);
    free(series);
    lines_free(l);
}
