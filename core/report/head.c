/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/head.h"

#include <string.h>

#include "core/report/markdown.h"

static void add_item(struct buf *out, const char *label, const json_t *value, const char *unit)
{
    if (!value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)))
        return;
    buf_printf(out, "- %s: ", label);
    markdown_value(out, value);
    buf_printf(out, "%s%s\n", *unit ? " " : "", unit);
}

/* "a, b, c" */
static void add_list(struct buf *out, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        buf_puts(out, i ? ", " : "");
        markdown_value(out, item);
    }
}

static void add_list_item(struct buf *out, const char *label, const json_t *list)
{
    if (!json_array_size(list))
        return;
    buf_printf(out, "- %s: ", label);
    add_list(out, list);
    buf_puts(out, "\n");
}

/* " layers 24 (model), matrix_flops 1.2e+11 FLOP/s (measured)" */
static void add_facts(struct buf *out, const json_t *facts)
{
    const char *key, *before = ": ";
    json_t *fact;
    json_object_foreach((json_t *)facts, key, fact)
    {
        const json_t *value = json_object_get(fact, "number");
        buf_puts(out, before);
        markdown_text(out, key);
        buf_putc(out, ' ');
        markdown_value(out, value ? value : json_object_get(fact, "text"));
        if (*member_text(fact, "unit")) {
            buf_putc(out, ' ');
            markdown_text(out, member_text(fact, "unit"));
        }
        if (*member_text(fact, "provenance")) {
            buf_puts(out, " (");
            markdown_text(out, member_text(fact, "provenance"));
            buf_puts(out, ")");
        }
        before = ", ";
    }
    buf_puts(out, "\n");
}

static void add_machine(struct buf *out, const json_t *machine)
{
    add_item(out, "Processor", json_object_get(machine, "cpu"), "");
    add_item(out, "Cores", json_object_get(machine, "cores"), "");
    add_item(out, "Memory", json_object_get(machine, "memory_mib"), "MiB");
    add_item(out, "Kernel", json_object_get(machine, "kernel"), "");
    add_item(out, "System", json_object_get(machine, "os"), "");
}

static void add_backends(struct buf *out, const json_t *backends)
{
    size_t i;
    json_t *b;
    json_array_foreach(backends, i, b)
    {
        buf_puts(out, "- Backend ");
        markdown_text(out, member_text(b, "name"));
        if (*member_text(b, "plugin")) {
            buf_puts(out, " (plugin ");
            markdown_text(out, member_text(b, "plugin"));
            buf_putc(out, ' ');
            markdown_text(out, member_text(b, "version"));
            buf_puts(out, ")");
        }
        add_facts(out, json_object_get(b, "limits"));
    }
}

static void add_models(struct buf *out, const json_t *models)
{
    size_t i;
    json_t *m;
    json_array_foreach(models, i, m)
    {
        buf_puts(out, "- Model ");
        markdown_text(out, member_text(m, "name"));
        if (*member_text(m, "backend")) {
            buf_puts(out, " on ");
            markdown_text(out, member_text(m, "backend"));
        }
        add_facts(out, json_object_get(m, "facts"));
    }
}

static void add_plan(struct buf *out, const json_t *plan)
{
    const json_t *cells = json_object_get(plan, "cells"),
                 *reps = json_object_get(plan, "repetitions"),
                 *warmup = json_object_get(plan, "warmup");
    if (!json_is_integer(cells) || !json_is_integer(reps))
        return;
    buf_printf(out, "- Plan: %lld cells, %lld measured repetitions each",
               (long long)json_integer_value(cells), (long long)json_integer_value(reps));
    if (json_is_integer(warmup))
        buf_printf(out, " after %lld for warm-up", (long long)json_integer_value(warmup));
    buf_puts(out, "\n");
}

static void add_measured(struct buf *out, const json_t *data, const json_t *manifest)
{
    buf_puts(out, "\n## What was measured\n\n");
    add_item(out, "Run", json_object_get(manifest, "run_id"), "");
    add_item(out, "Started", json_object_get(manifest, "started"), "");
    add_item(out, "Ended", json_object_get(manifest, "ended"), "");
    add_machine(out, json_object_get(manifest, "machine"));
    add_backends(out, json_object_get(manifest, "backends"));
    add_models(out, json_object_get(manifest, "models"));
    add_plan(out, json_object_get(manifest, "plan"));
    if (!json_array_size(json_object_get(manifest, "backends")))
        add_list_item(out, "Backends", json_object_get(data, "backends"));
    if (!json_array_size(json_object_get(manifest, "models")))
        add_list_item(out, "Models", json_object_get(data, "models"));
    add_list_item(out, "Context lengths", json_object_get(data, "context_lengths"));
    add_list_item(out, "Modes", json_object_get(data, "modes"));
    add_item(out, "Rows", json_object_get(data, "rows"), "");
}

static void add_failed(struct buf *out, const json_t *data, const json_t *manifest)
{
    const json_t *by_status = json_object_get(data, "by_status"),
                 *counts = json_object_get(manifest, "counts");
    json_int_t planned = json_integer_value(json_object_get(counts, "planned")),
               done = json_integer_value(json_object_get(counts, "done")),
               failed = json_integer_value(json_object_get(counts, "failed")), bad = 0;
    const char *status;
    json_t *count;
    buf_puts(out, "\n## What failed\n\n");
    if (counts)
        buf_printf(out, "- Repetitions: %lld planned, %lld done, %lld failed\n", (long long)planned,
                   (long long)done, (long long)failed);
    json_object_foreach((json_t *)by_status, status, count) if (strcmp(status, "ok") != 0)
    {
        bad += json_integer_value(count);
        buf_puts(out, "- Rows with status ");
        markdown_text(out, status);
        buf_printf(out, ": %lld\n", (long long)json_integer_value(count));
    }
    if (!bad && !failed)
        buf_puts(out, counts ? "\nNothing failed.\n" : "Nothing failed.\n");
}

static void add_provenance(struct buf *out, const json_t *manifest)
{
    const json_t *sentences = json_object_get(manifest, "provenance");
    const json_t *command = json_object_get(manifest, "command");
    size_t i;
    json_t *item;
    if (!json_array_size(sentences) && !json_array_size(command))
        return;
    buf_puts(out, "\n## Provenance\n\n");
    json_array_foreach(sentences, i, item)
    {
        buf_puts(out, "- ");
        markdown_value(out, item);
        buf_puts(out, "\n");
    }
    if (json_array_size(command)) {
        buf_puts(out, "- Command:");
        json_array_foreach(command, i, item)
        {
            buf_putc(out, ' ');
            markdown_value(out, item);
        }
        buf_puts(out, "\n");
    }
}

void report_head(const json_t *analysis, const json_t *manifest, struct buf *out)
{
    const json_t *data = json_object_get(analysis, "data");
    const char *title = member_text(manifest, "experiment");
    buf_puts(out, "# ");
    markdown_text(out, *title ? title : "ctxmark report");
    buf_puts(out, "\n");
    add_measured(out, data, manifest);
    add_failed(out, data, manifest);
    add_provenance(out, manifest);
}
