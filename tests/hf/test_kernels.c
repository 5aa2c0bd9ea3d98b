/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Every form of every kernel over rows against plain double arithmetic, over sizes around the
 * lanes.  Those over panels: test_panels.c. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_cpu/kernels/kernels.h"

#include <ctxmark/util.h>

#include <check.h> /* after the contract: its macro fail() meets host->fail */

static const int64_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 129, 576};
#define SIZES ((int)(sizeof sizes / sizeof *sizes))
#define ROWS 9
#define MOST (ROWS * 577)
#define GUARD 12345.0f

static const struct cpu_kernels *k;
static float a[MOST], b[MOST], out[MOST + 1];
static uint16_t half[MOST + 1];

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

/* Element i of `b` in a type: rounded to it where it is not float32. */
static const void *as_type(enum hf_dtype type)
{
    for (int i = 0; i < MOST && type != HF_F32; i++)
        half[i] =
            type == HF_F16 ? hf_float_to_half(b[i]) : (uint16_t)(hf_float_to_bits(b[i]) >> 16);
    return type == HF_F32 ? (const void *)b : half;
}

static double element(const void *data, enum hf_dtype type, int64_t i)
{
    const struct hf_array x = {data, type};
    return (double)hf_array_get(&x, (size_t)i);
}

static void check_widen(int64_t n)
{
    static const uint16_t odd[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00};
    for (int type = 0; type < CPU_DTYPES; type++) {
        const struct hf_array x = {as_type((enum hf_dtype)type), (enum hf_dtype)type};
        for (int64_t i = 0; i < n && i < 8; i++)
            half[i] = odd[i];
        out[n] = GUARD;
        k->widen[type](out, x.data, n);
        for (int64_t i = 0; i < n; i++)
            ck_assert(hf_float_to_bits(out[i]) == hf_float_to_bits(hf_array_get(&x, (size_t)i)));
        ck_assert(out[n] == GUARD);
    }
}

static void check_narrow(int64_t n)
{
    fill(a, n, (uint64_t)n, 70000.0f);
    half[n] = 0x1234;
    k->narrow_half(half, a, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(half[i], hf_float_to_half(a[i]));
    ck_assert_int_eq(half[n], 0x1234);
    memcpy(out, a, (size_t)n * sizeof *out);
    k->narrow_half((uint16_t *)(void *)out, out, n);
    ck_assert_mem_eq(out, half, (size_t)n * sizeof *half);
}

/* Streams of `rows` rows each, one behind the other. */
static void check_gemv_streams(int64_t n, enum hf_dtype type, int streams, int rows)
{
    const char *data = as_type(type);
    const void *w[CPU_STREAMS_MAX];
    for (int s = 0; s < streams; s++)
        w[s] = data + (size_t)(s * rows * n) * hf_dtype_bytes(type);
    out[streams * rows] = GUARD;
    k->gemv[type](out, w, streams, a, rows, n);
    for (int r = 0; r < streams * rows; r++) {
        double sum = 0.0;
        for (int64_t c = 0; c < n; c++)
            sum += element(data, type, r * n + c) * (double)a[c];
        expect("gemv", n, r, (double)out[r], sum, 1e-6 * sqrt((double)n) + 1e-6);
    }
    ck_assert(out[streams * rows] == GUARD);
}

static void check_gemv(int64_t n)
{
    for (int type = 0; type < CPU_DTYPES; type++)
        for (int streams = 1; streams <= CPU_STREAMS_MAX; streams *= 2)
            for (int rows = 1; rows * streams <= ROWS; rows++)
                check_gemv_streams(n, (enum hf_dtype)type, streams, rows);
}

static void check_rms_norm(int64_t n)
{
    double squares = 0.0;
    for (int64_t i = 0; i < n; i++)
        squares += (double)a[i] * (double)a[i];
    out[n] = GUARD;
    k->rms_norm(out, a, b, n, 1e-5f);
    for (int64_t i = 0; i < n; i++)
        expect("rms_norm", n, i, (double)out[i],
               (double)a[i] * (double)b[i] / sqrt(squares / (double)n + 1e-5), 2e-6);
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

START_TEST(widening_is_exact)
{
    each_form(check_widen);
}
END_TEST

START_TEST(narrowing_rounds_to_nearest_even)
{
    each_form(check_narrow);
}
END_TEST

START_TEST(gemv_multiplies_rows_of_every_type)
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

int main(void)
{
    fputs("forms:", stderr);
    for (const struct cpu_kernels *const *form = cpu_kernels_usable(); *form; form++)
        fprintf(stderr, " %s", (*form)->name);
    fputs("\n", stderr);
    Suite *s = suite_create("hf_cpu kernels");
    TCase *t = tcase_create("kernels");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, widening_is_exact);
    tcase_add_test(t, narrowing_rounds_to_nearest_even);
    tcase_add_test(t, gemv_multiplies_rows_of_every_type);
    tcase_add_test(t, rms_norm_normalises);
    tcase_add_test(t, silu_mul_gates);
    tcase_add_test(t, rope_rotates_pairs);
    tcase_add_test(t, softmax_in_pieces_is_the_softmax_of_all);
    tcase_add_test(t, sum_add_and_scale_do_as_named);
    tcase_add_test(t, every_processor_has_the_generic_form);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
