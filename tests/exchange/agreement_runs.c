/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Two runs, with one launch and with several, against scipy (compare_runs_reference.py). */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "support.h"

#define REFERENCE SRCDIR "/tests/data/exchange/compare_runs_reference.json"

static void put_side(struct buf *csv, const json_t *cell, const char *side)
{
    size_t launch, rep;
    json_t *starts, *x;
    double context = json_number_value(json_object_get(cell, "context_length"));
    json_array_foreach(json_object_get(cell, side), launch, starts)
        json_array_foreach(starts, rep, x)
            buf_printf(csv, "%s,b,m,%.0f,prefill,%zu,%zu,%.17g\n", side, context, rep, launch,
                       json_number_value(x));
}

static json_t *analyze_reference(const json_t *reference)
{
    struct buf csv = {0};
    struct err e = {""};
    size_t i;
    json_t *cell;
    buf_puts(&csv, "run,backend,model,context_length,mode,rep,launch,latency_ms\n");
    json_array_foreach(json_object_get(reference, "cells"), i, cell) put_side(&csv, cell, "a");
    json_array_foreach(json_object_get(reference, "cells"), i, cell) put_side(&csv, cell, "b");
    ck_assert(buf_ok(&csv));
    json_t *options = json_pack("{s:{s:O, s:O}}", "compare", "margin_pct",
                                json_object_get(reference, "margin_pct"), "regression_pct",
                                json_object_get(reference, "regression_pct"));
    const char *path = write_file(csv.data, csv.len);
    json_t *analysis = analyze_csv(path, "cold_start,compare", options, &e);
    ck_assert_msg(analysis != NULL, "%s", e.text);
    remove_file(path);
    json_decref(options);
    buf_free(&csv);
    return analysis;
}

START_TEST(every_figure_of_scipy_is_ours)
{
    json_t *reference = json_load_file(REFERENCE, 0, NULL);
    ck_assert_ptr_nonnull(reference);
    json_t *analysis = analyze_reference(reference), *cell, *expected;
    const json_t *table = table_of(analysis, "compare", "comparisons");
    size_t i, compared = 0;
    json_array_foreach(json_object_get(reference, "cells"), i, cell)
    {
        const char *key;
        ck_assert_double_eq(json_number_value(value_of(table, i, "context_length")),
                            json_number_value(json_object_get(cell, "context_length")));
        json_object_foreach(json_object_get(cell, "expected"), key, expected)
        {
            const json_t *ours = value_of(table, i, key);
            double x = json_number_value(ours), y = json_number_value(expected);
            compared++;
            if (json_is_string(expected))
                ck_assert_msg(json_equal(ours, expected), "cell %zu: %s is %s, not %s", i, key,
                              json_string_value(ours), json_string_value(expected));
            else
                ck_assert_msg(json_is_number(ours) && fabs(x - y) <= 1e-9 * fabs(y) + 1e-300,
                              "cell %zu: %s is %.17g, not %.17g", i, key, x, y);
        }
    }
    ck_assert_uint_gt(compared, 90);
    json_decref(analysis);
    json_decref(reference);
}
END_TEST

int main(int argc, char **argv)
{
    int child = serve_child(argc, argv);
    if (child >= 0)
        return child;
    Suite *s = suite_create("agreement_runs");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_figure_of_scipy_is_ours);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
