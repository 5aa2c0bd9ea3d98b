/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/head.h"

#include <string.h>

#include "core/report/figure/rows.h"
#include "core/report/value.h"
#include "core/report/view.h"

static void add_term(struct doc *d, struct block *terms, const char *label, const json_t *value,
                     const char *unit)
{
    struct buf b = {0};
    if (!value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)))
        return;
    value_text(&b, value);
    doc_text(d, doc_item(d, terms, label), "%s%s%s", buf_text(&b), *unit ? " " : "", unit);
    buf_free(&b);
}

/* "a, b, c" */
static void add_list(struct doc *d, struct block *terms, const char *label, const json_t *list)
{
    size_t i;
    json_t *item;
    struct buf b = {0};
    json_array_foreach(list, i, item)
    {
        buf_puts(&b, i ? ", " : "");
        value_text(&b, item);
    }
    if (b.len)
        doc_text(d, doc_item(d, terms, label), "%s", buf_text(&b));
    buf_free(&b);
}

/* "layers 24 (model), matrix_flops 1.2e+11 FLOP/s (measured)" */
static void add_facts(struct buf *out, const json_t *facts)
{
    const char *key, *before = "";
    json_t *fact;
    json_object_foreach((json_t *)facts, key, fact)
    {
        const json_t *number = json_object_get(fact, "number");
        buf_printf(out, "%s%s ", before, key);
        value_text(out, number ? number : json_object_get(fact, "text"));
        if (*member_text(fact, "unit"))
            buf_printf(out, " %s", member_text(fact, "unit"));
        if (*member_text(fact, "provenance"))
            buf_printf(out, " (%s)", member_text(fact, "provenance"));
        before = ", ";
    }
}

/* Whether the times come from elsewhere, so that this machine says nothing about them. */
static bool is_from_elsewhere(const json_t *manifest)
{
    size_t i;
    json_t *sentence;
    json_array_foreach(json_object_get(manifest, "provenance"), i, sentence)
    {
        const char *text = json_string_value(sentence);
        if (text && (strncmp(text, "Replayed", 8) == 0 || strncmp(text, "Imported", 8) == 0))
            return true;
    }
    return false;
}

static void add_part(struct buf *out, const json_t *value, const char *unit)
{
    if (!value || json_is_null(value))
        return;
    buf_puts(out, out->len ? ", " : "");
    value_text(out, value);
    buf_puts(out, unit);
}

/* "AMD EPYC, 2 cores, 24105 MiB, Debian GNU/Linux 12 (bookworm), Linux 6.1.0" */
static void add_machine(struct doc *d, struct block *terms, const json_t *manifest)
{
    const json_t *machine = json_object_get(manifest, "machine");
    struct buf b = {0};
    size_t i;
    json_t *gpu;
    add_part(&b, json_object_get(machine, "cpu"), "");
    add_part(&b, json_object_get(machine, "cores"), " cores");
    add_part(&b, json_object_get(machine, "memory_mib"), " MiB");
    json_array_foreach(json_object_get(json_object_get(machine, "gpu"), "gpus"), i, gpu)
        add_part(&b, json_object_get(gpu, "name"), "");
    add_part(&b, json_object_get(machine, "os"), "");
    if (json_is_string(json_object_get(machine, "kernel")))
        buf_printf(&b, ", Linux %s", member_text(machine, "kernel"));
    if (b.len)
        doc_text(d,
                 doc_item(d, terms,
                          is_from_elsewhere(manifest) ? "Machine of this analysis" : "Machine"),
                 "%s", buf_text(&b));
    buf_free(&b);
}

/* What the user said of the machine that was measured: it may not be the one that ran. */
static void add_given_facts(struct doc *d, struct block *terms, const json_t *manifest)
{
    const json_t *facts =
        json_object_get(json_object_get(json_object_get(manifest, "config"), "effective"), "facts");
    const char *key, *before = "";
    json_t *value;
    struct buf b = {0};
    json_object_foreach((json_t *)facts, key, value)
    {
        buf_printf(&b, "%s%s ", before, key);
        value_text(&b, value);
        before = ", ";
    }
    if (b.len)
        doc_text(d, doc_item(d, terms, "Facts given by the user"), "%s", buf_text(&b));
    buf_free(&b);
}

static void add_backends(struct doc *d, struct block *terms, const json_t *backends)
{
    size_t i;
    json_t *b;
    json_array_foreach(backends, i, b)
    {
        struct buf facts = {0};
        add_facts(&facts, json_object_get(b, "limits"));
        struct block *item = doc_item(d, terms, "Backend");
        doc_span(d, item, SPAN_STRONG, member_text(b, "name"), NULL);
        if (*member_text(b, "plugin"))
            doc_text(d, item, " (plugin %s %s)", member_text(b, "plugin"),
                     member_text(b, "version"));
        if (facts.len)
            doc_text(d, item, ": %s", buf_text(&facts));
        buf_free(&facts);
    }
}

static void add_models(struct doc *d, struct block *terms, const json_t *models)
{
    size_t i;
    json_t *m;
    json_array_foreach(models, i, m)
    {
        struct buf facts = {0};
        add_facts(&facts, json_object_get(m, "facts"));
        struct block *item = doc_item(d, terms, "Model");
        doc_span(d, item, SPAN_STRONG, member_text(m, "name"), NULL);
        if (*member_text(m, "backend"))
            doc_text(d, item, " on %s", member_text(m, "backend"));
        if (facts.len)
            doc_text(d, item, ": %s", buf_text(&facts));
        buf_free(&facts);
    }
}

static void add_plan(struct doc *d, struct block *terms, const json_t *plan)
{
    const json_t *cells = json_object_get(plan, "cells"),
                 *reps = json_object_get(plan, "repetitions"),
                 *warmup = json_object_get(plan, "warmup");
    if (!json_is_integer(cells) || !json_is_integer(reps))
        return;
    struct block *item = doc_item(d, terms, "Plan");
    doc_text(d, item, "%lld cells, %lld measured repetitions each",
             (long long)json_integer_value(cells), (long long)json_integer_value(reps));
    if (json_is_integer(warmup))
        doc_text(d, item, " after %lld for warm-up", (long long)json_integer_value(warmup));
}

static void add_command(struct doc *d, struct block *terms, const json_t *command)
{
    struct buf b = {0};
    size_t i;
    json_t *word;
    json_array_foreach(command, i, word)
    {
        buf_puts(&b, i ? " " : "");
        value_text(&b, word);
    }
    if (b.len)
        doc_span(d, doc_item(d, terms, "Command"), SPAN_CODE, buf_text(&b), NULL);
    buf_free(&b);
}

/* What changes how every figure is to be read. */
static void add_notices(struct doc *d, struct block *section, const json_t *manifest)
{
    const json_t *sentences = json_object_get(manifest, "provenance");
    size_t i;
    json_t *sentence;
    struct block *notices = doc_block(d, section, BLOCK_NOTICES, NULL, NULL);
    json_array_foreach(sentences, i, sentence) if (json_is_string(sentence))
        doc_text(d, doc_item(d, notices, NULL), "%s", json_string_value(sentence));
    if (!manifest)
        doc_text(d, doc_item(d, notices, NULL),
                 "Measurements without a manifest: which machine, program and plan they come from "
                 "is not known.");
    if (strcmp(member_text(manifest, "state"), "running") == 0)
        doc_text(d, doc_item(d, notices, NULL), "The run had not ended when this was written.");
}

static void add_time(struct doc *d, struct block *terms, const json_t *manifest)
{
    const char *started = member_text(manifest, "started"), *ended = member_text(manifest, "ended");
    if (*started)
        doc_text(d, doc_item(d, terms, "Time"), "%s%s%s", started, *ended ? " to " : "", ended);
}

static void add_measured(struct doc *d, const json_t *data, const json_t *manifest)
{
    struct block *section =
        doc_block(d, &d->root, BLOCK_SECTION, "what-was-measured", "What was measured");
    add_notices(d, section, manifest);
    struct block *terms = doc_block(d, section, BLOCK_TERMS, NULL, NULL);
    add_term(d, terms, "Run", json_object_get(manifest, "run_id"), "");
    add_time(d, terms, manifest);
    add_plan(d, terms, json_object_get(manifest, "plan"));
    add_list(d, terms, "Context lengths", json_object_get(data, "context_lengths"));
    add_list(d, terms, "Modes", json_object_get(data, "modes"));
    add_term(d, terms, "Rows", json_object_get(data, "rows"), "");
    add_backends(d, terms, json_object_get(manifest, "backends"));
    add_models(d, terms, json_object_get(manifest, "models"));
    if (!json_array_size(json_object_get(manifest, "backends")))
        add_list(d, terms, "Backends", json_object_get(data, "backends"));
    if (!json_array_size(json_object_get(manifest, "models")))
        add_list(d, terms, "Models", json_object_get(data, "models"));
    add_given_facts(d, terms, manifest);
    add_machine(d, terms, manifest);
    add_command(d, terms, json_object_get(manifest, "command"));
}

/* What was not begun: the rest of a cell after its failure, of a run that was interrupted, or what
   a stopping rule saved. */
static void add_counts(struct doc *d, struct block *list, const json_t *counts)
{
    json_int_t planned = json_integer_value(json_object_get(counts, "planned")),
               done = json_integer_value(json_object_get(counts, "done")),
               failed = json_integer_value(json_object_get(counts, "failed")),
               rest = planned - done - failed;
    struct block *item = doc_item(d, list, NULL);
    doc_text(d, item, "Repetitions: %lld planned, %lld done, %lld failed", (long long)planned,
             (long long)done, (long long)failed);
    if (rest > 0)
        doc_text(d, item, ", %lld not begun", (long long)rest);
}

static void add_failed(struct doc *d, const json_t *analysis, const json_t *manifest)
{
    const json_t *counts = json_object_get(manifest, "counts");
    json_int_t failed = json_integer_value(json_object_get(counts, "failed")), bad = 0;
    const char *status;
    json_t *count;
    struct block *section = doc_block(d, &d->root, BLOCK_SECTION, "what-failed", "What failed"),
                 *list = doc_block(d, section, BLOCK_LIST, NULL, NULL);
    if (counts)
        add_counts(d, list, counts);
    json_object_foreach(json_object_get(json_object_get(analysis, "data"), "by_status"), status,
                        count) if (strcmp(status, "ok") != 0)
    {
        bad += json_integer_value(count);
        doc_text(d, doc_item(d, list, NULL), "Rows with status %s: %lld", status,
                 (long long)json_integer_value(count));
    }
    struct block *end = doc_block(d, section, BLOCK_PARAGRAPH, NULL, NULL);
    if (!bad && !failed)
        doc_text(d, end, "Nothing failed.");
    else if (table_rows(table_find(analysis, "descriptive", "failures"))) {
        doc_text(d, end, "Which cells, and why: ");
        doc_span(d, end, SPAN_LINK, "descriptive.failures",
                 view_anchor(d, "descriptive", "failures", -1));
    }
}

void head_build(struct doc *d, const json_t *analysis, const json_t *manifest)
{
    const char *title = member_text(manifest, "experiment");
    d->title = *title ? title : "ctxmark report";
    add_measured(d, json_object_get(analysis, "data"), manifest);
    add_failed(d, analysis, manifest);
}
