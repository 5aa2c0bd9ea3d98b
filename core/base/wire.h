/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* JSON values as bytes between processes of this program: doubles as they are, lengths in front, in
 * the machine's own byte order.  Tables of a million numbers cross in a tenth of the time that
 * text takes. */

#ifndef CORE_BASE_WIRE_H
#define CORE_BASE_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

/* Appends the value; buf_ok() tells whether memory sufficed. */
void wire_write(struct buf *b, const json_t *value);

/* The same piece by piece: behind the head of an array so many values, behind that of an object so
 * many keys, each with its value.  Texts must be UTF-8. */
void wire_begin_object(struct buf *b, size_t members);
void wire_key(struct buf *b, const char *key);
void wire_begin_array(struct buf *b, size_t items);
void wire_null(struct buf *b);
void wire_flag(struct buf *b, bool flag);
void wire_integer(struct buf *b, json_int_t whole);
void wire_real(struct buf *b, double number);
void wire_text(struct buf *b, const char *text, size_t len);

/* Bytes as they are, of which json_string_value and _length of what is read tell: those written in
 * between, for instance a value that is not to be read before it is asked for. */
size_t wire_begin_bytes(struct buf *b);
void wire_end_bytes(struct buf *b, size_t begun);

/* The value that bytes[n] hold, the caller's; NULL: they are no such value, from first to last
 * byte, or memory is short. */
json_t *wire_read(const char *bytes, size_t n);

/* The same piece by piece.  Each moves on behind what it took; false: something else is there. */
struct wire_reader {
    const char *p, *end;
    int depth;
};

/* What is neither array nor object. */
struct wire_plain {
    json_type type;
    json_int_t whole; /* of an integer */
    double number;    /* a flag is 0 or 1; NaN: it is no number */
    const char *text; /* [len], without a NUL; NULL: it is no text */
    size_t len;
};

bool wire_take_array(struct wire_reader *r, uint32_t *ret_items);
bool wire_take_plain(struct wire_reader *r, struct wire_plain *ret);

#endif
