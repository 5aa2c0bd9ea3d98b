/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/assemble.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/packed.h"

json_t *own_finding(const char *id, const char *severity, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    json_t *words = json_string(text);
    if (!words) /* cut within a character */
        words = json_string(id);
    return json_pack("{s:s, s:s, s:s, s:o, s:[]}", "analyzer", "ctxmark", "id", id, "severity",
                     severity, "text", words, "evidence");
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *find_table(const json_t *tables, const json_t *evidence)
{
    size_t i;
    json_t *t;
    json_array_foreach(tables, i,
                       t) if (strcmp(text_of(t, "analyzer"), text_of(evidence, "analyzer")) == 0 &&
                              strcmp(text_of(t, "name"), text_of(evidence, "table")) == 0) return t;
    return NULL;
}

static bool has_column(const json_t *table, const char *name)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(table, "columns"), i,
                       c) if (strcmp(text_of(c, "name"), name) == 0) return true;
    return false;
}

static bool evidence_is_there(const json_t *tables, const json_t *evidence)
{
    const json_t *t = find_table(tables, evidence), *row = json_object_get(evidence, "row");
    const char *column = json_string_value(json_object_get(evidence, "column"));
    if (!t || (column && !has_column(t, column)))
        return false;
    return json_is_null(row) || (size_t)json_integer_value(row) < packed_count(t);
}

/* Takes over findings whose evidence is really there. */
static int add_findings(json_t *to, const json_t *findings, const json_t *tables)
{
    size_t i, k;
    json_t *finding, *evidence;
    json_array_foreach(findings, i, finding)
    {
        bool sound = true;
        json_array_foreach(json_object_get(finding, "evidence"), k, evidence) sound =
            sound && evidence_is_there(tables, evidence);
        if (!sound)
            log_warning("%s: finding '%s' left out: it rests on a table, row or column that is not "
                        "there",
                        text_of(finding, "analyzer"), text_of(finding, "id"));
        else if (json_array_append(to, finding) < 0)
            return -1;
    }
    return 0;
}

/* The distinct texts of a column, in the order of appearance. */
static json_t *distinct_texts(const struct frame *f, const char *name)
{
    const struct ctxmark_column *c = frame_column(f, name);
    json_t *list = json_array();
    for (uint64_t i = 0; c && i < c->dictionary_count; i++)
        json_array_append_new(list, json_string(c->dictionary[i]));
    return list;
}

/* How many rows of each status there are. */
static json_t *count_statuses(const struct frame *f)
{
    const struct ctxmark_column *c = frame_column(f, "status");
    json_t *counts = json_object();
    size_t n = c ? c->dictionary_count : 0;
    uint64_t *count = calloc(n + 1, sizeof *count);
    for (uint64_t i = 0; c && count && i < c->count; i++)
        if (c->code[i] >= 0)
            count[c->code[i]]++;
    for (uint64_t k = 0; count && k < n; k++)
        json_object_set_new(counts, c->dictionary[k], json_integer((json_int_t)count[k]));
    free(count);
    return counts;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct context lengths, ascending; at most 4096 of them. */
static json_t *distinct_contexts(const struct frame *f)
{
    enum { MOST = 4096 };
    const struct ctxmark_column *c = frame_column(f, "context_length");
    json_t *list = json_array();
    double *seen = malloc(MOST * sizeof *seen);
    size_t n = 0;
    for (uint64_t i = 0; c && seen && i < c->count; i++) {
        double x = c->number[i];
        if (x != x || (i && x == c->number[i - 1]))
            continue;
        size_t k = 0;
        while (k < n && seen[k] != x)
            k++;
        if (k == n && n < MOST)
            seen[n++] = x;
    }
    if (n)
        qsort(seen, n, sizeof *seen, compare_numbers);
    for (size_t k = 0; k < n; k++)
        json_array_append_new(list, json_integer((json_int_t)seen[k]));
    free(seen);
    return list;
}

/* What was read, so that a report of a bare CSV can say it. */
static json_t *describe_data(const struct frame *f)
{
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)f->row_count,
                     "skipped_lines", (json_int_t)f->skipped, "unreadable_numbers",
                     (json_int_t)f->unreadable, "models", distinct_texts(f, "model"), "backends",
                     distinct_texts(f, "backend"), "modes", distinct_texts(f, "mode"),
                     "context_lengths", distinct_contexts(f), "by_status", count_statuses(f));
}

static void add_reading_findings(const struct frame *f, json_t *own)
{
    if (f->skipped)
        json_array_append_new(
            own, own_finding("lines_skipped", "warning",
                             "%zu %s of the input could not be read as a row, and %s left out.",
                             f->skipped, f->skipped == 1 ? "line" : "lines",
                             f->skipped == 1 ? "is" : "are"));
    if (f->unreadable)
        json_array_append_new(
            own,
            own_finding("numbers_unreadable", "notice",
                        "%zu %s of the input should hold a number and %s not; taken as unknown.",
                        f->unreadable, f->unreadable == 1 ? "field" : "fields",
                        f->unreadable == 1 ? "does" : "do"));
}

/* Appends member `key` of every answer. */
static int gather(json_t *to, const json_t *answers, const char *key)
{
    size_t i;
    json_t *answer;
    json_array_foreach(answers, i, answer)
    {
        json_t *list = json_object_get(answer, key);
        if (list && json_array_extend(to, list) < 0)
            return -1;
    }
    return 0;
}

json_t *analysis_assemble(const struct frame *f, json_t *run, const json_t *answers, json_t *own,
                          struct err *e)
{
    json_t *tables = json_array(), *findings = json_array(), *plots = json_array();
    size_t i;
    json_t *answer;
    int done = gather(tables, answers, "tables") + gather(plots, answers, "plots");
    add_reading_findings(f, own);
    done += json_array_extend(findings, own);
    json_array_foreach(answers, i, answer) done +=
        add_findings(findings, json_object_get(answer, "findings"), tables);
    json_t *analysis =
        json_pack("{s:i, s:O?, s:o, s:o, s:o, s:o}", "schema", 1, "run", run, "data",
                  describe_data(f), "tables", tables, "findings", findings, "plots", plots);
    if (analysis && !run)
        done += json_object_set_new(analysis, "run", json_object());
    if (analysis && done == 0)
        return analysis;
    json_decref(analysis);
    err_memory(e);
    return NULL;
}
