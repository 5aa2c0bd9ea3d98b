/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_common/prompt.h"
#include "plugins/hf_common/random.h"
#include "plugins/hf_common/weights.h"

#include <check.h> /* after the contract: its macro fail() meets host->fail */

static const struct hf_config config = {
    .model_type = "qwen2",
    .hidden_size = 96,
    .layers = 2,
    .heads = 4,
    .kv_heads = 2,
    .head_dim = 24,
    .vocab_size = 5000,
    .intermediate_size = 200,
    .max_positions = 64,
    .qkv_bias = true,
    .rope_theta = 1e4,
    .special = {0, 7, 4999},
    .special_count = 3,
};

START_TEST(every_half_survives_the_way_to_float_and_back)
{
    for (uint32_t h = 0; h < 65536; h++) {
        float f = hf_half_to_float((uint16_t)h);
        if (isnan(f))
            ck_assert((h & 0x7c00u) == 0x7c00u && (h & 0x3ffu) != 0);
        else
            ck_assert_uint_eq(hf_float_to_half(f), h);
    }
    ck_assert(hf_half_to_float(0x3c00) == 1.0f && hf_half_to_float(0x0001) == 0x1p-24f);
    ck_assert(hf_half_to_float(0xfbff) == -65504.0f && isinf(hf_half_to_float(0x7c00)));
}
END_TEST

START_TEST(floats_round_to_the_nearest_even_half)
{
    ck_assert_uint_eq(hf_float_to_half(1.0f + 0x1p-11f), 0x3c00);
    ck_assert_uint_eq(hf_float_to_half(1.0f + 0x1.8p-10f), 0x3c02);
    ck_assert_uint_eq(hf_float_to_half(1.0f + 0x1.002p-11f), 0x3c01);
    ck_assert_uint_eq(hf_float_to_half(65519.996f), 0x7bff);
    ck_assert_uint_eq(hf_float_to_half(65520.0f), 0x7c00);
    ck_assert_uint_eq(hf_float_to_half(0x1p-25f), 0x0000);
    ck_assert_uint_eq(hf_float_to_half(0x1.004p-25f), 0x0001);
    ck_assert_uint_eq(hf_float_to_half(-0x1p-14f), 0x8400);
    ck_assert_uint_eq(hf_float_to_half(0x1.ffbp-15f), 0x03ff);
    ck_assert_uint_eq(hf_float_to_half(0x1.ffcp-15f), 0x0400);
}
END_TEST

START_TEST(random_weights_have_the_promised_distribution)
{
    static uint16_t table[HF_RANDOM_TABLE_SIZE];
    hf_random_table(table);
    double sum = 0.0, squares = 0.0, fourth = 0.0;
    for (int i = 0; i < HF_RANDOM_TABLE_SIZE; i++) {
        double x = (double)hf_half_to_float(table[i]);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
        if (i > 0)
            ck_assert(x >= (double)hf_half_to_float(table[i - 1]));
    }
    double variance = squares / HF_RANDOM_TABLE_SIZE;
    ck_assert_double_eq_tol(sum / HF_RANDOM_TABLE_SIZE, 0.0, 1e-9);
    ck_assert_double_eq_tol(sqrt(variance), HF_RANDOM_SIGMA, 1e-5);
    ck_assert_double_eq_tol(fourth / HF_RANDOM_TABLE_SIZE / (variance * variance), 3.0, 0.01);
    /* Quantile 0.975 of the standard normal is 1.959964. */
    ck_assert_double_eq_tol((double)hf_half_to_float(table[63897]), 0.02 * 1.959964, 2e-5);
}
END_TEST

static void open_random(uint64_t seed, int threads, struct hf_weights *w)
{
    struct hf_err e;
    ck_assert_msg(hf_weights_random(&config, seed, threads, w, &e) == 0, "%s", e.text);
}

START_TEST(random_weights_depend_on_the_seed_alone)
{
    struct hf_weights one, four, other;
    open_random(42, 1, &one);
    open_random(42, 4, &four);
    open_random(43, 1, &other);
    size_t bytes = 5000 * 96 * sizeof(uint16_t);
    ck_assert_mem_eq(one.embedding.data, four.embedding.data, bytes);
    ck_assert_mem_eq(one.output.data, four.output.data, bytes);
    ck_assert_mem_eq(one.layers[1].down.data, four.layers[1].down.data,
                     96 * 200 * sizeof(uint16_t));
    ck_assert_mem_ne(one.embedding.data, other.embedding.data, bytes);
    ck_assert_mem_ne(one.embedding.data, one.output.data, bytes);
    ck_assert_mem_ne(one.layers[0].q.data, one.layers[1].q.data, 96 * 96 * sizeof(uint16_t));
    ck_assert_uint_eq(((const uint16_t *)one.layers[1].mlp_norm.data)[95], 0x3c00);
    ck_assert_ptr_nonnull(one.layers[0].q_bias.data);
    ck_assert_ptr_null(one.layers[0].o_bias.data);
    hf_weights_close(&one);
    hf_weights_close(&four);
    hf_weights_close(&other);
}
END_TEST

START_TEST(random_weights_follow_the_written_formula)
{
    static uint16_t table[HF_RANDOM_TABLE_SIZE];
    struct hf_weights w;
    open_random(7, 2, &w);
    hf_random_table(table);
    for (int64_t s = 0; s < hf_weights_slot_count(&config); s++) {
        struct hf_slot slot;
        hf_weights_slot(&config, &w, s, &slot);
        uint64_t last = hf_slot_elements(&slot) - 1;
        uint16_t expected = hf_random_half(table, hf_random_key(7, slot.id), last);
        ck_assert_uint_eq(((const uint16_t *)slot.at->data)[last], slot.norm ? 0x3c00 : expected);
    }
    hf_weights_close(&w);
}
END_TEST

START_TEST(prompts_repeat_for_the_same_nonce_and_differ_at_once_for_another)
{
    int32_t first[100], again[100], other[100];
    hf_prompt_fill(&config, 42, 1000, 100, first);
    hf_prompt_fill(&config, 42, 1000, 100, again);
    ck_assert_mem_eq(first, again, sizeof first);
    for (uint64_t nonce = 1001; nonce < 1001 + 4000; nonce++) {
        hf_prompt_fill(&config, 42, nonce, 100, other);
        ck_assert_int_ne(first[0], other[0]);
    }
    hf_prompt_fill(&config, 42, 1000 + 4997, 100, other);
    ck_assert_int_eq(first[0], other[0]);
    ck_assert_int_ne(first[1], other[1]);
    hf_prompt_fill(&config, 43, 1000, 100, other);
    ck_assert_mem_ne(first, other, sizeof first);
}
END_TEST

START_TEST(prompts_hold_ordinary_tokens_only)
{
    static int32_t ids[100000];
    static unsigned char seen[5000];
    hf_prompt_fill(&config, 42, 5, 100000, ids);
    for (int i = 0; i < 100000; i++) {
        ck_assert_int_ge(ids[i], 0);
        ck_assert_int_lt(ids[i], 5000);
        seen[ids[i]] = 1;
    }
    int missing = 0;
    for (int i = 0; i < 5000; i++)
        missing += !seen[i];
    ck_assert_int_eq(missing, 3);
    ck_assert(!seen[0] && !seen[7] && !seen[4999]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf random");
    TCase *t = tcase_create("numbers");
    tcase_add_test(t, every_half_survives_the_way_to_float_and_back);
    tcase_add_test(t, floats_round_to_the_nearest_even_half);
    tcase_add_test(t, random_weights_have_the_promised_distribution);
    tcase_add_test(t, random_weights_depend_on_the_seed_alone);
    tcase_add_test(t, random_weights_follow_the_written_formula);
    tcase_add_test(t, prompts_repeat_for_the_same_nonce_and_differ_at_once_for_another);
    tcase_add_test(t, prompts_hold_ordinary_tokens_only);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
