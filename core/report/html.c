/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <string.h>

#include "core/report/figure/svg.h"
#include "core/report/html_style.h"
#include "core/report/html_table.h"
#include "core/report/markup.h"
#include "core/report/report.h"

#define FINDING_OPEN 1   /* findings of one id that are seen at once; the others unfold */
#define FINDING_MOST 200 /* of one id */

static void add_spans(struct buf *out, const struct block *b)
{
    for (const struct span *s = b->spans; s; s = s->next) {
        if (s->kind == SPAN_LINK)
            buf_printf(out, "<a href=\"#%s\"><code>", s->target);
        else
            buf_puts(out, s->kind == SPAN_CODE     ? "<code>"
                          : s->kind == SPAN_STRONG ? "<strong>"
                                                   : "");
        markup_text(out, s->text);
        buf_puts(out, s->kind == SPAN_LINK     ? "</code></a>"
                      : s->kind == SPAN_CODE   ? "</code>"
                      : s->kind == SPAN_STRONG ? "</strong>"
                                               : "");
    }
}

static void add_list(struct buf *out, const struct block *b)
{
    buf_puts(out, b->first ? "<ul>\n" : "");
    for (const struct block *item = b->first; item; item = item->next) {
        buf_puts(out, "<li>");
        add_spans(out, item);
        buf_puts(out, "</li>\n");
    }
    buf_puts(out, b->first ? "</ul>\n" : "");
}

static void add_terms(struct buf *out, const struct block *b)
{
    bool folded = *b->title;
    if (folded) {
        buf_puts(out, "<details><summary><h3>");
        markup_text(out, b->title);
        buf_puts(out, "</h3></summary>\n");
    }
    buf_puts(out, "<dl>\n");
    for (const struct block *item = b->first; item; item = item->next) {
        buf_puts(out, "<div><dt>");
        markup_text(out, item->label);
        buf_puts(out, "</dt><dd>");
        add_spans(out, item);
        buf_puts(out, "</dd></div>\n");
    }
    buf_puts(out, folded ? "</dl></details>\n" : "</dl>\n");
}

static void add_notices(struct buf *out, const struct block *b)
{
    if (!b->first)
        return;
    buf_puts(out, "<aside class=\"notice\" aria-label=\"Read this first\"><ul>\n");
    for (const struct block *item = b->first; item; item = item->next) {
        buf_puts(out, "<li>");
        add_spans(out, item);
        buf_puts(out, "</li>\n");
    }
    buf_puts(out, "</ul></aside>\n");
}

static void add_finding_items(struct buf *out, const struct block *item, size_t most)
{
    buf_puts(out, "<ul>\n");
    for (size_t n = 0; item && n < most; item = item->next, n++) {
        buf_puts(out, "<li>");
        add_spans(out, item);
        if (item->first) {
            buf_puts(out, "<p class=\"note\">");
            add_spans(out, item->first);
            buf_puts(out, "</p>");
        }
        buf_puts(out, "</li>\n");
    }
    buf_puts(out, "</ul>\n");
}

/* One group; the findings beyond the first few unfold. */
static void add_findings(struct buf *out, const struct block *b)
{
    size_t count = 0;
    const struct block *rest = NULL;
    for (const struct block *item = b->first; item; item = item->next)
        if (count++ == FINDING_OPEN)
            rest = item;
    buf_printf(out, "<section class=\"finding %s\"><h3><span class=\"badge\">%s</span> <code>%s",
               b->label, b->label, b->id);
    buf_puts(out, "</code></h3>\n");
    add_finding_items(out, b->first, FINDING_OPEN);
    if (rest) {
        buf_printf(out, "<details><summary>%zu more like this</summary>\n", count - FINDING_OPEN);
        add_finding_items(out, rest, FINDING_MOST);
        if (count > FINDING_OPEN + FINDING_MOST)
            buf_printf(out, "<p>%zu more are in analysis.json.</p>\n",
                       count - FINDING_OPEN - FINDING_MOST);
        buf_puts(out, "</details>\n");
    }
    buf_puts(out, "</section>\n");
}

static void add_figure(struct buf *out, const struct block *b)
{
    buf_printf(out, "<figure id=\"%s\">\n", b->id);
    buf_puts(out, "<figcaption><h3>");
    markup_text(out, b->title);
    buf_puts(out, "</h3></figcaption>\n");
    svg_inline(out, b->figure);
    buf_puts(out, "<p class=\"note\">");
    markup_text(out, b->figure->note);
    buf_puts(out, *b->figure->note ? " From <code>" : "From <code>");
    markup_text(out, b->figure->source);
    buf_puts(out, "</code>.</p>\n</figure>\n");
}

/* Whether findings of this severity fold away: what is only worth knowing. */
static bool is_minor(const struct block *b)
{
    return b->kind == BLOCK_FINDINGS && strcmp(b->label, "info") == 0;
}

static void add_block(struct buf *out, const struct block *b, const struct block *before)
{
    if (b->kind == BLOCK_FIGURE && (!before || before->kind != BLOCK_FIGURE))
        buf_puts(out, "<div class=\"figures\">\n");
    if (is_minor(b) && !(before && is_minor(before)))
        buf_puts(out, "<details><summary><h3>Worth knowing (info)</h3></summary>\n");
    if (b->kind == BLOCK_PARAGRAPH && b->spans) {
        buf_puts(out, "<p>");
        add_spans(out, b);
        buf_puts(out, "</p>\n");
    } else if (b->kind == BLOCK_LIST)
        add_list(out, b);
    else if (b->kind == BLOCK_TERMS)
        add_terms(out, b);
    else if (b->kind == BLOCK_NOTICES)
        add_notices(out, b);
    else if (b->kind == BLOCK_FINDINGS)
        add_findings(out, b);
    else if (b->kind == BLOCK_TABLE && b->table)
        html_table(out, b, !before || before->kind != BLOCK_TABLE);
    else if (b->kind == BLOCK_FIGURE)
        add_figure(out, b);
    if (b->kind == BLOCK_FIGURE && (!b->next || b->next->kind != BLOCK_FIGURE))
        buf_puts(out, "</div>\n");
    if (is_minor(b) && !(b->next && is_minor(b->next)))
        buf_puts(out, "</details>\n");
}

static void add_head(struct buf *out, const struct report *r)
{
    buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    markup_text(out, r->doc.title);
    buf_printf(out, " \xe2\x80\x93 ctxmark</title>\n<style>%s\n%s</style>\n</head>\n", html_style,
               svg_style);
}

static void add_contents(struct buf *out, const struct report *r)
{
    buf_puts(out, "<nav aria-label=\"Chapters\"><ol>\n");
    for (const struct block *s = r->doc.root.first; s; s = s->next) {
        buf_printf(out, "<li><a href=\"#%s\">", s->id);
        markup_text(out, s->title);
        buf_puts(out, "</a></li>\n");
    }
    buf_puts(out, "</ol></nav>\n");
}

void report_html(const struct report *r, struct buf *out)
{
    add_head(out, r);
    buf_puts(out, "<body>\n<a class=\"skip\" href=\"#main\">To the report</a>\n<header><h1>");
    markup_text(out, r->doc.title);
    buf_puts(out, "</h1>\n<p class=\"mute\">Long-context performance, by ctxmark " PACKAGE_VERSION
                  "</p></header>\n");
    add_contents(out, r);
    buf_puts(out, "<main id=\"main\" tabindex=\"-1\">\n");
    for (const struct block *s = r->doc.root.first; s; s = s->next) {
        buf_printf(out, "<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">",
                   s->id, s->id, s->id);
        markup_text(out, s->title);
        buf_puts(out, "</h2>\n");
        for (const struct block *b = s->first, *before = NULL; b; before = b, b = b->next)
            add_block(out, b, before);
        buf_puts(out, "</section>\n");
    }
    buf_puts(out, "</main>\n</body>\n</html>\n");
}
