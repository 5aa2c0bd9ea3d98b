/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Every form of every kernel against plain double arithmetic, over sizes around the lanes. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_cpu/kernels.h"
#include "plugins/hf_cpu/pool.h"

#include <ctxmark/util.h>

#include <check.h> /* after the contract: its macro fail() meets host->fail */

static const int64_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 129, 576};
#define SIZES ((int)(sizeof sizes / sizeof *sizes))
#define ROWS 9
#define MOST (ROWS * 577)
#define GUARD 12345.0f

static const struct cpu_kernels *k;
static float a[MOST], b[MOST], out[MOST + 1];
static uint16_t half[MOST];

/* Numbers in -range .. range, the same in every run. */
static void fill(float *x, int64_t n, uint64_t key, float range)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = ((float)(ctxmark_mix(key + (uint64_t)i) >> 40) / 8388608.0f - 1.0f) * range;
}

static void setup(void)
{
    fill(a, MOST, 1, 1.0f);
    fill(b, MOST, 1000000, 1.0f);
    for (int i = 0; i < MOST; i++)
        half[i] = hf_float_to_half(b[i]);
}

static void each_form(void (*test)(int64_t n))
{
    for (const struct cpu_kernels *const *form = cpu_kernels_usable(); *form; form++)
        for (int s = 0; s < SIZES; s++) {
            k = *form;
            setup();
            test(sizes[s]);
        }
}

static void expect(const char *what, int64_t n, int64_t i, double found, double wanted, double tol)
{
    ck_assert_msg(fabs(found - wanted) <= tol, "%s %s n %d [%d]: %.9g, not %.9g", k->name, what,
                  (int)n, (int)i, found, wanted);
}

static void check_half_to_float(int64_t n)
{
    static const uint16_t odd[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00};
    for (int64_t i = 0; i < n; i++)
        half[i] = i < 8 ? odd[i] : half[i];
    out[n] = GUARD;
    k->half_to_float(out, half, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert(hf_float_to_bits(out[i]) == hf_float_to_bits(hf_half_to_float(half[i])));
    ck_assert(out[n] == GUARD);
}

static void check_gemv(int64_t n)
{
    for (int rows = 1; rows <= ROWS; rows++) {
        out[rows] = GUARD;
        k->gemv_half(out, half, a, rows, n);
        for (int r = 0; r < rows; r++) {
            double sum = 0.0;
            for (int64_t c = 0; c < n; c++)
                sum += (double)hf_half_to_float(half[r * n + c]) * (double)a[c];
            expect("gemv", n, r, (double)out[r], sum, 1e-6 * sqrt((double)n) + 1e-6);
        }
        ck_assert(out[rows] == GUARD);
    }
}

static void check_rms_norm(int64_t n)
{
    double squares = 0.0;
    for (int64_t i = 0; i < n; i++)
        squares += (double)a[i] * (double)a[i];
    out[n] = GUARD;
    k->rms_norm(out, a, half, n, 1e-5f);
    for (int64_t i = 0; i < n; i++)
        expect("rms_norm", n, i, (double)out[i],
               (double)a[i] * (double)hf_half_to_float(half[i]) / sqrt(squares / (double)n + 1e-5),
               2e-6);
    ck_assert(out[n] == GUARD);
}

static void check_silu_mul(int64_t n)
{
    fill(a, n, 5, 100.0f);
    memcpy(out, a, (size_t)n * sizeof *out);
    out[n] = GUARD;
    k->silu_mul(out, b, n);
    for (int64_t i = 0; i < n; i++) {
        double x = (double)a[i], wanted = x / (1.0 + exp(-x)) * (double)b[i];
        expect("silu_mul", n, i, (double)out[i], wanted, 1e-6 * fabs(wanted) + 1e-36);
    }
    ck_assert(out[n] == GUARD);
}

static void check_rope(int64_t n)
{
    float cosine[577] = {0}, sine[577] = {0};
    for (int64_t i = 0; i < n; i++) {
        cosine[i] = cosf((float)i);
        sine[i] = sinf((float)i);
    }
    memcpy(out, a, 2 * (size_t)n * sizeof *out);
    out[2 * n] = GUARD;
    k->rope(out, cosine, sine, n);
    for (int64_t i = 0; i < n; i++) {
        double low = (double)a[i], high = (double)a[n + i];
        double c = (double)cosine[i], s = (double)sine[i];
        expect("rope", n, i, (double)out[i], low * c - high * s, 3e-7);
        expect("rope", n, n + i, (double)out[n + i], high * c + low * s, 3e-7);
    }
    ck_assert(out[2 * n] == GUARD);
}

/* In two pieces, the first with or without the maximum. */
static void check_softmax(int64_t n)
{
    fill(a, 2 * n, (uint64_t)n, 60.0f);
    float max = -INFINITY, sum = 0.0f;
    memcpy(out, a, 2 * (size_t)n * sizeof *out);
    ck_assert(k->softmax_piece(out, n, &max, &sum) == 0.0f);
    float factor = k->softmax_piece(out + n, n, &max, &sum);
    double wanted_max = -INFINITY, wanted_sum = 0.0;
    for (int64_t i = 0; i < 2 * n; i++)
        wanted_max = fmax(wanted_max, (double)a[i]);
    for (int64_t i = 0; i < 2 * n; i++)
        wanted_sum += exp((double)a[i] - wanted_max);
    ck_assert((double)max == wanted_max);
    expect("softmax sum", n, 0, (double)sum, wanted_sum, 2e-6 * wanted_sum);
    for (int64_t i = 0; i < 2 * n; i++) {
        double x = (double)a[i] - wanted_max, wanted = exp(x);
        double found = (double)out[i] * (i < n ? (double)factor : 1.0);
        /* The difference in the exponent is rounded to float32. */
        expect("softmax", n, i, found, wanted, (1e-6 - 2e-7 * x) * wanted + 1e-37);
    }
}

static void check_attention_parts(int64_t n)
{
    float scores[ROWS + 1];
    for (int count = 1; count <= ROWS; count++) {
        scores[count] = GUARD;
        k->scores(scores, a, b, count, n, 0.25f);
        for (int t = 0; t < count; t++) {
            double sum = 0.0;
            for (int64_t i = 0; i < n; i++)
                sum += (double)a[i] * (double)b[t * n + i];
            expect("scores", n, t, (double)scores[t], sum / 4.0, 1e-6 * sqrt((double)n));
        }
        ck_assert(scores[count] == GUARD);
        out[n] = GUARD;
        k->weighted_sum(out, a, b, count, n);
        for (int64_t i = 0; i < n; i++) {
            double sum = 0.0;
            for (int t = 0; t < count; t++)
                sum += (double)a[t] * (double)b[t * n + i];
            expect("weighted_sum", n, i, (double)out[i], sum, 2e-6);
        }
        ck_assert(out[n] == GUARD);
    }
}

static void check_simple(int64_t n)
{
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += (double)a[i];
    expect("sum", n, 0, (double)k->sum(a, n), total, 1e-6 * (double)n);
    memcpy(out, a, (size_t)n * sizeof *out);
    out[n] = GUARD;
    k->add(out, b, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert(out[i] == a[i] + b[i]);
    k->scale(out, 3.0f, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert(out[i] == (a[i] + b[i]) * 3.0f);
    ck_assert(out[n] == GUARD);
}

START_TEST(half_to_float_is_exact)
{
    each_form(check_half_to_float);
}
END_TEST

START_TEST(gemv_half_multiplies)
{
    each_form(check_gemv);
}
END_TEST

START_TEST(rms_norm_normalises)
{
    each_form(check_rms_norm);
}
END_TEST

START_TEST(silu_mul_gates)
{
    each_form(check_silu_mul);
}
END_TEST

START_TEST(rope_rotates_pairs)
{
    each_form(check_rope);
}
END_TEST

START_TEST(softmax_in_pieces_is_the_softmax_of_all)
{
    each_form(check_softmax);
}
END_TEST

START_TEST(scores_and_weighted_sums_are_the_products_of_attention)
{
    each_form(check_attention_parts);
}
END_TEST

START_TEST(sum_add_and_scale_do_as_named)
{
    each_form(check_simple);
}
END_TEST

START_TEST(every_processor_has_the_generic_form)
{
    ck_assert_ptr_eq(cpu_kernels_select("generic"), &cpu_kernels_generic);
    ck_assert_ptr_eq(cpu_kernels_select(NULL), cpu_kernels_usable()[0]);
    ck_assert_ptr_eq(cpu_kernels_select("auto"), cpu_kernels_usable()[0]);
    ck_assert_ptr_null(cpu_kernels_select("mmx"));
}
END_TEST

static void count_piece(void *arg, int piece, int thread)
{
    ck_assert_int_lt(thread, 5);
    __atomic_fetch_add(&((int *)arg)[piece], 1, __ATOMIC_RELAXED);
}

START_TEST(the_pool_does_each_piece_of_each_job_once)
{
    struct cpu_pool *p = cpu_pool_start(5);
    ck_assert_ptr_nonnull(p);
    for (int job = 0; job < 20000; job++) {
        int done[17] = {0}, pieces = job % 18;
        cpu_pool_run(p, count_piece, done, pieces);
        for (int i = 0; i < 17; i++)
            ck_assert_int_eq(done[i], i < pieces);
    }
    cpu_pool_stop(p);
}
END_TEST

int main(void)
{
    fputs("forms:", stderr);
    for (const struct cpu_kernels *const *form = cpu_kernels_usable(); *form; form++)
        fprintf(stderr, " %s", (*form)->name);
    fputs("\n", stderr);
    Suite *s = suite_create("hf_cpu kernels");
    TCase *t = tcase_create("kernels");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, half_to_float_is_exact);
    tcase_add_test(t, gemv_half_multiplies);
    tcase_add_test(t, rms_norm_normalises);
    tcase_add_test(t, silu_mul_gates);
    tcase_add_test(t, rope_rotates_pairs);
    tcase_add_test(t, softmax_in_pieces_is_the_softmax_of_all);
    tcase_add_test(t, scores_and_weighted_sums_are_the_products_of_attention);
    tcase_add_test(t, sum_add_and_scale_do_as_named);
    tcase_add_test(t, every_processor_has_the_generic_form);
    tcase_add_test(t, the_pool_does_each_piece_of_each_job_once);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
