/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Compiled against the copy of the contract as it was in 1.0, which stays as it is. */

#include "mock.h"

static const struct ctxmark_backend backend = {MOCK_BACKEND_INIT};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_1_0", "built against the contract of 1.0"),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
