/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/rows.h"

#include <math.h>
#include <string.h>

#include "core/report/doc.h"

const json_t *table_find(const json_t *analysis, const char *analyzer, const char *name)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(analysis, "tables"), i, t)
    {
        if (strcmp(member_text(t, "analyzer"), analyzer) == 0 &&
            strcmp(member_text(t, "name"), name) == 0)
            return t;
    }
    return NULL;
}

size_t table_rows(const json_t *table)
{
    return json_array_size(json_object_get(table, "rows"));
}

const json_t *row_value(const json_t *table, size_t row, const char *column)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(table, "columns"), i, c)
    {
        if (strcmp(member_text(c, "name"), column) == 0)
            return json_array_get(json_array_get(json_object_get(table, "rows"), row), i);
    }
    return NULL;
}

double row_number(const json_t *table, size_t row, const char *column)
{
    const json_t *value = row_value(table, row, column);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *row_text(const json_t *table, size_t row, const char *column)
{
    const char *text = json_string_value(row_value(table, row, column));
    return text ? text : "";
}

bool row_flag(const json_t *table, size_t row, const char *column)
{
    return json_is_true(row_value(table, row, column));
}

bool row_is(const json_t *table, size_t row, const char *column, const char *wanted)
{
    return !wanted || strcmp(row_text(table, row, column), wanted) == 0;
}
