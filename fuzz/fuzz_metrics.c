/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* metrics.csv, and details.jsonl behind a line "== details.jsonl", as the analyzers' columns. */

#include "config.h"

#include "core/analysis/frame.h"
#include "fuzz/fuzz.h"

#include <string.h>

static void check_column(const struct frame *f, const struct ctxmark_column *c)
{
    REQUIRE(c->count == f->row_count);
    for (uint64_t i = 0; i < c->count; i++)
        if (c->type == CTXMARK_TEXT)
            REQUIRE(c->code[i] == -1 || (uint64_t)c->code[i] < c->dictionary_count);
        else
            REQUIRE(c->number[i] != c->number[i] || c->number[i] - c->number[i] == 0);
    for (uint64_t i = 0; c->type == CTXMARK_TEXT && i < c->dictionary_count; i++)
        REQUIRE(strlen(c->dictionary[i]) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {""};
    size_t first, second = input_split(data, size, "== details.jsonl\n", &first);
    scratch_write("metrics.csv", data, first);
    scratch_write("details.jsonl", data + second, size - second);
    struct frame *f = frame_read_csv("metrics.csv", "details.jsonl", &e);
    REQUIRE(f || e.text[0]);
    for (size_t i = 0; f && i < f->column_count; i++) {
        const struct ctxmark_column *c = frame_column_at(f, i);
        REQUIRE(c && frame_column(f, f->columns[i].name) == c);
        check_column(f, c);
    }
    frame_free(f);
    return 0;
}
