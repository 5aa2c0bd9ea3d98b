/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A good backend but for one number or callback, which the build sets: MOCK_NAME and one of the
 * others. */

#include "mock.h"

#ifndef MOCK_MAGIC
#define MOCK_MAGIC CTXMARK_MAGIC
#endif
#ifndef MOCK_MAJOR
#define MOCK_MAJOR CTXMARK_ABI_MAJOR
#endif
#ifndef MOCK_NEEDS
#define MOCK_NEEDS 0
#endif
#ifndef MOCK_SIZE
#define MOCK_SIZE sizeof(struct ctxmark_plugin)
#endif
#ifndef MOCK_KIND
#define MOCK_KIND CTXMARK_BACKEND
#endif
#ifndef MOCK_RUN
#define MOCK_RUN mock_run
#endif

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .open = mock_open,
    .load = mock_load,
    .run = MOCK_RUN,
    .close = mock_close,
};

static const struct ctxmark_plugin plugin = {
    .head = {MOCK_MAGIC, MOCK_MAJOR, CTXMARK_ABI_MINOR, MOCK_SIZE, sizeof(struct ctxmark_option),
             MOCK_NEEDS},
    .kind = MOCK_KIND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = MOCK_NAME,
    .version = "1",
    .summary = "must be refused",
    .license = "MIT",
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
