/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Holds analysis.json of the reference data sets against tests/data/analysis/fits_reference.json:
 * what these sets' own expected values do not say, by scipy and statsmodels. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

struct tally {
    size_t agreed, differed;
};

static double number_of(const json_t *v)
{
    return json_is_boolean(v)  ? json_is_true(v)
           : json_is_number(v) ? json_number_value(v)
           : json_is_null(v)   ? NAN
                               : INFINITY;
}

static bool is_same(const json_t *expected, const json_t *got, double relative)
{
    double x = number_of(expected), y = number_of(got);
    return isnan(x) ? isnan(y) : fabs(y - x) <= relative * fabs(x) + 1e-12;
}

static bool has_keys(const json_t *table, size_t row, json_t *keys)
{
    const char *key;
    json_t *want;
    json_object_foreach(keys, key, want)
    {
        const json_t *have = value_of(table, row, key);
        if (json_is_string(want) ? !have || !json_equal(want, (json_t *)have)
                                 : number_of(want) != number_of(have))
            return false;
    }
    return true;
}

static void check_item(struct tally *t, const json_t *analysis, const json_t *item)
{
    const char *analyzer = json_string_value(json_object_get(item, "analyzer")),
               *name = json_string_value(json_object_get(item, "table")), *column;
    const json_t *table = table_of(analysis, analyzer, name);
    json_t *keys = json_object_get(item, "row"), *expected;
    size_t row = 0, rows = json_array_size(json_object_get(table, "rows"));
    while (row < rows && !has_keys(table, row, keys))
        row++;
    char *where = json_dumps(keys, JSON_COMPACT);
    json_object_foreach(json_object_get(item, "values"), column, expected)
    {
        const json_t *got = row < rows ? value_of(table, row, column) : NULL;
        if (is_same(expected, got, number_of(json_object_get(item, "relative")))) {
            t->agreed++;
            continue;
        }
        t->differed++;
        printf("%s.%s %s %s: expected %.15g, got %.15g\n", analyzer, name, where, column,
               number_of(expected), number_of(got));
    }
    free(where);
}

static void check_set(struct tally *t, const char *set, const json_t *items)
{
    struct err e;
    char name[64];
    size_t i;
    json_t *item;
    snprintf(name, sizeof name, "reference/stats/dataset_%s.csv", set);
    json_t *facts = json_pack("{s:{s:{s:f,s:s,s:s}}}", "run", "memory_limit_mib", "number", 12288.0,
                              "unit", "MiB", "provenance", "user");
    json_t *analysis = analyze_csv_facts(
        shared_file(name), "scaling,regimes,decode,memory,ttft,outliers,power", NULL, facts, &e);
    if (!analysis) {
        t->differed++;
        printf("%s: %s\n", set, e.text);
    }
    json_array_foreach(items, i, item) if (strcmp(json_string_value(json_object_get(item, "set")),
                                                  set) == 0) check_item(t, analysis, item);
    json_decref(analysis);
    json_decref(facts);
}

int main(int argc, char **argv)
{
    int code = serve_child(argc, argv);
    if (code >= 0)
        return code;
    if (!shared_file("reference/stats/dataset_A.csv")) {
        printf("SKIP: the reference data are not here (CTXMARK_SHARED)\n");
        return 77;
    }
    struct tally t = {0, 0};
    json_t *expected = json_load_file(SRCDIR "/tests/data/analysis/fits_reference.json", 0, NULL);
    const json_t *items = json_object_get(expected, "items");
    if (json_array_size(items) == 0) {
        printf("tests/data/analysis/fits_reference.json cannot be read\n");
        return 1;
    }
    check_set(&t, "A", items);
    check_set(&t, "B", items);
    printf("beyond the reference's own values: %zu agreed, %zu differed\n", t.agreed, t.differed);
    json_decref(expected);
    return t.differed ? 1 : 0;
}
