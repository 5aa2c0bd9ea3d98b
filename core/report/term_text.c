/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/term_text.h"

#include <string.h>

#include "core/report/value.h"
#include "core/report/view.h"

#define COLUMN_MOST 16
#define CELL_MOST 40 /* letters */

size_t term_letters(const char *text)
{
    size_t n = 0;
    for (const char *p = text; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

static void put_blanks(struct buf *out, size_t n)
{
    for (; n; n--)
        buf_putc(out, ' ');
}

void term_wrap(struct buf *out, const char *text, size_t width, size_t used, size_t indent)
{
    struct buf word = {0};
    size_t at = used;
    bool first = true;
    while (*text) {
        size_t n = strcspn(text, " \n\t");
        buf_clear(&word);
        buf_add(&word, text, n);
        text += n;
        text += strspn(text, " \n\t");
        size_t letters = term_letters(buf_text(&word));
        if (!first && at + 1 + letters > width) {
            buf_putc(out, '\n');
            put_blanks(out, indent);
            at = indent;
        } else if (!first) {
            buf_putc(out, ' ');
            at++;
        }
        value_line(out, buf_text(&word));
        at += letters;
        first = false;
    }
    buf_putc(out, '\n');
    buf_free(&word);
}

/* At most CELL_MOST letters, on one line. */
static void cell_text(struct buf *out, const struct table_view *v, size_t row, size_t column)
{
    struct buf text = {0};
    size_t letters = 0, end = 0;
    buf_clear(out);
    view_cell(&text, v, row, &v->shown[column]);
    const char *p = buf_text(&text);
    for (; p[end]; end++)
        if (((unsigned char)p[end] & 0xc0) != 0x80 && ++letters > CELL_MOST)
            break;
    if (p[end] && text.data)
        text.data[end] = '\0';
    value_line(out, buf_text(&text));
    buf_free(&text);
}

static void heading_text(struct buf *out, const struct table_view *v, size_t column)
{
    buf_clear(out);
    view_heading(out, v, &v->shown[column]);
    if (*view_unit(v, &v->shown[column]))
        buf_printf(out, " (%s)", view_unit(v, &v->shown[column]));
}

/* Widths of the columns that fit; how many those are. */
static size_t measure(const struct table_view *v, size_t rows, size_t width, size_t *widths)
{
    struct buf text = {0};
    size_t used = 0, n = 0;
    for (; n < v->shown_count && n < COLUMN_MOST; n++) {
        heading_text(&text, v, n);
        widths[n] = term_letters(buf_text(&text));
        for (size_t i = 0; i < rows; i++) {
            cell_text(&text, v, i, n);
            if (term_letters(buf_text(&text)) > widths[n])
                widths[n] = term_letters(buf_text(&text));
        }
        used += widths[n] + 2;
        if (n && used > width + 2)
            break;
    }
    buf_free(&text);
    return n;
}

static void put_cell(struct buf *out, const char *text, size_t width, bool words, bool last)
{
    size_t letters = term_letters(text), blanks = width > letters ? width - letters : 0;
    put_blanks(out, words ? 0 : blanks);
    buf_puts(out, text);
    put_blanks(out, words && !last ? blanks : 0);
    buf_puts(out, last ? "\n" : "  ");
}

void term_table(struct buf *out, const struct table_view *v, size_t rows, size_t width)
{
    size_t widths[COLUMN_MOST], n = measure(v, rows, width, widths);
    size_t all = json_array_size(v->rows), hidden = v->hidden + v->shown_count - n;
    struct buf text = {0};
    for (size_t k = 0; k < n; k++) {
        heading_text(&text, v, k);
        put_cell(out, buf_text(&text), widths[k], v->shown[k].words, k + 1 == n);
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < n; k++) {
            cell_text(&text, v, i, k);
            put_cell(out, buf_text(&text), widths[k], v->shown[k].words, k + 1 == n);
        }
    buf_clear(&text);
    if (*v->common)
        buf_printf(&text, "In all rows: %s. ", v->common);
    buf_printf(&text, "Table %s.%s", member_text(v->table, "analyzer"),
               member_text(v->table, "name"));
    if (hidden)
        buf_printf(&text, "; %zu more %s", hidden, hidden == 1 ? "column" : "columns");
    if (all > rows)
        buf_printf(&text, "; %zu more rows", all - rows);
    buf_puts(&text, hidden || all > rows ? " in analysis.json." : ".");
    term_wrap(out, buf_text(&text), width, 0, 0);
    buf_free(&text);
}
