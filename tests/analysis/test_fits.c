/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "plugins/analysis/library/series.h"
#include "plugins/analysis/library/shape.h"
#include "plugins/analysis/regimes/segments.h"
#include "plugins/analysis/stats/fit.h"
#include "plugins/analysis/stats/lsq.h"
#include "plugins/analysis/stats/stats.h"
#include "support.h"

#define CLOSE(got, expected, relative)                                                             \
    ck_assert_msg(fabs((got) - (expected)) <= (relative)*fabs(expected), "%s is %.17g, not %.17g", \
                  #got, (double)(got), (double)(expected))

/* --- NIST's certified cases */

static json_t *nist;

static double text_number(const json_t *v)
{
    return json_is_string(v) ? strtod(json_string_value(v), NULL) : json_number_value(v);
}

static size_t column_of(const char *name, const char *key, double *ret)
{
    const json_t *list = json_object_get(json_object_get(nist, name), key);
    for (size_t i = 0; i < json_array_size(list); i++)
        ret[i] = text_number(json_array_get(list, i));
    return json_array_size(list);
}

static double certified(const char *name, const char *key, int index)
{
    const json_t *c =
        json_object_get(json_object_get(json_object_get(nist, name), "certified"), key);
    return text_number(index < 0 ? c : json_array_get(c, (size_t)index));
}

static void check_polynomial(const char *name, unsigned degree, double digits)
{
    double x[64], y[64];
    struct lsq f;
    size_t n = column_of(name, "x", x);
    ck_assert_uint_eq(column_of(name, "y", y), n);
    ck_assert_int_eq(lsq_polynomial(&f, x, y, NULL, n, degree), 0);
    for (unsigned c = 0; c <= degree; c++)
        CLOSE(f.coef[c], certified(name, "coef", (int)c), digits);
    CLOSE(sqrt(f.rss / (double)(n - degree - 1)), certified(name, "residual_sd", -1), digits);
    CLOSE(f.r2, certified(name, "r2", -1), digits);
}

START_TEST(nist_lines_and_parabolas_keep_their_digits)
{
    if (!nist)
        return;
    check_polynomial("Norris", 1, 1e-12);
    check_polynomial("Pontius", 2, 1e-10);
}
END_TEST

START_TEST(nist_longley_keeps_its_digits)
{
    if (!nist)
        return;
    double x[7 * 16], y[16];
    struct lsq f;
    const json_t *rows = json_object_get(json_object_get(nist, "Longley"), "x");
    for (size_t i = 0; i < 16; i++) {
        x[i] = 1;
        for (size_t c = 0; c < 6; c++)
            x[(c + 1) * 16 + i] = text_number(json_array_get(json_array_get(rows, i), c));
    }
    ck_assert_uint_eq(column_of("Longley", "y", y), 16);
    ck_assert_int_eq(lsq_fit(&f, x, y, NULL, 16, 7), 0);
    for (int c = 0; c < 7; c++)
        CLOSE(f.coef[c], certified("Longley", "coef", c), 1e-12);
    CLOSE(sqrt(f.rss / 9), certified("Longley", "residual_sd", -1), 1e-12);
}
END_TEST

START_TEST(nist_danwood_is_the_power_law)
{
    if (!nist)
        return;
    double x[8], y[8];
    size_t n = column_of("DanWood", "x", x);
    ck_assert_uint_eq(column_of("DanWood", "y", y), n);
    struct power_fit f = fit_power(x, y, NULL, n);
    CLOSE(f.a, certified("DanWood", "a", -1), 1e-10);
    CLOSE(f.b, certified("DanWood", "b", -1), 1e-10);
    CLOSE(f.se_a, certified("DanWood", "se_a", -1), 1e-10);
    CLOSE(f.se_b, certified("DanWood", "se_b", -1), 1e-10);
    CLOSE(f.rss, certified("DanWood", "rss", -1), 1e-10);
}
END_TEST

/* --- fits */

START_TEST(power_law_without_noise_is_found_over_the_whole_range_of_exponents)
{
    const double exponents[] = {-9.5, -1, 0.08, 1, 2.5, 6.65, 25, 39};
    double x[6], y[6];
    for (size_t k = 0; k < 8; k++) {
        for (int i = 0; i < 6; i++) {
            x[i] = 512 << i;
            y[i] = 3 * pow(x[i] / 4096, exponents[k]);
        }
        struct power_fit f = fit_power(x, y, NULL, 6);
        CLOSE(f.b, exponents[k], 1e-9);
        CLOSE(f.a * pow(4096, f.b), 3.0, 1e-8);
        ck_assert(f.r2 > 1 - 1e-12);
    }
}
END_TEST

START_TEST(deepest_of_two_valleys_is_taken)
{
    /* a falling power law through the first points, or a steep one through the last */
    const double x[] = {1, 2, 4, 8, 16}, falling[] = {100, 50, 25, 14, 40},
                 rising[] = {60, 30, 15, 10, 200};
    ck_assert(fit_power(x, falling, NULL, 5).b < 0);
    ck_assert(fit_power(x, rising, NULL, 5).b > 2);
}
END_TEST

START_TEST(constant_values_have_exponent_zero_and_no_r2)
{
    const double x[] = {1, 2, 3, 4}, y[] = {7, 7, 7, 7};
    struct fits f = fit_all(x, y, 4);
    ck_assert_double_eq(f.power.b, 0);
    ck_assert_double_eq(f.power.a, 7);
    ck_assert(isnan(f.power.r2) && isnan(f.linear.r2) && isnan(f.quadratic.r2));
    ck_assert_double_eq(f.linear.slope, 0);
    ck_assert_ptr_null(f.better);
}
END_TEST

START_TEST(too_few_or_impossible_points_give_nothing)
{
    const double x[] = {1, 2, 3}, zero[] = {0, 2, 3}, same[] = {2, 2, 2}, y[] = {1, 2, 4};
    ck_assert(isnan(fit_all(x, y, 2).power.b));
    ck_assert(isnan(fit_all(x, y, 2).linear.slope));
    ck_assert(isnan(fit_power(zero, y, NULL, 3).b));
    ck_assert(isnan(fit_all(same, y, 3).linear.slope));
    struct fits f = fit_all(x, y, 3); /* the parabola passes through, without errors */
    ck_assert(isnan(f.quadratic.se_a));
    ck_assert(f.quadratic.rss < 1e-25);
}
END_TEST

START_TEST(weights_count_as_repeated_points)
{
    const double x[] = {1, 2, 3, 4}, y[] = {1, 3, 2, 5}, w[] = {1, 2, 1, 3};
    const double x7[] = {1, 2, 2, 3, 4, 4, 4}, y7[] = {1, 3, 3, 2, 5, 5, 5};
    struct lsq a, b;
    lsq_polynomial(&a, x, y, w, 4, 1);
    lsq_polynomial(&b, x7, y7, NULL, 7, 1);
    CLOSE(a.coef[0], b.coef[0], 1e-14);
    CLOSE(a.coef[1], b.coef[1], 1e-14);
    CLOSE(a.rss, b.rss, 1e-14);
    CLOSE(a.r2, b.r2, 1e-14);
    CLOSE(fit_power(x, y, w, 4).b, fit_power(x7, y7, NULL, 7).b, 1e-12);
}
END_TEST

START_TEST(dependent_columns_are_refused)
{
    const double x[] = {1, 1, 1, 2, 2, 2}, y[] = {1, 2, 3};
    struct lsq f;
    ck_assert_int_eq(lsq_fit(&f, x, y, NULL, 3, 2), -1);
    ck_assert(isnan(f.coef[0]));
    ck_assert_int_eq(lsq_fit(&f, x, y, NULL, 1, 2), -1);
}
END_TEST

START_TEST(inverse_prediction_comes_back_and_covers)
{
    double x[6], y[6];
    for (int i = 0; i < 6; i++) {
        x[i] = 512 << i;
        y[i] = 0.01 * pow(x[i], 1.5) * (i % 2 ? 1.02 : 0.98);
    }
    struct power_fit f = fit_power(x, y, NULL, 6);
    struct inverse v = fit_power_inverse(&f, 6, f.a * pow(5000, f.b));
    CLOSE(v.x, 5000.0, 1e-12);
    ck_assert(v.low < 5000 && 5000 < v.high);
    ck_assert(v.low > 3000 && v.high < 8000);
    f.b = -0.1;
    ck_assert(isnan(fit_power_inverse(&f, 6, 10).x));
}
END_TEST

START_TEST(band_of_a_power_law_is_that_of_scipy)
{
    /* tests/data/analysis/make_band_reference.py: x, y, low, high */
    static const double expected[][4] = {
        {512, 104.441423953224, 91.4069877297708, 119.334542230237},
        {3000, 1576.91278706101, 1478.99724885132, 1681.3107258501},
        {16384, 21371.4034795328, 21131.0383341306, 21614.502773736},
        {50000, 118521.210172678, 112871.9258271, 124453.243424889},
    };
    double x[6], y[6];
    for (int i = 0; i < 6; i++) {
        x[i] = 512 << i;
        y[i] = 0.01 * pow(x[i], 1.5) * (i % 2 ? 1.02 : 0.98);
    }
    struct power_fit f = fit_power(x, y, NULL, 6);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct curve_point c = fit_power_at(&f, 6, expected[i][0]);
        CLOSE(c.y, expected[i][1], 1e-8);
        CLOSE(c.low, expected[i][2], 1e-7);
        CLOSE(c.high, expected[i][3], 1e-7);
    }
    ck_assert(isnan(fit_power_at(&f, 6, 0).y) && isnan(fit_power_at(&f, 2, 512).low));
}
END_TEST

START_TEST(information_criteria_need_more_values_than_parameters)
{
    /* n ln(rss / n) + 2 k + 2 k (k + 1) / (n - k - 1), n = 10, k = 3, rss = 5 */
    CLOSE(fit_aicc(5, 0, 10, 2), 10 * log(0.5) + 6 + 24.0 / 6, 1e-14);
    CLOSE(fit_bic(5, 0, 10, 2), 10 * log(0.5) + 3 * log(10), 1e-14);
    ck_assert(isnan(fit_aicc(5, 0, 4, 2)));
    ck_assert(isfinite(fit_aicc(0, 1e-20, 10, 2)));
}
END_TEST

/* --- one curve or two */

#define CONTEXTS 7
#define REPETITIONS 5

struct sample {
    struct cell cells[CONTEXTS];
    double values[CONTEXTS][REPETITIONS];
};

/* Repetitions around y[i], spread evenly by `noise`. */
static void make_sample(struct sample *s, const double *y, size_t count, double noise)
{
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < REPETITIONS; k++)
            s->values[i][k] = y[i] * (1 + noise * (k - 2) / 2);
        s->cells[i] = (struct cell){.context = 512 << i,
                                    .n = REPETITIONS,
                                    .x = s->values[i],
                                    .mean = stats_mean(s->values[i], REPETITIONS),
                                    .median = s->values[i][2],
                                    .sd = stats_sd(s->values[i], REPETITIONS)};
    }
}

static struct segments segments_of(const double *y, size_t count, double noise)
{
    struct sample s;
    struct segments found;
    make_sample(&s, y, count, noise);
    ck_assert_int_eq(segments_find(&found, s.cells, count), 0);
    return found;
}

START_TEST(smooth_growth_is_one_curve)
{
    double y[CONTEXTS];
    const double noises[] = {0, 1e-3, 0.01, 0.1};
    for (size_t k = 0; k < 4; k++) {
        for (int i = 0; i < CONTEXTS; i++)
            y[i] = 0.001 * pow(512 << i, 1.6);
        ck_assert_int_eq(segments_of(y, CONTEXTS, noises[k]).two, 0);
        for (int i = 0; i < CONTEXTS; i++) /* the cost of a prefill: fixed, linear, quadratic */
            y[i] = 20 + 0.05 * (512 << i) + 4e-5 * pow(512 << i, 2);
        ck_assert_int_eq(segments_of(y, CONTEXTS, noises[k]).two, 0);
        for (int i = 0; i < CONTEXTS; i++) /* and of a decode step */
            y[i] = 8 + 3e-4 * (512 << i);
        ck_assert_int_eq(segments_of(y, CONTEXTS, noises[k]).two, 0);
    }
}
END_TEST

START_TEST(step_is_found_wherever_it_is)
{
    for (size_t at = 3; at < CONTEXTS; at++) {
        double y[CONTEXTS];
        for (size_t i = 0; i < CONTEXTS; i++)
            y[i] = 0.001 * pow(512 << i, 1.6) * (i >= at ? 30 : 1);
        struct segments s = segments_of(y, CONTEXTS, 0.02);
        ck_assert_int_eq(s.two, 1);
        ck_assert_uint_eq(s.first_after, at);
        CLOSE(s.step, 30.0, 0.1);
    }
}
END_TEST

START_TEST(three_contexts_are_not_enough)
{
    const double y[] = {1, 2, 400, 800};
    ck_assert_int_eq(segments_of(y, 3, 0.01).two, -1);
    ck_assert_int_eq(segments_of(y, 4, 0.01).two, 1);
}
END_TEST

START_TEST(doubling_of_a_quadratic_is_no_jump)
{
    const double x[] = {512, 1024, 2048}, quadratic[] = {1, 4.4, 18}, spilled[] = {1, 4, 100};
    ck_assert_uint_eq(series_jump(x, quadratic, 3), 3);
    ck_assert_uint_eq(series_jump(x, spilled, 3), 2);
}
END_TEST

/* --- memory by the model's shape */

START_TEST(shape_gives_the_peaks_of_the_memory_model)
{
    /* qwen2.5-0.5b: the reference's memory model, in MiB */
    struct shape s = {.layers = 24,
                      .hidden = 896,
                      .heads = 14,
                      .kv_heads = 2,
                      .head_size = 64,
                      .vocabulary = 151936,
                      .intermediate = 4864,
                      .parameters = 494032768,
                      .weight_bytes = 2,
                      .kv_bytes = NAN,
                      .attention = "math",
                      .logits = "all"};
    CLOSE(shape_kv_bytes(&s), 12288.0, 0);
    CLOSE(shape_peak_mib(&s, 512), 1118.917724609375, 1e-9);
    CLOSE(shape_peak_mib(&s, 16384), 34786.417724609375, 1e-9);
    s.attention = "flash";
    CLOSE(shape_peak_mib(&s, 32768), 11230.417724609375, 1e-9);
    s.attention = NULL;
    ck_assert(isnan(shape_peak_mib(&s, 512)));
}
END_TEST

int main(void)
{
    const char *file = shared_file("reference/stats/nist.json");
    nist = file ? json_load_file(file, 0, NULL) : NULL;
    if (!nist)
        printf("SKIP the NIST cases: the reference data are not here (CTXMARK_SHARED)\n");
    Suite *s = suite_create("fits");
    TCase *t = tcase_create("fits");
    tcase_add_test(t, nist_lines_and_parabolas_keep_their_digits);
    tcase_add_test(t, nist_longley_keeps_its_digits);
    tcase_add_test(t, nist_danwood_is_the_power_law);
    tcase_add_test(t, power_law_without_noise_is_found_over_the_whole_range_of_exponents);
    tcase_add_test(t, deepest_of_two_valleys_is_taken);
    tcase_add_test(t, constant_values_have_exponent_zero_and_no_r2);
    tcase_add_test(t, too_few_or_impossible_points_give_nothing);
    tcase_add_test(t, weights_count_as_repeated_points);
    tcase_add_test(t, dependent_columns_are_refused);
    tcase_add_test(t, inverse_prediction_comes_back_and_covers);
    tcase_add_test(t, band_of_a_power_law_is_that_of_scipy);
    tcase_add_test(t, information_criteria_need_more_values_than_parameters);
    tcase_add_test(t, smooth_growth_is_one_curve);
    tcase_add_test(t, step_is_found_wherever_it_is);
    tcase_add_test(t, three_contexts_are_not_enough);
    tcase_add_test(t, doubling_of_a_quadratic_is_no_jump);
    tcase_add_test(t, shape_gives_the_peaks_of_the_memory_model);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    json_decref(nist);
    return failed ? 1 : 0;
}
