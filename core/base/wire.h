/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* JSON values as bytes between processes of this program: doubles as they are, lengths in front, in
 * the machine's own byte order.  Tables of a million numbers cross in a tenth of the time that
 * text takes. */

#ifndef CORE_BASE_WIRE_H
#define CORE_BASE_WIRE_H

#include <jansson.h>
#include <stddef.h>

#include "core/base/buf.h"

/* Appends the value; buf_ok() tells whether memory sufficed. */
void wire_write(struct buf *b, const json_t *value);

/* The value that bytes[n] hold, the caller's; NULL: they are no such value, from first to last
 * byte, or memory is short. */
json_t *wire_read(const char *bytes, size_t n);

#endif
