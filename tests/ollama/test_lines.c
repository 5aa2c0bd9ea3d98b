/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ollama/lines.h"

/* Joins the lines with '|'. */
struct joined {
    char text[4096];
    size_t length;
    int count, stop_after;
};

static int join(void *arg, const char *line, size_t length)
{
    struct joined *j = arg;
    ck_assert_uint_lt(j->length + length + 1, sizeof j->text);
    memcpy(j->text + j->length, line, length);
    j->length += length;
    j->text[j->length++] = '|';
    return ++j->count == j->stop_after ? -1 : 0;
}

static const char stream[] =
    "{\"a\":1}\n\n{\"caf\xc3\xa9\":12345}\r\n\xf0\x9f\x99\x82\r\n{\"last\":true}";
static const char joined_stream[] =
    "{\"a\":1}|{\"caf\xc3\xa9\":12345}|\xf0\x9f\x99\x82|{\"last\":true}|";

START_TEST(lines_are_the_same_wherever_the_stream_is_cut)
{
    size_t n = sizeof stream - 1;
    for (size_t a = 0; a <= n; a++)
        for (size_t b = a; b <= n; b++) {
            struct ollama_lines s = {0};
            struct joined j = {.text = ""};
            ck_assert_int_eq(ollama_lines_push(&s, stream, a, join, &j), OLLAMA_LINES_OK);
            ck_assert_int_eq(ollama_lines_push(&s, stream + a, b - a, join, &j), OLLAMA_LINES_OK);
            ck_assert_int_eq(ollama_lines_push(&s, stream + b, n - b, join, &j), OLLAMA_LINES_OK);
            ck_assert_int_eq(ollama_lines_end(&s, join, &j), OLLAMA_LINES_OK);
            j.text[j.length] = '\0';
            ck_assert_str_eq(j.text, joined_stream);
            ollama_lines_free(&s);
        }
}
END_TEST

START_TEST(lines_come_byte_by_byte)
{
    struct ollama_lines s = {0};
    struct joined j = {.text = ""};
    for (size_t i = 0; i + 1 < sizeof stream; i++)
        ck_assert_int_eq(ollama_lines_push(&s, stream + i, 1, join, &j), OLLAMA_LINES_OK);
    ck_assert_int_eq(j.count, 3);
    ck_assert_int_eq(ollama_lines_end(&s, join, &j), OLLAMA_LINES_OK);
    ck_assert_int_eq(ollama_lines_end(&s, join, &j), OLLAMA_LINES_OK);
    ck_assert_int_eq(j.count, 4);
    ollama_lines_free(&s);
}
END_TEST

START_TEST(a_line_without_an_end_is_refused_before_it_fills_the_memory)
{
    struct ollama_lines s = {0};
    struct joined j = {.text = ""};
    char block[65536];
    enum ollama_lines_result r = OLLAMA_LINES_OK;
    size_t sent = 0;
    memset(block, 'x', sizeof block);
    while (r == OLLAMA_LINES_OK && sent < ((size_t)100 << 20)) {
        r = ollama_lines_push(&s, block, sizeof block, join, &j);
        sent += sizeof block;
    }
    ck_assert_int_eq(r, OLLAMA_LINES_LONG);
    ck_assert_uint_le(sent, OLLAMA_LINE_MAX + 2 * sizeof block);
    ck_assert_int_eq(j.count, 0);
    ollama_lines_free(&s);
}
END_TEST

START_TEST(a_long_line_in_one_piece_is_refused_too)
{
    struct ollama_lines s = {0};
    struct joined j = {.text = ""};
    size_t n = OLLAMA_LINE_MAX + 2;
    char *line = malloc(n);
    ck_assert_ptr_nonnull(line);
    memset(line, 'x', n);
    line[n - 1] = '\n';
    ck_assert_int_eq(ollama_lines_push(&s, line, n, join, &j), OLLAMA_LINES_LONG);
    free(line);
    ollama_lines_free(&s);
}
END_TEST

START_TEST(nothing_comes_after_a_stop)
{
    struct ollama_lines s = {0};
    struct joined j = {.stop_after = 2};
    ck_assert_int_eq(ollama_lines_push(&s, stream, sizeof stream - 1, join, &j),
                     OLLAMA_LINES_STOPPED);
    ck_assert_int_eq(j.count, 2);
    ollama_lines_free(&s);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("lines");
    tcase_add_test(t, lines_are_the_same_wherever_the_stream_is_cut);
    tcase_add_test(t, lines_come_byte_by_byte);
    tcase_add_test(t, a_line_without_an_end_is_refused_before_it_fills_the_memory);
    tcase_add_test(t, a_long_line_in_one_piece_is_refused_too);
    tcase_add_test(t, nothing_comes_after_a_stop);
    Suite *s = suite_create("ollama lines");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
