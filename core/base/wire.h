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

/* The value that bytes[n] hold, the caller's; NULL: they are no such value, from first to last
 * byte, or memory is short. */
json_t *wire_read(const char *bytes, size_t n);

#endif
