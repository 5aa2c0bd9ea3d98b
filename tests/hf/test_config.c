/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/hf_common/lengths.h"
#include "plugins/hf_common/weights.h"
#include "tests/hf/support.h"

static char *folder;
static struct hf_config config;
static struct hf_err err;

static void setup(void)
{
    folder = support_folder();
}

static void teardown(void)
{
    support_folder_remove(folder);
}

#define SIZES                                                                                      \
    "\"hidden_size\":64,\"num_hidden_layers\":2,\"num_attention_heads\":4,"                        \
    "\"num_key_value_heads\":2,\"intermediate_size\":96,\"vocab_size\":256,"                       \
    "\"max_position_embeddings\":512"
#define LLAMA "\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\","
#define MISTRAL "\"architectures\":[\"MistralForCausalLM\"],\"model_type\":\"mistral\","
#define QWEN3 "\"architectures\":[\"Qwen3ForCausalLM\"],\"model_type\":\"qwen3\","
#define QWEN2 "\"architectures\":[\"Qwen2ForCausalLM\"],\"model_type\":\"qwen2\","

static int load(const char *text)
{
    memset(&config, 0, sizeof config);
    return hf_config_load(support_text(folder, "config.json", text), &config, &err);
}

/* Loading must fail with a sentence that holds these words and names the file. */
static void refuse(const char *text, const char *words)
{
    ck_assert_int_eq(load(text), -1);
    ck_assert_msg(strstr(err.text, words) && strstr(err.text, "config.json"), "'%s' lacks '%s'",
                  err.text, words);
}

START_TEST(reads_the_older_form)
{
    ck_assert_int_eq(load("{" QWEN2 SIZES ",\"rope_theta\":1e6,\"tie_word_embeddings\":true,"
                          "\"rms_norm_eps\":1e-5,\"rope_scaling\":null}"),
                     0);
    ck_assert_str_eq(config.model_type, "qwen2");
    ck_assert_int_eq(config.head_dim, 16);
    ck_assert(config.rope_theta == 1e6 && config.rms_norm_eps == 1e-5);
    ck_assert(config.tied && config.qkv_bias && !config.o_bias);
    ck_assert_int_eq(config.rope, HF_ROPE_DEFAULT);
}
END_TEST

START_TEST(reads_the_newer_form)
{
    ck_assert_int_eq(load("{" LLAMA SIZES ",\"head_dim\":24,\"rope_parameters\":{"
                          "\"rope_theta\":5e5,\"rope_type\":\"llama3\",\"factor\":32,"
                          "\"low_freq_factor\":1,\"high_freq_factor\":4,"
                          "\"original_max_position_embeddings\":256}}"),
                     0);
    ck_assert_int_eq(config.head_dim, 24);
    ck_assert(config.rope_theta == 5e5 && config.rope_factor == 32.0);
    ck_assert_int_eq(config.rope, HF_ROPE_LLAMA3);
    ck_assert(!config.tied && !config.qkv_bias);
}
END_TEST

START_TEST(attention_bias_of_llama_means_all_four_projections)
{
    ck_assert_int_eq(load("{" LLAMA SIZES ",\"attention_bias\":true}"), 0);
    ck_assert(config.qkv_bias && config.o_bias);
}
END_TEST

START_TEST(kv_heads_default_to_heads)
{
    ck_assert_int_eq(load("{" LLAMA "\"hidden_size\":64,\"num_hidden_layers\":2,"
                          "\"num_attention_heads\":4,\"intermediate_size\":96,"
                          "\"vocab_size\":256}"),
                     0);
    ck_assert_int_eq(config.kv_heads, 4);
    ck_assert_int_eq(config.max_positions, 2048);
}
END_TEST

START_TEST(special_ids_are_collected_once_and_in_order)
{
    ck_assert_int_eq(load("{" LLAMA SIZES ",\"bos_token_id\":7,\"eos_token_id\":[9,2,7,999],"
                          "\"pad_token_id\":null}"),
                     0);
    ck_assert_int_eq(config.special_count, 3);
    ck_assert_int_eq(config.special[0], 2);
    ck_assert_int_eq(config.special[1], 7);
    ck_assert_int_eq(config.special[2], 9);
}
END_TEST

START_TEST(an_unused_sliding_window_is_fine)
{
    ck_assert_int_eq(load("{" QWEN2 SIZES ",\"sliding_window\":4096,\"use_sliding_window\":false,"
                          "\"layer_types\":[\"full_attention\",\"full_attention\"]}"),
                     0);
    ck_assert_int_eq(config.sliding_window, 0);
    ck_assert_int_eq(load("{" QWEN2 SIZES ",\"sliding_window\":4096}"), 0);
    ck_assert_int_eq(config.sliding_window, 0);
    ck_assert_int_eq(load("{" QWEN2 SIZES ",\"sliding_window\":99,\"use_sliding_window\":true,"
                          "\"max_window_layers\":2}"),
                     0);
    ck_assert_int_eq(config.sliding_window, 0);
    ck_assert_int_eq(load("{" MISTRAL SIZES ",\"sliding_window\":null}"), 0);
    ck_assert_int_eq(config.sliding_window, 0);
}
END_TEST

START_TEST(a_sliding_window_bounds_the_sequence)
{
    ck_assert_int_eq(load("{" QWEN2 SIZES ",\"sliding_window\":99,\"use_sliding_window\":true,"
                          "\"max_window_layers\":1}"),
                     0);
    ck_assert_int_eq(config.sliding_window, 99);
    ck_assert_int_eq(load("{" MISTRAL SIZES "}"), 0);
    ck_assert_int_eq(config.sliding_window, 4096); /* transformers' default */
    ck_assert_int_eq(load("{" MISTRAL SIZES ",\"sliding_window\":256}"), 0);
    ck_assert_int_eq(hf_length_check_window(&config, 192, 64, &err), 0);
    ck_assert_int_eq(hf_length_check_window(&config, 193, 64, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "sliding window of 256"));
    ck_assert_int_eq(load("{" LLAMA SIZES "}"), 0);
    ck_assert_int_eq(hf_length_check_window(&config, 1 << 20, 64, &err), 0);
}
END_TEST

START_TEST(lengths_beyond_the_positions_are_told_not_refused)
{
    ck_assert_int_eq(load("{" LLAMA SIZES "}"), 0);
    ck_assert(!hf_length_is_beyond(&config, 448, 64, &err));
    ck_assert(hf_length_is_beyond(&config, 449, 64, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "449 tokens and 64 new ones are more than the 512"));
}
END_TEST

START_TEST(lengths_that_no_size_can_be_computed_of_are_refused)
{
    ck_assert_int_eq(hf_length_check(1, 1, &err), 0);
    ck_assert_int_eq(hf_length_check(HF_POSITIONS_MAX - 1, 1, &err), 0);
    ck_assert_int_eq(hf_length_check(HF_POSITIONS_MAX, 1, &err), -1);
    ck_assert_int_eq(hf_length_check(1, INT64_MAX, &err), -1);
    ck_assert_int_eq(hf_length_check(0, 1, &err), -1);
    ck_assert_int_eq(hf_length_check(1, 0, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "a prompt of 1 tokens and 0 new ones"));
}
END_TEST

START_TEST(qwen3_has_norms_of_heads_and_a_head_size_of_its_own)
{
    ck_assert_int_eq(load("{" QWEN3 SIZES "}"), 0);
    ck_assert(config.qk_norm && !config.qkv_bias && !config.o_bias);
    ck_assert_int_eq(config.head_dim, 128); /* transformers' default */
    ck_assert_int_eq(load("{" QWEN3 SIZES ",\"head_dim\":32,\"attention_bias\":true}"), 0);
    ck_assert(config.head_dim == 32 && config.qkv_bias && config.o_bias);
    ck_assert_int_eq(load("{" LLAMA SIZES "}"), 0);
    ck_assert(!config.qk_norm);
}
END_TEST

START_TEST(refuses_what_it_cannot_run_by_name)
{
    refuse("{\"architectures\":[\"PhiForCausalLM\"],\"model_type\":\"phi\"," SIZES "}",
           "architecture PhiForCausalLM (model_type phi) is not supported");
    refuse("{\"architectures\":[\"Qwen2ForSequenceClassification\"],\"model_type\":\"qwen2\"," SIZES
           "}",
           "architecture Qwen2ForSequenceClassification");
    refuse("{" SIZES "}", "architecture unknown");
    refuse("{" LLAMA SIZES ",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4}}",
           "rope type yarn is not supported");
    refuse("{" LLAMA SIZES ",\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":2}}",
           "rope type linear");
    refuse("{" LLAMA SIZES ",\"hidden_act\":\"gelu\"}", "hidden_act gelu");
    refuse("{" LLAMA SIZES ",\"mlp_bias\":true}", "mlp_bias");
    refuse("{" LLAMA SIZES ",\"partial_rotary_factor\":0.5}", "partial_rotary_factor");
    refuse("{" QWEN2 SIZES ",\"layer_types\":[\"linear_attention\"]}", "linear_attention is not");
    refuse("{" LLAMA SIZES ",\"rope_parameters\":{\"full_attention\":{\"rope_theta\":1e4}}}",
           "of their own for full_attention");
    refuse("{" LLAMA SIZES ",\"quantization_config\":{\"bits\":4}}", "quantised");
}
END_TEST

START_TEST(refuses_impossible_sizes)
{
    refuse("{" LLAMA "\"num_hidden_layers\":2}", "hidden_size is missing");
    refuse("{" LLAMA SIZES ",\"head_dim\":0}", "head_dim is 0");
    refuse("{" LLAMA SIZES ",\"head_dim\":-8}", "head_dim is -8");
    refuse("{" LLAMA SIZES ",\"head_dim\":15}", "head size of 15");
    refuse("{" LLAMA SIZES ",\"head_dim\":\"64\"}", "head_dim must be an integer");
    refuse("{" LLAMA "\"hidden_size\":64,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
           "\"num_key_value_heads\":3,\"intermediate_size\":96,\"vocab_size\":256}",
           "no multiple of num_key_value_heads (3)");
    refuse("{" LLAMA "\"hidden_size\":65,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
           "\"intermediate_size\":96,\"vocab_size\":256}",
           "no multiple of num_attention_heads (4)");
    refuse("{" LLAMA "\"hidden_size\":9007199254740993,\"num_hidden_layers\":2}",
           "hidden_size is 9007199254740993; it must lie in");
    refuse("{" LLAMA SIZES ",\"rms_norm_eps\":0}", "rms_norm_eps is 0");
    refuse("{" LLAMA SIZES ",\"rope_theta\":-1}", "rope_theta is -1");
    refuse("{" LLAMA SIZES ",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8}}",
           "llama3 rope scaling lacks low_freq_factor");
}
END_TEST

START_TEST(refuses_what_is_not_json_with_its_place)
{
    refuse("{\n \"model_type\": llama\n}", "config.json:2:");
    refuse("[1]", "JSON object is expected");
    refuse("{\"model_type\":\"llama\",\"model_type\":\"qwen2\"}", "duplicate");
    refuse("", "not valid JSON");
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    ck_assert_int_eq(hf_config_load(folder, &config, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "/config.json: cannot read it"));
}
END_TEST

START_TEST(llama3_scaling_keeps_short_and_divides_long_wavelengths)
{
    float plain[32], scaled[32];
    struct hf_config c = {.head_dim = 64, .rope_theta = 5e5};
    hf_config_rope_frequencies(&c, false, plain);
    c.rope = HF_ROPE_LLAMA3;
    c.rope_factor = 32;
    c.rope_low_freq_factor = 1;
    c.rope_high_freq_factor = 4;
    c.rope_original_positions = 8192;
    hf_config_rope_frequencies(&c, false, scaled);
    ck_assert(plain[0] == 1.0f && scaled[0] == 1.0f);
    ck_assert_float_eq_tol(plain[1], 0.6636013f, 1e-6f);
    ck_assert_float_eq_tol(scaled[31] * 32.0f / plain[31], 1.0f, 1e-6f);
    for (int i = 0; i < 32; i++) {
        double wavelength = 2.0 * M_PI / (double)plain[i];
        if (wavelength < 8192.0 / 4.0)
            ck_assert(scaled[i] == plain[i]);
        else if (wavelength < 8192.0)
            ck_assert(scaled[i] < plain[i] && scaled[i] > plain[i] / 32.0f);
    }
}
END_TEST

/* Published parameter counts (Qwen2.5-0.5B: 0.49 B; SmolLM2-135M: 134.5 M; Llama-3.2: 1.24, 3.21 B;
 * Qwen2.5 without embeddings: 0.36, 1.31, 2.77 B). */
START_TEST(shipped_shapes_have_the_published_parameter_counts)
{
    static const struct {
        const char *name;
        int64_t all, without;
    } models[] = {
        {"qwen2.5-0.5b", 494032768, 357898112},  {"qwen2.5-1.5b", 1543714304, 1310340608},
        {"qwen2.5-3b", 3085938688, 2774773760},  {"llama3.2-1b", 1235814400, 973146112},
        {"llama3.2-3b", 3212749824, 2818747392}, {"smollm2-135m", 134515008, 106203456},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char path[1024];
        int64_t without;
        snprintf(path, sizeof path, "%s/conf/models/%s.json", getenv("CTXMARK_SRCDIR"),
                 models[i].name);
        ck_assert_msg(hf_config_load(path, &config, &err) == 0, "%s", err.text);
        ck_assert_int_eq(hf_config_parameters(&config, &without), models[i].all);
        ck_assert_int_eq(without, models[i].without);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf config");
    TCase *t = tcase_create("config.json");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, reads_the_older_form);
    tcase_add_test(t, reads_the_newer_form);
    tcase_add_test(t, attention_bias_of_llama_means_all_four_projections);
    tcase_add_test(t, kv_heads_default_to_heads);
    tcase_add_test(t, special_ids_are_collected_once_and_in_order);
    tcase_add_test(t, an_unused_sliding_window_is_fine);
    tcase_add_test(t, a_sliding_window_bounds_the_sequence);
    tcase_add_test(t, lengths_beyond_the_positions_are_told_not_refused);
    tcase_add_test(t, lengths_that_no_size_can_be_computed_of_are_refused);
    tcase_add_test(t, qwen3_has_norms_of_heads_and_a_head_size_of_its_own);
    tcase_add_test(t, refuses_what_it_cannot_run_by_name);
    tcase_add_test(t, refuses_impossible_sizes);
    tcase_add_test(t, refuses_what_is_not_json_with_its_place);
    tcase_add_test(t, a_missing_file_is_named);
    tcase_add_test(t, llama3_scaling_keeps_short_and_divides_long_wavelengths);
    if (getenv("CTXMARK_SRCDIR"))
        tcase_add_test(t, shipped_shapes_have_the_published_parameter_counts);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
