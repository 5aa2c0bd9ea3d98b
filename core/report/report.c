/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/report/findings.h"
#include "core/report/head.h"
#include "core/report/methods.h"
#include "core/report/view.h"

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

static void add_table(struct doc *d, struct block *section, const json_t *analysis,
                      const json_t *table)
{
    char *id = view_anchor(d, member_text(table, "analyzer"), member_text(table, "name"), -1);
    struct block *b =
        id ? doc_block(d, section, BLOCK_TABLE, id, member_text(table, "title")) : NULL;
    const struct table_view *v = b ? view_make(d, table) : NULL;
    if (!v)
        return;
    findings_anchor(d, analysis, (struct table_view *)v);
    b->table = v;
}

static void add_figures(struct doc *d, struct block *section, const struct figures *figures,
                        const char *name)
{
    for (const struct figure *f = figures->first; f; f = f->next) {
        char *id = strcmp(f->section, name) == 0 ? doc_format(d, "figure-%s", f->name) : NULL;
        struct block *b = id ? doc_block(d, section, BLOCK_FIGURE, id, f->title) : NULL;
        if (b)
            b->figure = f;
    }
}

static bool has_figure(const struct figures *figures, const char *section)
{
    for (const struct figure *f = figures->first; f; f = f->next)
        if (strcmp(f->section, section) == 0)
            return true;
    return false;
}

static void add_chapter(struct report *r, const json_t *analysis, const char *section,
                        const char *title)
{
    const json_t *tables = json_object_get(analysis, "tables");
    size_t index = 0;
    const json_t *t = next_table(tables, section, NULL, 0, &index);
    if (!t && !has_figure(&r->figures, section))
        return;
    struct block *b = doc_block(&r->doc, &r->doc.root, BLOCK_SECTION,
                                doc_format(&r->doc, "chapter-%s", section), title);
    add_figures(&r->doc, b, &r->figures, section);
    for (; t; t = next_table(tables, section, t, index, &index))
        add_table(&r->doc, b, analysis, t);
}

/* "my_chapter" as a title: "My chapter". */
static const char *section_title(struct doc *d, const char *section)
{
    char *title = doc_copy(d, section);
    for (char *p = title; p && *p; p++)
        if (*p == '_')
            *p = ' ';
    if (title && *title >= 'a' && *title <= 'z')
        *title = (char)(*title - 'a' + 'A');
    return title ? title : "";
}

static void add_chapters(struct report *r, const json_t *analysis)
{
    size_t i;
    json_t *t, *seen = json_object();
    for (size_t k = 0; k < CHAPTER_COUNT; k++)
        add_chapter(r, analysis, chapters[k].section, chapters[k].title);
    json_array_foreach(json_object_get(analysis, "tables"), i, t)
    {
        const char *section = member_text(t, "section");
        if (is_chapter(section) || json_object_get(seen, section))
            continue;
        json_object_set_new(seen, section, json_true());
        add_chapter(r, analysis, section, section_title(&r->doc, section));
    }
    for (const struct figure *f = r->figures.first; f; f = f->next) {
        if (is_chapter(f->section) || json_object_get(seen, f->section))
            continue;
        json_object_set_new(seen, f->section, json_true());
        add_chapter(r, analysis, f->section, section_title(&r->doc, f->section));
    }
    json_decref(seen);
}

int report_build(struct report *r, const json_t *analysis, const json_t *manifest,
                 const char *metrics, bool with_figures, struct err *e)
{
    memset(r, 0, sizeof *r);
    if (with_figures)
        figures_make(&r->doc, analysis, metrics, &r->figures);
    head_build(&r->doc, analysis, manifest);
    findings_build(&r->doc, analysis);
    add_chapters(r, analysis);
    methods_build(&r->doc, analysis);
    if (!r->doc.failed)
        return 0;
    report_free(r);
    return err_memory(e);
}

void report_free(struct report *r)
{
    doc_release(&r->doc);
}
