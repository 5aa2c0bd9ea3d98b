/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's life, and that it does not matter how a sequence is cut into calls.  Whether it is
 * right: test_modes.c. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/hf_common/prompt.h"
#include "plugins/hf_cpu/engine.h"
#include "plugins/hf_cpu/kernels/kernels.h"
#include "tests/hf/support.h"

#define VOCABULARY 1024
#define PROMPT 300

static const char *const names[] = {"tiny-qwen2-tied", "tiny-qwen2-untied-odd", "tiny-llama-tied",
                                    "tiny-llama-untied-headdim"};
#define MODELS ((int)(sizeof names / sizeof *names))

static struct hf_err err;

static struct cpu_engine *load(const char *model, const char *instructions, int threads,
                               bool rope_half, int64_t positions)
{
    struct cpu_engine *g;
    struct cpu_engine_options o = {.path = support_reference(model),
                                   .rope_half = rope_half,
                                   .threads = threads,
                                   .instructions = instructions,
                                   .kv = HF_F32};
    ck_assert_msg(cpu_engine_load(&o, &g, &err) == CPU_OK, "%s", err.text);
    ck_assert_msg(cpu_engine_prepare(g, positions, positions, &err) == CPU_OK, "%s", err.text);
    return g;
}

/* The largest difference of two rows of logits, as a part of the largest |logit|. */
static double difference(const float *found, const float *wanted)
{
    double worst = 0.0, largest = 0.0;
    for (int i = 0; i < VOCABULARY; i++) {
        worst = fmax(worst, fabs((double)found[i] - (double)wanted[i]));
        largest = fmax(largest, fabs((double)wanted[i]));
        ck_assert(isfinite(found[i]));
    }
    return worst / largest;
}

/* Frequencies in full precision move these models' logits by some 0.5 %: near, but not the same. */
START_TEST(full_frequencies_stay_near_rounded_ones)
{
    int32_t ids[PROMPT];
    struct cpu_engine *full = load(names[_i], NULL, 1, false, PROMPT);
    struct cpu_engine *rounded = load(names[_i], NULL, 1, true, PROMPT);
    hf_prompt_fill(cpu_engine_config(full), 42, 3, PROMPT, ids);
    ck_assert_int_eq(cpu_engine_prefill(full, ids, PROMPT, NULL, 0, NULL, NULL, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_prefill(rounded, ids, PROMPT, NULL, 0, NULL, NULL, &err), CPU_OK);
    double d = difference(cpu_engine_logits(full), cpu_engine_logits(rounded));
    fprintf(stderr, "%-26s float32 frequencies: logits %.1e away\n", names[_i], d);
    ck_assert(d > 0.0 && d <= 2e-2);
    cpu_engine_free(full);
    cpu_engine_free(rounded);
}
END_TEST

/* A long sequence in one prefill (several blocks, tiles and splits) against a prefill of a part of
 * it and single steps or pieces for the rest. */
static void compare_split(const char *model, int64_t total, int64_t first, int64_t step)
{
    int32_t *ids = calloc((size_t)total, sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    struct cpu_engine *whole = load(model, NULL, 2, false, total);
    struct cpu_engine *parts = load(model, NULL, 1, false, total);
    hf_prompt_fill(cpu_engine_config(whole), 42, 7, total, ids);
    ck_assert_int_eq(cpu_engine_prefill(whole, ids, total, NULL, 0, NULL, NULL, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_prefill(parts, ids, first, NULL, 0, NULL, NULL, &err), CPU_OK);
    for (int64_t at = first; at < total; at += step) {
        int64_t n = total - at < step ? total - at : step;
        ck_assert_int_eq(cpu_engine_prefill(parts, ids + at, n, NULL, 0, NULL, NULL, &err), CPU_OK);
    }
    double d = difference(cpu_engine_logits(parts), cpu_engine_logits(whole));
    fprintf(stderr, "%-26s %d tokens: %d, then by %d: logits within %.1e\n", model, (int)total,
            (int)first, (int)step, d);
    ck_assert_double_le(d, 2e-5);
    cpu_engine_free(whole);
    cpu_engine_free(parts);
    free(ids);
}

START_TEST(prefill_then_decode_equals_one_long_prefill)
{
    compare_split(names[_i], 60, 1, 1);
    compare_split(names[_i], 700, 640, 1);
    compare_split(names[_i], 1300, 511, 130);
    compare_split(names[_i], 1025, 513, 512);
    compare_split(names[_i], 2080, 2070, 1); /* beyond the positions that they were made for */
}
END_TEST

START_TEST(a_second_sequence_knows_nothing_of_the_first)
{
    int32_t ids[200], other[200];
    float first[VOCABULARY];
    struct cpu_engine *g = load(names[_i], NULL, 2, false, 200);
    hf_prompt_fill(cpu_engine_config(g), 42, 1, 200, ids);
    hf_prompt_fill(cpu_engine_config(g), 42, 2, 200, other);
    ck_assert_int_eq(cpu_engine_prefill(g, ids, 150, NULL, 0, NULL, NULL, &err), CPU_OK);
    memcpy(first, cpu_engine_logits(g), sizeof first);
    cpu_engine_reset(g);
    ck_assert_int_eq(cpu_engine_prefill(g, other, 200, NULL, 0, NULL, NULL, &err), CPU_OK);
    ck_assert_mem_ne(first, cpu_engine_logits(g), sizeof first);
    cpu_engine_reset(g);
    ck_assert_int_eq(cpu_engine_prepare(g, 900, 900, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_prefill(g, ids, 150, NULL, 0, NULL, NULL, &err), CPU_OK);
    ck_assert_double_le(difference(cpu_engine_logits(g), first), 1e-6);
    cpu_engine_free(g);
}
END_TEST

static int cancel_after(void *arg)
{
    return --*(int *)arg < 0;
}

START_TEST(a_cancelled_prefill_ends_and_the_engine_lives_on)
{
    int left = 2;
    int32_t ids[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct cpu_engine *g;
    struct cpu_engine_options o = {.path = support_reference(names[0]),
                                   .threads = 1,
                                   .cancelled = cancel_after,
                                   .cancelled_arg = &left};
    ck_assert_int_eq(cpu_engine_load(&o, &g, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_prepare(g, 8, 8, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_prefill(g, ids, 8, NULL, 0, NULL, NULL, &err), CPU_CANCELLED);
    left = 100;
    cpu_engine_reset(g);
    ck_assert_int_eq(cpu_engine_prefill(g, ids, 8, NULL, 0, NULL, NULL, &err), CPU_OK);
    cpu_engine_free(g);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_in_words)
{
    int32_t good[2] = {1, 2}, low[1] = {-1}, high[1] = {VOCABULARY};
    struct cpu_engine *g = load(names[0], NULL, 1, false, 1);
    ck_assert_int_eq(cpu_engine_prefill(g, good, 2, NULL, 0, NULL, NULL, &err), CPU_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "2 tokens do not fit: 0 of 1 positions"));
    ck_assert_int_eq(cpu_engine_prefill(g, low, 1, NULL, 0, NULL, NULL, &err), CPU_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "token 0 of the prompt is -1"));
    ck_assert_int_eq(cpu_engine_prefill(g, high, 1, NULL, 0, NULL, NULL, &err), CPU_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "is 1024, the vocabulary has 1024"));
    ck_assert_int_eq(cpu_engine_prepare(g, 0, 0, &err), CPU_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "a sequence of 0 tokens is none of 1 .. "));
    cpu_engine_free(g);
    struct cpu_engine_options o = {.path = support_reference(names[0]), .instructions = "mmx"};
    ck_assert_int_eq(cpu_engine_load(&o, &g, &err), CPU_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "instruction set mmx"));
}
END_TEST

/* A shape of a few weights whose cache takes 2 MiB a token. */
#define BOTTOMLESS                                                                                 \
    "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":64,"       \
    "\"num_hidden_layers\":64,\"num_attention_heads\":32,\"head_dim\":128,\"vocab_size\":256,"     \
    "\"intermediate_size\":96,\"max_position_embeddings\":100000000}"

START_TEST(a_context_beyond_the_memory_is_refused_in_words)
{
    char *folder = support_folder();
    int32_t ids[4] = {1, 2, 3, 4};
    struct cpu_engine *g;
    struct cpu_engine_options o = {.path = support_text(folder, "config.json", BOTTOMLESS),
                                   .random = true,
                                   .seed = 42,
                                   .threads = 2};
    ck_assert_msg(cpu_engine_load(&o, &g, &err) == CPU_OK, "%s", err.text);
    ck_assert_int_eq(cpu_engine_prepare(g, 4, 4, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_prepare(g, 100000000, 100000000, &err), CPU_OOM);
    ck_assert_ptr_nonnull(strstr(err.text, "not enough memory for this context: "));
    ck_assert_ptr_nonnull(strstr(err.text, " MiB) needed, "));
    ck_assert_ptr_nonnull(strstr(err.text, " MiB) free"));
    ck_assert_int_eq(cpu_engine_prefill(g, ids, 4, NULL, 0, NULL, NULL, &err), CPU_OK);
    cpu_engine_free(g);
    support_folder_remove(folder);
}
END_TEST

START_TEST(memory_held_is_memory_foretold)
{
    char *folder = support_folder();
    struct cpu_engine *g;
    struct cpu_engine_options o = {.path = support_text(folder, "config.json", BOTTOMLESS),
                                   .random = true,
                                   .seed = 42,
                                   .threads = 2};
    ck_assert_int_eq(cpu_engine_load(&o, &g, &err), CPU_OK);
    for (int64_t n = 1; n <= 64; n *= 8) {
        ck_assert_int_eq(cpu_engine_prepare(g, n, n, &err), CPU_OK);
        struct cpu_engine_memory held = cpu_engine_memory(g);
        struct cpu_engine_memory told = cpu_engine_memory_for(cpu_engine_config(g), &o, n, n);
        ck_assert_int_eq(held.kv, told.kv);
        /* Keys and values are filed in panels of positions. */
        int64_t panel = cpu_kernels_select(NULL)->panel,
                positions = (n + panel - 1) / panel * panel;
        ck_assert_int_eq(held.kv, positions * 64 * 2 * 32 * 128 * (int64_t)sizeof(uint16_t));
        ck_assert_int_eq(held.scratch, told.scratch);
        ck_assert_int_eq(held.weights, told.weights);
    }
    cpu_engine_free(g);
    support_folder_remove(folder);
}
END_TEST

/* Memory of what eager attention and all logits add, from two prompts: n x n and n. */
START_TEST(eager_scores_are_quadratic_and_flash_has_none)
{
    char *folder = support_folder();
    struct cpu_engine *g;
    struct cpu_engine_options o = {.path = support_text(folder, "config.json", BOTTOMLESS),
                                   .random = true,
                                   .threads = 1,
                                   .attention = CPU_EAGER,
                                   .logits_all = true};
    ck_assert_int_eq(cpu_engine_load(&o, &g, &err), CPU_OK);
    for (int64_t n = 64; n <= 256; n *= 2) {
        ck_assert_int_eq(cpu_engine_prepare(g, n, n, &err), CPU_OK);
        struct cpu_engine_memory m = cpu_engine_memory(g);
        ck_assert_int_eq(m.scores, 32 * n * n * (int64_t)sizeof(float));
        ck_assert_int_eq(m.logits, 256 * n * (int64_t)sizeof(float));
    }
    o.attention = CPU_FLASH;
    o.logits_all = false;
    struct cpu_engine_memory m = cpu_engine_memory_for(cpu_engine_config(g), &o, 4096, 4096);
    ck_assert_int_eq(m.scores, 0);
    ck_assert_int_eq(m.logits, 0);
    cpu_engine_free(g);
    support_folder_remove(folder);
}
END_TEST

START_TEST(measured_limits_are_numbers_of_this_world)
{
    double flops = 0.0, bytes = 0.0;
    char *folder = support_folder();
    struct cpu_engine *g;
    struct cpu_engine_options o = {
        .path = support_text(folder, "config.json", BOTTOMLESS), .random = true, .threads = 2};
    ck_assert_int_eq(cpu_engine_load(&o, &g, &err), CPU_OK);
    ck_assert_int_eq(cpu_engine_measure(g, &flops, &bytes, &err), CPU_OK);
    ck_assert(flops > 1e7 && flops < 1e16);
    ck_assert(bytes > 1e7 && bytes < 1e14);
    cpu_engine_free(g);
    support_folder_remove(folder);
}
END_TEST

static TCase *case_of_checkpoints(void)
{
    TCase *t = tcase_create("checkpoints");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, full_frequencies_stay_near_rounded_ones, 0, MODELS);
    tcase_add_loop_test(t, prefill_then_decode_equals_one_long_prefill, 0, MODELS);
    tcase_add_loop_test(t, a_second_sequence_knows_nothing_of_the_first, 0, MODELS);
    tcase_add_test(t, a_cancelled_prefill_ends_and_the_engine_lives_on);
    tcase_add_test(t, what_does_not_fit_is_refused_in_words);
    return t;
}

static TCase *case_of_shapes(void)
{
    TCase *t = tcase_create("shapes");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_context_beyond_the_memory_is_refused_in_words);
    tcase_add_test(t, memory_held_is_memory_foretold);
    tcase_add_test(t, eager_scores_are_quadratic_and_flash_has_none);
    tcase_add_test(t, measured_limits_are_numbers_of_this_world);
    return t;
}

int main(void)
{
    Suite *s = suite_create("hf_cpu engine");
    suite_add_tcase(s, case_of_shapes());
    if (support_reference(names[0]))
        suite_add_tcase(s, case_of_checkpoints());
    else
        fputs("SKIP the reference checkpoints are not there (CTXMARK_SHARED)\n", stderr);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
