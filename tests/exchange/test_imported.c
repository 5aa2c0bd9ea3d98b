/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tests of llama-bench as our cells and rows. */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/exchange/imported.h"
#include "core/exchange/llama_bench.h"
#include "core/run/rows.h"

/* A test: prompt, generated, depth, samples, further members. */
#define TEST(p, n, d, samples, more)                                                               \
    "{\"build_commit\": \"c\", \"backends\": \"CPU\", \"model_filename\": \"a/m.gguf\", "          \
    "\"model_type\": \"m\", \"n_prompt\": " #p ", \"n_gen\": " #n ", \"n_depth\": " #d ", "        \
    "\"samples_ns\": " samples more "}\n"

static json_t *items;
static struct imported m;

static void import(const char *text)
{
    struct err e = {""};
    items = llama_parse("FILE", text, strlen(text), &e);
    ck_assert_msg(items != NULL, "%s", e.text);
    ck_assert_msg(imported_make(&m, items, &e) == 0, "%s", e.text);
}

static void forget(void)
{
    imported_free(&m);
    json_decref(items);
    items = NULL;
}

/* Row `row` (from 0) of the CSV, without its line end; the caller's. */
static char *row_of(size_t row)
{
    struct buf b = {0};
    struct err e = {""};
    size_t rows;
    ck_assert_int_eq(imported_rows(&m, "id", &b, &rows, &e), 0);
    ck_assert_uint_lt(row, rows);
    ck_assert(strncmp(b.data, record_header, strlen(record_header)) == 0);
    const char *p = b.data;
    for (size_t i = 0; i <= row; i++)
        p = strchr(p, '\n') + 1;
    char *line = strndup(p, strcspn(p, "\n"));
    buf_free(&b);
    return line;
}

static void row_is(size_t row, const char *expected)
{
    char *line = row_of(row);
    ck_assert_str_eq(line, expected);
    free(line);
}

START_TEST(each_kind_of_test_has_its_mode)
{
    import(TEST(512, 0, 0, "[2000000]", ", \"test_time\": \"2026-01-02T03:04:05Z\"")
               TEST(0, 128, 4096, "[640000000]", "") TEST(512, 16, 0, "[40000000]", ""));
    ck_assert_uint_eq(m.count, 3);
    row_is(0, "id,0,0,2026-01-02T03:04:05Z,CPU,llama-bench,m,,512,prefill,measured,0,0,1,0,ok,"
              "2.000000,,256000,512,,,,,,,,,,,,,,,,");
    row_is(1, "id,1,0,,CPU,llama-bench,m,,4096,decode,measured,0,0,1,0,ok,640.000000,,200,,,128,,,,"
              ",,,,,,,,,,");
    row_is(2, "id,2,0,,CPU,llama-bench,m,,512,e2e,measured,0,0,1,0,ok,40.000000,,400,512,,16,,,,,,,"
              ",,,,,,,");
    forget();
}
END_TEST

START_TEST(a_row_has_as_many_fields_as_the_header)
{
    import(TEST(512, 0, 0, "[2000000]", ""));
    char *line = row_of(0);
    size_t fields = 0, names = 0;
    for (const char *p = line; *p; p++)
        fields += *p == ',';
    for (const char *p = record_header; *p; p++)
        names += *p == ',';
    ck_assert_uint_eq(fields, names);
    free(line);
    forget();
}
END_TEST

START_TEST(a_prompt_behind_a_context_is_left_out_by_name)
{
    import(TEST(512, 0, 0, "[5]", "") TEST(512, 0, 4096, "[5, 6, 7]", "")
               TEST(64, 8, 128, "[5]", ""));
    ck_assert_uint_eq(m.count, 1);
    ck_assert_uint_eq(json_array_size(m.left_out), 2);
    const char *words = json_string_value(json_array_get(m.left_out, 0));
    ck_assert_msg(strstr(words, "pp512 @ d4096 of m on CPU (line 2, 3 samples)"), "%s", words);
    words = json_string_value(json_array_get(m.left_out, 1));
    ck_assert_msg(strstr(words, "pp64+tg8 @ d128 of m on CPU (line 3, 1 sample)"), "%s", words);
    forget();
}
END_TEST

START_TEST(the_same_test_again_is_another_launch)
{
    import(TEST(512, 0, 0, "[5]", "") TEST(1024, 0, 0, "[5]", "") TEST(512, 0, 0, "[6]", "")
               TEST(512, 0, 0, "[7]", ""));
    ck_assert_int_eq(m.tests[0].launch, 0);
    ck_assert_int_eq(m.tests[1].launch, 0);
    ck_assert_int_eq(m.tests[2].launch, 1);
    ck_assert_int_eq(m.tests[3].launch, 2);
    forget();
}
END_TEST

START_TEST(settings_that_vary_tell_backends_apart)
{
    import(TEST(512, 0, 0, "[5]", ", \"n_threads\": 2, \"flash_attn\": 1")
               TEST(512, 0, 0, "[5]", ", \"n_threads\": 4, \"flash_attn\": 1"));
    ck_assert_str_eq(m.tests[0].backend, "CPU n_threads=2");
    ck_assert_str_eq(m.tests[1].backend, "CPU n_threads=4");
    ck_assert_int_eq(m.tests[1].launch, 0);
    forget();
    import(TEST(0, 32, 64, "[5]", "") TEST(0, 128, 64, "[5]", "") TEST(512, 0, 0, "[5]", ""));
    ck_assert_str_eq(m.tests[0].backend, "CPU n_gen=32");
    ck_assert_str_eq(m.tests[1].backend, "CPU n_gen=128");
    ck_assert_str_eq(m.tests[2].backend, "CPU");
    forget();
}
END_TEST

START_TEST(files_of_one_type_are_told_apart)
{
    import(TEST(
        512, 0, 0, "[5]",
        "") "{\"build_commit\": \"c\", \"backends\": \"CPU\", \"model_filename\": \"b/n.gguf\", "
            "\"model_type\": \"m\", \"n_prompt\": 512, \"n_gen\": 0, \"samples_ns\": [5]}");
    ck_assert_str_eq(m.tests[0].model, "m m.gguf");
    ck_assert_str_eq(m.tests[1].model, "m n.gguf");
    forget();
}
END_TEST

START_TEST(the_first_prefill_is_cold_where_it_is_twice_as_slow)
{
    char *line;
    import(TEST(512, 0, 0, "[19544712, 6432163, 6435229, 7078189]", "")
               TEST(0, 8, 512, "[90, 10, 10, 10]", ""));
    for (size_t i = 0; i < 8; i++) {
        line = row_of(i);
        ck_assert_msg((strstr(line, ",0,1,1,ok,") != NULL) == (i == 0), "row %zu: %s", i, line);
        free(line);
    }
    forget();
}
END_TEST

START_TEST(a_wrong_standard_deviation_is_noticed)
{
    /* what 64 bits leave of the sum of squares, beside the right one (of two) */
    import(TEST(16, 0, 0, "[9308049146, 8911872532]", ", \"stddev_ns\": 280139170")
               TEST(32, 0, 0, "[9308049146, 8911872532]", ", \"stddev_ns\": 4294967296")
                   TEST(48, 0, 0, "[9308049146]", ", \"stddev_ns\": 0"));
    ck_assert_uint_eq(json_array_size(m.deviations), 1);
    const json_t *d = json_array_get(m.deviations, 0);
    ck_assert_str_eq(json_string_value(json_object_get(d, "test")), "pp32 of m on CPU");
    ck_assert_double_eq_tol(json_number_value(json_object_get(d, "of_samples_ns")), 280139170.307,
                            0.1);
    forget();
}
END_TEST

START_TEST(names_with_commas_and_quotes_stay_one_field)
{
    import("{\"build_commit\": \"c\", \"backends\": \"CPU,\\\"x\\\"\", \"model_filename\": \"\", "
           "\"model_type\": \"a\\nb\", \"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": [1000000]}");
    row_is(0, "id,0,0,,\"CPU,\"\"x\"\"\",llama-bench,\"a b\",,1,prefill,measured,0,0,1,0,ok,"
              "1.000000,,1000,1,,,,,,,,,,,,,,,,");
    forget();
}
END_TEST

START_TEST(the_manifest_says_where_it_comes_from)
{
    struct err e = {""};
    import(TEST(512, 0, 0, "[5]", ", \"cpu_info\": \"C\", \"gpu_info\": \"G\", \"model_size\": 10")
               TEST(512, 0, 4096, "[5]", ", \"cpu_info\": \"C\", \"gpu_info\": \"G\""));
    json_t *manifest = imported_manifest(&m, "id", "name", "FILE", "hash", 1, &e);
    ck_assert_msg(manifest != NULL, "%s", e.text);
    const json_t *imported = json_object_get(manifest, "imported");
    ck_assert_str_eq(json_string_value(json_object_get(imported, "format")), "llama-bench");
    ck_assert_uint_eq(json_array_size(json_object_get(imported, "left_out")), 1);
    char *text = json_dumps(json_object_get(manifest, "provenance"), 0);
    ck_assert(strstr(text, "Imported: llama-bench measured it (FILE)"));
    ck_assert(strstr(text, "Not imported: pp512 @ d4096"));
    ck_assert(strstr(text, "One launch"));
    free(text);
    text = json_dumps(json_object_get(manifest, "machine"), JSON_SORT_KEYS | JSON_COMPACT);
    ck_assert_str_eq(text, "{\"cpu\":\"C\",\"gpu\":{\"gpus\":[{\"name\":\"G\"}]}}");
    free(text);
    json_decref(manifest);
    forget();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("imported");
    TCase *t = tcase_create("all");
    tcase_add_test(t, each_kind_of_test_has_its_mode);
    tcase_add_test(t, a_row_has_as_many_fields_as_the_header);
    tcase_add_test(t, a_prompt_behind_a_context_is_left_out_by_name);
    tcase_add_test(t, the_same_test_again_is_another_launch);
    tcase_add_test(t, settings_that_vary_tell_backends_apart);
    tcase_add_test(t, files_of_one_type_are_told_apart);
    tcase_add_test(t, the_first_prefill_is_cold_where_it_is_twice_as_slow);
    tcase_add_test(t, a_wrong_standard_deviation_is_noticed);
    tcase_add_test(t, names_with_commas_and_quotes_stay_one_field);
    tcase_add_test(t, the_manifest_says_where_it_comes_from);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
