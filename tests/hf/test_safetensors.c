/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/hf_common/checkpoint.h"
#include "plugins/hf_common/weights.h"
#include "tests/hf/support.h"

static char *folder;
static struct hf_err err;

static void setup(void)
{
    folder = support_folder();
}

static void teardown(void)
{
    support_folder_remove(folder);
}

#define T(name, dtype, shape, begin, end)                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end \
    "]}"

static void refuse_file(const char *path, const char *words)
{
    struct hf_safetensors f;
    ck_assert_int_eq(hf_safetensors_open(path, &f, &err), -1);
    ck_assert_msg(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    ck_assert_msg(strstr(err.text, path), "'%s' does not name the file", err.text);
}

static void refuse(const char *header, size_t data, const char *words)
{
    refuse_file(support_safetensors(folder, "x.safetensors", header, data), words);
}

START_TEST(finds_tensors_by_name)
{
    struct hf_safetensors f;
    const char *path = support_safetensors(
        folder, "x.safetensors",
        "{\"__metadata__\":{\"format\":\"pt\"}," T("b", "F32", "2,3", "8", "32") "," T(
            "a", "F16", "4", "0", "8") "," T("scalar", "I64", "", "32",
                                             "40") "," T("none", "BF16", "0,7", "40", "40") "}  ",
        40);
    ck_assert_msg(hf_safetensors_open(path, &f, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(f.count, 4);
    const struct hf_tensor *b = hf_safetensors_find(&f, "b");
    ck_assert_ptr_nonnull(b);
    ck_assert_str_eq(b->dtype, "F32");
    ck_assert_int_eq(b->rank, 2);
    ck_assert_int_eq(b->shape[1], 3);
    ck_assert_uint_eq(b->bytes, 24);
    ck_assert_int_eq(hf_safetensors_find(&f, "scalar")->rank, 0);
    ck_assert_ptr_null(hf_safetensors_find(&f, "c"));
    ck_assert_ptr_null(hf_safetensors_find(&f, "__metadata__"));
    hf_safetensors_close(&f);
}
END_TEST

START_TEST(refuses_files_that_lie)
{
    refuse("{" T("a", "F16", "4", "0", "8") "}", 7, "tensor a ends at byte 8 of the data");
    refuse("{" T("a", "F16", "4", "0", "8") "}", 9, "1 bytes at its end belong to no tensor");
    refuse("{" T("a", "F16", "4", "0", "8") "," T("b", "F16", "4", "4", "12") "}", 12,
           "tensor b overlaps tensor a");
    refuse("{" T("a", "F16", "4", "0", "8") "," T("b", "F16", "4", "10", "18") "}", 18,
           "2 bytes before tensor b belong to no tensor");
    refuse("{" T("a", "F16", "5", "0", "8") "}", 8, "takes 10 bytes, but its data_offsets span 8");
    refuse("{" T("a", "F16", "4", "8", "0") "}", 8, "tensor a: its data_offsets");
    refuse("{" T("a", "F16", "4", "-8", "0") "}", 8, "tensor a: its data_offsets");
    refuse("{" T("a", "F16", "4", "0", "9223372036854775807") "}", 8, "tensor a");
    refuse("{" T("a", "F16", "-4", "0", "8") "}", 8, "tensor a: its shape");
    refuse("{" T("a", "F16", "4294967296,4294967296,4", "0", "8") "}", 8, "tensor a: its shape");
    refuse("{" T("a", "F17", "4", "0", "8") "}", 8, "tensor a: its dtype");
    refuse("{\"a\":{\"shape\":[4],\"data_offsets\":[0,8]}}", 8, "tensor a: its dtype");
    refuse("{\"a\":[1,2]}", 8, "tensor a: its dtype");
    refuse("{" T("a", "F16", "4", "0", "8") "," T("a", "F16", "4", "0", "8") "}", 8, "duplicate");
    refuse("[1]", 0, "not a JSON object");
    refuse("{\"a\":", 8, "not valid JSON");
}
END_TEST

START_TEST(refuses_impossible_headers)
{
    unsigned char huge[16] = {0, 0, 0, 0, 0, 0, 0, 0x10}; /* 2^60 bytes */
    refuse_file(support_file(folder, "x.safetensors", huge, sizeof huge),
                "a header of 1152921504606846976 bytes is impossible");
    unsigned char longer[16] = {9}; /* one byte more than there is */
    refuse_file(support_file(folder, "x.safetensors", longer, sizeof longer),
                "its header has 9 bytes");
    refuse_file(support_file(folder, "x.safetensors", "1234567", 7), "7 bytes are too few");
    refuse_file(support_file(folder, "x.safetensors", "", 0), "0 bytes are too few");
    refuse_file(folder, "not a regular file");
}
END_TEST

static void refuse_checkpoint(const char *words)
{
    struct hf_checkpoint c;
    ck_assert_int_eq(hf_checkpoint_open(folder, &c, &err), -1);
    ck_assert_msg(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

static void index_text(const char *map)
{
    char text[512];
    snprintf(text, sizeof text, "{\"weight_map\":{%s}}", map);
    support_text(folder, "model.safetensors.index.json", text);
}

START_TEST(follows_an_index)
{
    struct hf_checkpoint c;
    const char *file = NULL;
    support_safetensors(folder, "1.safetensors", "{" T("a", "F16", "4", "0", "8") "}", 8);
    support_safetensors(folder, "2.safetensors", "{" T("b", "F16", "2", "0", "4") "}", 4);
    index_text("\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"");
    ck_assert_msg(hf_checkpoint_open(folder, &c, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(c.count, 2);
    ck_assert_int_eq(hf_checkpoint_find(&c, "b", &file)->shape[0], 2);
    ck_assert_ptr_nonnull(strstr(file, "2.safetensors"));
    ck_assert_ptr_null(hf_checkpoint_find(&c, "c", NULL));
    hf_checkpoint_close(&c);
}
END_TEST

START_TEST(refuses_an_index_that_lies)
{
    refuse_checkpoint("neither model.safetensors nor model.safetensors.index.json");
    support_safetensors(folder, "1.safetensors", "{" T("a", "F16", "4", "0", "8") "}", 8);
    support_safetensors(folder, "2.safetensors", "{" T("a", "F16", "4", "0", "8") "}", 8);
    index_text("");
    refuse_checkpoint("weight_map is missing or empty");
    index_text("\"a\":\"../1.safetensors\"");
    refuse_checkpoint("tensor a: its file must be a plain name");
    index_text("\"a\":\"/etc/passwd\"");
    refuse_checkpoint("tensor a: its file must be a plain name");
    index_text("\"a\":7");
    refuse_checkpoint("tensor a: its file must be a plain name");
    index_text("\"a\":\"3.safetensors\"");
    refuse_checkpoint("3.safetensors: No such file");
    index_text("\"a\":\"1.safetensors\",\"b\":\"1.safetensors\"");
    refuse_checkpoint("tensor b is not in ");
    index_text("\"a\":\"1.safetensors\",\"a\":\"2.safetensors\"");
    refuse_checkpoint("duplicate");
}
END_TEST

START_TEST(refuses_a_tensor_in_two_files)
{
    support_safetensors(folder, "1.safetensors", "{" T("a", "F16", "4", "0", "8") "}", 8);
    support_safetensors(folder, "2.safetensors",
                        "{" T("a", "F16", "4", "0", "8") "," T("b", "F16", "1", "8", "10") "}", 10);
    index_text("\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"");
    refuse_checkpoint("tensor a is also in ");
}
END_TEST

/* A model of one layer whose only tensor in the file is the embedding. */
static const struct hf_config small = {
    .model_type = "llama",
    .hidden_size = 4,
    .layers = 1,
    .heads = 1,
    .kv_heads = 1,
    .head_dim = 4,
    .vocab_size = 32,
    .tied = true,
    .max_positions = 16,
    .intermediate_size = 8,
    .rope_theta = 1e4,
};

static void refuse_weights(const char *header, size_t data, const char *words)
{
    struct hf_weights w;
    support_safetensors(folder, "model.safetensors", header, data);
    ck_assert_int_eq(hf_weights_open(&small, folder, &w, &err), -1);
    ck_assert_msg(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

START_TEST(weights_must_be_there_in_shape_and_type)
{
#define NORM "model.layers.0.input_layernorm.weight"
    refuse_weights("{" T("x", "F16", "4", "0", "8") "}", 8,
                   "tensor " NORM " is missing from the checkpoint");
    refuse_weights("{" T(NORM, "F16", "5", "0", "10") "}", 10,
                   "tensor " NORM " has shape [5], config.json asks for [4]");
    refuse_weights("{" T(NORM, "F16", "4,1", "0", "8") "}", 8, "has shape [4, 1]");
    refuse_weights("{" T(NORM, "I16", "4", "0", "8") "}", 8,
                   "is I16; weights can be F16, BF16 or F32");
    refuse_weights("{" T(NORM, "F16", "4", "0", "8") "}", 8,
                   "tensor model.layers.0.self_attn.q_proj.weight is missing");
    refuse_weights("{" T(NORM, "F16", "4", "0", "8") "," T("model.layers.0.self_attn.q_proj.weight",
                                                           "F16", "4,3", "8", "32") "}",
                   32, "q_proj.weight has shape [4, 3], config.json asks for [4, 4]");
}
END_TEST

/* The tiny checkpoint of that name; its weights must open and add up. */
static void open_kind(const char *name, struct hf_config *c, struct hf_weights *w)
{
    char below[64];
    snprintf(below, sizeof below, "checkpoints/%s", name);
    const char *path = support_data(below);
    ck_assert_msg(hf_config_load(path, c, &err) == 0, "%s", err.text);
    ck_assert_msg(hf_weights_open(c, path, w, &err) == 0, "%s", err.text);
    uint64_t bytes = 0;
    for (int64_t i = 0; i < hf_weights_slot_count(c); i++) {
        struct hf_slot s;
        hf_weights_slot(c, w, i, &s);
        bytes += hf_slot_elements(&s) * hf_dtype_bytes(s.at->dtype);
    }
    ck_assert_uint_eq(w->bytes, bytes);
}

START_TEST(weights_may_be_of_three_types_and_mixed)
{
    struct hf_config c;
    struct hf_weights w;
    open_kind("bf16", &c, &w);
    ck_assert_int_eq(w.layers[1].down.dtype, HF_BF16);
    ck_assert_ptr_eq(w.output.data, w.embedding.data);
    hf_weights_close(&w);
    open_kind("f32", &c, &w);
    ck_assert_int_eq(w.layers[1].o_bias.dtype, HF_F32);
    ck_assert_uint_eq(w.bytes, 2 * hf_weights_bytes(&c));
    hf_weights_close(&w);
    open_kind("mixed", &c, &w);
    ck_assert_uint_eq(w.checkpoint.count, 2);
    int seen[3] = {0};
    for (int64_t i = 0; i < hf_weights_slot_count(&c); i++) {
        struct hf_slot s;
        hf_weights_slot(&c, &w, i, &s);
        seen[s.at->dtype]++;
        /* Norms were drawn from 0.5 .. 1.5, whatever they are kept in. */
        for (int64_t n = 0; s.norm && n < s.rows; n++)
            ck_assert(hf_array_get(s.at, (size_t)n) >= 0.5f &&
                      hf_array_get(s.at, (size_t)n) < 1.6f);
    }
    ck_assert(seen[HF_F16] == 9 && seen[HF_BF16] == 9 && seen[HF_F32] == 9);
    hf_weights_close(&w);
}
END_TEST

START_TEST(norms_of_heads_are_qwen3s_alone)
{
    struct hf_config c;
    struct hf_weights w;
    open_kind("qwen3", &c, &w);
    ck_assert(w.layers[0].q_norm.data && w.layers[1].k_norm.data && !w.layers[0].q_bias.data);
    hf_weights_close(&w);
    open_kind("mistral", &c, &w);
    ck_assert(!w.layers[0].q_norm.data && !w.layers[1].k_norm.data && !w.layers[0].q_bias.data);
    hf_weights_close(&w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf safetensors");
    TCase *t = tcase_create("files");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, finds_tensors_by_name);
    tcase_add_test(t, refuses_files_that_lie);
    tcase_add_test(t, refuses_impossible_headers);
    tcase_add_test(t, follows_an_index);
    tcase_add_test(t, refuses_an_index_that_lies);
    tcase_add_test(t, refuses_a_tensor_in_two_files);
    tcase_add_test(t, weights_must_be_there_in_shape_and_type);
    tcase_add_test(t, weights_may_be_of_three_types_and_mixed);
    tcase_add_test(t, norms_of_heads_are_qwen3s_alone);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
