/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The statistics of comparisons and analysis of variance, against scipy, statsmodels and mpmath. */

#include "config.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "plugins/analysis/stats/adjust.h"
#include "plugins/analysis/stats/anova_sums.h"
#include "plugins/analysis/stats/ranks.h"
#include "plugins/analysis/stats/tails.h"
#include "plugins/analysis/stats/two_sample.h"

#define CLOSE(got, expected, relative)                                                             \
    ck_assert_msg(fabs((got) - (expected)) <= (relative)*fabs(expected), "%s is %.17g, not %.17g", \
                  #got, (double)(got), (double)(expected))

static json_t *reference;

static void load_reference(void)
{
    reference = json_load_file(SRCDIR "/tests/data/anova_reference.json", 0, NULL);
    ck_assert_ptr_nonnull(reference);
}

static void drop_reference(void)
{
    json_decref(reference);
}

static double number(const json_t *from, const char *key)
{
    const json_t *v = json_object_get(from, key);
    ck_assert_msg(json_is_number(v), "no number '%s'", key);
    return json_number_value(v);
}

/* --- tails */

static void assert_tail(struct tail got, double log10_p)
{
    ck_assert_msg(fabs(got.log10_p - log10_p) <= 1e-12 * fabs(log10_p) + 1e-13,
                  "log10 p is %.17g, not %.17g", got.log10_p, log10_p);
    if (log10_p > -300)
        CLOSE(got.p, pow(10, log10_p), 1e-10);
    else
        ck_assert(got.p >= 0 && got.p < 1e-299);
}

START_TEST(tails_keep_their_digits_far_below_1e_300)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(reference, "t"), i, v)
        assert_tail(tail_t_two_sided(number(v, "t"), number(v, "df")), number(v, "log10_p"));
    json_array_foreach(json_object_get(reference, "f"), i, v) assert_tail(
        tail_f(number(v, "f"), number(v, "df1"), number(v, "df2")), number(v, "log10_p"));
    json_array_foreach(json_object_get(reference, "z"), i, v)
        assert_tail(tail_normal_two_sided(number(v, "z")), number(v, "log10_p"));
    ck_assert_uint_eq(json_array_size(json_object_get(reference, "t")), 10);
}
END_TEST

START_TEST(tails_of_nothing_are_nothing)
{
    ck_assert(isnan(tail_t_two_sided(NAN, 5).p));
    ck_assert(isnan(tail_t_two_sided(1, 0).p));
    ck_assert(isnan(tail_f(-1, 1, 1).p));
    ck_assert(isnan(tail_normal_two_sided(NAN).p));
    ck_assert_double_eq(tail_normal_two_sided(-0.2).p, 1);
    ck_assert_double_eq(tail_t_two_sided(0, 7).p, 1);
    ck_assert_double_eq(tail_t_two_sided(INFINITY, 7).p, 0);
}
END_TEST

/* --- corrections */

START_TEST(corrections_are_those_of_statsmodels)
{
    const double p[] = {0.01, 0.04, NAN, 0.03, 0.005, 0.2};
    const double holm[] = {0.04, 0.09, NAN, 0.09, 0.025, 0.2},
                 bh[] = {0.025, 0.05, NAN, 0.05, 0.025, 0.2};
    struct adjusted a[6];
    ck_assert_int_eq(adjust_family(p, 6, a), 0);
    for (int i = 0; i < 6; i++) {
        if (i == 2) {
            ck_assert(isnan(a[i].m) && isnan(a[i].holm));
            continue;
        }
        ck_assert_double_eq(a[i].m, 5);
        CLOSE(a[i].bonferroni, fmin(1, 5 * p[i]), 1e-15);
        CLOSE(a[i].holm, holm[i], 1e-15);
        CLOSE(a[i].bh, bh[i], 1e-15);
    }
}
END_TEST

/* --- ranks */

START_TEST(mann_whitney_is_that_of_scipy)
{
    const double a[] = {1.1, 2.2, 3.3, 4.4, 5.5}, b[] = {2.0, 6.1, 7.2, 8.3};
    struct mann_whitney w;
    struct ranks_memory memory = {0};
    ck_assert_int_eq(ranks_mann_whitney(a, 5, b, 4, &memory, &w), 0);
    CLOSE(w.U_b, 16.0, 0);
    CLOSE(w.U_a, 4.0, 0);
    CLOSE(w.delta, 0.6, 1e-15);
    CLOSE(w.exact.p, 0.19047619047619047, 1e-14);
    CLOSE(w.asymptotic.p, 0.17790959498698244, 1e-12);
    ranks_forget(&memory);
}
END_TEST

START_TEST(exact_p_reaches_2500_pairs_and_no_further)
{
    double a[51], b[51];
    struct mann_whitney w;
    struct ranks_memory memory = {0};
    for (int i = 0; i < 51; i++) {
        a[i] = i;
        b[i] = i + 10.5;
    }
    ck_assert_int_eq(ranks_mann_whitney(a, 50, b, 50, &memory, &w), 0);
    CLOSE(w.exact.p, 0.0010550164711136663, 1e-12);
    ck_assert_int_eq(ranks_mann_whitney(a, 51, b, 50, &memory, &w), 0);
    ck_assert(isnan(w.exact.p) && w.asymptotic.p > 0);
    ranks_forget(&memory);
}
END_TEST

START_TEST(ties_and_equal_samples_have_no_exact_p)
{
    const double a[] = {1, 1, 2}, b[] = {1, 2, 3}, same[] = {4, 4, 4};
    struct mann_whitney w;
    struct ranks_memory memory = {0};
    ck_assert_int_eq(ranks_mann_whitney(a, 3, b, 3, &memory, &w), 0);
    ck_assert(w.ties && isnan(w.exact.p) && !isnan(w.asymptotic.p));
    CLOSE(w.U_a + w.U_b, 9.0, 0);
    ck_assert_int_eq(ranks_mann_whitney(same, 3, same, 3, &memory, &w), 0);
    ck_assert(isnan(w.z) && isnan(w.asymptotic.p));
    ranks_forget(&memory);
}
END_TEST

START_TEST(shift_is_a_pairwise_difference)
{
    const double a[] = {1.1, 2.2, 3.3, 4.4, 5.5}, b[] = {2.0, 6.1, 7.2, 8.3};
    struct shift s;
    struct ranks_memory memory = {0};
    ck_assert_int_eq(ranks_shift(a, 5, b, 4, 0.95, &memory, &s), 0);
    CLOSE(s.median, 2.8, 1e-14);        /* of 20 sorted pairs the 10th and 11th */
    CLOSE(s.interval.low, -2.4, 1e-14); /* P(U <= 1) = 2 / 126 <= 0.025 < P(U <= 2) */
    CLOSE(s.interval.high, 6.1, 1e-14);
    ck_assert_int_eq(ranks_shift(a, 2, b, 2, 0.95, &memory, &s), 0);
    ck_assert(isnan(s.interval.low) && !isnan(s.median));
    ranks_forget(&memory);
}
END_TEST

static int compare_doubles(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

START_TEST(shift_of_many_pairs_is_the_middle_of_all)
{
    static double a[80], b[70], all[80 * 70];
    struct shift s;
    struct ranks_memory memory = {0};
    for (int i = 0; i < 80; i++)
        a[i] = sqrt(i * i * i);
    for (int i = 0; i < 70; i++)
        b[i] = floor(i * i / 7.0); /* with ties */
    for (int i = 0; i < 80 * 70; i++)
        all[i] = b[i % 70] - a[i / 70];
    qsort(all, 80 * 70, sizeof *all, compare_doubles);
    ck_assert_int_eq(ranks_shift(a, 80, b, 70, 0.95, &memory, &s), 0);
    ck_assert_double_eq(s.median, all[2799] + (all[2800] - all[2799]) / 2);
    /* k = floor(2800 - 1.95996 sqrt(80 x 70 x 151 / 12)) = 2279, the ties change no digit of it */
    ck_assert_double_eq(s.interval.low, all[2278]);
    ck_assert_double_eq(s.interval.high, all[5600 - 2279]);
    ranks_forget(&memory);
}
END_TEST

/* --- means */

START_TEST(equivalence_needs_a_narrow_interval)
{
    struct moments_of a = {10, 100, 1}, near = {10, 100.5, 1}, wide = {3, 100.5, 5};
    struct t_test close = two_sample_welch(&a, &near, 0.95),
                  loose = two_sample_welch(&a, &wide, 0.95);
    ck_assert(two_sample_equivalence(&close, 2).p < 0.05);
    ck_assert(two_sample_equivalence(&close, 0.4).p > 0.5); /* outside the margin already */
    ck_assert(two_sample_equivalence(&loose, 2).p > 0.05);
}
END_TEST

START_TEST(constant_samples_have_no_t)
{
    struct moments_of a = {4, 8, 0}, b = {5, 6, 0}, c = {5, 6, 1};
    ck_assert(isnan(two_sample_student(&a, &b, 0.95).t));
    ck_assert(isnan(two_sample_welch(&a, &b, 0.95).p.p));
    ck_assert(isnan(two_sample_effect(&a, &b).d));
    CLOSE(two_sample_welch(&a, &c, 0.95).df, 4.0, 1e-15);
}
END_TEST

/* --- analysis of variance */

static struct anova_cell cell_of(size_t i, size_t k)
{
    double x[16];
    size_t n = 0, at;
    json_t *row;
    json_array_foreach(json_object_get(reference, "rows"), at,
                       row) if (number(row, "a") == (double)i && number(row, "b") == (double)k)
        x[n++] = number(row, "y");
    return anova_cell_make(x, n);
}

static void assert_effect(const struct anova_effect *got, const json_t *type, const char *name)
{
    const json_t *expected = json_object_get(type, name);
    CLOSE(got->ss, number(expected, "ss"), 1e-10);
    CLOSE(got->F, number(expected, "F"), 1e-10);
    CLOSE(got->p.p, number(expected, "p"), 1e-9);
}

START_TEST(unbalanced_three_by_four_is_that_of_statsmodels)
{
    static const char *const types[] = {"type1", "type2", "type3"};
    struct anova_cell cells[12];
    struct anova_twoway t;
    for (size_t i = 0; i < 12; i++)
        cells[i] = cell_of(i / 4, i % 4);
    ck_assert_int_eq(anova_twoway(cells, 3, 4, &t), 0);
    ck_assert(!t.balanced);
    for (int k = 0; k < 3; k++) {
        const json_t *type = json_object_get(json_object_get(reference, "twoway"), types[k]);
        assert_effect(&t.a[k], type, "a");
        assert_effect(&t.b[k], type, "b");
        assert_effect(&t.a_x_b[k], type, "a_x_b");
    }
}
END_TEST

START_TEST(empty_cells_and_single_values_are_refused)
{
    const double one[] = {1}, two[] = {1, 2};
    struct anova_cell cells[] = {
        anova_cell_make(two, 2), anova_cell_make(two, 2), anova_cell_make(two, 2), {0, 0, 0, 0}};
    struct anova_twoway t;
    ck_assert_int_eq(anova_twoway(cells, 2, 2, &t), 1);
    for (int i = 0; i < 4; i++)
        cells[i] = anova_cell_make(one, 1);
    ck_assert_int_eq(anova_twoway(cells, 2, 2, &t), 1);
    ck_assert(isnan(anova_oneway(cells, 1).effect.F));
    ck_assert(isnan(anova_oneway(cells, 4).effect.F));
}
END_TEST

START_TEST(joined_cells_are_one_sample)
{
    const double x[] = {1e12 + 0.5, 1e12 + 1.5, 1e12 + 4, 1e12 + 2, 1e12 + 7};
    struct anova_cell a = anova_cell_make(x, 2), b = anova_cell_make(x + 2, 3),
                      joined = anova_cell_join(&a, &b), whole = anova_cell_make(x, 5);
    ck_assert_double_eq(joined.n, 5);
    CLOSE(joined.ss, whole.ss, 1e-14);
    CLOSE((joined.high - 1e12) + joined.low, 3.0, 1e-14);
    CLOSE(whole.ss, 26.5, 1e-14);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("two_sample");
    TCase *t = tcase_create("two_sample");
    tcase_add_checked_fixture(t, load_reference, drop_reference);
    tcase_add_test(t, tails_keep_their_digits_far_below_1e_300);
    tcase_add_test(t, tails_of_nothing_are_nothing);
    tcase_add_test(t, corrections_are_those_of_statsmodels);
    tcase_add_test(t, mann_whitney_is_that_of_scipy);
    tcase_add_test(t, exact_p_reaches_2500_pairs_and_no_further);
    tcase_add_test(t, ties_and_equal_samples_have_no_exact_p);
    tcase_add_test(t, shift_is_a_pairwise_difference);
    tcase_add_test(t, shift_of_many_pairs_is_the_middle_of_all);
    tcase_add_test(t, equivalence_needs_a_narrow_interval);
    tcase_add_test(t, constant_samples_have_no_t);
    tcase_add_test(t, unbalanced_three_by_four_is_that_of_statsmodels);
    tcase_add_test(t, empty_cells_and_single_values_are_refused);
    tcase_add_test(t, joined_cells_are_one_sample);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
