/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Every form of the kernels over panels and of the products against plain double arithmetic, and
 * the pool that shares them out. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_cpu/kernels/kernels.h"
#include "plugins/hf_cpu/pool.h"

#include <ctxmark/util.h>

#include <check.h> /* after the contract: its macro fail() meets host->fail */

#define ROWS 27 /* more than two tiles of any form, and a rest */
#define DEPTH 70
#define P CPU_PANEL_MAX
#define GUARD 12345.0f

static const struct cpu_kernels *k;
static float a[ROWS * (DEPTH + 2)], b[DEPTH * P], c[ROWS * P + 1], wanted[ROWS * P];

/* Numbers in -range .. range, the same in every run. */
static void fill(float *x, int64_t n, uint64_t key, float range)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = ((float)(ctxmark_mix(key + (uint64_t)i) >> 40) / 8388608.0f - 1.0f) * range;
}

static void each_form(void (*test)(void))
{
    for (const struct cpu_kernels *const *form = cpu_kernels_usable(); *form; form++) {
        k = *form;
        fill(a, ROWS * (DEPTH + 2), 1, 1.0f);
        fill(b, DEPTH * P, 100000, 1.0f);
        test();
    }
}

static void expect(const char *what, int64_t i, double found, double right, double tol)
{
    ck_assert_msg(fabs(found - right) <= tol, "%s %s [%d]: %.9g, not %.9g", k->name, what, (int)i,
                  found, right);
}

static void expect_all(const char *what, int64_t n, double tol)
{
    for (int64_t i = 0; i < n; i++)
        expect(what, i, (double)c[i], (double)wanted[i], tol);
    ck_assert(c[n] == GUARD);
}

/* wanted = (c +) the product, with the steps of `a` as given. */
static void multiply(int64_t rows, int64_t a_row, int64_t a_step, int64_t depth, bool add)
{
    for (int64_t r = 0; r < rows; r++)
        for (int t = 0; t < k->panel; t++) {
            double sum = add ? (double)c[r * k->panel + t] : 0.0;
            for (int64_t p = 0; p < depth; p++)
                sum += (double)a[r * a_row + p * a_step] * (double)b[p * k->panel + t];
            wanted[r * k->panel + t] = (float)sum;
        }
}

static void check_product(void)
{
    uint16_t half[DEPTH * P];
    for (int i = 0; i < DEPTH * P; i++) {
        half[i] = hf_float_to_half(b[i]);
        b[i] = hf_half_to_float(half[i]);
    }
    for (int64_t rows = 1; rows <= ROWS; rows++)
        for (int mode = 0; mode < 8; mode++) {
            bool add = mode & 1, turned = mode & 2, narrow = mode & 4;
            int64_t depth = rows % 2 ? DEPTH : 1 + rows;
            const struct cpu_tile t = {.c = c,
                                       .c_row = k->panel,
                                       .a = a,
                                       .a_row = turned ? 1 : depth,
                                       .a_step = turned ? rows : 1,
                                       .b = narrow ? (const void *)half : b,
                                       .b_row = k->panel,
                                       .depth = depth,
                                       .add = add,
                                       .fetch = half};
            fill(c, rows * k->panel, 7, 1.0f);
            c[rows * k->panel] = GUARD;
            multiply(rows, t.a_row, t.a_step, depth, add);
            (narrow ? k->product_half : k->product)(&t, rows);
            expect_all("product", rows * k->panel, 1e-5);
        }
}

static float bf16(float x)
{
    uint32_t bits = hf_float_to_bits(x);
    return hf_bits_to_float((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}

/* Rounded to bfloat16 before, so that only the sums differ. */
static void check_product_bf16(void)
{
    static uint16_t left[ROWS * (DEPTH + 2)], right[(DEPTH + 2) * P];
    if (!k->product_bf16)
        return;
    for (int64_t depth = DEPTH - 1; depth <= DEPTH; depth++) {
        const int64_t row = DEPTH + 2, even = (depth + 1) / 2 * 2;
        memset(left, 0, sizeof left);
        for (int r = 0; r < ROWS; r++)
            for (int64_t p = 0; p < depth; p++) {
                a[r * depth + p] = bf16(a[r * depth + p]);
                left[r * row + p] = (uint16_t)(hf_float_to_bits(a[r * depth + p]) >> 16);
            }
        k->pack_bf16(right, b, depth);
        for (int64_t i = 0; i < depth * k->panel; i++)
            b[i] = bf16(b[i]);
        const struct cpu_tile_bf16 t = {c, k->panel, left, row, right, even, depth % 2 == 0};
        fill(c, ROWS * k->panel, 7, 1.0f);
        c[ROWS * k->panel] = GUARD;
        multiply(ROWS, depth, 1, depth, t.add);
        k->product_bf16(&t, ROWS);
        expect_all("product_bf16", ROWS * k->panel, 1e-5);
    }
}

static void check_norm(void)
{
    const int p = k->panel;
    c[ROWS * p] = GUARD;
    k->panel_norm(c, b, a, ROWS, 1e-5f);
    for (int t = 0; t < p; t++) {
        double squares = 0.0;
        for (int i = 0; i < ROWS; i++)
            squares += (double)b[i * p + t] * (double)b[i * p + t];
        for (int i = 0; i < ROWS; i++)
            wanted[i * p + t] =
                (float)((double)b[i * p + t] * (double)a[i] / sqrt(squares / ROWS + 1e-5));
    }
    expect_all("panel_norm", ROWS * p, 2e-6);
}

static void check_fill_and_scale(void)
{
    const int p = k->panel;
    c[ROWS * p] = GUARD;
    k->panel_fill(c, a, ROWS);
    k->panel_scale(c, b, ROWS);
    for (int i = 0; i < ROWS * p; i++)
        wanted[i] = a[i / p] * b[i % p];
    expect_all("panel_fill, panel_scale", ROWS * p, 0.0);
}

/* Scores in two pieces, as attention has them: token t sees keys 0 .. position + t. */
static void softmax_of(int64_t position, int64_t first)
{
    const int p = k->panel;
    const float f = 0.25f;
    float max[P], sum[P], factor[P], factors[P];
    fill(c, ROWS * p, (uint64_t)(position + 99), 200.0f);
    memcpy(wanted, c, sizeof wanted);
    c[ROWS * p] = GUARD;
    for (int t = 0; t < p; t++) {
        max[t] = -INFINITY;
        sum[t] = 0.0f;
    }
    k->panel_softmax(c, first, position, f, max, sum, factor);
    k->panel_softmax(c + first * p, ROWS - first, position - first, f, max, sum, factors);
    for (int t = 0; t < p; t++) {
        double top = -INFINITY, all = 0.0;
        int64_t seen = position + t + 1 < ROWS ? position + t + 1 : ROWS;
        for (int64_t i = 0; i < seen; i++)
            top = fmax(top, (double)(wanted[i * p + t] * f));
        for (int64_t i = 0; i < seen; i++)
            all += exp((double)wanted[i * p + t] * (double)f - top);
        expect("softmax sum", t, (double)sum[t], all, 1e-5 * all);
        for (int64_t i = 0; i < ROWS; i++) {
            double right = i < seen ? exp((double)wanted[i * p + t] * (double)f - top) : 0.0;
            double found = (double)c[i * p + t] * (i < first ? (double)factors[t] : 1.0);
            expect("softmax", i * p + t, found, right, 1e-5 * right + 1e-37);
        }
    }
    ck_assert(c[ROWS * p] == GUARD);
}

static void check_softmax(void)
{
    for (int64_t position = 0; position < ROWS + 2; position++)
        for (int64_t first = 1; first < ROWS; first += 5)
            softmax_of(position, first);
}

START_TEST(products_multiply_rows_and_columns)
{
    each_form(check_product);
}
END_TEST

START_TEST(bfloat16_products_differ_by_their_sums_only)
{
    each_form(check_product_bf16);
}
END_TEST

START_TEST(each_token_of_a_panel_has_its_own_norm)
{
    each_form(check_norm);
}
END_TEST

START_TEST(filling_and_scaling_a_panel_do_as_named)
{
    each_form(check_fill_and_scale);
}
END_TEST

START_TEST(softmax_of_a_panel_in_pieces_hides_later_keys)
{
    each_form(check_softmax);
}
END_TEST

static void count_piece(void *arg, int piece, int thread)
{
    ck_assert_int_lt(thread, 5);
    __atomic_fetch_add(&((int *)arg)[piece], 1, __ATOMIC_RELAXED);
}

START_TEST(the_pool_does_each_piece_of_each_job_once)
{
    struct cpu_pool *p = cpu_pool_start(5, _i == 1);
    ck_assert_ptr_nonnull(p);
    for (int job = 0; job < 10000; job++) {
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
    Suite *s = suite_create("hf_cpu panels");
    TCase *t = tcase_create("panels");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, products_multiply_rows_and_columns);
    tcase_add_test(t, bfloat16_products_differ_by_their_sums_only);
    tcase_add_test(t, each_token_of_a_panel_has_its_own_norm);
    tcase_add_test(t, filling_and_scaling_a_panel_do_as_named);
    tcase_add_test(t, softmax_of_a_panel_in_pieces_hides_later_keys);
    tcase_add_loop_test(t, the_pool_does_each_piece_of_each_job_once, 0, 2);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
