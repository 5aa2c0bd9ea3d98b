/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A shared object that is no plugin. */

int mock_no_symbol(void);

__attribute__((visibility("default"))) int mock_no_symbol(void)
{
    return 0;
}
