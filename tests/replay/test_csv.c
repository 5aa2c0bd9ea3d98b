/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/replay/csv.h"

static struct replay_csv csv;
static char *text; /* exactly as long as the file, so that a sanitizer sees what reads behind it */

static void open_text(const char *file)
{
    size_t n = strlen(file);
    free(text);
    text = malloc(n + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, file, n);
    replay_csv_open(&csv, text, n);
}

static void teardown(void)
{
    free(text);
    text = NULL;
}

/* The next row has these fields, written with | between them. */
static void expect_row(const char *fields)
{
    char got[256] = "";
    size_t used = 0;
    ck_assert_int_eq(replay_csv_next(&csv), REPLAY_CSV_ROW);
    for (size_t i = 0; i < csv.field_count; i++)
        used +=
            (size_t)snprintf(got + used, sizeof got - used, "%s%s", i ? "|" : "", csv.fields[i]);
    ck_assert_str_eq(got, fields);
}

static void expect_end(void)
{
    ck_assert_int_eq(replay_csv_next(&csv), REPLAY_CSV_END);
}

START_TEST(splits_plain_rows)
{
    open_text("a,b,c\n1,,3\n,,\n");
    expect_row("a|b|c");
    ck_assert_uint_eq(csv.line, 1);
    expect_row("1||3");
    ck_assert_uint_eq(csv.line, 2);
    expect_row("||");
    ck_assert(csv.ended);
    expect_end();
}
END_TEST

START_TEST(takes_quotes_line_ends_and_a_mark)
{
    open_text("\xef\xbb\xbf"
              "a,\"b,c\"\r\n\"d \"\"e\"\"\",\"f\ng\"\r\n\"\",x\n");
    expect_row("a|b,c");
    expect_row("d \"e\"|f\ng");
    ck_assert_uint_eq(csv.line, 2);
    expect_row("|x");
    ck_assert_uint_eq(csv.line, 4);
    expect_end();
}
END_TEST

START_TEST(passes_over_empty_lines)
{
    open_text("\n\r\na\n\n\nb\n\n");
    expect_row("a");
    ck_assert_uint_eq(csv.line, 3);
    expect_row("b");
    ck_assert_uint_eq(csv.line, 6);
    expect_end();
}
END_TEST

START_TEST(says_that_a_last_line_has_no_end)
{
    open_text("a,b\n1,2");
    expect_row("a|b");
    ck_assert(csv.ended);
    expect_row("1|2");
    ck_assert(!csv.ended);
    expect_end();
    open_text("a,b\n1,\"2 and");
    expect_row("a|b");
    expect_row("1|2 and");
    ck_assert(!csv.ended);
    expect_end();
    open_text("a,b\n1,");
    expect_row("a|b");
    expect_row("1|");
    ck_assert(!csv.ended);
    open_text("");
    expect_end();
}
END_TEST

START_TEST(refuses_stray_quotes)
{
    open_text("a\n\"b\nc\nd\n");
    expect_row("a");
    ck_assert_int_eq(replay_csv_next(&csv), REPLAY_CSV_BAD);
    ck_assert_uint_eq(csv.line, 2);
    ck_assert_str_eq(csv.problem, "a quote that is never closed");
    open_text("\"a\"b,c\n");
    ck_assert_int_eq(replay_csv_next(&csv), REPLAY_CSV_BAD);
    ck_assert_str_eq(csv.problem, "text behind a closing quote");
}
END_TEST

START_TEST(refuses_more_columns_than_it_can_hold)
{
    char many[REPLAY_CSV_FIELDS + 2];
    memset(many, ',', sizeof many);
    many[REPLAY_CSV_FIELDS - 1] = '\0';
    open_text(many);
    ck_assert_int_eq(replay_csv_next(&csv), REPLAY_CSV_ROW);
    ck_assert_uint_eq(csv.field_count, REPLAY_CSV_FIELDS);
    many[REPLAY_CSV_FIELDS - 1] = ',';
    many[REPLAY_CSV_FIELDS] = '\0';
    open_text(many);
    ck_assert_int_eq(replay_csv_next(&csv), REPLAY_CSV_BAD);
    ck_assert_str_eq(csv.problem, "too many columns");
}
END_TEST

START_TEST(reads_numbers_of_the_c_locale)
{
    double x = 0;
    setlocale(LC_ALL, "de_DE.UTF-8");
    ck_assert(replay_csv_number("1.5", &x) && x == 1.5);
    ck_assert(replay_csv_number(" 2696.1512 ", &x) && x == 2696.1512);
    ck_assert(replay_csv_number("-3e2", &x) && x == -300);
    ck_assert(replay_csv_number("", &x) && isnan(x));
    ck_assert(replay_csv_number("NaN", &x) && isnan(x));
    x = 7;
    const char *const refused[] = {"1,5", "0x10", "inf", "1e999", "1.5ms", "1 2", "-", "e", "nano"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(!replay_csv_number(refused[i], &x), "'%s' was taken", refused[i]);
    ck_assert(x == 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("replay/csv");
    TCase *t = tcase_create("csv");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, splits_plain_rows);
    tcase_add_test(t, takes_quotes_line_ends_and_a_mark);
    tcase_add_test(t, passes_over_empty_lines);
    tcase_add_test(t, says_that_a_last_line_has_no_end);
    tcase_add_test(t, refuses_stray_quotes);
    tcase_add_test(t, refuses_more_columns_than_it_can_hold);
    tcase_add_test(t, reads_numbers_of_the_c_locale);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
