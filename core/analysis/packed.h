/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tables of analysis.json whose "rows" are the bytes in which their analyzer sent them (wire.h): an
 * array of arrays of plain values.  As such they are handed on to later analyzers and printed,
 * without a JSON value made of each of a million numbers. */

#ifndef CORE_ANALYSIS_PACKED_H
#define CORE_ANALYSIS_PACKED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/wire.h"

/* At the rows of a table, *ret_rows of them.  false: they are not packed. */
bool packed_begin(const json_t *table, struct wire_reader *ret, uint32_t *ret_rows);
/* Whether all tables have sound rows: as many values in each as there are columns, numbers finite,
 * texts UTF-8. */
bool packed_is_sound(const json_t *tables);
/* How many rows a table has. */
size_t packed_count(const json_t *table);
/* Makes arrays of the rows of all tables.  0, or -1: out of memory. */
int packed_expand_tables(json_t *tables);
/* The same for those of an analysis. */
int packed_expand(json_t *analysis, struct err *e);
/* The text of analysis.json, as json_write() has it, from one with packed tables. */
void packed_write(struct buf *b, const json_t *analysis);

#endif
