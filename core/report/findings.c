/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/findings.h"

#include <string.h>

#include "core/report/markdown.h"
#include "core/report/report.h"

static const char *const severities[] = {"error", "warning", "notice", "info"};

#define SEVERITY_COUNT (sizeof severities / sizeof *severities)

static const json_t *find_table(const json_t *analysis, const json_t *evidence)
{
    size_t i;
    json_t *t;
    json_array_foreach(
        json_object_get(analysis, "tables"), i,
        t) if (strcmp(member_text(t, "analyzer"), member_text(evidence, "analyzer")) == 0 &&
               strcmp(member_text(t, "name"), member_text(evidence, "table")) == 0) return t;
    return NULL;
}

/* The row's keys, so that it can be found: "qwen2.5-3b, ollama, 512". */
static void add_keys(struct buf *out, const json_t *columns, const json_t *row)
{
    size_t i;
    json_t *column;
    const char *before = ": ";
    json_array_foreach(columns, i, column)
    {
        const json_t *value = json_array_get(row, i);
        if (strcmp(member_text(column, "role"), "key") != 0 || json_is_null(value))
            continue;
        buf_puts(out, before);
        markdown_value(out, value);
        before = ", ";
    }
}

static void add_evidence(struct buf *out, const json_t *analysis, const json_t *evidence)
{
    const json_t *t = find_table(analysis, evidence), *row = json_object_get(evidence, "row");
    const char *wanted = json_string_value(json_object_get(evidence, "column"));
    size_t i;
    json_t *column;
    buf_printf(out, "`%s.%s`", member_text(evidence, "analyzer"), member_text(evidence, "table"));
    if (!t || !json_is_integer(row))
        return;
    const json_t *columns = json_object_get(t, "columns"),
                 *values =
                     json_array_get(json_object_get(t, "rows"), (size_t)json_integer_value(row));
    buf_printf(out, " row %lld", (long long)json_integer_value(row));
    add_keys(out, columns, values);
    json_array_foreach(columns, i,
                       column) if (wanted && strcmp(member_text(column, "name"), wanted) == 0)
    {
        buf_printf(out, "; %s = ", wanted);
        markdown_value(out, json_array_get(values, i));
    }
}

static void add_finding(struct buf *out, const json_t *analysis, const json_t *finding)
{
    size_t i;
    json_t *evidence;
    buf_printf(out, "- **%s** ", member_text(finding, "severity"));
    markdown_text(out, member_text(finding, "text"));
    json_array_foreach(json_object_get(finding, "evidence"), i, evidence)
    {
        buf_puts(out, i ? "; " : " (");
        add_evidence(out, analysis, evidence);
    }
    buf_puts(out, json_array_size(json_object_get(finding, "evidence")) ? ")\n" : "\n");
}

void findings_markdown(const json_t *analysis, struct buf *out)
{
    const json_t *findings = json_object_get(analysis, "findings");
    size_t i;
    json_t *finding;
    buf_puts(out, "\n## Findings\n\n");
    if (!json_array_size(findings))
        buf_puts(out, "None.\n");
    for (size_t s = 0; s < SEVERITY_COUNT; s++)
        json_array_foreach(
            findings, i, finding) if (strcmp(member_text(finding, "severity"), severities[s]) == 0)
            add_finding(out, analysis, finding);
}

/* One line without control characters, which a terminal would obey. */
static void add_line(struct buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        /* C1 controls are U+0080 to U+009F: c2 80 to c2 9f */
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
            buf_putc(out, ' ');
            p++;
        } else {
            buf_putc(out, *p < 0x20 || *p == 0x7f ? ' ' : (char)*p);
        }
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
            add_line(out, member_text(finding, "text"));
            buf_putc(out, '\n');
        }
    if (shown < count)
        buf_printf(out, "%zu more %s in the report\n", count - shown,
                   count - shown == 1 ? "finding is" : "findings are");
}
