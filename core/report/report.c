/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/report.h"

#include <stdio.h>
#include <string.h>

#include "core/report/findings.h"
#include "core/report/head.h"
#include "core/report/markdown.h"

/* Chapters in the order that a decision needs; other sections follow in the order of appearance. */
static const struct {
    const char *section, *title;
} chapters[] = {
    {"prefill", "Prefill"},
    {"scaling", "Growth with context length"},
    {"decode", "Decode"},
    {"memory", "Memory"},
    {"ttft", "Time to first token"},
    {"comparison", "Comparison"},
    {"questions", "Questions and claims"},
    {"reliability", "Reliability of the data"},
    {"guidance", "Guidance"},
    {"e2e", "Whole requests"},
};

#define CHAPTER_COUNT (sizeof chapters / sizeof *chapters)

static bool is_chapter(const char *section)
{
    for (size_t i = 0; i < CHAPTER_COUNT; i++)
        if (strcmp(chapters[i].section, section) == 0)
            return true;
    return false;
}

/* The table of a section that comes next after `last` (by order, then as they stand); NULL: none.
 */
static const json_t *next_table(const json_t *tables, const char *section, const json_t *last,
                                size_t last_index, size_t *ret_index)
{
    size_t i;
    json_t *t;
    const json_t *best = NULL;
    json_int_t after = json_integer_value(json_object_get(last, "order")), least = 0;
    json_array_foreach(tables, i, t)
    {
        json_int_t order = json_integer_value(json_object_get(t, "order"));
        bool later = !last || order > after || (order == after && i > last_index);
        if (strcmp(member_text(t, "section"), section) != 0 || !later || (best && order >= least))
            continue;
        best = t;
        least = order;
        *ret_index = i;
    }
    return best;
}

static void add_chapter(struct buf *out, const json_t *tables, const char *section,
                        const char *title)
{
    size_t index = 0;
    const json_t *t = next_table(tables, section, NULL, 0, &index);
    if (!t)
        return;
    buf_puts(out, "\n## ");
    markdown_text(out, title);
    buf_puts(out, "\n");
    for (; t; t = next_table(tables, section, t, index, &index)) {
        buf_puts(out, "\n### ");
        markdown_text(out, member_text(t, "title"));
        buf_puts(out, "\n\n");
        markdown_table(out, t);
    }
}

/* "my_chapter" as a title: "My chapter". */
static void section_title(const char *section, char *ret, size_t size)
{
    snprintf(ret, size, "%s", section);
    for (char *p = ret; *p; p++)
        if (*p == '_')
            *p = ' ';
    if (*ret >= 'a' && *ret <= 'z')
        *ret = (char)(*ret - 'a' + 'A');
}

static bool seen_before(const json_t *tables, size_t index, const char *section)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(member_text(json_array_get(tables, i), "section"), section) == 0)
            return true;
    return false;
}

static void add_chapters(struct buf *out, const json_t *tables)
{
    size_t i;
    json_t *t;
    for (size_t k = 0; k < CHAPTER_COUNT; k++)
        add_chapter(out, tables, chapters[k].section, chapters[k].title);
    json_array_foreach(tables, i, t)
    {
        const char *section = member_text(t, "section");
        if (is_chapter(section) || seen_before(tables, i, section))
            continue;
        char title[128];
        section_title(section, title, sizeof title);
        add_chapter(out, tables, section, title);
    }
}

/* One column's definition, unless a table before had the same. */
static void add_definition(struct buf *out, json_t *known, const json_t *column)
{
    struct buf line = {0};
    buf_printf(&line, "- `%s`", member_text(column, "name"));
    if (*member_text(column, "unit")) {
        buf_puts(&line, " (");
        markdown_text(&line, member_text(column, "unit"));
        buf_puts(&line, ")");
    }
    buf_puts(&line, ": ");
    markdown_text(&line, member_text(column, "definition"));
    if (*member_text(column, "definition") && !json_object_get(known, buf_text(&line))) {
        json_object_set_new(known, buf_text(&line), json_true());
        buf_puts(out, buf_text(&line));
        buf_puts(out, "\n");
    }
    buf_free(&line);
}

static void add_definitions(struct buf *out, const json_t *tables)
{
    json_t *known = json_object(), *t, *column;
    size_t i, k;
    if (json_array_size(tables))
        buf_puts(out, "\n## Definitions\n\n");
    json_array_foreach(tables, i, t) json_array_foreach(json_object_get(t, "columns"), k, column)
        add_definition(out, known, column);
    json_decref(known);
}

void report_markdown(const json_t *analysis, const json_t *manifest, struct buf *out)
{
    const json_t *tables = json_object_get(analysis, "tables");
    report_head(analysis, manifest, out);
    findings_markdown(analysis, out);
    add_chapters(out, tables);
    add_definitions(out, tables);
}
