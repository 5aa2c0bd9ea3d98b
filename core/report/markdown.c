/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/markdown.h"

#include <string.h>

#include "core/report/report.h"
#include "core/report/value.h"
#include "core/report/view.h"

#define ROW_MOST 48    /* a longer table shows the first rows only */
#define ROW_FEW 12     /* of which so many */
#define FINDING_MOST 4 /* of one id */

static void add_character(struct buf *out, char c)
{
    if (c == '<')
        buf_puts(out, "&lt;");
    else if (c == '>')
        buf_puts(out, "&gt;");
    else if (c == '&')
        buf_puts(out, "&amp;");
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        buf_putc(out, ' ');
    else {
        if (strchr("\\`*_{}[]|~$!", c))
            buf_putc(out, '\\');
        buf_putc(out, c);
    }
}

void markdown_text(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        /* ":" and "." in an address that a reader of the Markdown would turn into a link */
        if (strncmp(p, "://", 3) == 0) {
            buf_puts(out, "\\://");
            p += 2;
            continue;
        }
        add_character(out, *p);
    }
}

/* Code must not hold what ends it; names of tables do not, commands may. */
static void add_code(struct buf *out, const char *text)
{
    if (strpbrk(text, "`\n\r")) {
        markdown_text(out, text);
        return;
    }
    buf_printf(out, "`%s`", text);
}

static void add_spans(struct buf *out, const struct block *b)
{
    for (const struct span *s = b->spans; s; s = s->next) {
        if (s->kind == SPAN_CODE || s->kind == SPAN_LINK)
            add_code(out, s->text);
        else if (s->kind == SPAN_STRONG) {
            buf_puts(out, "**");
            markdown_text(out, s->text);
            buf_puts(out, "**");
        } else
            markdown_text(out, s->text);
    }
}

static void add_items(struct buf *out, const struct block *b)
{
    if (b->first)
        buf_puts(out, "\n");
    for (const struct block *item = b->first; item; item = item->next) {
        buf_puts(out, "- ");
        if (*item->label) {
            markdown_text(out, item->label);
            buf_puts(out, ": ");
        }
        add_spans(out, item);
        buf_puts(out, "\n");
    }
}

static void add_notices(struct buf *out, const struct block *b)
{
    for (const struct block *item = b->first; item; item = item->next) {
        buf_puts(out, item == b->first ? "\n> - " : "> - ");
        add_spans(out, item);
        buf_puts(out, "\n");
    }
}

static void add_findings(struct buf *out, const struct block *b, bool first)
{
    size_t n = 0;
    buf_puts(out, first ? "\n" : "");
    for (const struct block *item = b->first; item; item = item->next) {
        if (n++ >= FINDING_MOST)
            continue;
        buf_printf(out, "- **%s** ", b->label);
        add_spans(out, item);
        if (item->first) {
            buf_puts(out, " (");
            add_spans(out, item->first);
            buf_puts(out, ")");
        }
        buf_puts(out, "\n");
    }
    if (n > FINDING_MOST)
        buf_printf(out, "- **%s** %zu more `%s` in analysis.json\n", b->label, n - FINDING_MOST,
                   b->id);
}

static void add_header(struct buf *out, const struct table_view *v)
{
    struct buf heading = {0};
    for (size_t k = 0; k < v->shown_count; k++) {
        const char *unit = view_unit(v, &v->shown[k]);
        buf_clear(&heading);
        view_heading(&heading, v, &v->shown[k]);
        buf_printf(out, "| %s", buf_text(&heading));
        if (*unit) {
            buf_puts(out, " (");
            markdown_text(out, unit);
            buf_puts(out, ")");
        }
        buf_putc(out, ' ');
    }
    buf_puts(out, "|\n");
    for (size_t k = 0; k < v->shown_count; k++)
        buf_puts(out, v->shown[k].words ? "| --- " : "| ---: ");
    buf_puts(out, "|\n");
    buf_free(&heading);
}

static void add_row(struct buf *out, const struct table_view *v, size_t row)
{
    struct buf text = {0}, interval = {0};
    for (size_t k = 0; k < v->shown_count; k++) {
        buf_clear(&text);
        buf_clear(&interval);
        value_text(&text, json_array_get(json_array_get(v->rows, row), v->shown[k].index));
        view_interval(&interval, v, row, &v->shown[k]);
        buf_puts(out, "| ");
        markdown_text(out, buf_text(&text));
        /* brackets of an interval stand as they are: no link can follow */
        buf_printf(out, "%s%s ", interval.len ? " " : "", buf_text(&interval));
    }
    buf_puts(out, "|\n");
    buf_free(&text);
    buf_free(&interval);
}

static void add_table(struct buf *out, const struct block *b)
{
    const struct table_view *v = b->table;
    size_t rows = json_array_size(v->rows), shown = rows > ROW_MOST ? ROW_FEW : rows;
    buf_puts(out, "\n### ");
    markdown_text(out, b->title);
    buf_puts(out, "\n\n");
    if (*v->common) {
        buf_puts(out, "In all rows: ");
        markdown_text(out, v->common);
        buf_puts(out, ".\n\n");
    }
    if (v->shown_count)
        add_header(out, v);
    for (size_t i = 0; v->shown_count && i < shown; i++)
        add_row(out, v, i);
    buf_printf(out, "\nTable `%s.%s`", member_text(v->table, "analyzer"),
               member_text(v->table, "name"));
    if (v->hidden)
        buf_printf(out, "; %zu more %s in analysis.json", v->hidden,
                   v->hidden == 1 ? "column" : "columns");
    if (rows > shown)
        buf_printf(out, "; %zu of its %zu rows are shown, the others are in analysis.json", shown,
                   rows);
    buf_puts(out, ".\n");
}

static void add_figure(struct buf *out, const struct block *b)
{
    buf_puts(out, "\n![");
    markdown_text(out, b->title);
    buf_printf(out, "](figures/%s.svg)\n\n*", b->figure->name);
    markdown_text(out, b->title);
    buf_puts(out, ".* ");
    markdown_text(out, b->figure->note);
    buf_puts(out, *b->figure->note ? " From " : "From ");
    add_code(out, b->figure->source);
    buf_puts(out, ".\n");
}

static void add_block(struct buf *out, const struct block *b, const struct block *before)
{
    if (b->kind == BLOCK_PARAGRAPH && b->spans) {
        buf_puts(out, "\n");
        add_spans(out, b);
        buf_puts(out, "\n");
    } else if (b->kind == BLOCK_LIST || b->kind == BLOCK_TERMS) {
        if (*b->title) {
            buf_puts(out, "\n### ");
            markdown_text(out, b->title);
            buf_puts(out, "\n");
        }
        add_items(out, b);
    } else if (b->kind == BLOCK_NOTICES)
        add_notices(out, b);
    else if (b->kind == BLOCK_FINDINGS)
        add_findings(out, b, !before || before->kind != BLOCK_FINDINGS);
    else if (b->kind == BLOCK_TABLE && b->table)
        add_table(out, b);
    else if (b->kind == BLOCK_FIGURE)
        add_figure(out, b);
}

void report_markdown(const struct report *r, struct buf *out)
{
    buf_puts(out, "# ");
    markdown_text(out, r->doc.title);
    buf_puts(out, "\n");
    for (const struct block *s = r->doc.root.first; s; s = s->next) {
        buf_puts(out, "\n## ");
        markdown_text(out, s->title);
        buf_puts(out, "\n");
        for (const struct block *b = s->first, *before = NULL; b; before = b, b = b->next)
            add_block(out, b, before);
    }
}
