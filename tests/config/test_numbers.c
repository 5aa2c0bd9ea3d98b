/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/numbers.h"
#include "core/config/suggest.h"
#include "tests/config/support.h"

#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    enum number_result result;
    int64_t value;
} wholes[] = {
    {"0", NUMBER_OK, 0},
    {"-7", NUMBER_OK, -7},
    {"+7", NUMBER_OK, 7},
    {"007", NUMBER_OK, 7},
    {"2k", NUMBER_OK, 2048},
    {"2K", NUMBER_OK, 2048},
    {"3M", NUMBER_OK, 3145728},
    {"1G", NUMBER_OK, 1073741824},
    {"-1k", NUMBER_OK, -1024},
    {"9223372036854775807", NUMBER_OK, INT64_MAX},
    {"9223372036854775808", NUMBER_RANGE, 0},
    {"9007199254740992G", NUMBER_RANGE, 0},
    {"", NUMBER_NOT, 0},
    {"-", NUMBER_NOT, 0},
    {"k", NUMBER_NOT, 0},
    {"1.0", NUMBER_NOT, 0},
    {"0x10", NUMBER_NOT, 0},
    {"1 ", NUMBER_NOT, 0},
    {" 1", NUMBER_NOT, 0},
    {"1kk", NUMBER_NOT, 0},
    {"1m", NUMBER_NOT, 0},
};

START_TEST(whole_numbers)
{
    int64_t value = 0;
    ck_assert_int_eq(number_whole(wholes[_i].text, strlen(wholes[_i].text), &value),
                     wholes[_i].result);
    ck_assert_int_eq(value, wholes[_i].value);
}
END_TEST

static const struct {
    const char *text;
    enum number_result result;
    double value;
} reals[] = {
    {"1", NUMBER_OK, 1},        {"-2.5", NUMBER_OK, -2.5}, {".5", NUMBER_OK, 0.5},
    {"5.", NUMBER_OK, 5},       {"1e-3", NUMBER_OK, 1e-3}, {"2E+2", NUMBER_OK, 200},
    {"1e999", NUMBER_RANGE, 0}, {"nan", NUMBER_NOT, 0},    {".inf", NUMBER_NOT, 0},
    {"inf", NUMBER_NOT, 0},     {"0x1p3", NUMBER_NOT, 0},  {"1,5", NUMBER_NOT, 0},
    {".", NUMBER_NOT, 0},       {"", NUMBER_NOT, 0},       {"1e", NUMBER_NOT, 0},
    {"1 ", NUMBER_NOT, 0},      {"--1", NUMBER_NOT, 0},
};

START_TEST(real_numbers)
{
    double value = 0;
    ck_assert_int_eq(number_real(reals[_i].text, &value), reals[_i].result);
    ck_assert_double_eq(value, reals[_i].value);
}
END_TEST

static const struct {
    const char *text, *expected; /* or, where it begins with '!', the problem */
} ranges[] = {
    {"512", "512"},
    {"512,1k", "512 1024"},
    {"512, 1024 ,7", "512 1024 7"},
    {"1-4", "1 2 3 4"},
    {"3-3", "3"},
    {"512-4096*2", "512 1024 2048 4096"},
    {"512-5000*2", "512 1024 2048 4096"},
    {"512-2048+512", "512 1024 1536 2048"},
    {"0-10+5", "0 5 10"},
    {"1k-4k*2", "1024 2048 4096"},
    {"100,1-2,7-9+2", "100 1 2 7 9"},
    {"9223372036854775806-9223372036854775807", "9223372036854775806 9223372036854775807"},
    {"4611686018427387904-9223372036854775807*2", "4611686018427387904"},
    {"-5", "-5"},
    {"1-", "!is no number and no range such as 512-32768*2"},
    {"1-4*", "!is no number and no range such as 512-32768*2"},
    {"1-4*2*2", "!is no number and no range such as 512-32768*2"},
    {"1--4", "!is no number and no range such as 512-32768*2"},
    {"1-+4", "!is no number and no range such as 512-32768*2"},
    {"1,", "!is no number and no range such as 512-32768*2"},
    {"", "!is no number and no range such as 512-32768*2"},
    {"-1-4", "!is a range from a negative number; write the numbers one by one"},
    {"4-1", "!is a range whose first number is above its last; swap them"},
    {"1-4+0", "!is a range that never gets on; a step must be at least 1, a factor at least 2"},
    {"1-4*1", "!is a range that never gets on; a step must be at least 1, a factor at least 2"},
    {"0-4*2", "!is a range that never gets on; a step must be at least 1, a factor at least 2"},
    {"1-1001", "!makes more than 1000 values; use a larger step"},
    {"99999999999999999999", "!is too large"},
};

START_TEST(ranges_expand_as_in_llama_bench)
{
    struct numbers *n = calloc(1, sizeof *n);
    struct buf got = {0};
    const char *problem = numbers_add(n, ranges[_i].text);
    if (problem)
        buf_printf(&got, "!%s", problem);
    for (size_t i = 0; i < n->count && !problem; i++)
        buf_printf(&got, "%s%lld", i ? " " : "", (long long)n->v[i]);
    ck_assert_str_eq(buf_text(&got), ranges[_i].expected);
    buf_free(&got);
    free(n);
}
END_TEST

START_TEST(numbers_ignore_the_locale)
{
    double value = 0;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        printf("SKIP numbers_ignore_the_locale: no locale with a decimal comma is installed\n");
    ck_assert_int_eq(number_real("2.5", &value), NUMBER_OK);
    ck_assert_double_eq(value, 2.5);
}
END_TEST

static const struct {
    const char *a, *b;
    size_t distance;
} pairs[] = {
    {"", "", 0},
    {"a", "", 1},
    {"", "abc", 3},
    {"seed", "seed", 0},
    {"sed", "seed", 1},
    {"sede", "seed", 1},
    {"kitten", "sitting", 3},
    {"repetitons", "repetitions", 1},
};

START_TEST(distances)
{
    ck_assert_uint_eq(suggest_distance(pairs[_i].a, pairs[_i].b), pairs[_i].distance);
    ck_assert_uint_eq(suggest_distance(pairs[_i].b, pairs[_i].a), pairs[_i].distance);
}
END_TEST

START_TEST(the_nearest_word_is_suggested_unless_all_are_far)
{
    char buffer[64];
    struct suggest s = suggest_begin("ordr");
    suggest_offer(&s, "on_oom");
    suggest_offer(&s, "order");
    suggest_offer(&s, NULL);
    ck_assert_str_eq(suggest_words(&s, buffer, sizeof buffer), " (did you mean 'order'?)");
    s = suggest_begin("banana");
    suggest_offer(&s, "order");
    ck_assert_str_eq(suggest_words(&s, buffer, sizeof buffer), "");
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static Suite *suite(void)
{
    Suite *s = suite_create("numbers");
    TCase *c = tcase_create("numbers");
    tcase_add_loop_test(c, whole_numbers, 0, COUNT(wholes));
    tcase_add_loop_test(c, real_numbers, 0, COUNT(reals));
    tcase_add_loop_test(c, ranges_expand_as_in_llama_bench, 0, COUNT(ranges));
    tcase_add_test(c, numbers_ignore_the_locale);
    tcase_add_loop_test(c, distances, 0, COUNT(pairs));
    tcase_add_test(c, the_nearest_word_is_suggested_unless_all_are_far);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
