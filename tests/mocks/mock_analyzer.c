/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* An analyzer that goes wrong as its option says. */

#include "mock.h"

static const char *const cases[] = {"nothing", "crash", "hang", "error", "malformed_table", NULL};

static const struct ctxmark_option options[] = {
    {"fault", CTXMARK_TYPE_CHOICE, 0, "nothing", 0, 0, cases, NULL, "What goes wrong."},
};

static const struct ctxmark_table_column columns[] = {
    {"rows", CTXMARK_INTEGER, CTXMARK_ROLE_VALUE, "", "Rows of the run."},
};

static void emit_rows(const struct ctxmark_host *h, const char *name)
{
    struct ctxmark_table table = {
        .size = sizeof table,
        .column_stride = sizeof columns[0],
        .name = name,
        .title = "What the mock counted",
        .section = "reliability",
        .column_count = 1,
        .columns = columns,
    };
    struct ctxmark_value value = ctxmark_number((double)h->row_count(h));
    int32_t handle = h->table_begin(h, &table);
    if (handle >= 0)
        h->table_row(h, handle, &value, 1);
}

static int32_t analyze(const struct ctxmark_host *h)
{
    if (mock_option_is(h, "fault", "crash"))
        mock_crash();
    while (mock_option_is(h, "fault", "hang"))
        mock_sleep_us(100000);
    if (mock_option_is(h, "fault", "error"))
        return h->fail(h, CTXMARK_ERROR, "the mock analyzer was told to fail");
    emit_rows(h, mock_option_is(h, "fault", "malformed_table") ? "Not A Name" : "mock_rows");
    return CTXMARK_OK;
}

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "mock_analyzer",
    .version = "1",
    .summary = "counts rows, or goes wrong",
    .license = "MIT",
    .options = options,
    .option_count = MOCK_COUNT(options),
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
