/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/frame.h"
#include "plugins/analysis/library/groups.h"
#include "plugins/analysis/stats/stats.h"
#include "support.h"

#define CLOSE(got, expected, relative)                                                             \
    ck_assert_msg(fabs((got) - (expected)) <= (relative)*fabs(expected), "%s is %.17g, not %.17g", \
                  #got, (double)(got), (double)(expected))

/* --- one sample */

START_TEST(nist_numacc4_keeps_its_digits)
{
    double x[1001];
    x[0] = 10000000.2;
    for (int i = 1; i < 1001; i++)
        x[i] = i % 2 ? 10000000.1 : 10000000.3;
    CLOSE(stats_mean(x, 1001), 10000000.2, 1e-15);
    /* the data as doubles differ from their decimals by 1e-9: 8.2 digits can be had */
    CLOSE(stats_sd(x, 1001), 0.1, 2e-8);
}
END_TEST

START_TEST(quantiles_are_those_of_type_7)
{
    const double x[] = {1, 2, 3, 4, 10};
    CLOSE(stats_quantile(x, 5, 0.25), 2.0, 1e-15);
    CLOSE(stats_quantile(x, 5, 0.95), 8.8, 1e-15);
    CLOSE(stats_quantile(x, 5, 1), 10.0, 0);
    CLOSE(stats_quantile(x, 1, 0.95), 1.0, 0);
    CLOSE(stats_median(x, 4), 2.5, 0);
    CLOSE(stats_median_upper(x, 4), 3.0, 0);
    CLOSE(stats_median(x, 5), 3.0, 0);
}
END_TEST

START_TEST(trimming_takes_floor_of_n_p_from_either_end)
{
    double x[30];
    for (int i = 0; i < 30; i++)
        x[i] = i < 29 ? i : 1000;
    CLOSE(stats_trimmed_mean(x, 30, 0.1), 14.5, 1e-15); /* 30 * 0.1 is 3, whatever doubles say */
    CLOSE(stats_trimmed_mean(x, 10, 0.05), 4.5, 1e-15);
    CLOSE(stats_trimmed_mean(x, 10, 0.2), 4.5, 1e-15);
}
END_TEST

START_TEST(intervals_are_those_of_the_tables)
{
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct interval t = stats_t_interval(473789.2, 5244.4, 10, 0.95),
                    m = stats_median_interval(x, 10, 0.95);
    CLOSE(t.low, 470037.6, 1e-6); /* t(9) = 2.262157 */
    CLOSE(t.high, 477540.8, 1e-6);
    ck_assert_double_eq(m.low, 2); /* 1 - 2 P(B(10) <= 1) = 0.979; from the third: 0.891 */
    ck_assert_double_eq(m.high, 9);
    m = stats_median_interval(x, 6, 0.95);
    ck_assert_double_eq(m.low, 1);
    ck_assert_double_eq(m.high, 6);
    ck_assert(isnan(stats_median_interval(x, 5, 0.95).low));
    ck_assert(isnan(stats_t_interval(1, NAN, 1, 0.95).low));
}
END_TEST

START_TEST(shapiro_gives_what_r_gives)
{
    /* shapiro.test(c(148,154,158,160,161,162,166,170,182,195,236)): W = 0.79, p = 0.0067 */
    const double x[] = {148, 154, 158, 160, 161, 162, 166, 170, 182, 195, 236};
    double w, p;
    stats_shapiro(x, 11, &w, &p);
    CLOSE(w, 0.7888, 1e-4);
    CLOSE(p, 0.006704, 1e-3);
    stats_shapiro(x, 2, &w, &p);
    ck_assert(isnan(w) && isnan(p));
}
END_TEST

START_TEST(what_is_undefined_is_nan)
{
    const double same[] = {3, 3, 3, 3}, zero[] = {0, 1};
    ck_assert(isnan(stats_sd(same, 1)));
    struct distribution_shape flat = stats_shape(same, 4, stats_mean(same, 4), stats_sd(same, 4));
    ck_assert(isnan(flat.skewness));
    ck_assert(isnan(flat.excess_kurtosis));
    ck_assert(isnan(stats_mean(same, 0)));
    ck_assert(isnan(stats_harmonic_mean(zero, 2)));
    ck_assert_double_eq(stats_sd(same, 4), 0);
    ck_assert(stats_quantile_known(20, 0.95));
    ck_assert(!stats_quantile_known(19, 0.95));
    ck_assert(stats_quantile_known(100, 0.99));
    ck_assert(!stats_quantile_known(99, 0.99));
}
END_TEST

START_TEST(rates_have_a_harmonic_mean)
{
    const double x[] = {40, 60};
    CLOSE(stats_harmonic_mean(x, 2), 48.0, 1e-15);
}
END_TEST

START_TEST(bootstrap_repeats_and_covers_the_mean)
{
    double x[25], scratch[1000];
    const char *const a[] = {"table", "model", NULL}, *const b[] = {"tablem", "odel", NULL};
    for (int i = 0; i < 25; i++)
        x[i] = 100 + i * i;
    double mean = stats_mean(x, 25), se = stats_sd(x, 25) / 5;
    ck_assert(random_key(a, 1) != random_key(b, 1));
    ck_assert(random_key(a, 1) != random_key(a, 2));
    struct bootstrap one = stats_bootstrap_mean(x, 25, 1000, 0.95, random_key(a, 1), scratch),
                     two = stats_bootstrap_mean(x, 25, 1000, 0.95, random_key(a, 1), scratch),
                     few = stats_bootstrap_mean(x, 19, 1000, 0.95, random_key(a, 1), scratch);
    ck_assert_double_eq(one.percentile.low, two.percentile.low);
    ck_assert_double_eq(one.bca.high, two.bca.high);
    /* near the normal interval, and BCa further up for a sample that is skewed up */
    CLOSE(one.percentile.low, mean - 1.96 * se, 0.08);
    CLOSE(one.percentile.high, mean + 1.96 * se, 0.08);
    ck_assert(one.bca.low > one.percentile.low && one.bca.high > one.percentile.high);
    ck_assert(isnan(few.bca.low) && !isnan(few.percentile.low));
}
END_TEST

START_TEST(loglog_finds_the_exponent)
{
    double x[5], y[5];
    for (int i = 0; i < 5; i++) {
        x[i] = 512 << i;
        y[i] = 0.01 * pow(x[i], 1.7);
    }
    struct line_fit f = stats_loglog(x, y, 5);
    CLOSE(f.slope, 1.7, 1e-12);
    CLOSE(exp(f.intercept), 0.01, 1e-10);
    ck_assert(isnan(stats_loglog(x, y, 1).slope));
    y[0] = 0; /* has no logarithm, and is left out */
    ck_assert_uint_eq(stats_loglog(x, y, 5).n, 4);
}
END_TEST

/* --- groups, over a host that has nothing but columns */

static uint64_t host_row_count(const struct ctxmark_host *h)
{
    return ((struct frame *)h->state)->row_count;
}

static int32_t host_column(const struct ctxmark_host *h, const char *name,
                           struct ctxmark_column *ret)
{
    const struct ctxmark_column *c = frame_column(h->state, name);
    if (c)
        *ret = *c;
    return c != NULL;
}

static struct frame *make_rows(struct rows *r, const char *csv)
{
    struct err e = {""};
    struct frame *f = frame_from(csv, strlen(csv), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    struct ctxmark_host h = {.state = f, .row_count = host_row_count, .column = host_column};
    rows_get(r, &h);
    return f;
}

START_TEST(groups_are_cells_of_usable_rows_in_a_fixed_order)
{
    struct rows r;
    struct groups g;
    struct frame *f =
        make_rows(&r, "model,backend,context_length,mode,phase,status,latency_ms\n"
                      "m10,b,512,decode,measured,ok,1\nm9,b,1024,prefill,measured,ok,2\n"
                      "m9,b,512,prefill,measured,ok,3\nm9,b,512,prefill,warmup,ok,99\n"
                      "m9,b,512,prefill,measured,oom,\nm9,b,512,prefill,measured,ok,\n"
                      "m9,b,512,prefill,measured,ok,4\nm10,b,512,prefill,measured,ok,5\n");
    ck_assert_int_eq(groups_make(&g, &r, GROUP_CELL, rows_is_usable), 0);
    ck_assert_uint_eq(g.count, 4);
    ck_assert_str_eq(g.items[0].model, "m9"); /* before m10, as people count */
    ck_assert_double_eq(g.items[0].context, 512);
    ck_assert_uint_eq(g.items[0].count, 2);
    ck_assert_double_eq(g.items[1].context, 1024);
    ck_assert_str_eq(g.items[2].mode, "prefill"); /* before decode */
    ck_assert_str_eq(g.items[3].mode, "decode");
    ck_assert(isnan(g.items[0].concurrency));
    ck_assert_uint_eq(groups_series(&g, 0), 2);
    double values[8];
    ck_assert_uint_eq(group_values(&g.items[0], &r.latency, values), 2);
    ck_assert_double_eq(values[0], 3);
    ck_assert_double_eq(values[1], 4);
    groups_free(&g);
    ck_assert_int_eq(groups_make(&g, &r, GROUP_CONTEXT, rows_is_warmup), 0);
    ck_assert_uint_eq(g.count, 1);
    ck_assert_ptr_null(g.items[0].mode);
    groups_free(&g);
    frame_free(f);
}
END_TEST

START_TEST(concurrency_and_launch_make_groups_of_their_own)
{
    struct rows r;
    struct groups g;
    struct frame *f =
        make_rows(&r, "model,backend,context_length,mode,launch,concurrency,latency_ms\n"
                      "m,b,512,e2e,0,1,1\nm,b,512,e2e,0,4,2\nm,b,512,e2e,1,4,3\n");
    ck_assert_int_eq(groups_make(&g, &r, GROUP_CELL, rows_is_usable), 0);
    ck_assert_uint_eq(g.count, 2);
    ck_assert_double_eq(g.items[1].concurrency, 4);
    groups_free(&g);
    ck_assert_int_eq(groups_make(&g, &r, GROUP_CELL | GROUP_LAUNCH, rows_is_usable), 0);
    ck_assert_uint_eq(g.count, 3);
    groups_free(&g);
    frame_free(f);
}
END_TEST

START_TEST(rates_are_derived_where_the_file_has_none)
{
    struct rows r;
    struct frame *f = make_rows(
        &r, "model,backend,context_length,mode,latency_ms,prompt_tokens,generated_tokens\n"
            "m,b,512,prefill,100,500,0\nm,b,512,prefill,100,,\nm,b,512,decode,2000,500,128\n"
            "m,b,512,decode,2000,500,\n");
    CLOSE(rows_rate(&r, 0), 5000.0, 1e-15);
    CLOSE(rows_rate(&r, 1), 5120.0, 1e-15);
    CLOSE(rows_rate(&r, 2), 64.0, 1e-15);
    ck_assert(isnan(rows_rate(&r, 3)));
    frame_free(f);
    f = make_rows(&r, "model,backend,context_length,mode,latency_ms,generated_tokens,tokens_per_s\n"
                      "m,b,512,decode,2000,128,63.5\n");
    CLOSE(rows_rate(&r, 0), 63.5, 0);
    frame_free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stats");
    TCase *t = tcase_create("stats");
    tcase_add_test(t, nist_numacc4_keeps_its_digits);
    tcase_add_test(t, quantiles_are_those_of_type_7);
    tcase_add_test(t, trimming_takes_floor_of_n_p_from_either_end);
    tcase_add_test(t, intervals_are_those_of_the_tables);
    tcase_add_test(t, shapiro_gives_what_r_gives);
    tcase_add_test(t, what_is_undefined_is_nan);
    tcase_add_test(t, rates_have_a_harmonic_mean);
    tcase_add_test(t, bootstrap_repeats_and_covers_the_mean);
    tcase_add_test(t, loglog_finds_the_exponent);
    tcase_add_test(t, groups_are_cells_of_usable_rows_in_a_fixed_order);
    tcase_add_test(t, concurrency_and_launch_make_groups_of_their_own);
    tcase_add_test(t, rates_are_derived_where_the_file_has_none);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
