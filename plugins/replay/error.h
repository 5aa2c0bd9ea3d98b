/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef REPLAY_ERROR_H
#define REPLAY_ERROR_H

#include <stdarg.h>
#include <stdio.h>

/* One sentence for the user. */
struct replay_err {
    char text[1024];
};

/* Sets the text and returns -1. */
static int replay_err_set(struct replay_err *e, const char *format, ...)
    __attribute__((format(printf, 2, 3), unused));
static int replay_err_set(struct replay_err *e, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    return -1;
}

#endif
