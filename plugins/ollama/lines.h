/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Cuts a stream into lines, wherever its pieces begin and end. */

#ifndef OLLAMA_LINES_H
#define OLLAMA_LINES_H

#include <stddef.h>

/* Ollama's lines have some hundred bytes.  Whoever sends more without an end is not Ollama. */
#define OLLAMA_LINE_MAX ((size_t)1 << 20)

struct ollama_lines {
    char *data; /* the beginning of a line whose end has not come */
    size_t used, capacity;
};

enum ollama_lines_result {
    OLLAMA_LINES_OK,
    OLLAMA_LINES_STOPPED, /* the function said so */
    OLLAMA_LINES_LONG,    /* a line of more than OLLAMA_LINE_MAX bytes */
    OLLAMA_LINES_MEMORY,
};

/* Gets a line without its end (LF or CR LF), never an empty one, valid until it returns; 0: go on,
 * else: stop. */
typedef int (*ollama_line_fn)(void *arg, const char *line, size_t length);

/* The next `length` bytes of the stream: calls `take` for each line that they complete. */
enum ollama_lines_result ollama_lines_push(struct ollama_lines *s, const char *data, size_t length,
                                           ollama_line_fn take, void *arg);

/* The stream has ended: what has no line end counts as the last line. */
enum ollama_lines_result ollama_lines_end(struct ollama_lines *s, ollama_line_fn take, void *arg);

/* Frees it and makes it empty. */
void ollama_lines_free(struct ollama_lines *s);

#endif
