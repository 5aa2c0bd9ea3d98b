/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/view.h"

#include <string.h>

#include "core/report/value.h"

#define COLUMN_MOST 12

static bool has_role(const json_t *column, const char *role)
{
    return strcmp(member_text(column, "role"), role) == 0;
}

static bool is_bound(const json_t *column)
{
    return has_role(column, "low") || has_role(column, "high");
}

/* The place of the bound of that role right behind column i, 0 if there is none. */
static size_t bound_of(const json_t *columns, size_t i, const char *role)
{
    for (size_t k = i + 1; k <= i + 2; k++) {
        const json_t *column = json_array_get(columns, k);
        if (!column || !is_bound(column))
            return 0;
        if (has_role(column, role))
            return k;
    }
    return 0;
}

/* Whether a column has one value in all rows (the first one's). */
static bool is_constant(const json_t *rows, size_t column)
{
    const json_t *first = json_array_get(json_array_get(rows, 0), column);
    size_t n = json_array_size(rows);
    for (size_t i = 1; i < n; i++)
        if (!json_equal(json_array_get(json_array_get(rows, i), column), first))
            return false;
    return true;
}

/* " mode prefill" */
static void add_common(struct buf *common, const json_t *column, const json_t *value)
{
    struct buf text = {0};
    buf_puts(common, common->len ? ", " : "");
    for (const char *p = member_text(column, "name"); *p; p++)
        buf_putc(common, *p == '_' ? ' ' : *p);
    buf_putc(common, ' ');
    value_text(&text, value);
    value_line(common, buf_text(&text));
    buf_free(&text);
    if (*member_text(column, "unit"))
        buf_printf(common, " %s", member_text(column, "unit"));
}

/* Whether a column that is the same in all rows is told above the table instead. */
static bool is_lifted(const struct table_view *v, const json_t *column)
{
    const char *type = member_text(column, "type");
    return json_array_size(v->rows) > 2 && strcmp(type, "number") != 0 && !has_role(column, "note");
}

static void choose_columns(struct table_view *v, struct buf *common)
{
    size_t i;
    json_t *column;
    bool last_shown = false;
    json_array_foreach(v->columns, i, column)
    {
        if (is_bound(column) && last_shown)
            continue;
        last_shown = false;
        const json_t *first = json_array_get(json_array_get(v->rows, 0), i);
        bool constant = !has_role(column, "detail") && is_constant(v->rows, i);
        if (constant && !json_is_null(first) && is_lifted(v, column)) {
            add_common(common, column, first);
            continue;
        }
        bool empty = constant && json_is_null(first) && json_array_size(v->rows);
        if (has_role(column, "detail") || empty || v->shown_count == COLUMN_MOST) {
            v->hidden++;
            continue;
        }
        last_shown = true;
        v->shown[v->shown_count++] =
            (struct table_column){.index = i,
                                  .low = bound_of(v->columns, i, "low"),
                                  .high = bound_of(v->columns, i, "high"),
                                  .words = strcmp(member_text(column, "type"), "text") == 0};
    }
}

bool view_begins_group(const struct table_view *v, size_t row)
{
    const json_t *now = json_array_get(v->rows, row), *before;
    if (row == 0)
        return true;
    before = json_array_get(v->rows, row - 1);
    for (size_t k = 0; k < v->group_count; k++)
        if (!json_equal(json_array_get(now, v->shown[k].index),
                        json_array_get(before, v->shown[k].index)))
            return true;
    return false;
}

/* Rows are grouped by all keys but the last, where that makes fewer groups than half the rows. */
static void choose_groups(struct table_view *v)
{
    size_t keys = 0, groups = 0, rows = json_array_size(v->rows);
    while (keys < v->shown_count &&
           has_role(json_array_get(v->columns, v->shown[keys].index), "key"))
        keys++;
    if (keys < 2 || rows < 5)
        return;
    v->group_count = keys - 1;
    for (size_t i = 0; i < rows; i++)
        groups += view_begins_group(v, i);
    if (2 * groups > rows)
        v->group_count = 0;
}

const struct table_view *view_make(struct doc *d, const json_t *table)
{
    struct buf common = {0};
    struct table_view *v = doc_alloc(d, sizeof *v);
    if (!v)
        return NULL;
    v->table = table;
    v->columns = json_object_get(table, "columns");
    v->rows = json_object_get(table, "rows");
    v->shown = doc_alloc(d, COLUMN_MOST * sizeof *v->shown);
    if (!v->shown)
        return NULL;
    choose_columns(v, &common);
    choose_groups(v);
    v->common = doc_take(d, &common);
    return d->failed ? NULL : v;
}

void view_heading(struct buf *out, const struct table_view *v, const struct table_column *c)
{
    for (const char *p = member_text(json_array_get(v->columns, c->index), "name"); *p; p++)
        buf_putc(out, *p == '_' ? ' ' : *p);
    if (c->low)
        buf_puts(out, " [low, high]");
}

const char *view_unit(const struct table_view *v, const struct table_column *c)
{
    return member_text(json_array_get(v->columns, c->index), "unit");
}

const char *view_definition(const struct table_view *v, const struct table_column *c)
{
    return member_text(json_array_get(v->columns, c->index), "definition");
}

void view_interval(struct buf *out, const struct table_view *v, size_t row,
                   const struct table_column *c)
{
    const json_t *values = json_array_get(v->rows, row), *low = json_array_get(values, c->low),
                 *high = json_array_get(values, c->high);
    if (!c->low || !c->high || json_is_null(low) || json_is_null(high))
        return;
    buf_puts(out, "[");
    value_text(out, low);
    buf_puts(out, ", ");
    value_text(out, high);
    buf_puts(out, "]");
}

void view_cell(struct buf *out, const struct table_view *v, size_t row,
               const struct table_column *c)
{
    struct buf interval = {0};
    value_text(out, json_array_get(json_array_get(v->rows, row), c->index));
    view_interval(&interval, v, row, c);
    if (interval.len)
        buf_printf(out, " %s", buf_text(&interval));
    buf_free(&interval);
}

char *view_anchor(struct doc *d, const char *analyzer, const char *table, json_int_t row)
{
    if (row < 0)
        return doc_format(d, "t-%s-%s", analyzer, table);
    return doc_format(d, "t-%s-%s-%lld", analyzer, table, (long long)row);
}
