/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/markdown.h"

#include <stdbool.h>
#include <string.h>

#define COLUMN_MOST 14
#define ROW_MOST 200

static bool has_role(const json_t *column, const char *role)
{
    return strcmp(member_text(column, "role"), role) == 0;
}

static bool is_bound(const json_t *column)
{
    return has_role(column, "low") || has_role(column, "high");
}

/* Which columns are shown, bounds not counted: indices in shown[COLUMN_MOST].  The rest is counted
 * in *ret_hidden. */
static size_t choose_columns(const json_t *columns, size_t *shown, size_t *ret_hidden)
{
    size_t i, n = 0;
    json_t *column;
    bool last_shown = false;
    *ret_hidden = 0;
    json_array_foreach(columns, i, column)
    {
        if (is_bound(column) && last_shown)
            continue;
        last_shown = !is_bound(column) && !has_role(column, "detail") && n < COLUMN_MOST;
        if (last_shown)
            shown[n++] = i;
        else
            ++*ret_hidden;
    }
    return n;
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

static void add_header(struct buf *out, const json_t *columns, const size_t *shown, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const json_t *column = json_array_get(columns, shown[k]);
        const char *unit = member_text(column, "unit");
        buf_puts(out, "| ");
        for (const char *p = member_text(column, "name"); *p; p++)
            buf_putc(out, *p == '_' ? ' ' : *p);
        if (bound_of(columns, shown[k], "low"))
            buf_puts(out, " [low, high]");
        if (*unit) {
            buf_puts(out, " (");
            markdown_text(out, unit);
            buf_puts(out, ")");
        }
        buf_putc(out, ' ');
    }
    buf_puts(out, "|\n");
    for (size_t k = 0; k < n; k++) {
        const json_t *column = json_array_get(columns, shown[k]);
        buf_puts(out, strcmp(member_text(column, "type"), "text") == 0 ? "| --- " : "| ---: ");
    }
    buf_puts(out, "|\n");
}

static void add_row(struct buf *out, const json_t *columns, const json_t *row, const size_t *shown,
                    size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const json_t *value = json_array_get(row, shown[k]);
        size_t low = bound_of(columns, shown[k], "low"), high = bound_of(columns, shown[k], "high");
        buf_puts(out, "| ");
        markdown_value(out, value);
        if (low && high && !json_is_null(json_array_get(row, low)) &&
            !json_is_null(json_array_get(row, high))) {
            buf_puts(out, " [");
            markdown_value(out, json_array_get(row, low));
            buf_puts(out, ", ");
            markdown_value(out, json_array_get(row, high));
            buf_puts(out, "]");
        }
        buf_putc(out, ' ');
    }
    buf_puts(out, "|\n");
}

void markdown_table(struct buf *out, const json_t *table)
{
    const json_t *columns = json_object_get(table, "columns"),
                 *rows = json_object_get(table, "rows"), *row;
    size_t shown[COLUMN_MOST], hidden, i, n = choose_columns(columns, shown, &hidden);
    size_t more = json_array_size(rows) > ROW_MOST ? json_array_size(rows) - ROW_MOST : 0;
    add_header(out, columns, shown, n);
    json_array_foreach(rows, i, row)
    {
        if (i == ROW_MOST)
            break;
        add_row(out, columns, row, shown, n);
    }
    buf_puts(out, "\nTable `");
    buf_puts(out, member_text(table, "analyzer"));
    buf_putc(out, '.');
    buf_puts(out, member_text(table, "name"));
    buf_puts(out, "`");
    if (hidden)
        buf_printf(out, "; %zu more %s in analysis.json", hidden,
                   hidden == 1 ? "column" : "columns");
    if (more)
        buf_printf(out, "; %zu more %s in analysis.json", more, more == 1 ? "row" : "rows");
    buf_puts(out, ".\n");
}
