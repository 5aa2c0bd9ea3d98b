/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/findings.h"

#include <string.h>

#include "core/report/figure/rows.h"
#include "core/report/report.h"
#include "core/report/value.h"
#include "core/report/view.h"

#define EVIDENCE_MOST 4 /* shown of one finding */

static const char *const severities[] = {"error", "warning", "notice", "info"};

#define SEVERITY_COUNT (sizeof severities / sizeof *severities)

/* The row's keys, so that it can be found: ": qwen2.5-3b, ollama, 512". */
static void add_keys(struct buf *out, const json_t *table, size_t row)
{
    size_t i;
    json_t *column;
    const json_t *values = json_array_get(json_object_get(table, "rows"), row);
    const char *before = ": ";
    json_array_foreach(json_object_get(table, "columns"), i, column)
    {
        const json_t *value = json_array_get(values, i);
        if (strcmp(member_text(column, "role"), "key") != 0 || json_is_null(value))
            continue;
        buf_puts(out, before);
        value_text(out, value);
        before = ", ";
    }
}

static void add_evidence(struct doc *d, struct block *item, const json_t *analysis,
                         const json_t *evidence)
{
    const char *analyzer = member_text(evidence, "analyzer"),
               *name = member_text(evidence, "table");
    const json_t *t = table_find(analysis, analyzer, name), *row = json_object_get(evidence, "row");
    const char *wanted = json_string_value(json_object_get(evidence, "column"));
    json_int_t index = json_is_integer(row) ? json_integer_value(row) : -1;
    char *link = doc_format(d, "%s.%s", analyzer, name);
    if (!t || !link) {
        doc_span(d, item, SPAN_CODE, link ? link : "", NULL);
        return;
    }
    doc_span(d, item, SPAN_LINK, link, view_anchor(d, analyzer, name, index));
    if (index < 0)
        return;
    struct buf b = {0};
    buf_printf(&b, " row %lld", (long long)index);
    add_keys(&b, t, (size_t)index);
    if (wanted) {
        buf_printf(&b, "; %s = ", wanted);
        value_text(&b, row_value(t, (size_t)index, wanted));
    }
    doc_text(d, item, "%s", buf_text(&b));
    buf_free(&b);
}

static void add_finding(struct doc *d, struct block *group, const json_t *analysis,
                        const json_t *finding)
{
    const json_t *all = json_object_get(finding, "evidence");
    struct block *item = doc_item(d, group, NULL), *rests;
    size_t n = json_array_size(all), i;
    json_t *evidence;
    doc_text(d, item, "%s", member_text(finding, "text"));
    rests = n ? doc_block(d, item, BLOCK_PARAGRAPH, NULL, NULL) : NULL;
    json_array_foreach(all, i, evidence)
    {
        if (i == EVIDENCE_MOST)
            break;
        if (i)
            doc_text(d, rests, "; ");
        add_evidence(d, rests, analysis, evidence);
    }
    if (n > EVIDENCE_MOST)
        doc_text(d, rests, "; %zu more in analysis.json", n - EVIDENCE_MOST);
}

static bool same_kind(const json_t *a, const json_t *b)
{
    return strcmp(member_text(a, "id"), member_text(b, "id")) == 0 &&
           strcmp(member_text(a, "analyzer"), member_text(b, "analyzer")) == 0 &&
           strcmp(member_text(a, "severity"), member_text(b, "severity")) == 0;
}

/* The findings of one severity, a group for each id in the order of appearance. */
static size_t add_severity(struct doc *d, struct block *section, const json_t *analysis,
                           const char *severity)
{
    const json_t *findings = json_object_get(analysis, "findings");
    struct block *groups = section ? section->last : NULL;
    size_t count = 0, i;
    json_t *finding, *known = json_object();
    json_array_foreach(findings, i, finding)
    {
        char *kind =
            doc_format(d, "%s.%s", member_text(finding, "analyzer"), member_text(finding, "id"));
        if (strcmp(member_text(finding, "severity"), severity) != 0 || !kind)
            continue;
        count++;
        if (json_object_get(known, kind))
            continue;
        json_object_set_new(known, kind, json_true());
        groups = doc_block(d, section, BLOCK_FINDINGS, kind, NULL);
        if (groups)
            groups->label = severity;
        for (size_t k = i; k < json_array_size(findings); k++)
            if (same_kind(finding, json_array_get(findings, k)))
                add_finding(d, groups, analysis, json_array_get(findings, k));
    }
    json_decref(known);
    return count;
}

void findings_build(struct doc *d, const json_t *analysis)
{
    struct block *section = doc_block(d, &d->root, BLOCK_SECTION, "findings", "Findings"),
                 *summary = doc_block(d, section, BLOCK_PARAGRAPH, NULL, NULL);
    if (!json_array_size(json_object_get(analysis, "findings"))) {
        doc_text(d, summary, "None.");
        return;
    }
    for (size_t s = 0, shown = 0; s < SEVERITY_COUNT; s++) {
        size_t n = add_severity(d, section, analysis, severities[s]);
        if (!n)
            continue;
        doc_text(d, summary, "%s%zu %s%s", shown++ ? ", " : "", n, severities[s],
                 n == 1 || strcmp(severities[s], "info") == 0 ? "" : "s");
    }
    doc_text(d, summary, ". Each names the table and the row it rests on.");
}

void findings_anchor(struct doc *d, const json_t *analysis, struct table_view *v)
{
    size_t i, k, rows = json_array_size(v->rows);
    json_t *finding, *evidence;
    v->anchored = doc_alloc(d, rows + 1);
    json_array_foreach(json_object_get(analysis, "findings"), i, finding)
        json_array_foreach(json_object_get(finding, "evidence"), k, evidence)
    {
        json_int_t row = json_integer_value(json_object_get(evidence, "row"));
        if (v->anchored && k < EVIDENCE_MOST && row >= 0 && (size_t)row < rows &&
            strcmp(member_text(evidence, "analyzer"), member_text(v->table, "analyzer")) == 0 &&
            strcmp(member_text(evidence, "table"), member_text(v->table, "name")) == 0)
            v->anchored[row] = true;
    }
}

void report_findings(const json_t *analysis, size_t most, struct buf *out)
{
    const json_t *findings = json_object_get(analysis, "findings");
    size_t i, shown = 0, count = json_array_size(findings);
    json_t *finding;
    for (size_t s = 0; s < SEVERITY_COUNT; s++)
        json_array_foreach(findings, i, finding)
        {
            if (strcmp(member_text(finding, "severity"), severities[s]) != 0)
                continue;
            if (most && shown == most)
                break;
            shown++;
            buf_printf(out, "%s: ", severities[s]);
            value_line(out, member_text(finding, "text"));
            buf_putc(out, '\n');
        }
    if (shown < count)
        buf_printf(out, "%zu more %s in the report\n", count - shown,
                   count - shown == 1 ? "finding is" : "findings are");
}
