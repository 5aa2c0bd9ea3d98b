/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Adaptive stopping, and what the machine did meanwhile. */

#include "config.h"

#include "tests/core/support.h"

#include <math.h>

#include "core/run/stop.h"
#include "core/run/telemetry.h"

/* Of the values 1 .. n, in a scrambled order, the interval is from rank to rank. */
static void expect_ranks(size_t n, double low, double high)
{
    double values[200];
    for (size_t i = 0; i < n; i++)
        values[i] = (double)((i * 7919 + 3) % n + 1);
    double median = 0.5 * (double)(n + 1);
    ck_assert_double_eq_tol(stop_half_width_pct(values, n), 50 * (high - low) / median, 1e-9);
}

START_TEST(the_interval_is_that_of_the_tables)
{
    expect_ranks(6, 1, 6);
    expect_ranks(7, 1, 7);
    expect_ranks(8, 1, 8);
    expect_ranks(9, 2, 8);
    expect_ranks(10, 2, 9);
    expect_ranks(15, 4, 12);
    expect_ranks(20, 6, 15);
    expect_ranks(25, 8, 18);
    expect_ranks(30, 10, 21);
    expect_ranks(40, 14, 27);
    expect_ranks(50, 18, 33);
    expect_ranks(100, 40, 61);
}
END_TEST

START_TEST(fewer_than_six_values_have_no_interval)
{
    const double values[] = {1, 1, 1, 1, 1};
    for (size_t n = 0; n <= 5; n++)
        ck_assert_double_eq(stop_half_width_pct(values, n), INFINITY);
}
END_TEST

START_TEST(equal_values_have_a_width_of_zero)
{
    const double values[] = {3, 3, 3, 3, 3, 3};
    ck_assert_double_eq(stop_half_width_pct(values, 6), 0);
}
END_TEST

START_TEST(the_values_are_left_in_their_order)
{
    double values[] = {6, 5, 4, 3, 2, 1};
    stop_half_width_pct(values, 6);
    ck_assert_double_eq(values[0], 6);
    ck_assert_double_eq(values[5], 1);
}
END_TEST

START_TEST(many_values_agree_with_the_exact_rule)
{
    static double values[1001];
    for (size_t i = 0; i < 1001; i++)
        values[i] = (double)(i + 1);
    /* Exact ranks 470 and 532; the approximation may be one wider. */
    double pct = stop_half_width_pct(values, 1001);
    ck_assert_double_ge(pct, 50 * (532.0 - 470.0) / 501);
    ck_assert_double_le(pct, 50 * (533.0 - 469.0) / 501);
}
END_TEST

/* ---- telemetry */

static struct cpu_sample sample(double at_s, double busy_s, double own_s)
{
    return (struct cpu_sample){.at_ns = (int64_t)(at_s * 1e9), .busy_s = busy_s, .own_s = own_s};
}

static double foreign(struct cpu_sample before, struct cpu_sample after)
{
    return cpu_foreign_cores(&before, &after);
}

START_TEST(foreign_load_is_what_is_busy_and_not_ours)
{
    ck_assert_double_eq_tol(foreign(sample(10, 100, 5), sample(12, 106, 7)), 2.0, 1e-9);
    ck_assert_double_eq_tol(foreign(sample(10, 100, 5), sample(12, 102, 7)), 0.0, 1e-9);
}
END_TEST

START_TEST(rounding_never_makes_it_negative)
{
    ck_assert_double_eq(foreign(sample(0, 100, 5), sample(1, 100.99, 6)), 0.0);
}
END_TEST

START_TEST(a_short_span_or_an_unknown_value_is_unknown)
{
    ck_assert_double_lt(foreign(sample(0, 100, 5), sample(0.4, 101, 5)), 0);
    ck_assert_double_lt(foreign(sample(0, -1, 5), sample(2, 101, 5)), 0);
    ck_assert_double_lt(foreign(sample(0, 100, 5), sample(2, -1, 5)), 0);
}
END_TEST

START_TEST(a_sample_of_this_machine_has_all_values)
{
    struct cpu_sample s;
    cpu_sample_take(&s);
    ck_assert_double_gt(s.busy_s, 0);
    ck_assert_double_ge(s.own_s, 0);
    ck_assert_int_gt(s.at_ns, 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_interval_is_that_of_the_tables);
    tcase_add_test(t, fewer_than_six_values_have_no_interval);
    tcase_add_test(t, equal_values_have_a_width_of_zero);
    tcase_add_test(t, the_values_are_left_in_their_order);
    tcase_add_test(t, many_values_agree_with_the_exact_rule);
    tcase_add_test(t, foreign_load_is_what_is_busy_and_not_ours);
    tcase_add_test(t, rounding_never_makes_it_negative);
    tcase_add_test(t, a_short_span_or_an_unknown_value_is_unknown);
    tcase_add_test(t, a_sample_of_this_machine_has_all_values);
}

int main(void)
{
    return support_run("stop", add);
}
