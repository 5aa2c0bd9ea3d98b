/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/core/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/run/cold.h"

#define MOST 16

/* Latencies, and which of them must be cold: "10000" says only the first.  'R' is a
 * reload, which is always cold. */
static void expect_cold(const double *latencies, size_t n, double ratio, const char *cold)
{
    struct cold_repetition r[MOST] = {{0}};
    char got[MOST + 1] = "";
    for (size_t i = 0; i < n; i++)
        r[i] = (struct cold_repetition){
            .latency_ms = latencies[i], .reloaded = cold[i] == 'R', .cold = true};
    ck_assert_int_eq(cold_mark(r, n, ratio), 0);
    for (size_t i = 0; i < n; i++)
        got[i] = r[i].reloaded ? 'R' : r[i].cold ? '1' : '0';
    got[n] = '\0';
    ck_assert_str_eq(got, cold);
    for (size_t i = 0; i < n; i++)
        ck_assert(!r[i].reloaded || r[i].cold);
}

#define EXPECT(ratio, cold, ...)                                                                   \
    do {                                                                                           \
        const double latencies[] = {__VA_ARGS__};                                                  \
        ck_assert_uint_eq(strlen(cold), sizeof latencies / sizeof latencies[0]);                   \
        expect_cold(latencies, sizeof latencies / sizeof latencies[0], ratio, cold);               \
    } while (0)

START_TEST(even_repetitions_are_not_cold)
{
    EXPECT(2, "00000", 10, 10.5, 9.5, 10, 10);
    EXPECT(2, "0", 1000);
    expect_cold(NULL, 0, 2, "");
}
END_TEST

START_TEST(the_first_is_cold_if_it_is_above_twice_the_rest)
{
    EXPECT(2, "10000", 21, 10, 10, 10, 10);
    EXPECT(2, "00000", 20, 10, 10, 10, 10); /* exactly twice is not above */
    EXPECT(2, "10", 30, 10);
}
END_TEST

START_TEST(all_leading_ones_are_cold)
{
    EXPECT(2, "1110000", 100, 50, 25, 10, 10, 10, 10);
}
END_TEST

START_TEST(a_slow_one_later_is_an_outlier_and_not_cold)
{
    EXPECT(2, "000000", 10, 10, 90, 10, 10, 10);
    EXPECT(2, "100000", 90, 10, 90, 10, 10, 10);
}
END_TEST

START_TEST(the_median_is_that_of_the_later_half)
{
    /* Of all five it would be 50, and nothing cold. */
    EXPECT(2, "11000", 90, 50, 10, 10, 10);
    /* The later half of five are the last three: 10, 60, 60; of four the last two. */
    EXPECT(2, "00000", 90, 10, 10, 60, 60);
    EXPECT(2, "1000", 90, 10, 20, 60);
}
END_TEST

START_TEST(the_ratio_is_the_users)
{
    EXPECT(1.5, "1000", 16, 10, 10, 10);
    EXPECT(3, "0000", 29, 10, 10, 10);
    EXPECT(3, "1000", 31, 10, 10, 10);
}
END_TEST

START_TEST(a_failure_neither_counts_nor_ends_the_lead)
{
    EXPECT(2, "01000", NAN, 50, 10, 10, 10);
    EXPECT(2, "10100", 90, NAN, 50, 10, 10);
    EXPECT(2, "1000", 50, 10, NAN, 10);
    EXPECT(2, "000", NAN, NAN, NAN);
}
END_TEST

START_TEST(a_reload_is_cold_wherever_it_is)
{
    EXPECT(2, "00R00", 10, 10, 10, 10, 10);
    EXPECT(2, "R0000", 10, 10, 10, 10, 10);
    EXPECT(2, "1R000", 90, 80, 10, 10, 10);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, even_repetitions_are_not_cold);
    tcase_add_test(t, the_first_is_cold_if_it_is_above_twice_the_rest);
    tcase_add_test(t, all_leading_ones_are_cold);
    tcase_add_test(t, a_slow_one_later_is_an_outlier_and_not_cold);
    tcase_add_test(t, the_median_is_that_of_the_later_half);
    tcase_add_test(t, the_ratio_is_the_users);
    tcase_add_test(t, a_failure_neither_counts_nor_ends_the_lead);
    tcase_add_test(t, a_reload_is_cold_wherever_it_is);
}

int main(void)
{
    return support_run("cold", add);
}
