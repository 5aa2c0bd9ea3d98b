/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/analysis.h"
#include "core/analysis/order.h"
#include "core/analysis/packed.h"
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/wire.h"
#include "schema.h"

static const char csv[] = "model,backend,context_length,mode,rep,latency_ms\n"
                          "m,b,512,prefill,0,30\nm,b,512,prefill,1,10\nm,b,512,prefill,2,10\n"
                          "m,b,1024,prefill,0,20\nm,b,1024,prefill,1,21\n";

static json_t *run_mock(const char *behaviour, const char *names)
{
    struct err e = {""};
    const char *path = write_file(csv, strlen(csv));
    json_t *options = json_pack("{s:{s:s}}", "mock_analyzer", "behaviour", behaviour);
    json_t *analysis = analyze_csv(path, names, options, &e);
    json_decref(options);
    remove_file(path);
    ck_assert_msg(analysis != NULL, "%s", e.text);
    return analysis;
}

static void assert_schema(const json_t *analysis)
{
    char problem[1024] = "";
    ck_assert_msg(schema_accepts(analysis, problem, sizeof problem), "%s", problem);
}

static const char *text_of(const json_t *finding)
{
    const char *text = json_string_value(json_object_get(finding, "text"));
    return text ? text : "";
}

START_TEST(values_keep_their_kind)
{
    json_t *analysis = run_mock("sound", "mock_analyzer");
    assert_schema(analysis);
    const json_t *t = table_of(analysis, "mock_analyzer", "numbers");
    ck_assert_double_eq(json_real_value(value_of(t, 0, "value")), 0.1);
    ck_assert(json_is_integer(value_of(t, 0, "count")));
    ck_assert(json_is_true(value_of(t, 0, "sure")));
    ck_assert(json_is_null(value_of(t, 1, "model")));
    ck_assert(json_is_null(value_of(t, 1, "value")));
    ck_assert(json_is_null(value_of(t, 1, "count")));
    ck_assert(json_is_null(value_of(t, 1, "sure")));
    struct buf b = {0};
    json_write(&b, analysis);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "[\"m\", 0.1, 3, true]"));
    buf_free(&b);
    json_decref(analysis);
}
END_TEST

START_TEST(what_is_malformed_is_left_out_and_the_rest_kept)
{
    json_t *analysis = run_mock("rubbish", "mock_analyzer");
    assert_schema(analysis);
    ck_assert_uint_eq(json_array_size(json_object_get(analysis, "tables")), 1);
    const json_t *t = table_of(analysis, "mock_analyzer", "numbers");
    ck_assert_uint_eq(json_array_size(json_object_get(t, "rows")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(analysis, "findings")), 1);
    ck_assert_ptr_nonnull(finding_of(analysis, "fine"));
    json_decref(analysis);
}
END_TEST

static const struct {
    const char *behaviour, *id, *says;
} failures[] = {
    {"crash", "analyzer_failed", "killed by signal 9"},
    {"exit", "analyzer_failed", "ended with exit status 3"},
    {"hang", "analyzer_failed", "did not end within 0.5 s"},
    {"fail", "analyzer_failed", "it did not feel like it"},
    {"nothing", "analyzer_skipped", "there is only one run"},
};

START_TEST(a_failure_is_a_finding_and_costs_nobody_else)
{
    setenv("CTXMARK_ANALYZER_TIMEOUT_S", strcmp(failures[_i].behaviour, "hang") ? "60" : "0.5", 1);
    json_t *analysis = run_mock(failures[_i].behaviour, "mock_analyzer");
    assert_schema(analysis);
    const json_t *finding = finding_of(analysis, failures[_i].id);
    ck_assert_msg(strstr(text_of(finding), failures[_i].says) != NULL, "%s", text_of(finding));
    ck_assert_ptr_nonnull(strstr(text_of(finding), "mock_analyzer"));
    json_decref(analysis);
}
END_TEST

START_TEST(lines_that_were_no_rows_are_told)
{
    struct err e;
    const char *text = "model,backend,context_length,mode,latency_ms\nm,b\nm,b,1,prefill,x\n";
    const char *path = write_file(text, strlen(text));
    json_t *analysis = analyze_csv(path, "mock_analyzer", NULL, &e);
    remove_file(path);
    ck_assert_ptr_nonnull(finding_of(analysis, "lines_skipped"));
    ck_assert_ptr_nonnull(finding_of(analysis, "numbers_unreadable"));
    const json_t *data = json_object_get(analysis, "data");
    ck_assert_int_eq(json_integer_value(json_object_get(data, "rows")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(data, "skipped_lines")), 1);
    json_decref(analysis);
}
END_TEST

#ifdef HAVE_ANALYZERS
START_TEST(an_analyzer_finds_the_tables_that_it_comes_after)
{
    json_t *analysis = run_mock("read", "mock_analyzer,cold_start");
    assert_schema(analysis);
    ck_assert_ptr_null(finding_of(analysis, "analyzer_failed"));
    const json_t *t = table_of(analysis, "mock_analyzer", "numbers");
    ck_assert_str_eq(json_string_value(value_of(t, 0, "model")), "model");
    ck_assert_double_eq(json_number_value(value_of(t, 0, "value")), 2);
    ck_assert(json_is_true(value_of(t, 0, "sure")));
    json_decref(analysis);
}
END_TEST

START_TEST(results_do_not_depend_on_who_runs_beside)
{
    json_t *both = run_mock("sound", "descriptive,cold_start,mock_analyzer");
    json_t *again = run_mock("sound", "descriptive,cold_start,mock_analyzer");
    ck_assert(json_equal(both, again));
    json_t *alone = run_mock("sound", "descriptive");
    ck_assert(json_equal((json_t *)table_of(both, "descriptive", "prefill_latency"),
                         (json_t *)table_of(alone, "descriptive", "prefill_latency")));
    json_decref(both);
    json_decref(again);
    json_decref(alone);
}
END_TEST
#endif

/* --- order */

static char none[] = "", *no_names[] = {NULL};

static struct descriptor describe(char *name, char **after, char **aliases)
{
    struct descriptor d = {.name = name,
                           .after = after,
                           .aliases = aliases ? aliases : no_names,
                           .path = none,
                           .kind = CTXMARK_ANALYZER};
    return d;
}

START_TEST(a_cycle_is_refused_naming_its_members_alone)
{
    struct err e = {""};
    char a[] = "a", b[] = "b", c[] = "c", d[] = "d";
    char *after_b[] = {b, NULL}, *after_c[] = {c, NULL}, *after_a[] = {a, NULL};
    struct descriptor x[] = {describe(d, after_a, NULL), describe(a, after_b, NULL),
                             describe(b, after_c, NULL), describe(c, after_b, NULL)};
    struct config_analyzer list[] = {
        {.descriptor = &x[0]}, {.descriptor = &x[1]}, {.descriptor = &x[2]}, {.descriptor = &x[3]}};
    ck_assert_int_eq(analyzers_check_order(list, 4, &e), -1);
    ck_assert_msg(strstr(e.text, "b waits for c waits for b") != NULL ||
                      strstr(e.text, "c waits for b waits for c") != NULL,
                  "%s", e.text);
    ck_assert_ptr_null(strstr(e.text, "a waits"));
    ck_assert_ptr_null(strstr(e.text, "d waits"));
}
END_TEST

START_TEST(one_that_is_not_there_need_not_be_waited_for)
{
    struct err e;
    char a[] = "a", gone[] = "gone";
    char *after[] = {gone, NULL};
    struct descriptor d = describe(a, after, NULL);
    struct config_analyzer one = {.descriptor = &d};
    ck_assert_int_eq(analyzers_check_order(&one, 1, &e), 0);
}
END_TEST

START_TEST(a_replacement_is_found_by_its_alias)
{
    char mine[] = "mine", standard[] = "standard", late[] = "late";
    char *aliases[] = {standard, NULL}, *after[] = {standard, NULL};
    struct descriptor x = describe(mine, no_names, aliases), y = describe(late, after, NULL);
    struct config_analyzer early = {.descriptor = &x}, waits = {.descriptor = &y};
    ck_assert(analyzer_waits_for(&waits, &early));
    ck_assert(!analyzer_waits_for(&early, &waits));
}
END_TEST

START_TEST(two_of_one_name_are_refused)
{
    struct err e = {""};
    char a[] = "a";
    struct descriptor d = describe(a, no_names, NULL);
    struct config_analyzer two[] = {{.descriptor = &d}, {.descriptor = &d}};
    ck_assert_int_eq(analyzers_check_order(two, 2, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "two analyzers are named 'a'"));
}
END_TEST

/* --- packed tables */

static json_t *pack(const json_t *rows, size_t cut)
{
    struct buf b = {0};
    wire_write(&b, rows);
    json_t *packed = json_stringn_nocheck(b.data, b.len - cut);
    buf_free(&b);
    return packed;
}

/* An analysis with a table of these rows, cut short, and one without rows. */
static json_t *pack_tables(const json_t *rows, size_t cut)
{
    json_t *no_rows = json_array();
    json_t *analysis = json_pack("{s:i, s:[{s:[s, s, s], s:o, s:s}, {s:[], s:o}], s:[]}", "schema",
                                 1, "tables", "columns", "a", "b", "c", "rows", pack(rows, cut),
                                 "title", "x", "columns", "rows", pack(no_rows, 0), "findings");
    json_decref(no_rows);
    return analysis;
}

START_TEST(packed_tables_are_printed_as_those_unpacked)
{
    struct err e;
    struct buf packed = {0}, expanded = {0};
    json_t *rows = json_pack("[[n, b, b], [I, f, s], [f, f, s], []]", 1, 0, (json_int_t)-7, 0.25,
                             "\"\xc3\xa4\n\"", 3.0, 1e-300, "");
    json_t *analysis = pack_tables(rows, 0);
    ck_assert_uint_eq(packed_count(json_array_get(json_object_get(analysis, "tables"), 0)), 4);
    packed_write(&packed, analysis);
    ck_assert_int_eq(packed_expand(analysis, &e), 0);
    json_write(&expanded, analysis);
    ck_assert_str_eq(buf_text(&packed), buf_text(&expanded));
    ck_assert(json_equal(
        json_object_get(json_array_get(json_object_get(analysis, "tables"), 0), "rows"), rows));
    buf_free(&packed);
    buf_free(&expanded);
    json_decref(analysis);
    json_decref(rows);
}
END_TEST

static bool is_sound(json_t *rows, size_t cut)
{
    json_t *analysis = pack_tables(rows, cut);
    bool sound = packed_is_sound(json_object_get(analysis, "tables"));
    json_decref(analysis);
    json_decref(rows);
    return sound;
}

START_TEST(packed_rows_are_checked_to_the_last_byte)
{
    ck_assert(is_sound(json_pack("[[i, f, s], [n, n, n]]", 1, 0.5, "\xc3\xa4"), 0));
    ck_assert(!is_sound(json_pack("[[i, f, s], [n, n, n]]", 1, 0.5, "\xc3\xa4"), 1));
    ck_assert(!is_sound(json_pack("[[i, f]]", 1, 0.5), 0));
    ck_assert(!is_sound(json_pack("[[i, f, []]]", 1, 0.5), 0));
    ck_assert(!is_sound(json_pack("[i]", 1), 0));
    ck_assert(!is_sound(json_pack("{}"), 0));
    ck_assert(!is_sound(json_pack("[[i, f, o]]", 1, 0.5, json_stringn_nocheck("\xc3", 1)), 0));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *s = suite_create("analysis");
    TCase *t = tcase_create("analysis");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, values_keep_their_kind);
    tcase_add_test(t, packed_tables_are_printed_as_those_unpacked);
    tcase_add_test(t, packed_rows_are_checked_to_the_last_byte);
    tcase_add_test(t, what_is_malformed_is_left_out_and_the_rest_kept);
    tcase_add_loop_test(t, a_failure_is_a_finding_and_costs_nobody_else, 0,
                        sizeof failures / sizeof *failures);
    tcase_add_test(t, lines_that_were_no_rows_are_told);
#ifdef HAVE_ANALYZERS
    tcase_add_test(t, an_analyzer_finds_the_tables_that_it_comes_after);
    tcase_add_test(t, results_do_not_depend_on_who_runs_beside);
#endif
    tcase_add_test(t, a_cycle_is_refused_naming_its_members_alone);
    tcase_add_test(t, one_that_is_not_there_need_not_be_waited_for);
    tcase_add_test(t, a_replacement_is_found_by_its_alias);
    tcase_add_test(t, two_of_one_name_are_refused);
    suite_add_tcase(s, t);
    return s;
}

int main(int argc, char **argv)
{
    int code = serve_child(argc, argv);
    if (code >= 0)
        return code;
    SRunner *r = srunner_create(make_suite());
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
