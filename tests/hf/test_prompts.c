/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Prompts of exactly n tokens: of text where there is a tokenizer. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/hf_common/prompt.h"
#include "plugins/hf_common/prompts.h"
#include "tests/hf/support.h"

static char *folder;
static struct hf_err err;
static struct hf_prompts *prompts;

static const struct hf_config config = {.vocab_size = 1000, .max_positions = 1 << 20};
static const struct hf_config small = {.vocab_size = 899, .max_positions = 1 << 20};

/* The kept tokenizer of that name as the model's, or none. */
static void open_prompts(const struct hf_config *c, const char *name)
{
    if (name) {
        char path[64], *bytes = calloc(1, 65536);
        snprintf(path, sizeof path, "tokenizers/%s.json", name);
        FILE *f = fopen(support_data(path), "re");
        ck_assert(f && bytes);
        support_file(folder, "tokenizer.json", bytes, fread(bytes, 1, 65536, f));
        fclose(f);
        free(bytes);
    }
    ck_assert_msg(hf_prompts_open(c, folder, &prompts, &err) == 0, "%s", err.text);
}

static void setup(void)
{
    folder = support_folder();
}

static void teardown(void)
{
    hf_prompts_close(prompts);
    prompts = NULL;
    support_folder_remove(folder);
}

static const struct ctxmark_request plain = {.size = sizeof plain,
                                             .concurrency = 1,
                                             .prompt_tokens = 40,
                                             .max_new_tokens = 1,
                                             .cache_policy = CTXMARK_CACHE_REUSE,
                                             .seed = 42,
                                             .seed_text = "All human beings are born free."};

static int32_t *make(const struct ctxmark_request *q, int64_t wanted)
{
    int32_t *ids = NULL;
    int64_t count = 0;
    ck_assert_msg(hf_prompts_make(prompts, q, 0, &ids, &count, &err) == 0, "%s", err.text);
    ck_assert_int_eq(count, wanted);
    return ids;
}

/* What the ids from `from` on spell must begin as `text` does. */
static void spells(const int32_t *ids, int64_t from, int64_t count, const char *text)
{
    char all[1024] = "";
    size_t used = 0, n = 0;
    for (int64_t i = from; i < count; i++) {
        const char *piece = hf_prompts_text(prompts, ids[i], &n);
        ck_assert_ptr_nonnull(piece);
        ck_assert_uint_lt(used + n, sizeof all);
        memcpy(all + used, piece, n);
        used += n;
    }
    ck_assert_msg(strncmp(all, text, strlen(text)) == 0, "'%s' does not begin '%s'", all, text);
}

START_TEST(text_is_repeated_and_cut_to_the_token)
{
    struct ctxmark_request q = plain;
    open_prompts(&config, "gpt2");
    ck_assert_ptr_null(hf_prompts_lack(prompts));
    q.prompt_tokens = 300;
    int32_t *longest = make(&q, 300);
    spells(longest, 0, 300,
           "All human beings are born free.\n\nAll human beings are born free.\n\nAll human");
    for (q.prompt_tokens = 1; q.prompt_tokens < 300; q.prompt_tokens += 13) {
        int32_t *ids = make(&q, q.prompt_tokens);
        ck_assert_mem_eq(ids, longest, (size_t)q.prompt_tokens * sizeof *ids);
        free(ids);
    }
    q.seed_text = NULL; /* a paragraph of our own */
    int32_t *other = make(&q, q.prompt_tokens);
    spells(other, 0, 60, "The library on the hill");
    free(other);
    free(longest);
}
END_TEST

START_TEST(a_text_begins_with_what_the_post_processor_puts_before_it)
{
    struct ctxmark_request q = plain;
    open_prompts(&config, "llama3");
    int32_t *ids = make(&q, 40);
    ck_assert_int_eq(ids[0], 900);
    spells(ids, 1, 40, "All human beings");
    free(ids);
    q.text = "born";
    ids = NULL;
    int64_t count = 0;
    ck_assert_int_eq(hf_prompts_make(prompts, &q, 0, &ids, &count, &err), 0);
    ck_assert_int_eq(ids[0], 900);
    spells(ids, 1, count, "born");
    free(ids);
}
END_TEST

START_TEST(a_nonce_stands_first_where_caches_are_to_be_busted)
{
    struct ctxmark_request q = plain;
    open_prompts(&config, "llama3");
    q.cache_policy = CTXMARK_CACHE_BUST;
    bool seen[1000] = {false};
    for (q.nonce = 1; q.nonce < 800; q.nonce++) {
        int32_t *ids = make(&q, 40);
        ck_assert_int_eq(ids[0], 900);
        ck_assert(ids[1] >= 0 && ids[1] < 900 && !seen[ids[1]]); /* ordinary, and new */
        seen[ids[1]] = true;
        spells(ids, 1 + 7, 40, "All human beings"); /* 900 to the 7th is above 2 to the 64th */
        free(ids);
    }
    int32_t *first = make(&q, 40), *second = NULL;
    int64_t count = 0;
    ck_assert_int_eq(hf_prompts_make(prompts, &q, 1, &second, &count, &err), 0);
    ck_assert_int_ne(first[1], second[1]); /* requests at once differ, too */
    free(first);
    free(second);
}
END_TEST

START_TEST(without_a_tokenizer_ids_are_seeded)
{
    int32_t expected[40];
    open_prompts(&config, NULL);
    ck_assert_ptr_nonnull(strstr(hf_prompts_lack(prompts), "tokenizer.json: there is no such"));
    int32_t *ids = make(&plain, 40);
    hf_prompt_fill(&config, plain.seed, plain.nonce, 40, expected);
    ck_assert_mem_eq(ids, expected, sizeof expected);
    free(ids);
    struct ctxmark_request q = plain;
    int64_t count;
    size_t n;
    q.text = "born";
    ck_assert_int_eq(hf_prompts_make(prompts, &q, 0, &ids, &count, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "a prompt of text needs a tokenizer"));
    ck_assert_ptr_null(hf_prompts_text(prompts, 1, &n));
}
END_TEST

START_TEST(a_tokenizer_of_another_model_is_not_used)
{
    open_prompts(&small, "gpt2");
    ck_assert_ptr_nonnull(strstr(hf_prompts_lack(prompts), "go up to 899, the model has 899"));
    free(make(&plain, 40));
}
END_TEST

START_TEST(a_tokenizer_of_another_kind_is_named_and_not_used)
{
    support_text(folder, "tokenizer.json", "{\"model\":{\"type\":\"Unigram\"}}");
    open_prompts(&config, NULL);
    ck_assert_ptr_nonnull(strstr(hf_prompts_lack(prompts), "model Unigram is not supported"));
    free(make(&plain, 40));
}
END_TEST

START_TEST(given_ids_are_taken_as_they_are)
{
    static const int32_t given[] = {5, 6, 7};
    struct ctxmark_request q = plain;
    open_prompts(&config, "gpt2");
    q.tokens = given;
    q.prompt_tokens = 3;
    int32_t *ids = make(&q, 3);
    ck_assert_mem_eq(ids, given, sizeof given);
    free(ids);
}
END_TEST

START_TEST(prompts_beyond_all_bounds_are_refused_before_they_are_made)
{
    struct ctxmark_request q = plain;
    int32_t *ids;
    int64_t count;
    open_prompts(&config, "gpt2");
    q.prompt_tokens = INT64_MAX / 2;
    ck_assert_int_eq(hf_prompts_make(prompts, &q, 0, &ids, &count, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, " new ones are no sequence of 2 to "));
    q = plain;
    q.seed_text = "";
    free(make(&q, 40)); /* the empty line between copies is a text, too */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf prompts");
    TCase *t = tcase_create("prompts");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, text_is_repeated_and_cut_to_the_token);
    tcase_add_test(t, a_text_begins_with_what_the_post_processor_puts_before_it);
    tcase_add_test(t, a_nonce_stands_first_where_caches_are_to_be_busted);
    tcase_add_test(t, without_a_tokenizer_ids_are_seeded);
    tcase_add_test(t, a_tokenizer_of_another_model_is_not_used);
    tcase_add_test(t, a_tokenizer_of_another_kind_is_named_and_not_used);
    tcase_add_test(t, given_ids_are_taken_as_they_are);
    tcase_add_test(t, prompts_beyond_all_bounds_are_refused_before_they_are_made);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
