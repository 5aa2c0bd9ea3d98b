/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* tokenizer.json: what Hugging Face's own library makes of the same files and texts. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <jansson.h>

#include "plugins/hf_common/tokenizer/tokenizer.h"
#include "tests/hf/support.h"

static const char *const names[] = {"gpt2", "smollm2", "llama3", "qwen2", "flags"};
#define KINDS ((int)(sizeof names / sizeof *names))

static struct hf_err err;

static const char *kept(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "tokenizers/%s.json", name);
    return support_data(path);
}

static struct hf_tokenizer *load(const char *name)
{
    struct hf_tokenizer *t = NULL;
    ck_assert_msg(hf_tokenizer_load(kept(name), &t, &err) == 0, "%s", err.text);
    return t;
}

static struct hf_ids encode(const struct hf_tokenizer *t, const char *text, size_t length)
{
    struct hf_ids ids = {0};
    ck_assert_msg(hf_tokenizer_encode(t, text, length, &ids, &err) == 0, "%s", err.text);
    return ids;
}

/* The ids' bytes must be text[length]. */
static void decodes_to(const struct hf_tokenizer *t, const struct hf_ids *ids, const char *text,
                       size_t length)
{
    size_t at = 0, n;
    for (size_t i = 0; i < ids->count; i++, at += n) {
        const char *piece = hf_tokenizer_piece(t, ids->ids[i], &n);
        ck_assert_ptr_nonnull(piece);
        ck_assert(n <= length - at && memcmp(piece, text + at, n) == 0);
    }
    ck_assert_uint_eq(at, length);
}

static void same_ids(const struct hf_ids *found, const json_t *wanted, const char *text)
{
    ck_assert_msg(found->count == json_array_size(wanted), "%zu ids, not %zu, of '%s'",
                  found->count, json_array_size(wanted), text);
    for (size_t i = 0; i < found->count; i++)
        ck_assert_msg(found->ids[i] == json_integer_value(json_array_get(wanted, i)),
                      "id %zu of '%s'", i, text);
}

START_TEST(gives_the_ids_that_the_library_gives)
{
    struct hf_tokenizer *t = load(names[_i]);
    json_t *cases = json_load_file(kept("cases"), JSON_ALLOW_NUL, NULL);
    json_t *texts = json_object_get(cases, "strings"), *text;
    json_t *wanted = json_object_get(json_object_get(cases, "ids"), names[_i]);
    size_t i;
    ck_assert_uint_ge(json_array_size(texts), 200);
    json_array_foreach(texts, i, text)
    {
        struct hf_ids ids = encode(t, json_string_value(text), json_string_length(text));
        same_ids(&ids, json_array_get(wanted, i), json_string_value(text));
        hf_ids_free(&ids);
    }
    json_decref(cases);
    hf_tokenizer_free(t);
}
END_TEST

START_TEST(any_bytes_come_back)
{
    struct hf_tokenizer *t = load("gpt2");
    unsigned char bytes[257];
    uint32_t state = 1;
    for (int round = 0; round < 500; round++) {
        size_t n = 0;
        for (; n < (size_t)round % sizeof bytes; n++) {
            state = state * 1664525u + 1013904223u;
            bytes[n] = (unsigned char)(state >> (round % 2 ? 24 : 25));
        }
        struct hf_ids ids = encode(t, (const char *)bytes, n);
        decodes_to(t, &ids, (const char *)bytes, n);
        hf_ids_free(&ids);
    }
    hf_tokenizer_free(t);
}
END_TEST

/* Words, gaps, runs of marks and others of 256 KiB each: what takes the square of the length
 * does not end within the time that Check gives a test. */
START_TEST(a_long_text_without_a_break_is_one_word)
{
    const size_t bytes = 1 << 18;
    static const char *const runs[] = {"the",  "a", " ",    "\n", "\xcc\x81\xcc\xa3",
                                       "\xff", "7", "<|im_"};
    char *text = malloc(bytes + 8);
    ck_assert_ptr_nonnull(text);
    struct hf_tokenizer *t = load(_i == 0 ? "llama3" : "qwen2");
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        size_t n = strlen(runs[r]), length = 0;
        for (; length < bytes; length += n)
            memcpy(text + length, runs[r], n);
        struct hf_ids ids = encode(t, text, length);
        ck_assert_uint_gt(ids.count, bytes / 64);
        if (_i == 0)
            decodes_to(t, &ids, text, length);
        hf_ids_free(&ids);
    }
    hf_tokenizer_free(t);
    free(text);
}
END_TEST

START_TEST(marks_are_composed_in_normal_form_c)
{
    struct hf_tokenizer *t = load("qwen2");
    /* e, dot below and acute in the wrong order; a Hangul syllable in parts; the Ohm sign */
    static const char text[] =
        "e\xcc\x81\xcc\xa3 \xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8 \xe2\x84\xa6\xff";
    static const char normal[] = "\xe1\xba\xb9\xcc\x81 \xea\xb0\x81 \xce\xa9\xff";
    struct hf_ids ids = encode(t, text, sizeof text - 1);
    decodes_to(t, &ids, normal, sizeof normal - 1);
    hf_ids_free(&ids);
    hf_tokenizer_free(t);
}
END_TEST

START_TEST(special_tokens_are_known_apart_from_text)
{
    size_t n;
    struct hf_tokenizer *t = load("llama3");
    const struct hf_ids *prefix = hf_tokenizer_prefix(t), *ordinary = hf_tokenizer_ordinary(t);
    ck_assert_uint_eq(prefix->count, 1);
    ck_assert_str_eq(hf_tokenizer_piece(t, prefix->ids[0], &n), "<|begin_of_text|>");
    ck_assert_uint_eq(hf_tokenizer_suffix(t)->count, 0);
    ck_assert_int_eq(hf_tokenizer_size(t), 902);
    ck_assert_uint_eq(ordinary->count, 900);
    ck_assert_int_eq(ordinary->ids[899], 899);
    struct hf_ids ids = encode(t, "a<|eot_id|>b", 12);
    ck_assert_uint_eq(ids.count, 3);
    ck_assert_int_eq(ids.ids[1], 901);
    ck_assert_ptr_null(hf_tokenizer_piece(t, 902, &n));
    ck_assert_ptr_null(hf_tokenizer_piece(t, -1, &n));
    hf_ids_free(&ids);
    hf_tokenizer_free(t);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

#define BYTE_LEVEL "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"
#define MODEL                                                                                      \
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}"
#define PLAIN "\"pre_tokenizer\":" BYTE_LEVEL "," MODEL

static const struct {
    const char *text, *words;
} refusals[] = {
    {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}", "model WordPiece is not supported"},
    {"{\"model\":{\"type\":\"Unigram\"}}", "model Unigram is not supported"},
    {"{\"pre_tokenizer\":" BYTE_LEVEL "}", "without a type is not supported, only BPE"},
    {"{\"model\":{\"type\":\"BPE\",\"byte_fallback\":true}}", "byte_fallback (SentencePiece)"},
    {"{\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\"}}",
     "a prefix or suffix of words"},
    {"{\"model\":{\"type\":\"BPE\",\"dropout\":0.1}}", "dropout"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", "model.vocab or model.merges is missing"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}",
     "the id of 'a' must lie in"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1e9},\"merges\":[]}}",
     "the id of 'a' must lie in"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1,\"b\":1},\"merges\":[]}}", "is given twice"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[\"a b\"]}}",
     "entry 1 joins or makes"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[\"a a a\"]}}",
     "more than one space"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[[\"a\"]]}}",
     "entry 1 is neither"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[],\"unk_token\":\"u\"}}",
     "unk_token 'u'"},
    {"{" MODEL "}", "not byte-level BPE"},
    {"{\"pre_tokenizer\":{\"type\":\"Metaspace\"}," MODEL "}", "pre-tokenizer Metaspace is not"},
    {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[" BYTE_LEVEL
     ",{\"type\":\"Digits\"}]}," MODEL "}",
     "a step after ByteLevel"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":"
     "\"Removed\"}," MODEL "}",
     "behavior Removed"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":"
     "\"Isolated\"}," MODEL "}",
     "its expression is wrong: missing closing parenthesis"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a|\\\\h+\"},"
     "\"behavior\":\"Isolated\"}," MODEL "}",
     "part '\\h+' is not supported"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?x: a)\"},"
     "\"behavior\":\"Isolated\"}," MODEL "}",
     "a group of unknown kind"},
    {"{\"normalizer\":{\"type\":\"NFKC\"}," PLAIN "}",
     "normalizer NFKC is not supported, only NFC"},
    {"{\"decoder\":{\"type\":\"WordPiece\"}," PLAIN "}", "decoder WordPiece"},
    {"{\"post_processor\":{\"type\":\"BertProcessing\"}," PLAIN "}",
     "post-processor BertProcessing"},
    {"{\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"<s>\"}}]}," PLAIN "}",
     "'<s>' has no ids"},
    {"{\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"<s>\"}}],\"special_tokens\":{\"<s>\":{\"ids\":[9]}}}," PLAIN "}",
     "has an id that is not in the vocabulary"},
    {"{\"added_tokens\":[{\"id\":1,\"content\":\"<s>\"}]," PLAIN "}", "differ about the id 1"},
    {"{\"added_tokens\":[{\"id\":7,\"content\":\"a\"}]," PLAIN "}", "differ about the id 7"},
    {"{\"added_tokens\":[{\"content\":\"<s>\"}]," PLAIN "}", "the id of '<s>' must lie in"},
    {"[1]", "JSON object is expected"},
};

START_TEST(what_is_not_supported_is_named)
{
    char *folder = support_folder();
    struct hf_tokenizer *t;
    const char *path = support_text(folder, "tokenizer.json", refusals[_i].text);
    ck_assert_int_eq(hf_tokenizer_load(path, &t, &err), -1);
    ck_assert_msg(strstr(err.text, refusals[_i].words) && strstr(err.text, "tokenizer.json"),
                  "'%s' lacks '%s'", err.text, refusals[_i].words);
    support_folder_remove(folder);
}
END_TEST

START_TEST(bytes_without_a_token_are_left_out)
{
    char *folder = support_folder();
    struct hf_tokenizer *t;
    const char *path = support_text(folder, "tokenizer.json", "{" PLAIN "}");
    ck_assert_msg(hf_tokenizer_load(path, &t, &err) == 0, "%s", err.text);
    struct hf_ids ids = encode(t, "acb", 3);
    ck_assert_uint_eq(ids.count, 1); /* as the library does: a and b become neighbours */
    ck_assert_int_eq(ids.ids[0], 2);
    hf_ids_free(&ids);
    hf_tokenizer_free(t);
    support_folder_remove(folder);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf tokenizer");
    TCase *t = tcase_create("tokenizer");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, gives_the_ids_that_the_library_gives, 0, KINDS);
    tcase_add_test(t, any_bytes_come_back);
    tcase_add_loop_test(t, a_long_text_without_a_break_is_one_word, 0, 2);
    tcase_add_test(t, marks_are_composed_in_normal_form_c);
    tcase_add_test(t, special_tokens_are_known_apart_from_text);
    tcase_add_loop_test(t, what_is_not_supported_is_named, 0,
                        (int)(sizeof refusals / sizeof *refusals));
    tcase_add_test(t, bytes_without_a_token_are_left_out);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
