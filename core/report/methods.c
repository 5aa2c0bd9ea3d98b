/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/methods.h"

static const char *const methods[][2] = {
    {"Prefill, decode, e2e",
     "Three spans of one request. Prefill is from its start to the first token, which belongs to "
     "it; decode is the tokens after that; e2e is the whole request, on the clock and not added "
     "up."},
    {"Clock", "Latencies are the host's monotonic wall clock, for every backend and mode."},
    {"Context length",
     "The nominal length of the prompt. Where a backend's real prompts are shorter, a finding says "
     "so."},
    {"Warm-up and cold starts",
     "Warm-up is left out of all statistics but those of cold starts. Cold repetitions are not "
     "dropped: medians come first, and a mean stands beside its ratio to the median."},
    {"Intervals", "95 % unless a column says otherwise; a median's is from order statistics."},
    {"Units", "1 MiB is 2^20 bytes, 1 GiB is 2^30."},
    {"Unknown", "A dash is a value that is not known. It is never 0."},
    {"Where a number comes from",
     "Every table carries its name, ANALYZER.TABLE. It stands under that name in analysis.json, "
     "with all columns and digits; its keys (model, backend, mode, context_length) select the rows "
     "of metrics.csv that it was computed from."},
};

/* One column's definition, unless a table before had the same. */
static void add_definition(struct doc *d, struct block *terms, json_t *known, const json_t *column)
{
    const char *name = member_text(column, "name"), *unit = member_text(column, "unit"),
               *definition = member_text(column, "definition");
    char *line = doc_format(d, "%s (%s): %s", name, unit, definition);
    if (!line || !*definition || json_object_get(known, line))
        return;
    json_object_set_new(known, line, json_true());
    const char *label = *unit ? doc_format(d, "%s (%s)", name, unit) : name;
    doc_text(d, label ? doc_item(d, terms, label) : NULL, "%s", definition);
}

void methods_build(struct doc *d, const json_t *analysis)
{
    json_t *known = json_object(), *t, *column;
    size_t i, k;
    struct block *section =
        doc_block(d, &d->root, BLOCK_SECTION, "methods", "Methods and definitions");
    struct block *terms = doc_block(d, section, BLOCK_TERMS, NULL, NULL);
    for (i = 0; i < sizeof methods / sizeof *methods; i++)
        doc_text(d, doc_item(d, terms, methods[i][0]), "%s", methods[i][1]);
    terms = doc_block(d, section, BLOCK_TERMS, "definitions", "Columns");
    json_array_foreach(json_object_get(analysis, "tables"), i, t)
        json_array_foreach(json_object_get(t, "columns"), k, column)
            add_definition(d, terms, known, column);
    json_decref(known);
}
