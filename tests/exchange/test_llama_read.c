/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What is taken as llama-bench's output, and what is said of anything else. */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/exchange/llama_bench.h"

#define TEST(rest)                                                                                 \
    "{\"build_commit\": \"c\", \"backends\": \"CPU\", \"model_filename\": \"m.gguf\", "            \
    "\"model_type\": \"m\", " rest "}"
#define GOOD TEST("\"n_prompt\": 16, \"n_gen\": 0, \"samples_ns\": [10, 20]")

static json_t *parse(const char *text, struct err *e)
{
    e->text[0] = '\0';
    return llama_parse("FILE", text, strlen(text), e);
}

static void refuses(const char *text, const char *words)
{
    struct err e;
    json_t *tests = parse(text, &e);
    ck_assert_msg(!tests, "accepted: %s", text);
    ck_assert_msg(strstr(e.text, words) != NULL, "'%s' does not say '%s'", e.text, words);
    ck_assert_msg(!strchr(e.text, '\n'), "more than one line: %s", e.text);
}

static void accepts(const char *text, size_t count)
{
    struct err e;
    json_t *tests = parse(text, &e);
    ck_assert_msg(tests != NULL, "%s: %s", text, e.text);
    ck_assert_uint_eq(json_array_size(tests), count);
    json_decref(tests);
}

START_TEST(lists_and_lines_are_read_alike)
{
    accepts("[" GOOD "]", 1);
    accepts("[\n" GOOD ",\n" GOOD "\n]\n", 2);
    accepts(GOOD "\n" GOOD "\n", 2);
    accepts(GOOD, 1);
    accepts("\xef\xbb\xbf" GOOD "\r\n\r\n" GOOD, 2);
}
END_TEST

START_TEST(each_test_knows_its_line_and_its_depth)
{
    struct err e;
    json_t *tests = parse("[\n" GOOD ",\n\n" GOOD "]", &e);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(tests, 0), "line")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(tests, 1), "line")), 4);
    const json_t *test = json_object_get(json_array_get(tests, 0), "test");
    ck_assert_msg(json_is_integer(json_object_get(test, "n_depth")), "no depth of an old release");
    json_decref(tests);
}
END_TEST

START_TEST(flags_may_be_integers_and_integers_flags)
{
    accepts(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": [1], \"flash_attn\": true, "
                 "\"embeddings\": 0, \"no_op_offload\": false"),
            1);
}
END_TEST

START_TEST(broken_json_is_placed)
{
    refuses("[\n" GOOD ",\n  {\"n_prompt\": 1,, }\n]", "FILE:3:");
    refuses("[\n" GOOD ",\n  {\"n_prompt\": 1,, }\n]", "this is no JSON");
    refuses("[" GOOD, "the file is cut off");
    refuses("[" GOOD ",", "the file is cut off");
    refuses("[" GOOD " " GOOD "]", "',' or ']' should stand here");
    refuses("[" GOOD "] x", "something stands behind the list");
    refuses("[]", "FILE:1:2: the list of tests is empty");
    refuses("", "FILE:1:1: the file is empty");
    refuses(GOOD "\n{\"build_commit\": \"c", "FILE:2:");
    refuses(GOOD "\n7", "FILE:2:1: here a test should begin");
    refuses("[1]", "FILE:1:2: here a test should begin");
    refuses(TEST("\"n_prompt\": 1, \"n_prompt\": 2"), "duplicate object key");
    refuses(TEST("\"n_prompt\": \"\x01\""), "this is no JSON");
}
END_TEST

START_TEST(fields_of_a_wrong_type_are_placed)
{
    refuses("[\n" GOOD ",\n" TEST("\"n_prompt\": \"16\", \"n_gen\": 0, \"samples_ns\": [1]") "]",
            "FILE:3:101: n_prompt must be an integer");
    refuses(TEST("\"n_prompt\": -1, \"n_gen\": 0, \"samples_ns\": [1]"),
            "n_prompt must be a count of tokens");
    refuses(TEST("\"n_prompt\": true, \"n_gen\": 0, \"samples_ns\": [1]"),
            "n_prompt must be a count of tokens");
    refuses(TEST("\"n_prompt\": 99999999999999, \"n_gen\": 0, \"samples_ns\": [1]"),
            "n_prompt must be a count of tokens");
    refuses(TEST("\"n_prompt\": 0, \"n_gen\": 0, \"samples_ns\": [1]"), "nothing was measured");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"avg_ts\": \"fast\", \"samples_ns\": [1]"),
            "avg_ts must be a number");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"cpu_info\": null, \"samples_ns\": [1]"),
            "cpu_info must be text");
}
END_TEST

START_TEST(fields_that_are_missing_are_named)
{
    refuses("{\"build_commit\": \"c\"}", "FILE:1:1: backends is missing");
    refuses(TEST("\"n_prompt\": 1, \"samples_ns\": [1]"), "n_gen is missing");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0"), "samples_ns is missing");
    refuses("{}", "is missing: this is no test of llama-bench, or of a release that is too old");
}
END_TEST

START_TEST(samples_are_times)
{
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": []"), "at least one time");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": 5"), "at least one time");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": [0]"), "above 0");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": [1.5]"), "above 0");
    refuses(TEST("\"n_prompt\": 1, \"n_gen\": 0, \"samples_ns\": [9223372036854775807]"),
            "above 0");
}
END_TEST

START_TEST(forms_without_samples_are_refused_in_words)
{
    refuses("build_commit,build_number\n\"c\",\"1\"\n", "FILE:1:1: this form");
    refuses("CREATE TABLE IF NOT EXISTS llama_bench (", "has means only");
    refuses("| model | size |", "has means only");
    refuses("model,backend,mode\n", "neither JSON nor JSONL");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("llama_read");
    TCase *t = tcase_create("all");
    tcase_add_test(t, lists_and_lines_are_read_alike);
    tcase_add_test(t, each_test_knows_its_line_and_its_depth);
    tcase_add_test(t, flags_may_be_integers_and_integers_flags);
    tcase_add_test(t, broken_json_is_placed);
    tcase_add_test(t, fields_of_a_wrong_type_are_placed);
    tcase_add_test(t, fields_that_are_missing_are_named);
    tcase_add_test(t, samples_are_times);
    tcase_add_test(t, forms_without_samples_are_refused_in_words);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
