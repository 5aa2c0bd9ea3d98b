/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What an analyzer emits, checked and kept in its child: rows as the bytes that are sent (wire.h),
 * the rest as JSON. */

#ifndef CORE_ANALYSIS_EMIT_H
#define CORE_ANALYSIS_EMIT_H

#include <jansson.h>

#include <ctxmark/plugin.h>

#include "core/base/buf.h"

/* The rows of a table. */
struct emitted_rows {
    struct buf bytes; /* arrays, one after another */
    size_t count, column_count;
    uint32_t *types; /* [column_count] */
};

struct emitted {
    const char *analyzer;
    json_t *tables, *findings, *plots; /* arrays in the form of analysis.json, without rows */
    struct emitted_rows *rows;         /* of each table */
    size_t rows_capacity;
    size_t refused; /* malformed pieces that were left out, each logged */
};

/* 0 or -1: out of memory. */
int emitted_init(struct emitted *m, const char *analyzer);
void emitted_free(struct emitted *m);
/* Appends the tables as an array, with their rows as bytes (packed.h). */
void emitted_write_tables(const struct emitted *m, struct buf *b);
/* Once all is emitted: puts the rows into m->tables, as arrays.  0, or -1: out of memory. */
int emitted_unpack(struct emitted *m);

/* As the host services of these names say. */
int32_t emit_table_begin(struct emitted *m, const struct ctxmark_table *table);
void emit_table_row(struct emitted *m, int32_t table, const struct ctxmark_value *values,
                    uint32_t value_count);
void emit_finding(struct emitted *m, const struct ctxmark_finding *finding);
void emit_plot(struct emitted *m, const struct ctxmark_plot *plot);

/* "number", "integer", "flag", "text", and back (0: none of them). */
const char *column_type_name(uint32_t type);
uint32_t column_type_from_name(const char *name);
uint32_t column_role_from_name(const char *name);

#endif
