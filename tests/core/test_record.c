/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* metrics.csv and details.jsonl, to the byte. */

#include "config.h"

#include "tests/core/support.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/run/record.h"
#include "core/run/rows.h"

/* The line that the design fixes. */
static const char header[] =
    "run_id,seq,launch,time_utc,backend,plugin,model,params_m,context_length,mode,phase,rep,"
    "request,concurrency,cold,status,latency_ms,device_ms,tokens_per_s,prompt_tokens,"
    "cached_tokens,generated_tokens,ttft_ms,load_ms,peak_memory_mib,memory_limit_mib,spill,"
    "spilled_mib,foreign_cpu,gpu_temp_c,gpu_clock_mhz,gpu_power_w,energy_j,throttle,note,error";

static struct record_cell cell_of(const char *model)
{
    return (struct record_cell){.backend = "b",
                                .plugin = "p",
                                .model = model,
                                .params_m = NAN,
                                .context_length = 128,
                                .concurrency = 1,
                                .max_new_tokens = 3,
                                .prefill = true,
                                .decode = true,
                                .e2e = true};
}

static struct record_repetition repetition(int64_t seq, const json_t *results)
{
    return (struct record_repetition){.seq = seq,
                                      .rep = seq,
                                      .started = {1700000000, 123456789},
                                      .status = "ok",
                                      .error = "",
                                      .note = "",
                                      .load_ms = NAN,
                                      .results = results};
}

/* A result with the tokens at these milliseconds. */
static json_t *result_at(const double *ms, size_t n)
{
    json_t *stamps = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(stamps, json_integer((json_int_t)(ms[i] * 1e6)));
    return json_pack("[{s:i, s:i, s:i, s:i, s:I, s:o, s:{s:f}}]", "request", 0, "status", 0,
                     "prompt_tokens", 128, "generated_tokens", (int)n, "e2e_ns",
                     (json_int_t)(ms[n - 1] * 1e6 + 1e6), "token_ns", stamps, "metrics", "wait_ms",
                     0.1);
}

static struct record begin(void)
{
    struct err e;
    struct record r;
    ck_assert_msg(record_create(&r, support_folder(), "run1", &e) == 0, "%s", e.text);
    return r;
}

static void add_ok(struct record *r, struct record_series *s, int64_t seq, const json_t *results)
{
    struct err e;
    struct record_cell cell = cell_of("m");
    struct record_repetition rep = repetition(seq, results);
    ck_assert_msg(record_add(r, &cell, &rep, s, &e) == 0, "%s", e.text);
}

static void expect_file(const char *name, const char *text)
{
    char *got = support_read(support_path(name));
    ck_assert_str_eq(got, text);
    free(got);
}

START_TEST(the_header_is_the_fixed_one)
{
    ck_assert_str_eq(record_header, header);
    struct record r = begin();
    record_close(&r);
    char *got = support_read(support_path("metrics.csv"));
    ck_assert_uint_eq(strlen(got), strlen(header) + 1);
    ck_assert(strncmp(got, header, strlen(header)) == 0);
    free(got);
}
END_TEST

START_TEST(a_run_that_ended_before_its_header_gets_one)
{
    struct err e;
    struct record r = begin();
    record_close(&r);
    ck_assert_int_eq(record_reopen(&r, support_folder(), "run1", 0, 0, 0, &e), 0);
    ck_assert_int_eq(r.metrics_size, (off_t)strlen(header) + 1);
    record_close(&r);
    char *got = support_read(support_path("metrics.csv"));
    ck_assert_uint_eq(strlen(got), strlen(header) + 1);
    ck_assert(strncmp(got, header, strlen(header)) == 0);
    free(got);
}
END_TEST

static void expect_rows(const char *rows)
{
    char text[8192];
    snprintf(text, sizeof text, "%s\n%s", header, rows);
    expect_file("metrics.csv", text);
}

START_TEST(one_repetition_is_three_rows)
{
    struct record r = begin();
    struct record_series s = {0};
    json_t *result = result_at((double[]){10, 12, 14}, 3);
    add_ok(&r, &s, 0, result);
    ck_assert_int_eq(r.rows, 3);
    record_close(&r);
    record_series_free(&s);
    json_decref(result);
    expect_rows("run1,0,0,2023-11-14T22:13:20.123Z,b,p,m,,128,prefill,measured,0,0,1,0,ok,"
                "10.000000,,12800,128,,1,10.000000,,,,,,,,,,,,,\n"
                "run1,0,0,2023-11-14T22:13:20.123Z,b,p,m,,128,decode,measured,0,0,1,0,ok,"
                "4.000000,,500,128,,2,,,,,,,,,,,,,,\n"
                "run1,0,0,2023-11-14T22:13:20.123Z,b,p,m,,128,e2e,measured,0,0,1,0,ok,"
                "15.000000,,200,128,,3,10.000000,,,,,,,,,,,,,\n");
    expect_file("details.jsonl",
                "{\"seq\":0,\"request\":0,\"metrics\":{\"wait_ms\":0.10000000000000001},"
                "\"token_ns\":[10000000,12000000,14000000]}\n");
}
END_TEST

START_TEST(one_token_has_no_decode_row)
{
    struct record r = begin();
    struct record_series s = {0};
    json_t *result = result_at((double[]){10}, 1);
    add_ok(&r, &s, 0, result);
    ck_assert_int_eq(r.rows, 2);
    record_close(&r);
    record_series_free(&s);
    json_decref(result);
    char *got = support_read(support_path("metrics.csv"));
    ck_assert_ptr_null(strstr(got, ",decode,"));
    ck_assert_ptr_nonnull(strstr(got, ",prefill,"));
    ck_assert_ptr_nonnull(strstr(got, ",e2e,"));
    free(got);
}
END_TEST

START_TEST(a_time_that_cannot_be_told_is_empty)
{
    struct record r = begin();
    struct record_series s = {0};
    json_t *result = result_at((double[]){10, 10, 10}, 3);
    add_ok(&r, &s, 0, result);
    record_close(&r);
    record_series_free(&s);
    json_decref(result);
    char *got = support_read(support_path("metrics.csv"));
    ck_assert_ptr_nonnull(strstr(got, ",decode,measured,0,0,1,0,ok,,,,128,,2,,"));
    free(got);
}
END_TEST

START_TEST(all_that_is_known_is_in_its_column)
{
    struct err e;
    struct record r = begin();
    struct record_series s = {0};
    struct record_cell cell = cell_of("m");
    json_t *results = result_at((double[]){10, 20}, 2);
    json_t *result = json_array_get(results, 0);
    struct record_repetition rep = repetition(7, results);
    cell.params_m = 134.5;
    cell.launch = 2;
    cell.decode = cell.e2e = false;
    json_object_set_new(result, "cached_tokens", json_integer(0));
    json_object_set_new(result, "device_prefill_ns", json_integer(9500000));
    json_object_set_new(result, "peak_memory_bytes", json_integer(3 << 19));
    json_object_set_new(result, "memory_limit_bytes", json_integer(2 << 20));
    json_object_set_new(result, "spilled_bytes", json_integer(1 << 20));
    json_object_set_new(result, "spill", json_string("host"));
    json_object_set_new(result, "notes", json_integer(1 | 4));
    json_object_set_new(result, "note", json_string("own"));
    rep.rep = 3;
    rep.warmup = true;
    rep.note = "restarted";
    rep.load_ms = 55.5;
    json_t *telemetry = json_pack("{s:f, s:i, s:f, s:f, s:f, s:s}", "foreign_cpu", 0.254,
                                  "gpu_temp_c", 61, "gpu_clock_mhz", 1410.0, "gpu_power_w", 300.25,
                                  "energy_j", 1.5, "throttle", "power");
    rep.telemetry = telemetry;
    ck_assert_int_eq(record_add(&r, &cell, &rep, &s, &e), 0);
    record_close(&r);
    record_series_free(&s);
    json_decref(results);
    json_decref(telemetry);
    expect_rows("run1,7,2,2023-11-14T22:13:20.123Z,b,p,m,134.5,128,prefill,warmup,3,0,1,0,ok,"
                "10.000000,9.500000,12800,128,0,1,10.000000,55.500,1.500,2.000,host,1.000,0.25,"
                "61,1410,300.2,1.500,power,short reloaded own restarted,\n");
}
END_TEST

START_TEST(a_failure_is_one_row)
{
    struct err e;
    struct record r = begin();
    struct record_series s = {0};
    struct record_cell cell = cell_of("m");
    struct record_repetition rep = repetition(4, NULL);
    rep.status = "oom";
    rep.error = "no memory";
    ck_assert_int_eq(record_add(&r, &cell, &rep, &s, &e), 0);
    ck_assert(isnan(record_last_latency(&s)));
    record_close(&r);
    record_series_free(&s);
    expect_rows("run1,4,0,2023-11-14T22:13:20.123Z,b,p,m,,128,prefill,measured,4,0,1,0,oom,,,,,,,"
                ",,,,,,,,,,,,,no memory\n");
}
END_TEST

START_TEST(text_is_quoted_where_it_must_be)
{
    struct err e;
    struct record r = begin();
    struct record_series s = {0};
    struct record_cell cell = cell_of("a \"model\", large");
    struct record_repetition rep = repetition(0, NULL);
    rep.status = "error";
    rep.error = "two\nlines";
    ck_assert_int_eq(record_add(&r, &cell, &rep, &s, &e), 0);
    record_close(&r);
    record_series_free(&s);
    expect_rows("run1,0,0,2023-11-14T22:13:20.123Z,b,p,\"a \"\"model\"\", large\",,128,prefill,"
                "measured,0,0,1,0,error,,,,,,,,,,,,,,,,,,,,\"two lines\"\n");
}
END_TEST

/* The `cold` column, a digit for each row. */
static void read_cold(char *ret, size_t size)
{
    char *text = support_read(support_path("metrics.csv")), *save;
    size_t n = 0;
    strtok_r(text, "\n", &save);
    for (char *line; (line = strtok_r(NULL, "\n", &save)) && n + 1 < size;) {
        for (int commas = 0; commas < 14; line++)
            commas += *line == ',';
        ret[n++] = *line;
    }
    ret[n] = '\0';
    free(text);
}

START_TEST(the_cold_byte_is_patched_in_place)
{
    struct err e;
    struct record r = begin();
    struct record_series s = {0};
    const double first[] = {100, 30, 10, 10, 10, 10};
    char cold[64];
    for (int64_t i = 0; i < 6; i++) {
        json_t *result = result_at((double[]){first[i], first[i] + 1, first[i] + 2}, 3);
        add_ok(&r, &s, i, result);
        json_decref(result);
    }
    read_cold(cold, sizeof cold);
    ck_assert_str_eq(cold, "000000000000000000");
    char *before = support_read(support_path("metrics.csv"));
    ck_assert_int_eq(record_finish_series(&r, &s, 2.0, &e), 0);
    read_cold(cold, sizeof cold);
    ck_assert_str_eq(cold, "111111000000000000");
    char *after = support_read(support_path("metrics.csv"));
    size_t changed = 0;
    ck_assert_uint_eq(strlen(before), strlen(after));
    for (size_t i = 0; before[i]; i++)
        changed += before[i] != after[i];
    ck_assert_uint_eq(changed, 6);
    free(before);
    free(after);
    /* Rows go on at the end afterwards. */
    json_t *result = result_at((double[]){1, 2}, 2);
    add_ok(&r, &s, 6, result);
    json_decref(result);
    read_cold(cold, sizeof cold);
    ck_assert_str_eq(cold, "111111000000000000000");
    record_close(&r);
    record_series_free(&s);
}
END_TEST

START_TEST(files_that_are_there_are_not_overwritten)
{
    struct err e;
    struct record r;
    support_write("metrics.csv", "precious");
    ck_assert_int_eq(record_create(&r, support_folder(), "run1", &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "metrics.csv cannot be made: File exists"));
    expect_file("metrics.csv", "precious");
}
END_TEST

/* A limit of the file size stands for a full disk. */
START_TEST(a_full_disk_leaves_whole_lines)
{
    struct err e = {""};
    struct record r = begin();
    struct record_series s = {0};
    struct record_cell cell = cell_of("m");
    json_t *result = result_at((double[]){10, 12, 14}, 3);
    struct record_repetition rep = repetition(0, result);
    struct rlimit limit = {1500, 1500};
    int status = 0;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int64_t written = 0;
    for (; written < 50 && status == 0; written++)
        status = record_add(&r, &cell, &rep, &s, &e);
    ck_assert_int_eq(status, -1);
    ck_assert_msg(strstr(e.text, "cannot be written: File too large") != NULL, "%s", e.text);
    ck_assert_int_eq(r.rows, 3 * (written - 1));
    record_close(&r);
    record_series_free(&s);
    json_decref(result);
    char *got = support_read(support_path("metrics.csv"));
    int64_t lines = 0;
    for (const char *p = got; *p; p++)
        lines += *p == '\n';
    ck_assert_int_eq(got[strlen(got) - 1], '\n');
    ck_assert_int_eq(lines, 1 + 3 * (written - 1));
    free(got);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_header_is_the_fixed_one);
    tcase_add_test(t, a_run_that_ended_before_its_header_gets_one);
    tcase_add_test(t, one_repetition_is_three_rows);
    tcase_add_test(t, one_token_has_no_decode_row);
    tcase_add_test(t, a_time_that_cannot_be_told_is_empty);
    tcase_add_test(t, all_that_is_known_is_in_its_column);
    tcase_add_test(t, a_failure_is_one_row);
    tcase_add_test(t, text_is_quoted_where_it_must_be);
    tcase_add_test(t, the_cold_byte_is_patched_in_place);
    tcase_add_test(t, files_that_are_there_are_not_overwritten);
    tcase_add_test(t, a_full_disk_leaves_whole_lines);
}

int main(void)
{
    return support_run("record", add);
}
