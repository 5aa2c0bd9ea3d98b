/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A plugin of a later minor: every struct has grown at its end, in the descriptor as well as in the
 * tables and in what it reports. */

#include "mock.h"

struct newer_option {
    struct ctxmark_option now;
    const char *later;
};

struct newer_metric {
    struct ctxmark_metric now;
    const char *later;
};

struct newer_backend {
    struct ctxmark_backend now;
    int32_t (*later)(void *self);
};

struct newer_plugin {
    struct ctxmark_plugin now;
    const char *later;
};

struct newer_result {
    struct ctxmark_result now;
    int64_t later;
};

static const struct newer_option options[] = {
    {{"first", CTXMARK_TYPE_INT, 0, "1", 0, 0, NULL, NULL, "One."}, "later"},
    {{"second", CTXMARK_TYPE_TEXT, 0, "two", 0, 0, NULL, NULL, "Two."}, "later"},
};

static const struct newer_metric metrics[] = {
    {{"mock_first", "", "One."}, "later"},
    {{"mock_second", "", "Two."}, "later"},
    {{"mock_third", "", "Three."}, "later"},
};

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    struct newer_result result = {mock_result(request, 0), 7};
    (void)self;
    result.now.size = sizeof result;
    emit->start(emit, 0);
    mock_emit_tokens(request, emit, 0, 0, 0);
    emit->metric(emit, 0, 0, 1);
    emit->metric(emit, 0, 1, 2);
    emit->metric(emit, 0, 2, 3);
    emit->result(emit, &result.now);
    return CTXMARK_OK;
}

static const struct newer_backend backend = {
    .now = {.size = sizeof backend,
            .open = mock_open,
            .load = mock_load,
            .run = run,
            .close = mock_close},
};

static const struct newer_plugin plugin = {
    .now = {.head = {CTXMARK_MAGIC, CTXMARK_ABI_MAJOR, CTXMARK_ABI_MINOR + 7, sizeof plugin,
                     sizeof(struct newer_option), 0},
            .kind = CTXMARK_BACKEND,
            .metric_stride = sizeof(struct newer_metric),
            .name = "mock_newer",
            .version = "1",
            .summary = "built for a later minor",
            .license = "MIT",
            .options = &options[0].now,
            .option_count = MOCK_COUNT(options),
            .metrics = &metrics[0].now,
            .metric_count = MOCK_COUNT(metrics),
            .backend = &backend.now},
    .later = "later",
};

CTXMARK_PLUGIN(plugin.now)
