/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "plugins/analysis/stats/nested.h"
#include "support.h"

#define MOST 64

static json_t *reference;

static double number(const json_t *c, const char *key)
{
    return json_number_value(json_object_get(c, key));
}

static void expect_close(const char *name, const char *what, double got, double wanted,
                         double scale)
{
    ck_assert_msg(fabs(got - wanted) <= 1e-10 * fabs(wanted) + 1e-13 * scale,
                  "%s: %s is %.17g, not %.17g", name, what, got, wanted);
}

START_TEST(variances_within_and_between_are_those_of_numpy_and_scipy)
{
    json_t *c = json_array_get(reference, (size_t)_i), *launches = json_object_get(c, "launches");
    const char *name = json_string_value(json_object_get(c, "name"));
    double x[MOST];
    size_t sizes[MOST], n = 0;
    for (size_t i = 0; i < json_array_size(launches); i++) {
        json_t *launch = json_array_get(launches, i);
        sizes[i] = json_array_size(launch);
        for (size_t k = 0; k < sizes[i] && n < MOST; k++)
            x[n++] = json_number_value(json_array_get(launch, k));
    }
    struct nested r = nested_make(x, sizes, json_array_size(launches), 0.95);
    /* the reference subtracts means of 1e6 in doubles: its variances have lost as many digits */
    double mean = number(c, "mean"), lost = mean > 1e5 ? mean * 1e6 : 0;
    expect_close(name, "mean", r.mean, mean, 0);
    expect_close(name, "var_within", r.var_within, number(c, "var_within"), lost);
    expect_close(name, "var_between", r.var_between, number(c, "var_between"),
                 number(c, "var_within") + lost);
    expect_close(name, "low", r.interval.low, number(c, "low"), 0);
    expect_close(name, "high", r.interval.high, number(c, "high"), 0);
    expect_close(name, "F", r.F, number(c, "F"), lost);
    if (!lost)
        expect_close(name, "p", r.p.p, number(c, "p"), 0);
}
END_TEST

START_TEST(what_launches_cannot_tell_is_nan)
{
    const double x[] = {1, 2, 4};
    const size_t one[] = {3}, each[] = {1, 1, 1};
    struct nested r = nested_make(x, one, 1, 0.95);
    ck_assert(isnan(r.var_between) && isnan(r.interval.low) && isnan(r.F));
    r = nested_make(x, each, 3, 0.95);
    ck_assert(isnan(r.var_within) && isnan(r.F));
    ck_assert(r.interval.low < 7.0 / 3 && r.interval.high > 7.0 / 3);
    const double same[] = {5, 5, 6, 6};
    const size_t two[] = {2, 2};
    r = nested_make(same, two, 2, 0.95);
    ck_assert_double_eq(r.var_within, 0);
    ck_assert_double_eq(r.var_between, 0.5);
    ck_assert(isnan(r.F));
}
END_TEST

/* --- through the analyzer */

static json_t *analyze(int launches, double step)
{
    struct err e;
    char text[8192], *p = text, *end = text + sizeof text;
    p +=
        snprintf(p, (size_t)(end - p), "model,backend,context_length,mode,launch,rep,latency_ms\n");
    for (int l = 0; l < launches; l++)
        for (int rep = 0; rep < 8; rep++)
            p += snprintf(p, (size_t)(end - p), "m,b,512,prefill,%d,%d,%g\n", l, rep,
                          100 + step * (l % 3) + 0.1 * rep);
    const char *path = write_file(text, (size_t)(p - text));
    json_t *analysis = analyze_csv(path, "descriptive", NULL, &e);
    ck_assert_msg(analysis != NULL, "%s", e.text);
    remove_file(path);
    return analysis;
}

START_TEST(launches_that_differ_widen_the_interval_and_are_told)
{
    json_t *a = analyze(5, 10);
    const json_t *t = table_of(a, "descriptive", "launches");
    ck_assert_ptr_nonnull(t);
    ck_assert_uint_eq(json_array_size(json_object_get(t, "rows")), 1);
    ck_assert_double_eq(json_number_value(value_of(t, 0, "launches")), 5);
    double wide = json_number_value(value_of(t, 0, "mean_high")) -
                  json_number_value(value_of(t, 0, "mean_low")),
           narrow = json_number_value(value_of(t, 0, "one_launch_high")) -
                    json_number_value(value_of(t, 0, "one_launch_low"));
    ck_assert_double_gt(wide, 3 * narrow);
    ck_assert_double_gt(json_number_value(value_of(t, 0, "between_pct")), 99);
    ck_assert_ptr_nonnull(finding_of(a, "launches_differ"));
    json_decref(a);
}
END_TEST

START_TEST(launches_that_are_alike_are_no_finding)
{
    json_t *a = analyze(5, 0);
    const json_t *t = table_of(a, "descriptive", "launches");
    ck_assert_ptr_nonnull(t);
    ck_assert_double_eq(json_number_value(value_of(t, 0, "sd_between")), 0);
    ck_assert_ptr_null(finding_of(a, "launches_differ"));
    json_decref(a);
}
END_TEST

START_TEST(one_launch_has_no_table_of_launches)
{
    json_t *a = analyze(1, 10);
    ck_assert_ptr_null(table_of(a, "descriptive", "launches"));
    json_decref(a);
}
END_TEST

int main(int argc, char **argv)
{
    int served = serve_child(argc, argv);
    if (served >= 0)
        return served;
    reference = json_load_file(SRCDIR "/tests/data/analysis/launches_reference.json", 0, NULL);
    Suite *s = suite_create("launches");
    TCase *t = tcase_create("launches");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, variances_within_and_between_are_those_of_numpy_and_scipy, 0,
                        (int)json_array_size(reference));
    tcase_add_test(t, what_launches_cannot_tell_is_nan);
    tcase_add_test(t, launches_that_differ_widen_the_interval_and_are_told);
    tcase_add_test(t, launches_that_are_alike_are_no_finding);
    tcase_add_test(t, one_launch_has_no_table_of_launches);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r) + !json_array_size(reference);
    srunner_free(r);
    json_decref(reference);
    return failed ? 1 : 0;
}
