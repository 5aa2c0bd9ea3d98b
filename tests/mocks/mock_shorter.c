/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A plugin of a time when the structs were shorter: its descriptor ends before `analyzer`, its
 * operations before `unload`, its results before `spill_kind`.  What lies behind is poison. */

#include <stddef.h>

#include "mock.h"

static void poison(void *self)
{
    (void)self;
    mock_crash();
}

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    struct ctxmark_result result = mock_result(request, 0);
    (void)self;
    result.size = offsetof(struct ctxmark_result, spill_kind);
    result.spill_kind = result.note = result.error = (const char *)1;
    emit->start(emit, 0);
    mock_emit_tokens(request, emit, 0, 0, 0);
    emit->result(emit, &result);
    return CTXMARK_OK;
}

static const struct ctxmark_backend backend = {
    .size = offsetof(struct ctxmark_backend, unload),
    .open = mock_open,
    .load = mock_load,
    .run = run,
    .unload = poison,
    .close = poison,
};

static const struct ctxmark_plugin plugin = {
    .head = {CTXMARK_MAGIC, CTXMARK_ABI_MAJOR, 0, offsetof(struct ctxmark_plugin, analyzer),
             sizeof(struct ctxmark_option), 0},
    .kind = CTXMARK_BACKEND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "mock_shorter",
    .version = "1",
    .summary = "built when the structs were shorter",
    .license = "MIT",
    .backend = &backend,
    .analyzer = (const struct ctxmark_analyzer *)1,
};

CTXMARK_PLUGIN(plugin)
