/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef OLLAMA_ERROR_H
#define OLLAMA_ERROR_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <ctxmark/plugin.h>

/* What went wrong: a CTXMARK_* status and one sentence for the user. */
struct ollama_err {
    int32_t status;
    char text[1024];
};

/* Words the error; returns -1, so that `return ollama_err_set(e, ...)` reads well. */
static int ollama_err_set(struct ollama_err *e, int32_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4), unused));
static int ollama_err_set(struct ollama_err *e, int32_t status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    e->status = status;
    return -1;
}

static inline int ollama_err_memory(struct ollama_err *e)
{
    return ollama_err_set(e, CTXMARK_ERROR, "out of memory");
}

#endif
