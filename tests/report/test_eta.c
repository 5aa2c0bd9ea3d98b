/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/eta.h"
#include "core/run/summary.h"

/* One backend and a second one, one model, contexts 512, 1024, 2048 each; three repetitions. */
static struct config_backend backends[2];
static struct config_model models[1];
static struct plan_cell cells[6];
static struct config config;
static struct plan plan;
static struct eta eta;

static void begin(void)
{
    memset(backends, 0, sizeof backends);
    memset(models, 0, sizeof models);
    memset(&config, 0, sizeof config);
    memset(&plan, 0, sizeof plan);
    backends[0].name = (char *)"x";
    backends[1].name = (char *)"y";
    models[0].name = (char *)"m";
    for (size_t i = 0; i < 6; i++)
        cells[i] = (struct plan_cell){
            .backend = i / 3, .context_length = 512 << (i % 3), .concurrency = 1};
    config.backends = backends;
    config.backend_count = 2;
    config.models = models;
    config.model_count = 1;
    config.repetitions = 3;
    config.launches = 1;
    plan.cells = cells;
    plan.cell_count = 6;
    ck_assert_int_eq(eta_init(&eta, &config, &plan), 0);
}

static void took(int cell, int times, double seconds)
{
    for (int i = 0; i < times; i++)
        eta_took(&eta, cell, seconds);
}

START_TEST(nothing_timed_gives_no_guess)
{
    begin();
    ck_assert(isnan(eta_left(&eta)));
    ck_assert(isnan(eta_repetition(&eta, 0)));
    eta_free(&eta);
}
END_TEST

START_TEST(growth_between_two_contexts_is_drawn_on_to_the_third)
{
    begin();
    took(0, 3, 1);
    took(1, 3, 3);
    ck_assert_double_eq_tol(eta_repetition(&eta, 2), 9, 1e-9);
    took(2, 1, 12);
    ck_assert_double_eq_tol(eta_repetition(&eta, 2), 12, 1e-9);
    eta_free(&eta);
}
END_TEST

START_TEST(growth_is_never_drawn_on_beyond_the_cube)
{
    begin();
    took(0, 3, 1);
    took(1, 3, 100);
    ck_assert_double_eq_tol(eta_repetition(&eta, 2), 800, 1e-6);
    eta_free(&eta);
}
END_TEST

START_TEST(what_is_done_is_no_longer_counted)
{
    begin();
    took(0, 3, 1);
    took(1, 3, 1);
    took(2, 2, 1);
    for (int i = 3; i < 6; i++)
        eta_ended(&eta, i);
    ck_assert_double_eq_tol(eta_left(&eta), 1, 1e-9);
    eta_ended(&eta, 2);
    ck_assert_double_eq(eta_left(&eta), 0);
    eta_free(&eta);
}
END_TEST

START_TEST(another_backend_counts_by_its_own_speed_once_it_was_timed)
{
    begin();
    took(0, 3, 1);
    double by_other = eta_repetition(&eta, 3);
    ck_assert_double_eq_tol(by_other, 1, 1e-9);
    took(4, 1, 50);
    ck_assert_double_gt(eta_repetition(&eta, 5), 50);
    eta_free(&eta);
}
END_TEST

START_TEST(each_launch_counts)
{
    begin();
    eta_free(&eta);
    config.launches = 4;
    ck_assert_int_eq(eta_init(&eta, &config, &plan), 0);
    took(0, 3, 1);
    eta_ended(&eta, 0);
    ck_assert_int_eq(eta.cells[0].left, 9);
    eta_free(&eta);
}
END_TEST

START_TEST(the_summary_has_a_block_for_a_series_and_folds_when_narrow)
{
    struct summary_cell results[6];
    struct buf b = {0};
    begin();
    for (size_t i = 0; i < 6; i++)
        results[i] = (struct summary_cell){
            .ended = i < 5, .prefill = true, .latency_ms = 4.5 * (1 << i), .decode_rate = 50};
    results[1].latency_ms = results[1].decode_rate = NAN;
    memcpy(results[1].failure, "oom", 4);
    summary_write(&b, eta.cells, results, 6, 80);
    ck_assert_str_eq(buf_text(&b), "x  m (medians)\n"
                                   "  context            512     1024     2048\n"
                                   "  prefill        4.50 ms      oom  18.0 ms\n"
                                   "  decode tok/s      50.0        -     50.0\n"
                                   "y  m (medians)\n"
                                   "  context            512     1024\n"
                                   "  prefill        36.0 ms  72.0 ms\n"
                                   "  decode tok/s      50.0     50.0\n");
    buf_clear(&b);
    summary_write(&b, eta.cells, results, 1, 10);
    ck_assert_str_eq(buf_text(&b), "x  m (medians)\n"
                                   "  context            512\n"
                                   "  prefill        4.50 ms\n"
                                   "  decode tok/s      50.0\n");
    buf_free(&b);
    eta_free(&eta);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eta");
    TCase *t = tcase_create("eta");
    tcase_add_test(t, nothing_timed_gives_no_guess);
    tcase_add_test(t, growth_between_two_contexts_is_drawn_on_to_the_third);
    tcase_add_test(t, growth_is_never_drawn_on_beyond_the_cube);
    tcase_add_test(t, what_is_done_is_no_longer_counted);
    tcase_add_test(t, another_backend_counts_by_its_own_speed_once_it_was_timed);
    tcase_add_test(t, each_launch_counts);
    tcase_add_test(t, the_summary_has_a_block_for_a_series_and_folds_when_narrow);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
