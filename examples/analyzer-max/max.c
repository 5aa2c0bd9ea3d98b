/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "max": the slowest measured repetition of each cell and mode. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

/* ---- the rows */

struct rows {
    uint64_t count;
    struct ctxmark_column model, backend, mode, phase, status, context, latency;
};

/* 1 if all columns are there. */
static int rows_get(struct rows *r, const struct ctxmark_host *h)
{
    const struct {
        const char *name;
        struct ctxmark_column *column;
    } wanted[] = {
        {"model", &r->model},        {"backend", &r->backend}, {"mode", &r->mode},
        {"phase", &r->phase},        {"status", &r->status},   {"context_length", &r->context},
        {"latency_ms", &r->latency},
    };
    r->count = h->row_count(h);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        memset(wanted[i].column, 0, sizeof *wanted[i].column);
        wanted[i].column->size = sizeof *wanted[i].column;
        if (!h->column(h, wanted[i].name, wanted[i].column))
            return 0;
    }
    return 1;
}

static const char *text_of(const struct ctxmark_column *c, uint64_t row)
{
    return c->code[row] < 0 ? NULL : c->dictionary[c->code[row]];
}

static int text_is(const struct ctxmark_column *c, uint64_t row, const char *text)
{
    const char *have = text_of(c, row);
    return have && strcmp(have, text) == 0;
}

/* Warm-up and failed repetitions do not count, nor rows without a time. */
static int row_counts(const struct rows *r, uint64_t row)
{
    return text_is(&r->phase, row, "measured") && text_is(&r->status, row, "ok") &&
           !isnan(r->latency.number[row]);
}

/* ---- the cells */

struct cell {
    uint64_t row; /* the slowest one */
    uint64_t repetitions;
};

static int same_cell(const struct rows *r, uint64_t a, uint64_t b)
{
    return r->model.code[a] == r->model.code[b] && r->backend.code[a] == r->backend.code[b] &&
           r->mode.code[a] == r->mode.code[b] && r->context.number[a] == r->context.number[b];
}

/* Fills cells[], which has room for every row, in the order of the file; returns how many. */
static size_t cells_find(struct cell *cells, const struct rows *r)
{
    size_t count = 0;
    for (uint64_t row = 0; row < r->count; row++) {
        if (!row_counts(r, row))
            continue;
        size_t i = 0;
        while (i < count && !same_cell(r, cells[i].row, row))
            i++;
        if (i == count)
            cells[count++] = (struct cell){row, 0};
        cells[i].repetitions++;
        if (r->latency.number[row] > r->latency.number[cells[i].row])
            cells[i].row = row;
    }
    return count;
}

/* ---- what is told */

static const struct ctxmark_table_column columns[] = {
    {"model", CTXMARK_TEXT, CTXMARK_ROLE_KEY, "", "name in the config"},
    {"backend", CTXMARK_TEXT, CTXMARK_ROLE_KEY, "", "name in the config"},
    {"mode", CTXMARK_TEXT, CTXMARK_ROLE_KEY, "", "prefill, decode or e2e"},
    {"context_length", CTXMARK_INTEGER, CTXMARK_ROLE_KEY, "tokens", "length of the prompt"},
    {"repetitions", CTXMARK_INTEGER, CTXMARK_ROLE_VALUE, "", "measured repetitions that succeeded"},
    {"max", CTXMARK_NUMBER, CTXMARK_ROLE_VALUE, "ms", "largest latency of them"},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void tell_table(const struct ctxmark_host *h, const struct rows *r, const struct cell *cells,
                       size_t count)
{
    const struct ctxmark_table t = {.size = sizeof t,
                                    .column_stride = sizeof columns[0],
                                    .name = "slowest",
                                    .title = "Slowest repetition of each cell",
                                    .section = "reliability",
                                    .order = 90,
                                    .column_count = COLUMNS,
                                    .columns = columns};
    int32_t table = h->table_begin(h, &t);
    for (size_t i = 0; i < count; i++) {
        uint64_t row = cells[i].row;
        const struct ctxmark_value values[COLUMNS] = {
            ctxmark_text(text_of(&r->model, row)),        ctxmark_text(text_of(&r->backend, row)),
            ctxmark_text(text_of(&r->mode, row)),         ctxmark_number(r->context.number[row]),
            ctxmark_number((double)cells[i].repetitions), ctxmark_number(r->latency.number[row]),
        };
        h->table_row(h, table, values, COLUMNS);
    }
}

/* One sentence that stands alone, and the table's cell that it rests on. */
static void tell_finding(const struct ctxmark_host *h, const struct rows *r,
                         const struct cell *cells, size_t count)
{
    size_t slowest = 0;
    for (size_t i = 1; i < count; i++)
        if (r->latency.number[cells[i].row] > r->latency.number[cells[slowest].row])
            slowest = i;
    uint64_t row = cells[slowest].row;
    const char *mode = text_of(&r->mode, row), *model = text_of(&r->model, row);
    char text[400];
    snprintf(
        text, sizeof text, "The slowest measured repetition took %.6g ms: %s of %s at %.0f tokens.",
        r->latency.number[row], mode ? mode : "?", model ? model : "?", r->context.number[row]);
    const struct ctxmark_evidence rests_on = {NULL, "slowest", (int64_t)slowest, "max"};
    const struct ctxmark_finding f = {.size = sizeof f,
                                      .severity = CTXMARK_SEVERITY_INFO,
                                      .id = "slowest_repetition",
                                      .text = text,
                                      .evidence = &rests_on,
                                      .evidence_count = 1,
                                      .evidence_stride = sizeof rests_on};
    h->finding(h, &f);
}

static int32_t max_analyze(const struct ctxmark_host *h)
{
    struct rows r;
    if (!rows_get(&r, h))
        return h->fail(h, CTXMARK_UNSUPPORTED, "the columns that it reads are not there");
    struct cell *cells = calloc(r.count + 1, sizeof *cells);
    if (!cells)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    size_t count = cells_find(cells, &r);
    tell_table(h, &r, cells, count);
    if (count > 0)
        tell_finding(h, &r, cells, count);
    free(cells);
    return CTXMARK_OK;
}

/* ---- the descriptor */

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = max_analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "max",
    .version = "1.0",
    .summary = "The slowest measured repetition of each cell and mode.",
    .license = "MIT",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
