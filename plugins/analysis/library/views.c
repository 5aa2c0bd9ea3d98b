/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "views.h"

#include <math.h>
#include <string.h>

struct view view_get(const struct ctxmark_host *h, const char *analyzer, const char *table)
{
    struct view v = {.analyzer = analyzer, .table = table};
    v.table_view.size = sizeof v.table_view;
    if (h->table_find(h, analyzer, table, &v.table_view))
        v.count = v.table_view.row_count;
    return v;
}

static const struct ctxmark_column *find_column(const struct view *v, const char *name)
{
    const struct ctxmark_table_view *t = &v->table_view;
    for (uint32_t i = 0; v->count && i < t->column_count; i++) {
        const struct ctxmark_table_column *c =
            (const void *)((const char *)t->columns + (size_t)i * t->column_stride);
        if (c->name[0] == name[0] && strcmp(c->name, name) == 0)
            return (const void *)((const char *)t->data + (size_t)i * t->data_stride);
    }
    return NULL;
}

double view_number(const struct view *v, uint64_t row, const char *column)
{
    const struct ctxmark_column *c = row < v->count ? find_column(v, column) : NULL;
    return c && c->number ? c->number[row] : NAN;
}

const char *view_text(const struct view *v, uint64_t row, const char *column)
{
    const struct ctxmark_column *c = row < v->count ? find_column(v, column) : NULL;
    return c && c->code && c->code[row] >= 0 ? c->dictionary[c->code[row]] : NULL;
}

bool view_text_is(const struct view *v, uint64_t row, const char *column, const char *text)
{
    const char *have = view_text(v, row, column);
    return have && strcmp(have, text) == 0;
}

/* A text that is wanted in a column, by its code; any: no column, or nothing wanted. */
struct wanted {
    const int32_t *code;
    int32_t is;
    bool any;
};

static struct wanted want(const struct view *v, const char *column, const char *text)
{
    const struct ctxmark_column *c = text ? find_column(v, column) : NULL;
    struct wanted w = {.code = c ? c->code : NULL, .is = -2, .any = !c};
    for (uint64_t i = 0; c && w.is < 0 && i < c->dictionary_count; i++)
        if (c->dictionary[i] == text || strcmp(c->dictionary[i], text) == 0)
            w.is = (int32_t)i;
    return w;
}

static bool matches(const struct wanted *w, uint64_t row)
{
    return w->any || (w->code && w->code[row] == w->is);
}

int64_t view_find(const struct view *v, uint64_t from, const char *model, const char *backend,
                  const char *mode, double context_length)
{
    struct wanted models = want(v, "model", model), backends = want(v, "backend", backend),
                  modes = want(v, "mode", mode);
    const struct ctxmark_column *contexts =
        isnan(context_length) ? NULL : find_column(v, "context_length");
    bool any = !contexts || !contexts->number;
    /* models first: rows come in long runs of one */
    for (uint64_t row = from; row < v->count; row++)
        if (matches(&models, row) && (any || contexts->number[row] == context_length) &&
            matches(&backends, row) && matches(&modes, row))
            return (int64_t)row;
    return -1;
}
