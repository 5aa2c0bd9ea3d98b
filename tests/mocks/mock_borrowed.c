/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Has no query function of its own, but links to a library that has one, which dlsym finds too. */

#include <ctxmark/plugin.h>

extern const struct ctxmark_plugin *CTXMARK_QUERY(void);
const struct ctxmark_plugin *mock_borrow(void);

__attribute__((visibility("default"))) const struct ctxmark_plugin *mock_borrow(void)
{
    return CTXMARK_QUERY();
}
