/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* llama-bench's JSON as tests, and these as rows of metrics.csv. */

#include "config.h"

#include "core/analysis/frame.h"
#include "core/exchange/imported.h"
#include "core/exchange/llama_bench.h"
#include "fuzz/fuzz.h"

#include <string.h>

/* Whatever is accepted makes rows that can be read, as many as there are samples. */
static void check_rows(const struct imported *m)
{
    struct buf csv = {0};
    struct err e = {""};
    size_t rows = 0, samples = 0;
    for (size_t i = 0; i < m->count; i++)
        samples += json_array_size(json_object_get(m->tests[i].test, "samples_ns"));
    REQUIRE(imported_rows(m, "id", &csv, &rows, &e) == 0);
    REQUIRE(rows == samples);
    scratch_write("metrics.csv", csv.data, csv.len);
    struct frame *f = frame_read_csv("metrics.csv", NULL, &e);
    REQUIRE(f && f->row_count == rows && f->skipped == 0 && f->unreadable == 0);
    if (rows) {
        json_t *manifest = imported_manifest(m, "id", "x", "FILE", "hash", rows, &e);
        json_t *tests = llama_tests(f, manifest, "label", &e);
        REQUIRE(manifest && tests && json_array_size(tests) > 0);
        json_decref(tests);
        json_decref(manifest);
    }
    frame_free(f);
    buf_free(&csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {""};
    struct imported m;
    json_t *items = llama_parse("FILE", (const char *)data, size, &e);
    REQUIRE(items || strncmp(e.text, "FILE:", 5) == 0);
    if (!items)
        return 0;
    REQUIRE(json_array_size(items) > 0);
    REQUIRE(imported_make(&m, items, &e) == 0);
    REQUIRE(m.count + json_array_size(m.left_out) == json_array_size(items));
    check_rows(&m);
    imported_free(&m);
    json_decref(items);
    return 0;
}
