/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What an analyzer emits, checked and kept as JSON, in its child. */

#ifndef CORE_ANALYSIS_EMIT_H
#define CORE_ANALYSIS_EMIT_H

#include <jansson.h>

#include <ctxmark/plugin.h>

struct emitted {
    const char *analyzer;
    json_t *tables, *findings, *plots; /* arrays in the form of analysis.json */
    size_t refused;                    /* malformed pieces that were left out, each logged */
    uint32_t *types;                   /* of the columns of the table that got the last row */
    int32_t typed_table;
};

/* 0 or -1: out of memory. */
int emitted_init(struct emitted *m, const char *analyzer);
void emitted_free(struct emitted *m);

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
