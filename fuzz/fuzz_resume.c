/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* metrics.csv, and details.jsonl behind a line "== details.jsonl", of a run that is to go on: two
 * backends, two models and two context lengths, two launches. */

#include "config.h"

#include "core/run/resume.h"
#include "fuzz/fuzz.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct config_backend backends[] = {{.name = (char *)"b0"}, {.name = (char *)"b1"}};
static struct config_model models[] = {{.name = (char *)"m0"}, {.name = (char *)"m, \"1\""}};

static const struct config config = {
    .backends = backends,
    .backend_count = COUNT(backends),
    .models = models,
    .model_count = COUNT(models),
    .modes = {true, true, true},
    .repetitions = 2,
    .warmup_repetitions = 1,
    .max_new_tokens = 8,
    .launches = 2,
};

static struct plan_cell cells[] = {{0, 0, 128, 1}, {0, 0, 256, 1}, {0, 1, 128, 2}, {1, 0, 128, 1}};

static const struct plan plan = {.cells = cells, .cell_count = COUNT(cells)};

/* The cold tag is patched in place: nothing but its byte may be written over. */
static void check_cell(const struct resume_cell *c, const uint8_t *metrics, off_t size)
{
    for (size_t i = 0; i < c->series.byte_count; i++) {
        off_t at = c->series.bytes[i].at;
        REQUIRE(at > 0 && at + 1 < size);
        REQUIRE(metrics[at] == (c->series.bytes[i].written ? '1' : '0'));
        REQUIRE(metrics[at - 1] == metrics[at + 1]);
        REQUIRE(metrics[at - 1] == ',' || metrics[at - 1] == '"');
        REQUIRE(c->series.bytes[i].repetition < c->series.count);
    }
}

static void check_resume(const struct resume *r, const uint8_t *metrics, size_t metrics_size,
                         size_t details_size)
{
    REQUIRE(r->metrics_size >= 0 && r->metrics_size <= (off_t)metrics_size);
    REQUIRE(r->metrics_size == 0 || metrics[r->metrics_size - 1] == '\n');
    REQUIRE(r->details_size >= 0 && r->details_size <= (off_t)details_size);
    REQUIRE(r->next_seq >= 0);
    for (size_t i = 0; i < r->series_count; i++)
        check_cell(&r->cells[i], metrics, r->metrics_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {""};
    struct resume r;
    size_t first, second = input_split(data, size, "== details.jsonl\n", &first);
    scratch_write("metrics.csv", data, first);
    scratch_write("details.jsonl", data + second, size - second);
    int status = resume_read(&r, ".", &config, &plan, &e);
    REQUIRE(status == 0 || e.text[0]);
    if (status == 0)
        check_resume(&r, data, first, size - second);
    resume_free(&r);
    return 0;
}
