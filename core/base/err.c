/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/err.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static enum log_level current_level = LOG_NORMAL;

int err_set(struct err *e, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    if (n < 0)
        e->text[0] = '\0';
    else if ((size_t)n >= sizeof e->text)
        memcpy(e->text + sizeof e->text - 4, "...", 4);
    return -1;
}

int err_memory(struct err *e)
{
    return err_set(e, "out of memory in ctxmark itself");
}

void log_set_level(enum log_level level)
{
    current_level = level;
}

enum log_level log_get_level(void)
{
    return current_level;
}

__attribute__((format(printf, 2, 0))) static void write_line(const char *prefix, const char *format,
                                                             va_list ap)
{
    char text[2304];
    int head = snprintf(text, sizeof text, "ctxmark: %s", prefix);
    int n = vsnprintf(text + head, sizeof text - (size_t)head - 1, format, ap);
    if (n < 0)
        return;
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = ' ';
    text[len++] = '\n';
    int saved = errno;
    for (size_t done = 0; done < len;) {
        ssize_t w = write(STDERR_FILENO, text + done, len - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            break;
        done += (size_t)w;
    }
    errno = saved;
}

#define DEFINE_LOG(name, prefix, least)                                                            \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        if (current_level < least)                                                                 \
            return;                                                                                \
        va_list ap;                                                                                \
        va_start(ap, format);                                                                      \
        write_line(prefix, format, ap);                                                            \
        va_end(ap);                                                                                \
    }

DEFINE_LOG(log_error, "", LOG_QUIET)
DEFINE_LOG(log_warning, "warning: ", LOG_NORMAL)
DEFINE_LOG(log_note, "", LOG_NORMAL)
DEFINE_LOG(log_debug, "debug: ", LOG_VERBOSE)
