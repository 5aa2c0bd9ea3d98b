/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Uses a function that nobody has. */

#include "mock.h"

int mock_function_that_nobody_has(void);

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    return mock_function_that_nobody_has() ? CTXMARK_ERROR : mock_run(self, request, emit);
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .open = mock_open,
    .load = mock_load,
    .run = run,
    .close = mock_close,
};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_unresolved", "must be refused"),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
