/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Our rows as llama-bench's tests. */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/exchange/flat.h"
#include "core/exchange/imported.h"
#include "core/exchange/llama_bench.h"
#include "support.h"

#define HEADER                                                                                     \
    "run_id,seq,launch,time_utc,backend,model,params_m,context_length,mode,phase,rep,concurrency," \
    "status,latency_ms,prompt_tokens,generated_tokens,note\n"
#define TIME "2026-01-02T03:04:05.678Z"

static const char rows[] =
    HEADER "r,0,0," TIME ",cpu,m,0.5,512,prefill,warmup,0,1,ok,9.000000,512,1,\n"
           "r,1,0," TIME ",cpu,m,0.5,512,prefill,measured,0,1,ok,2.000000,512,1,\n"
           "r,1,0," TIME ",cpu,m,0.5,512,decode,measured,0,1,ok,10.000000,512,31,\n"
           "r,1,0," TIME ",cpu,m,0.5,512,e2e,measured,0,1,ok,12.000000,512,32,\n"
           "r,2,0," TIME ",cpu,m,0.5,512,prefill,measured,1,1,ok,4.000000,512,1,\n"
           "r,3,1," TIME ",cpu,m,0.5,512,prefill,measured,0,1,ok,3.000000,512,1,\n"
           "r,4,0," TIME ",cpu,m,0.5,1024,prefill,measured,0,1,oom,,1024,,\n"
           "r,5,0," TIME ",cpu,m,0.5,512,prefill,measured,0,4,ok,8.000000,512,1,\n";

static struct frame *frame_of(const char *csv)
{
    struct err e = {""};
    struct frame *f = frame_from(csv, strlen(csv), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    return f;
}

static json_t *tests_of(const char *csv, const json_t *manifest, const char *label)
{
    struct err e = {""};
    struct frame *f = frame_of(csv);
    json_t *tests = llama_tests(f, manifest, label, &e);
    frame_free(f);
    ck_assert_msg(tests != NULL, "%s", e.text);
    return tests;
}

static json_int_t count_of(const json_t *tests, size_t test, const char *key)
{
    return json_integer_value(json_object_get(json_array_get(tests, test), key));
}

static const char *text_of(const json_t *tests, size_t test, const char *key)
{
    const char *text = json_string_value(json_object_get(json_array_get(tests, test), key));
    return text ? text : "(none)";
}

static void is_test(const json_t *tests, size_t test, json_int_t p, json_int_t n, json_int_t d)
{
    ck_assert_int_eq(count_of(tests, test, "n_prompt"), p);
    ck_assert_int_eq(count_of(tests, test, "n_gen"), n);
    ck_assert_int_eq(count_of(tests, test, "n_depth"), d);
}

START_TEST(each_mode_is_a_test_and_each_launch)
{
    json_t *tests = tests_of(rows, NULL, NULL);
    ck_assert_uint_eq(json_array_size(tests), 4);
    is_test(tests, 0, 512, 0, 0);
    is_test(tests, 1, 0, 31, 512);
    is_test(tests, 2, 512, 32, 0);
    is_test(tests, 3, 512, 0, 0);
    json_decref(tests);
}
END_TEST

START_TEST(figures_follow_llama_benchs_definitions)
{
    json_t *tests = tests_of(rows, NULL, NULL);
    const json_t *pp = json_array_get(tests, 0), *pg = json_array_get(tests, 2);
    char *samples = json_dumps(json_object_get(pp, "samples_ns"), JSON_COMPACT);
    ck_assert_str_eq(samples, "[2000000,4000000]");
    free(samples);
    ck_assert_int_eq(count_of(tests, 0, "avg_ns"), 3000000);
    ck_assert_int_eq(count_of(tests, 0, "stddev_ns"), 1414213);
    /* the mean of the rates 256000 and 128000, and not the rate of the mean */
    ck_assert_double_eq_tol(json_real_value(json_object_get(pp, "avg_ts")), 192000, 1e-6);
    /* prompt and generated tokens over the time */
    ck_assert_double_eq_tol(json_real_value(json_object_get(pg, "avg_ts")), 544 / 0.012, 1e-6);
    ck_assert_int_eq(count_of(tests, 2, "stddev_ns"), 0);
    ck_assert_str_eq(text_of(tests, 0, "test_time"), "2026-01-02T03:04:05Z");
    json_decref(tests);
}
END_TEST

START_TEST(no_field_is_missing_or_null)
{
    json_t *tests = tests_of(rows, NULL, NULL);
    for (size_t t = 0; t < json_array_size(tests); t++)
        for (size_t i = 0; i < llama_field_count; i++) {
            const json_t *value = json_object_get(json_array_get(tests, t), llama_fields[i].name);
            ck_assert_msg(value && !json_is_null(value), "%s", llama_fields[i].name);
            ck_assert_int_eq(json_is_string(value), llama_fields[i].type == LLAMA_TEXT);
            ck_assert_int_eq(json_is_boolean(value), llama_fields[i].type == LLAMA_FLAG);
        }
    json_decref(tests);
}
END_TEST

START_TEST(a_label_or_eight_digits_name_the_run)
{
    json_t *tests = tests_of(rows, NULL, "base");
    ck_assert_str_eq(text_of(tests, 0, "build_commit"), "base");
    json_decref(tests);
    tests = tests_of(rows, NULL, NULL);
    ck_assert_str_eq(text_of(tests, 0, "build_commit"), "454349e4"); /* sha256sum of "r" */
    json_decref(tests);
    static const char bare[] = "backend,model,context_length,mode,latency_ms\nb,m,8,prefill,1\n";
    struct err e = {""};
    struct frame *f = frame_of(bare);
    ck_assert_ptr_null(llama_tests(f, NULL, NULL, &e));
    ck_assert_msg(strstr(e.text, "--label"), "%s", e.text);
    frame_free(f);
}
END_TEST

START_TEST(the_manifest_tells_who_and_where)
{
    json_t *manifest = json_loads(
        "{\"run_id\": \"r\", \"machine\": {\"cpu\": \"C\", \"gpu\": {\"gpus\": [{\"name\": "
        "\"G\"}]}},"
        "\"backends\": [{\"name\": \"cpu\", \"limits\": {\"threads\": {\"number\": 2}}}],"
        "\"models\": [{\"name\": \"m\", \"backend\": \"cpu\", \"keys\": {\"path\": \"/m\"},"
        "  \"facts\": {\"parameters\": {\"number\": 100}, \"kv_bytes_per_element\": {\"number\": "
        "2},"
        "  \"weight_bytes_per_element\": {\"number\": 2}, \"attention\": {\"text\": \"flash\"}}}]}",
        0, NULL);
    json_t *tests = tests_of(rows, manifest, NULL);
    ck_assert_str_eq(text_of(tests, 0, "cpu_info"), "C");
    ck_assert_str_eq(text_of(tests, 0, "gpu_info"), "G");
    ck_assert_str_eq(text_of(tests, 0, "model_filename"), "/m");
    ck_assert_str_eq(text_of(tests, 0, "type_k"), "f16");
    ck_assert_int_eq(count_of(tests, 0, "n_threads"), 2);
    ck_assert_int_eq(count_of(tests, 0, "model_n_params"), 100);
    ck_assert_int_eq(count_of(tests, 0, "model_size"), 200);
    ck_assert_int_eq(count_of(tests, 0, "flash_attn"), 1);
    json_decref(tests);
    json_decref(manifest);
}
END_TEST

/* ---- forms */

static char *written(enum llama_form form, const char *csv)
{
    struct buf b = {0};
    json_t *tests = tests_of(csv, NULL, "base");
    llama_write(&b, form, tests);
    json_decref(tests);
    char *text = buf_take(&b);
    ck_assert_ptr_nonnull(text);
    return text;
}

START_TEST(json_and_jsonl_read_back_the_same)
{
    char *json = written(LLAMA_JSON, rows), *jsonl = written(LLAMA_JSONL, rows);
    json_t *list = json_loads(json, 0, NULL);
    ck_assert_uint_eq(json_array_size(list), 4);
    const char *line = jsonl;
    for (size_t i = 0; i < 4; i++, line = strchr(line, '\n') + 1) {
        json_t *one = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        ck_assert(json_equal(one, json_array_get(list, i)));
        json_decref(one);
    }
    ck_assert_str_eq(line, "");
    json_decref(list);
    free(json);
    free(jsonl);
}
END_TEST

static const char odd[] = "backend,model,context_length,mode,latency_ms\n"
                          "it's,\"a \"\"b\"\"\",8,prefill,1\n";

START_TEST(quotes_are_doubled_in_csv_and_sql)
{
    char *csv = written(LLAMA_CSV, odd), *sql = written(LLAMA_SQL, odd),
         *json = written(LLAMA_JSON, odd);
    ck_assert(strncmp(csv, "build_commit,build_number,cpu_info,", 35) == 0);
    ck_assert(strstr(csv, ",\"it's\",\"a \"\"b\"\"\",\"a \"\"b\"\"\","));
    ck_assert(strstr(sql, ", 'it''s', 'a \"b\"', "));
    ck_assert(strstr(sql, "CREATE TABLE IF NOT EXISTS llama_bench (\n  build_commit TEXT,\n"));
    ck_assert(strstr(sql, "  stddev_ts REAL\n);\n"));
    ck_assert(strstr(json, "\"backends\": \"it's\",\n    \"model_filename\": \"a \\\"b\\\"\""));
    free(csv);
    free(sql);
    free(json);
}
END_TEST

/* ---- against llama-bench itself */

START_TEST(fields_have_the_order_and_types_of_a_real_file)
{
    const char *path = shared_file("reference/llama-bench/out.json");
    if (!path) {
        puts("SKIP a real file of llama-bench: the reference data are not here");
        return;
    }
    json_t *real = json_load_file(path, 0, NULL), *value;
    const char *key;
    size_t i = 0;
    json_object_foreach(json_array_get(real, 0), key, value)
    {
        if (strncmp(key, "samples", 7) == 0)
            continue;
        if (strcmp(llama_fields[i].name, "use_mmap") == 0)
            i++; /* of older releases */
        ck_assert_str_eq(llama_fields[i].name, key);
        ck_assert_int_eq(json_is_string(value), llama_fields[i].type == LLAMA_TEXT);
        ck_assert_int_eq(json_is_boolean(value), llama_fields[i].type == LLAMA_FLAG);
        ck_assert_int_eq(json_is_real(value), llama_fields[i].type == LLAMA_REAL);
        i++;
    }
    ck_assert_uint_eq(i, llama_field_count);
    json_decref(real);
}
END_TEST

/* What an imported file is exported as: the file, but for rounding. */
static void comes_back(const json_t *items)
{
    struct imported m;
    struct err e = {""};
    struct buf csv = {0};
    size_t count;
    ck_assert_int_eq(imported_make(&m, items, &e), 0);
    ck_assert_int_eq(imported_rows(&m, "id", &csv, &count, &e), 0);
    json_t *manifest = imported_manifest(&m, "id", "x", "FILE", "hash", count, &e);
    json_t *tests = tests_of(csv.data, manifest, NULL);
    ck_assert_uint_eq(json_array_size(tests), m.count);
    for (size_t i = 0; i < m.count; i++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)m.tests[i].test, key, value)
        {
            const json_t *back = json_object_get(json_array_get(tests, i), key);
            if (json_is_real(value))
                ck_assert_double_eq_tol(json_number_value(back), json_number_value(value),
                                        1e-5 * json_number_value(value));
            else if (strcmp(key, "stddev_ns") == 0)
                ck_assert_double_eq_tol(json_number_value(back), json_number_value(value),
                                        1e-3 * json_number_value(value));
            else if (strcmp(key, "samples_ts") != 0)
                ck_assert_msg(json_equal(value, back), "%s of test %zu", key, i);
        }
    }
    json_decref(tests);
    json_decref(manifest);
    buf_free(&csv);
    imported_free(&m);
}

START_TEST(a_real_run_comes_back_as_it_was)
{
    static const char *const files[] = {"gpu/h100_llama_bench_b10573.jsonl",
                                        "reference/llama-bench/out.jsonl"};
    for (size_t i = 0; i < 2; i++) {
        struct err e = {""};
        const char *path = shared_file(files[i]);
        if (!path) {
            puts("SKIP a real file of llama-bench: the reference data are not here");
            return;
        }
        json_t *items = llama_read(path, &e);
        ck_assert_msg(items != NULL, "%s", e.text);
        comes_back(items);
        json_decref(items);
    }
}
END_TEST

/* ---- forms that are not of llama-bench */

START_TEST(benchstat_lines_keep_to_gos_format)
{
    struct buf b = {0};
    struct err e = {""};
    struct frame *f = frame_of(rows);
    ck_assert_int_eq(flat_benchstat(&b, f, &e), 0);
    ck_assert(strstr(b.data, "Unit tok/s better=higher\n"));
    ck_assert(strstr(b.data, "BenchmarkPrefill/backend=cpu/model=m/context=512 1 2000000 ns/op "
                             "256000 tok/s\n"));
    ck_assert(strstr(b.data, "BenchmarkDecode/backend=cpu/model=m/tokens=31/context=512 1 "
                             "10000000 ns/op 3100 tok/s\n"));
    frame_free(f);
    buf_clear(&b);
    f = frame_of("backend,model,context_length,mode,latency_ms\na b/c,x=y,8,prefill,1\n");
    ck_assert_int_eq(flat_benchstat(&b, f, &e), 0);
    ck_assert(strstr(b.data, "/backend=a_b_c/model=x_y/context=8 1 1000000 ns/op"));
    frame_free(f);
    buf_free(&b);
}
END_TEST

START_TEST(csv_and_json_leave_out_what_nobody_knows)
{
    struct buf b = {0};
    struct frame *f = frame_of(odd);
    flat_csv(&b, f);
    ck_assert_str_eq(b.data, "backend,model,context_length,mode,phase,status,latency_ms\n"
                             "it's,\"a \"\"b\"\"\",8,prefill,measured,ok,1\n");
    buf_clear(&b);
    flat_json(&b, f);
    json_t *list = json_loads(b.data, 0, NULL);
    const json_t *row = json_array_get(list, 0);
    ck_assert_uint_eq(json_object_size(row), 7);
    ck_assert_str_eq(json_string_value(json_object_get(row, "model")), "a \"b\"");
    ck_assert_int_eq(json_integer_value(json_object_get(row, "context_length")), 8);
    json_decref(list);
    frame_free(f);
    buf_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("llama_write");
    TCase *t = tcase_create("all");
    tcase_add_test(t, each_mode_is_a_test_and_each_launch);
    tcase_add_test(t, figures_follow_llama_benchs_definitions);
    tcase_add_test(t, no_field_is_missing_or_null);
    tcase_add_test(t, a_label_or_eight_digits_name_the_run);
    tcase_add_test(t, the_manifest_tells_who_and_where);
    tcase_add_test(t, json_and_jsonl_read_back_the_same);
    tcase_add_test(t, quotes_are_doubled_in_csv_and_sql);
    tcase_add_test(t, fields_have_the_order_and_types_of_a_real_file);
    tcase_add_test(t, a_real_run_comes_back_as_it_was);
    tcase_add_test(t, benchstat_lines_keep_to_gos_format);
    tcase_add_test(t, csv_and_json_leave_out_what_nobody_knows);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
