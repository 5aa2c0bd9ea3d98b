/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/core/support.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

static void expect_number(double x, const char *text)
{
    struct buf b = {0};
    buf_number(&b, x);
    ck_assert_str_eq(buf_text(&b), text);
    buf_free(&b);
}

START_TEST(numbers_have_their_shortest_form)
{
    expect_number(0, "0");
    expect_number(1, "1");
    expect_number(-1.5, "-1.5");
    expect_number(0.1, "0.1");
    expect_number(0.1 + 0.2, "0.30000000000000004");
    expect_number(1e21, "1e+21");
    expect_number(123456789012345680.0, "1.2345678901234568e+17");
    expect_number(9007199254740993.0, "9007199254740992");
    expect_number(1.0 / 3, "0.3333333333333333");
    expect_number(1.7976931348623157e308, "1.7976931348623157e+308");
    expect_number(2.2250738585072014e-308, "2.2250738585072014e-308");
}
END_TEST

START_TEST(numbers_read_back_as_the_same_double)
{
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        double x;
        struct buf b = {0};
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        buf_number(&b, x);
        double back = strtod(buf_text(&b), NULL);
        ck_assert_msg(memcmp(&back, &x, sizeof x) == 0, "%a became %s", x, buf_text(&b));
        buf_free(&b);
    }
}
END_TEST

/* What printf makes of it, as short as it reads back. */
static void expect_as_printf(double x)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    expect_number(x, text);
}

START_TEST(numbers_of_everyday_size_are_as_short_as_they_can_be)
{
    uint64_t bits = 7;
    for (int i = 0; i < 100000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double x = ldexp((double)(bits >> 11), -66 + i % 70), sign = i % 3 ? 1 : -1;
        expect_as_printf(sign * x);
        expect_as_printf(sign * floor(x * 1000) / 1000);
        expect_as_printf(ldexp(1, i % 70 - 20));
    }
}
END_TEST

START_TEST(small_numbers_are_as_short_as_they_can_be)
{
    uint64_t bits = 11;
    for (int i = 0; i < 100000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double x = ldexp((double)(bits >> 11), -1050 + i % 980), sign = i % 3 ? 1 : -1;
        char text[40];
        expect_as_printf(sign * x);
        expect_as_printf(ldexp(1, -1 - i % 1022));
        snprintf(text, sizeof text, "%.*g", 1 + i % 17, x); /* few digits, and ties */
        expect_as_printf(strtod(text, NULL));
    }
}
END_TEST

START_TEST(numbers_beside_powers_of_ten_keep_their_digits)
{
    for (int exponent = -307; exponent < 18; exponent++) {
        char text[40];
        snprintf(text, sizeof text, "1e%d", exponent);
        double power = strtod(text, NULL), x = power;
        for (int i = 0; i < 5; i++, x = nextafter(x, INFINITY))
            expect_as_printf(x);
        x = power;
        for (int i = 0; i < 5; i++, x = nextafter(x, 0))
            expect_as_printf(x);
    }
    expect_as_printf(0);
    expect_as_printf(-0.0);
    expect_as_printf(9007199254740993.0);
}
END_TEST

START_TEST(whole_numbers_have_all_their_digits)
{
    struct buf b = {0};
    buf_integer(&b, INT64_MIN);
    buf_integer(&b, INT64_MAX);
    buf_integer(&b, 0);
    ck_assert_str_eq(buf_text(&b), "-922337203685477580892233720368547758070");
    buf_free(&b);
}
END_TEST

START_TEST(what_is_not_finite_leaves_nothing)
{
    expect_number(NAN, "");
    expect_number(INFINITY, "");
    expect_number(-INFINITY, "");
}
END_TEST

START_TEST(numbers_have_a_point_in_a_comma_locale)
{
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8"};
    const char *set = NULL;
    for (size_t i = 0; i < 3 && !set; i++)
        set = setlocale(LC_ALL, commas[i]);
    if (!set) {
        puts("SKIP a comma locale: none is installed");
        return;
    }
    expect_number(1234.5, "1234.5");
    expect_number(0.1 + 0.2, "0.30000000000000004");
}
END_TEST

START_TEST(it_grows_and_stays_terminated)
{
    struct buf b = {0};
    ck_assert_str_eq(buf_text(&b), "");
    for (int i = 0; i < 1000; i++) {
        buf_printf(&b, "%03d,", i);
        ck_assert_uint_eq(strlen(b.data), b.len);
    }
    ck_assert_uint_eq(b.len, 4000);
    ck_assert_str_eq(b.data + 3996, "999,");
    buf_clear(&b);
    ck_assert_str_eq(buf_text(&b), "");
    buf_putc(&b, 'x');
    buf_add(&b, "\0y", 2);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_mem_eq(b.data, "x\0y", 4);
    buf_free(&b);
}
END_TEST

START_TEST(taking_from_an_empty_one_gives_an_empty_text)
{
    struct buf b = {0};
    char *text = buf_take(&b);
    ck_assert_str_eq(text, "");
    ck_assert_ptr_null(b.data);
    free(text);
}
END_TEST

START_TEST(a_failure_is_sticky_and_told_at_the_end)
{
    struct buf b = {0};
    buf_puts(&b, "before");
    buf_add(&b, "", SIZE_MAX / 2);
    ck_assert(!buf_ok(&b));
    buf_puts(&b, "after");
    ck_assert(!buf_ok(&b));
    ck_assert_str_eq(buf_text(&b), "before");
    ck_assert_ptr_null(buf_take(&b));
    ck_assert(buf_ok(&b));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, numbers_have_their_shortest_form);
    tcase_add_test(t, numbers_read_back_as_the_same_double);
    tcase_add_test(t, numbers_of_everyday_size_are_as_short_as_they_can_be);
    tcase_add_test(t, small_numbers_are_as_short_as_they_can_be);
    tcase_add_test(t, numbers_beside_powers_of_ten_keep_their_digits);
    tcase_add_test(t, whole_numbers_have_all_their_digits);
    tcase_add_test(t, what_is_not_finite_leaves_nothing);
    tcase_add_test(t, numbers_have_a_point_in_a_comma_locale);
    tcase_add_test(t, it_grows_and_stays_terminated);
    tcase_add_test(t, taking_from_an_empty_one_gives_an_empty_text);
    tcase_add_test(t, a_failure_is_sticky_and_told_at_the_end);
}

int main(void)
{
    return support_run("buf", add);
}
