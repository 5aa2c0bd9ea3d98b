/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/error.h"

#include <stdarg.h>
#include <stdio.h>

int hf_err_set(struct hf_err *e, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    return -1;
}

int hf_err_memory(struct hf_err *e, unsigned long long bytes)
{
    return hf_err_set(e, "out of memory: %llu bytes could not be had", bytes);
}
