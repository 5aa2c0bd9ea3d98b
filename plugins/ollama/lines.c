/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/lines.h"

#include <stdlib.h>
#include <string.h>

static enum ollama_lines_result give(const char *line, size_t length, ollama_line_fn take,
                                     void *arg)
{
    if (length && line[length - 1] == '\r')
        length--;
    if (length > OLLAMA_LINE_MAX)
        return OLLAMA_LINES_LONG;
    if (length && take(arg, line, length) != 0)
        return OLLAMA_LINES_STOPPED;
    return OLLAMA_LINES_OK;
}

/* Adds the beginning, or the middle, of a line. */
static enum ollama_lines_result keep(struct ollama_lines *s, const char *data, size_t length)
{
    if (length > OLLAMA_LINE_MAX || s->used > OLLAMA_LINE_MAX + 1 - length)
        return OLLAMA_LINES_LONG;
    if (s->used + length > s->capacity) {
        size_t want = s->capacity ? s->capacity * 2 : 4096;
        while (want < s->used + length)
            want *= 2;
        char *bigger = realloc(s->data, want);
        if (!bigger)
            return OLLAMA_LINES_MEMORY;
        s->data = bigger;
        s->capacity = want;
    }
    if (length)
        memcpy(s->data + s->used, data, length);
    s->used += length;
    return OLLAMA_LINES_OK;
}

/* Ends the line that was kept with `length` bytes more. */
static enum ollama_lines_result finish(struct ollama_lines *s, const char *data, size_t length,
                                       ollama_line_fn take, void *arg)
{
    enum ollama_lines_result r = keep(s, data, length);
    if (r != OLLAMA_LINES_OK)
        return r;
    size_t whole = s->used;
    s->used = 0;
    return give(s->data, whole, take, arg);
}

enum ollama_lines_result ollama_lines_push(struct ollama_lines *s, const char *data, size_t length,
                                           ollama_line_fn take, void *arg)
{
    const char *end = data + length;
    for (;;) {
        const char *lf = data < end ? memchr(data, '\n', (size_t)(end - data)) : NULL;
        if (!lf)
            return keep(s, data, (size_t)(end - data));
        size_t n = (size_t)(lf - data);
        enum ollama_lines_result r =
            s->used ? finish(s, data, n, take, arg) : give(data, n, take, arg);
        if (r != OLLAMA_LINES_OK)
            return r;
        data = lf + 1;
    }
}

enum ollama_lines_result ollama_lines_end(struct ollama_lines *s, ollama_line_fn take, void *arg)
{
    return s->used ? finish(s, "", 0, take, arg) : OLLAMA_LINES_OK;
}

void ollama_lines_free(struct ollama_lines *s)
{
    free(s->data);
    memset(s, 0, sizeof *s);
}
