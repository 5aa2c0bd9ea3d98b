/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/html_table.h"

#include <string.h>

#include "core/report/markup.h"
#include "core/report/value.h"
#include "core/report/view.h"

#define ROW_OPEN 20 /* a longer table unfolds on demand */
#define ROW_OPEN_FIRST 60
#define ROW_MOST 400 /* what is beyond is in analysis.json alone */

static bool is_key(const struct table_view *v, const struct table_column *c)
{
    return strcmp(member_text(json_array_get(v->columns, c->index), "role"), "key") == 0;
}

static bool is_note(const struct table_view *v, const struct table_column *c)
{
    return strcmp(member_text(json_array_get(v->columns, c->index), "role"), "note") == 0;
}

static void add_header(struct buf *out, const struct table_view *v)
{
    struct buf heading = {0};
    buf_puts(out, "<thead><tr>");
    for (size_t k = v->group_count; k < v->shown_count; k++) {
        const struct table_column *c = &v->shown[k];
        buf_clear(&heading);
        view_heading(&heading, v, c);
        buf_printf(out, "<th scope=\"col\"%s", c->words ? "" : " class=\"n\"");
        if (*view_definition(v, c)) {
            buf_puts(out, " title=\"");
            markup_text(out, view_definition(v, c));
            buf_puts(out, "\"");
        }
        buf_puts(out, ">");
        markup_text(out, buf_text(&heading));
        if (*view_unit(v, c)) {
            buf_puts(out, " <small>");
            markup_text(out, view_unit(v, c));
            buf_puts(out, "</small>");
        }
        buf_puts(out, "</th>");
    }
    buf_puts(out, "</tr></thead>\n");
    buf_free(&heading);
}

/* "qwen2.5-3b, ollama, prefill" across the table. */
static void add_group(struct buf *out, const struct table_view *v, size_t row)
{
    struct buf text = {0};
    for (size_t k = 0; k < v->group_count; k++) {
        if (!v->shown[k].words)
            buf_printf(&text, "%s%s ", k ? ", " : "",
                       member_text(json_array_get(v->columns, v->shown[k].index), "name"));
        else
            buf_puts(&text, k ? ", " : "");
        view_cell(&text, v, row, &v->shown[k]);
    }
    buf_printf(out, "%s<tbody><tr><th scope=\"rowgroup\" colspan=\"%zu\"><span>",
               row ? "</tbody>\n" : "", v->shown_count - v->group_count);
    markup_text(out, buf_text(&text));
    buf_puts(out, "</span></th></tr>\n");
    buf_free(&text);
}

static void add_cell(struct buf *out, const struct table_view *v, size_t row, size_t column)
{
    const struct table_column *c = &v->shown[column];
    const json_t *value = json_array_get(json_array_get(v->rows, row), c->index);
    struct buf text = {0}, interval = {0};
    bool header = is_key(v, c) && column == v->group_count;
    bool prose = is_note(v, c) || (json_is_string(value) && json_string_length(value) > 28);
    const char *kind = prose ? " class=\"w\"" : c->words ? "" : " class=\"n\"";
    value_text(&text, value);
    view_interval(&interval, v, row, c);
    buf_printf(out, header ? "<th scope=\"row\"%s>" : "<td%s>", kind);
    markup_text(out, buf_text(&text));
    if (interval.len)
        buf_printf(out, " <span>%s</span>", buf_text(&interval));
    buf_puts(out, header ? "</th>" : "</td>");
    buf_free(&text);
    buf_free(&interval);
}

static void add_rows(struct buf *out, const struct block *b, size_t rows)
{
    const struct table_view *v = b->table;
    buf_puts(out, v->group_count ? "" : "<tbody>\n");
    for (size_t i = 0; i < rows; i++) {
        if (v->group_count && view_begins_group(v, i))
            add_group(out, v, i);
        if (v->anchored && v->anchored[i])
            buf_printf(out, "<tr id=\"%s-%zu\">", b->id, i);
        else
            buf_puts(out, "<tr>");
        for (size_t k = v->group_count; k < v->shown_count; k++)
            add_cell(out, v, i, k);
        buf_puts(out, "</tr>\n");
    }
    buf_puts(out, "</tbody>\n");
}

static void add_source(struct buf *out, const struct table_view *v, size_t rows, size_t shown)
{
    buf_puts(out, "<p class=\"note\">");
    if (*v->common) {
        buf_puts(out, "In all rows: ");
        markup_text(out, v->common);
        buf_puts(out, ". ");
    }
    buf_printf(out, "Table <code>%s.%s</code>", member_text(v->table, "analyzer"),
               member_text(v->table, "name"));
    if (v->hidden)
        buf_printf(out, "; %zu more %s in analysis.json", v->hidden,
                   v->hidden == 1 ? "column" : "columns");
    if (rows > shown)
        buf_printf(out, "; %zu of its %zu rows are shown, the others are in analysis.json", shown,
                   rows);
    buf_puts(out, ".</p>\n");
}

void html_table(struct buf *out, const struct block *b, bool first)
{
    const struct table_view *v = b->table;
    size_t rows = json_array_size(v->rows), shown = rows > ROW_MOST ? ROW_MOST : rows;
    buf_printf(out, "<details class=\"table%s\" id=\"%s\"%s><summary><h3 id=\"%s-h\">",
               rows > ROW_OPEN_FIRST ? " long" : "", b->id,
               rows > (first ? ROW_OPEN_FIRST : ROW_OPEN) ? "" : " open", b->id);
    markup_text(out, b->title);
    buf_printf(out, "</h3> <span class=\"mute\">%zu %s</span></summary>\n", rows,
               rows == 1 ? "row" : "rows");
    if (v->shown_count && rows) {
        buf_printf(out,
                   "<div class=\"scroll\" role=\"region\" aria-labelledby=\"%s-h\" "
                   "tabindex=\"0\"><table><caption class=\"hidden\">",
                   b->id);
        markup_text(out, b->title);
        buf_puts(out, "</caption>\n");
        add_header(out, v);
        add_rows(out, b, shown);
        buf_puts(out, "</table></div>\n");
    }
    add_source(out, v, rows, shown);
    buf_puts(out, "</details>\n");
}
