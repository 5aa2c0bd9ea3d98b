/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "groups.h"

#include <math.h>
#include <string.h>

static void get(const struct ctxmark_host *h, const char *name, struct ctxmark_column *ret)
{
    *ret = (struct ctxmark_column){.size = sizeof *ret};
    if (!h->column(h, name, ret))
        *ret = (struct ctxmark_column){0};
}

static int32_t code_of(const struct ctxmark_column *c, const char *text)
{
    for (uint64_t i = 0; i < c->dictionary_count; i++)
        if (strcmp(c->dictionary[i], text) == 0)
            return (int32_t)i;
    return -2;
}

static const double *find_numbers(const struct ctxmark_table_view *v, const char *name)
{
    for (uint32_t i = 0; i < v->column_count; i++) {
        const struct ctxmark_table_column *c =
            (const void *)((const char *)v->columns + (size_t)i * v->column_stride);
        const struct ctxmark_column *data =
            (const void *)((const char *)v->data + (size_t)i * v->data_stride);
        if (strcmp(c->name, name) == 0)
            return data->number;
    }
    return NULL;
}

static void get_cells(struct rows *r, const struct ctxmark_host *h)
{
    struct ctxmark_table_view cells = {.size = sizeof cells}, rows = {.size = sizeof rows};
    r->cells = (struct cell_index){.cell_count = r->count,
                                   .peak = r->peak_memory.number,
                                   .limit = r->memory_limit.number,
                                   .spilled = r->spilled.number};
    if (!h->table_find || !h->table_find(h, "ctxmark", "cells", &cells) ||
        !h->table_find(h, "ctxmark", "cell_rows", &rows))
        return;
    r->cells = (struct cell_index){.cell_count = cells.row_count,
                                   .begin = find_numbers(&cells, "begin"),
                                   .count = find_numbers(&cells, "count"),
                                   .peak = find_numbers(&cells, "peak_memory_mib"),
                                   .limit = find_numbers(&cells, "memory_limit_mib"),
                                   .spilled = find_numbers(&cells, "spilled_mib"),
                                   .row = find_numbers(&rows, "row"),
                                   .latency = find_numbers(&rows, "latency_ms")};
}

void rows_get(struct rows *r, const struct ctxmark_host *h)
{
    const struct {
        const char *name;
        struct ctxmark_column *column;
    } wanted[] = {
        {"run", &r->run},
        {"model", &r->model},
        {"backend", &r->backend},
        {"mode", &r->mode},
        {"phase", &r->phase},
        {"status", &r->status},
        {"note", &r->note},
        {"error", &r->error},
        {"context_length", &r->context},
        {"concurrency", &r->concurrency},
        {"launch", &r->launch},
        {"rep", &r->rep},
        {"seq", &r->seq},
        {"latency_ms", &r->latency},
        {"tokens_per_s", &r->tokens_per_s},
        {"prompt_tokens", &r->prompt_tokens},
        {"cached_tokens", &r->cached_tokens},
        {"generated_tokens", &r->generated_tokens},
        {"load_ms", &r->load_ms},
        {"peak_memory_mib", &r->peak_memory},
        {"memory_limit_mib", &r->memory_limit},
        {"spilled_mib", &r->spilled},
    };
    r->count = h->row_count(h);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        get(h, wanted[i].name, wanted[i].column);
    r->ok = code_of(&r->status, "ok");
    r->oom = code_of(&r->status, "oom");
    r->measured = code_of(&r->phase, "measured");
    r->warmup = code_of(&r->phase, "warmup");
    r->prefill = code_of(&r->mode, "prefill");
    r->decode = code_of(&r->mode, "decode");
    r->e2e = code_of(&r->mode, "e2e");
    get_cells(r, h);
}

const char *rows_text(const struct ctxmark_column *c, uint64_t row)
{
    return c->code && c->code[row] >= 0 ? c->dictionary[c->code[row]] : NULL;
}

double rows_rate(const struct rows *r, uint64_t row)
{
    if (r->tokens_per_s.number)
        return r->tokens_per_s.number[row];
    double ms = rows_number(&r->latency, row), tokens;
    if (rows_code(&r->mode, row) == r->prefill) {
        tokens = rows_number(&r->prompt_tokens, row);
        if (!(tokens > 0))
            tokens = rows_number(&r->context, row);
    } else {
        tokens = rows_number(&r->generated_tokens, row);
    }
    return tokens > 0 && ms > 0 ? tokens / ms * 1000 : NAN;
}

bool rows_is_measured(const struct rows *r, uint64_t row)
{
    return rows_code(&r->phase, row) == r->measured;
}

bool rows_is_ok(const struct rows *r, uint64_t row)
{
    return rows_code(&r->status, row) == r->ok && rows_is_measured(r, row);
}

bool rows_is_usable(const struct rows *r, uint64_t row)
{
    return rows_is_ok(r, row) && isfinite(rows_number(&r->latency, row));
}

bool rows_is_warmup(const struct rows *r, uint64_t row)
{
    return rows_code(&r->status, row) == r->ok && rows_code(&r->phase, row) == r->warmup &&
           isfinite(rows_number(&r->latency, row));
}
