/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/compare/verdict.h"

#include <string.h>

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static const json_t *find_table(const json_t *analysis)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(analysis, "tables"), i,
                       t) if (strcmp(text_of(t, "name"), "comparisons") == 0) return t;
    return NULL;
}

json_t *verdict_rows(const json_t *analysis)
{
    size_t i, k;
    json_t *row, *column, *list = json_array();
    const json_t *table = find_table(analysis);
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        json_t *object = json_object();
        json_array_foreach(json_object_get(table, "columns"), k, column)
            json_object_set(object, text_of(column, "name"), json_array_get(row, k));
        if (json_array_append_new(list, object) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static const char *overall(const struct verdict *v)
{
    if (v->faster && v->slower)
        return "mixed";
    if (v->faster || v->slower)
        return v->faster ? "faster" : "slower";
    return v->cells && v->equivalent == v->cells ? "equivalent" : "inconclusive";
}

void verdict_make(const json_t *rows, struct verdict *ret)
{
    struct verdict v = {.by_launch = json_array_size(rows) > 0};
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row)
    {
        const char *word = text_of(row, "verdict"), *beyond = text_of(row, "regression");
        v.cells++;
        v.faster += strcmp(word, "faster") == 0;
        v.slower += strcmp(word, "slower") == 0;
        v.equivalent += strcmp(word, "equivalent") == 0;
        v.proven += strcmp(beyond, "proven") == 0;
        v.excluded += strcmp(beyond, "excluded") == 0;
        v.by_launch = v.by_launch && strcmp(text_of(row, "sample"), "launches") == 0;
    }
    v.inconclusive = v.cells - v.faster - v.slower - v.equivalent;
    v.word = overall(&v);
    *ret = v;
}

const char *verdict_gate(const struct verdict *v, size_t unmatched)
{
    if (v->proven)
        return "regression";
    return v->cells && v->excluded == v->cells && !unmatched ? "no regression" : "inconclusive";
}
