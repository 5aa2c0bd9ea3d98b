/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* JSON as we write it, and text made UTF-8. */

#include "config.h"

#include "tests/core/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/err.h"
#include "core/base/json.h"
#include "core/base/utf8.h"

static void expect_json(json_t *value, const char *text)
{
    struct buf b = {0};
    ck_assert_ptr_nonnull(value);
    json_write(&b, value);
    ck_assert_str_eq(buf_text(&b), text);
    buf_free(&b);
    json_decref(value);
}

START_TEST(json_doubles_are_short_and_stay_doubles)
{
    expect_json(json_real(0.1), "0.1\n");
    expect_json(json_real(3.0), "3.0\n");
    expect_json(json_real(-0.25), "-0.25\n");
    expect_json(json_real(1e300), "1e+300\n");
    expect_json(json_integer(3), "3\n");
    expect_json(json_integer(INT64_MIN), "-9223372036854775808\n");
}
END_TEST

START_TEST(json_strings_are_escaped)
{
    expect_json(json_string("a \"b\" \\ c"), "\"a \\\"b\\\" \\\\ c\"\n");
    expect_json(json_string("line\nnext\ttab\x01\x7f"),
                "\"line\\nnext\\u0009tab\\u0001\\u007f\"\n");
    expect_json(json_string("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"\n");
    expect_json(json_stringn("a\0b", 3), "\"a\\u0000b\"\n");
}
END_TEST

START_TEST(json_keeps_order_and_indents)
{
    expect_json(json_pack("{s:i, s:[i,i], s:[{s:n}], s:{}, s:[]}", "z", 1, "a", 2, 3, "list", "x",
                          "none", "empty"),
                "{\n \"z\": 1,\n \"a\": [2, 3],\n \"list\": [\n  {\n   \"x\": null\n  }\n ],\n"
                " \"none\": {},\n \"empty\": []\n}\n");
}
END_TEST

START_TEST(json_reads_back_equal)
{
    json_t *value = json_pack("{s:f, s:s, s:b, s:[f,f,n]}", "x", 0.1 + 0.2, "t", "\x1b\"", "b", 1,
                              "l", 1e-7, 5.0);
    struct buf b = {0};
    json_write(&b, value);
    json_t *back = json_loads(buf_text(&b), 0, NULL);
    ck_assert(json_equal(value, back));
    buf_free(&b);
    json_decref(value);
    json_decref(back);
}
END_TEST

static void expect_mended(const char *from, const char *to)
{
    char text[64];
    snprintf(text, sizeof text, "%s", from);
    utf8_mend(text);
    ck_assert_str_eq(text, to);
}

START_TEST(good_text_is_left_alone)
{
    expect_mended("", "");
    expect_mended("plain", "plain");
    expect_mended("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}
END_TEST

START_TEST(stray_bytes_become_question_marks)
{
    expect_mended("a\xff"
                  "b",
                  "a?b");
    expect_mended("\xc3 x", "? x");
    expect_mended("\xc0\xaf", "??");             /* overlong */
    expect_mended("\xed\xa0\x80", "???");        /* a surrogate */
    expect_mended("\xf4\x90\x80\x80.", "????."); /* past the last character */
    expect_mended("\xe2\x28\xa1", "?(?");
}
END_TEST

START_TEST(a_character_cut_at_the_end_is_dropped)
{
    expect_mended("x\xc3", "x");
    expect_mended("x\xe2\x82", "x");
    expect_mended("x\xf0\x9f\x98", "x");
}
END_TEST

START_TEST(a_long_error_ends_in_dots)
{
    struct err e;
    char text[4000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(err_set(&e, "%s", text), -1);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
    ck_assert_str_eq(e.text + sizeof e.text - 6, "aa...");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, json_doubles_are_short_and_stay_doubles);
    tcase_add_test(t, json_strings_are_escaped);
    tcase_add_test(t, json_keeps_order_and_indents);
    tcase_add_test(t, json_reads_back_equal);
    tcase_add_test(t, good_text_is_left_alone);
    tcase_add_test(t, stray_bytes_become_question_marks);
    tcase_add_test(t, a_character_cut_at_the_end_is_dropped);
    tcase_add_test(t, a_long_error_ends_in_dots);
}

int main(void)
{
    return support_run("text", add);
}
