/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Writing JSON files: jansson's own writer cannot give doubles in shortest round-trip form. */

#ifndef CORE_BASE_JSON_H
#define CORE_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* The value with an indent of one blank a level, arrays of plain values on one line, members in the
 * order they were set, a newline at the end. */
void json_write(struct buf *b, const json_t *json);

/* The same in parts: a value that stands `depth` deep, and the key of a member in front of it,
 * where the object's members stand `depth` deep. */
void json_write_part(struct buf *b, const json_t *json, int depth);
void json_write_key(struct buf *b, const char *key, int depth, bool first);
/* Text as a JSON string, in its quotes. */
void json_write_text(struct buf *b, const char *text);
void json_write_string(struct buf *b, const char *text, size_t len);
/* A number that stays a real when read back; null: it is not finite. */
void json_write_real(struct buf *b, double x);

#endif
