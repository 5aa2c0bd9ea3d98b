/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The report on a terminal. */

#include "config.h"

#include <string.h>

#include "core/report/figure/gnuplot.h"
#include "core/report/report.h"
#include "core/report/term_text.h"
#include "core/report/value.h"
#include "core/report/view.h"

#define ROW_MOST 24
#define ROW_FEW 8
#define FINDING_MOST 3

struct page {
    const struct report_terminal *terminal;
    struct buf *out;
    bool told; /* that there is no gnuplot */
};

static void put_colour(struct page *p, const char *code)
{
    if (p->terminal->colour)
        buf_printf(p->out, "\033[%sm", code);
}

static void put_coloured(struct page *p, const char *code, const char *text)
{
    put_colour(p, code);
    value_line(p->out, text);
    put_colour(p, "0");
}

static void join_spans(struct buf *out, const struct block *b)
{
    for (const struct span *s = b->spans; s; s = s->next)
        buf_puts(out, s->text);
}

/* Text behind what stands on the line already, `used` letters of it; further lines are indented. */
static void put_wrapped(struct page *p, const struct block *b, size_t used, size_t indent)
{
    struct buf text = {0};
    join_spans(&text, b);
    term_wrap(p->out, buf_text(&text), p->terminal->width, used, indent);
    buf_free(&text);
}

static void put_items(struct page *p, const struct block *b)
{
    for (const struct block *item = b->first; item; item = item->next) {
        buf_puts(p->out, "- ");
        value_line(p->out, item->label);
        buf_puts(p->out, *item->label ? ": " : "");
        put_wrapped(p, item, 2 + term_letters(item->label) + (*item->label ? 2 : 0), 2);
    }
}

static void put_findings(struct page *p, const struct block *b)
{
    const char *colour = strcmp(b->label, "error") == 0     ? "1;31"
                         : strcmp(b->label, "warning") == 0 ? "33"
                         : strcmp(b->label, "notice") == 0  ? "36"
                                                            : "2";
    size_t n = 0;
    for (const struct block *item = b->first; item; item = item->next) {
        if (n++ >= FINDING_MOST)
            continue;
        put_coloured(p, colour, b->label);
        buf_puts(p->out, " ");
        put_wrapped(p, item, strlen(b->label) + 1, 2);
    }
    if (n > FINDING_MOST)
        buf_printf(p->out, "  %zu more %s\n", n - FINDING_MOST, b->id);
}

static void put_table(struct page *p, const struct block *b)
{
    size_t rows = json_array_size(b->table->rows);
    buf_puts(p->out, "\n");
    put_coloured(p, "1", b->title);
    buf_puts(p->out, "\n");
    term_table(p->out, b->table, rows > ROW_MOST ? ROW_FEW : rows, p->terminal->width);
}

static void put_figure(struct page *p, const struct block *b)
{
    const struct figure *f = b->figure;
    struct err e;
    if (!*p->terminal->gnuplot) {
        if (!p->told)
            buf_puts(p->out, "\n(figures need gnuplot, which is not installed)\n");
        p->told = true;
        return;
    }
    buf_puts(p->out, "\n");
    put_coloured(p, "1", f->title);
    buf_puts(p->out, "\n");
    value_line(p->out, f->y.label);
    buf_printf(p->out, "%s%s%s by ", *f->y.unit ? " (" : "", f->y.unit, *f->y.unit ? ")" : "");
    value_line(p->out, f->x.label);
    buf_puts(p->out, "\n");
    if (gnuplot_draw(p->terminal->gnuplot, f, p->terminal->width, p->out, &e) < 0)
        log_warning("%s", e.text);
}

static void put_block(struct page *p, const struct block *b)
{
    if (b->kind == BLOCK_PARAGRAPH && b->spans)
        put_wrapped(p, b, 0, 0);
    else if (b->kind == BLOCK_TERMS && *b->title)
        return; /* definitions of columns: report.md and report.html have them */
    else if (b->kind == BLOCK_LIST || b->kind == BLOCK_TERMS || b->kind == BLOCK_NOTICES)
        put_items(p, b);
    else if (b->kind == BLOCK_FINDINGS)
        put_findings(p, b);
    else if (b->kind == BLOCK_TABLE && b->table)
        put_table(p, b);
    else if (b->kind == BLOCK_FIGURE)
        put_figure(p, b);
}

void report_term(const struct report *r, const struct report_terminal *terminal, struct buf *out)
{
    struct page p = {terminal, out, false};
    put_coloured(&p, "1;4", r->doc.title);
    buf_puts(out, "\n");
    for (const struct block *s = r->doc.root.first; s; s = s->next) {
        buf_puts(out, "\n");
        put_coloured(&p, "1;4", s->title);
        buf_puts(out, "\n");
        for (const struct block *b = s->first; b; b = b->next)
            put_block(&p, b);
    }
}
