/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Goes wrong before its descriptor can be read: MOCK_CONSTRUCTOR or MOCK_QUERY is what it does in
 * the library's constructor, or in ctxmark_plugin_query(). */

#include "mock.h"

#ifndef MOCK_CONSTRUCTOR
#define MOCK_CONSTRUCTOR (void)0
#endif
#ifndef MOCK_QUERY
#define MOCK_QUERY (void)0
#endif

static MOCK_UNUSED void hang(void)
{
    for (;;)
        pause();
}

__attribute__((constructor)) static void at_load(void)
{
    MOCK_CONSTRUCTOR;
}

static const struct ctxmark_backend backend = {MOCK_BACKEND_INIT};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_at_load", "goes wrong at once"),
    .backend = &backend,
};

CTXMARK_C __attribute__((visibility("default"))) const struct ctxmark_plugin *CTXMARK_QUERY(void);
const struct ctxmark_plugin *CTXMARK_QUERY(void)
{
    MOCK_QUERY;
    return &plugin;
}
