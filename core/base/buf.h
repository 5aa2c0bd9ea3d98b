/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A growing buffer of bytes that is always NUL-terminated.  A failed allocation makes it sticky:
 * later calls do nothing, and buf_ok() tells at the end, once. */

#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* NULL until something was added */
    size_t len, capacity;
    bool failed;
};

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The shortest decimal that reads back as the same double, always with '.', whatever the locale;
 * nothing for NaN and infinities. */
void buf_number(struct buf *b, double x);
void buf_integer(struct buf *b, int64_t x);

/* A field of a CSV file: in quotes where it needs them.  One record is one line, so that a torn
 * file is cut at a line's end: line ends in the text become blanks. */
void buf_csv(struct buf *b, const char *text);

static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

/* The text so far, "" if none. */
static inline const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

/* Empties it but keeps the memory. */
void buf_clear(struct buf *b);
/* Hands the text over: the caller frees it.  NULL if any allocation failed. */
char *buf_take(struct buf *b);
void buf_free(struct buf *b);

#endif
