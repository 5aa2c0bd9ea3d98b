/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/services.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/dictionary.h"
#include "core/analysis/packed.h"

struct table_view {
    struct table_view *next;
    const json_t *table;
    struct ctxmark_table_view view;
    struct ctxmark_table_column *columns;
    struct ctxmark_column *data;
    struct dictionary *texts; /* of each column */
};

static struct services *self(const struct ctxmark_host *h)
{
    return ((struct host *)h->state)->extension;
}

static uint64_t service_row_count(const struct ctxmark_host *h)
{
    return self(h)->store->row_count;
}

/* Fills in a plugin's struct, which may be shorter than ours. */
static void give_column(struct ctxmark_column *ret, const struct ctxmark_column *column)
{
    uint32_t size = ret->size && ret->size < sizeof *column ? ret->size : (uint32_t)sizeof *column;
    memcpy(ret, column, size);
    ret->size = size;
}

static int32_t service_column(const struct ctxmark_host *h, const char *name,
                              struct ctxmark_column *ret_column)
{
    struct store *store = self(h)->store;
    struct ctxmark_column column;
    for (size_t i = 0; name && ret_column && i < store->column_count; i++) {
        if (strcmp(store_name(store, i), name) != 0)
            continue;
        if (store_column(store, i, &column) < 0)
            return 0;
        give_column(ret_column, &column);
        return 1;
    }
    return 0;
}

/* --- tables of others */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Room for one column.  0, or -1: out of memory. */
static int make_room(struct ctxmark_column *c)
{
    if (c->type == CTXMARK_TEXT)
        c->code = malloc((c->count + 1) * sizeof *c->code);
    else
        c->number = malloc((c->count + 1) * sizeof *c->number);
    return c->code || c->number ? 0 : -1;
}

static int put_value(struct table_view *v, uint32_t column, uint64_t row,
                     const struct wire_plain *value)
{
    struct ctxmark_column *c = &v->data[column];
    if (c->type != CTXMARK_TEXT) {
        ((double *)c->number)[row] = value->number;
        return 0;
    }
    int32_t id = value->text ? dictionary_add(&v->texts[column], value->text, value->len) : -1;
    ((int32_t *)c->code)[row] = id;
    return value->text && id < 0 ? -1 : 0;
}

static int list_texts(struct ctxmark_column *c, const struct dictionary *d)
{
    const char **texts = malloc((d->count + 1) * sizeof *texts);
    for (size_t i = 0; texts && i < d->count; i++)
        texts[i] = d->bytes + d->offsets[i];
    c->dictionary = texts;
    c->dictionary_count = d->count;
    return texts ? 0 : -1;
}

/* The rows from their bytes (packed.h). */
static int fill_rows(struct table_view *v, struct wire_reader *r)
{
    uint32_t columns = v->view.column_count, items;
    struct wire_plain value;
    for (uint32_t i = 0; i < columns; i++)
        if (make_room(&v->data[i]) < 0)
            return -1;
    for (uint64_t row = 0; row < v->view.row_count; row++) {
        if (!wire_take_array(r, &items) || items != columns)
            return -1;
        for (uint32_t i = 0; i < columns; i++)
            if (!wire_take_plain(r, &value) || put_value(v, i, row, &value) < 0)
                return -1;
    }
    for (uint32_t i = 0; i < columns; i++)
        if (v->data[i].type == CTXMARK_TEXT && list_texts(&v->data[i], &v->texts[i]) < 0)
            return -1;
    return 0;
}

static int fill_view(struct table_view *v)
{
    const json_t *columns = json_object_get(v->table, "columns"), *column;
    size_t i, count = json_array_size(columns);
    struct wire_reader r;
    uint32_t rows;
    if (!packed_begin(v->table, &r, &rows))
        return -1;
    v->columns = calloc(count + 1, sizeof *v->columns);
    v->data = calloc(count + 1, sizeof *v->data);
    v->texts = calloc(count + 1, sizeof *v->texts);
    if (!v->columns || !v->data || !v->texts)
        return -1;
    v->view = (struct ctxmark_table_view){.size = sizeof v->view,
                                          .column_count = (uint32_t)count,
                                          .row_count = rows,
                                          .title = text_of(v->table, "title"),
                                          .columns = v->columns,
                                          .data = v->data,
                                          .column_stride = sizeof *v->columns,
                                          .data_stride = sizeof *v->data};
    json_array_foreach(columns, i, column)
    {
        uint32_t type = column_type_from_name(text_of(column, "type"));
        v->columns[i] = (struct ctxmark_table_column){
            text_of(column, "name"), type, column_role_from_name(text_of(column, "role")),
            text_of(column, "unit"), text_of(column, "definition")};
        v->data[i] = (struct ctxmark_column){
            .size = sizeof *v->data, .type = type, .count = v->view.row_count};
    }
    return fill_rows(v, &r);
}

static void free_view(struct table_view *v)
{
    for (uint32_t i = 0; v->columns && v->data && v->texts && i < v->view.column_count; i++) {
        free((void *)v->data[i].number);
        free((void *)v->data[i].code);
        free((void *)v->data[i].dictionary);
        dictionary_free(&v->texts[i]);
    }
    free(v->texts);
    free(v->columns);
    free(v->data);
    free(v);
}

static const struct table_view *get_view(struct services *s, const json_t *table)
{
    for (struct table_view *v = s->views; v; v = v->next)
        if (v->table == table)
            return v;
    struct table_view *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->table = table;
    if (fill_view(v) < 0) {
        free_view(v);
        return NULL;
    }
    v->next = s->views;
    s->views = v;
    return v;
}

static int32_t give_view(struct ctxmark_table_view *ret, const struct ctxmark_table_view *view)
{
    uint32_t size = ret->size && ret->size < sizeof *view ? ret->size : (uint32_t)sizeof *view;
    memcpy(ret, view, size);
    ret->size = size;
    return 1;
}

static int32_t service_table_find(const struct ctxmark_host *h, const char *analyzer,
                                  const char *table, struct ctxmark_table_view *ret_view)
{
    const json_t *list = analyzer ? json_object_get(self(h)->tables, analyzer) : NULL;
    struct ctxmark_table_view own;
    json_t *item;
    size_t i;
    if (!table || !ret_view)
        return 0;
    if (analyzer && strcmp(analyzer, "ctxmark") == 0)
        return store_table(self(h)->store, table, &own) ? give_view(ret_view, &own) : 0;
    json_array_foreach(list, i, item)
    {
        if (strcmp(text_of(item, "name"), table) != 0)
            continue;
        const struct table_view *v = get_view(self(h), item);
        return v ? give_view(ret_view, &v->view) : 0;
    }
    return 0;
}

/* --- facts */

static const json_t *find_fact(const json_t *facts, const char *backend, const char *model,
                               const char *key)
{
    const json_t *run = json_object_get(json_object_get(facts, "run"), key);
    if (run && strcmp(text_of(run, "provenance"), "user") == 0)
        return run;
    const json_t *f = NULL;
    if (backend && model)
        f = json_object_get(
            json_object_get(json_object_get(json_object_get(facts, "models"), backend), model),
            key);
    if (!f && backend)
        f = json_object_get(json_object_get(json_object_get(facts, "backends"), backend), key);
    return f ? f : run;
}

static int32_t service_fact_get(const struct ctxmark_host *h, const char *backend,
                                const char *model, const char *key, struct ctxmark_fact *ret_fact)
{
    const json_t *f = key ? find_fact(self(h)->facts, backend, model, key) : NULL;
    if (!f || !ret_fact)
        return 0;
    fact_from_json(f, ret_fact);
    return 1;
}

/* --- what it emits */

static int32_t service_table_begin(const struct ctxmark_host *h, const struct ctxmark_table *table)
{
    return emit_table_begin(&self(h)->emitted, table);
}

static void service_table_row(const struct ctxmark_host *h, int32_t table,
                              const struct ctxmark_value *values, uint32_t value_count)
{
    emit_table_row(&self(h)->emitted, table, values, value_count);
}

static void service_finding(const struct ctxmark_host *h, const struct ctxmark_finding *finding)
{
    emit_finding(&self(h)->emitted, finding);
}

static void service_plot(const struct ctxmark_host *h, const struct ctxmark_plot *plot)
{
    emit_plot(&self(h)->emitted, plot);
}

void services_install(struct host *h, struct services *s)
{
    h->extension = s;
    h->table.fact_get = service_fact_get;
    h->table.row_count = service_row_count;
    h->table.column = service_column;
    h->table.table_find = service_table_find;
    h->table.table_begin = service_table_begin;
    h->table.table_row = service_table_row;
    h->table.finding = service_finding;
    h->table.plot = service_plot;
}

void services_finish(struct services *s)
{
    while (s->views) {
        struct table_view *next = s->views->next;
        free_view(s->views);
        s->views = next;
    }
}
