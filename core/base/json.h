/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Writing JSON files: jansson's own writer cannot give doubles in shortest round-trip form. */

#ifndef CORE_BASE_JSON_H
#define CORE_BASE_JSON_H

#include <jansson.h>

#include "core/base/buf.h"

/* The value with an indent of one blank a level, arrays of plain values on one line, members in the
 * order they were set, a newline at the end. */
void json_write(struct buf *b, const json_t *json);

/* Text as a JSON string, in its quotes. */
void json_write_text(struct buf *b, const char *text);

#endif
