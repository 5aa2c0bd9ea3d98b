/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ollama/prompt.h"

/* Tokenizers as they are met: what a word costs, and what a prompt costs beside its words. */
struct tokenizer {
    const char *name;
    int base, piece; /* piece: bytes of a word that make a token; 0: a word is one */
    bool uneven;     /* every hundredth word costs one more: costs do not add up */
    unsigned calls;
    int64_t asked; /* tokens that were counted in all */
};

static int64_t count_words(const struct tokenizer *t, const char *text)
{
    int64_t tokens = t->base, words = 0;
    for (const char *at = text; *at;) {
        size_t blank = *at == ' ', n = strcspn(at + blank, " ");
        tokens += t->piece ? ((int64_t)(n + blank) + t->piece - 1) / t->piece : 1;
        tokens += t->uneven && ++words % 100 == 0;
        at += blank + n;
    }
    return tokens;
}

static int count(void *arg, const char *text, int64_t *ret_tokens, struct ollama_err *e)
{
    struct tokenizer *t = arg;
    (void)e;
    t->calls++;
    *ret_tokens = count_words(t, text);
    t->asked += *ret_tokens;
    return 0;
}

static const struct tokenizer kinds[] = {
    {.name = "a token a word, begin-of-text", .base = 1},
    {.name = "a token a word, nothing else", .base = 0},
    {.name = "pieces of four", .base = 1, .piece = 4},
    {.name = "pieces of three", .base = 2, .piece = 3},
    {.name = "bytes", .base = 1, .piece = 1},
};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static void learn(struct tokenizer *t, struct ollama_words *w)
{
    struct ollama_err e = {0, ""};
    ck_assert_msg(ollama_words_learn(count, t, w, &e) == 0, "%s: %s", t->name, e.text);
}

START_TEST(every_length_is_hit_within_two_tokens)
{
    struct tokenizer t = kinds[_i];
    struct ollama_words w;
    learn(&t, &w);
    ck_assert_int_eq(w.base, t.base);
    for (int64_t n = 8; n < 9000; n += n < 300 ? 1 : 97)
        for (uint64_t nonce = 0; nonce < 4; nonce++) {
            struct ollama_recipe r;
            ollama_recipe_plain(&w, n, &r);
            char *prompt = ollama_prompt_make(&w, &r, NULL, 42, nonce);
            int64_t got = count_words(&t, prompt);
            ck_assert_msg(got <= n && got >= n - 2, "%s: %d tokens instead of %d", t.name, (int)got,
                          (int)n);
            free(prompt);
        }
}
END_TEST

START_TEST(a_common_tokenizer_is_learnt_in_three_short_prompts)
{
    struct tokenizer t = kinds[0];
    struct ollama_words w;
    learn(&t, &w);
    ck_assert_uint_le(t.calls, 3);
    t = kinds[3];
    learn(&t, &w);
    ck_assert_uint_le(t.calls, 2 * OLLAMA_WORDS);
}
END_TEST

static size_t common_bytes(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

START_TEST(prompts_of_different_nonces_differ_from_the_start)
{
    struct tokenizer t = kinds[_i];
    struct ollama_words w;
    struct ollama_recipe r;
    size_t longest = 0, far = 0;
    learn(&t, &w);
    ollama_recipe_plain(&w, 400, &r);
    char *first = ollama_prompt_make(&w, &r, NULL, 42, 1000);
    for (uint64_t nonce = 1001; nonce < 1400; nonce++) {
        char *other = ollama_prompt_make(&w, &r, NULL, 42, nonce);
        size_t n = common_bytes(first, other);
        longest = n > longest ? n : longest;
        far += n > 8;
        free(other);
    }
    ck_assert_uint_lt(longest, 24);
    ck_assert_uint_lt(far, 40);
    free(first);
}
END_TEST

START_TEST(the_same_nonce_makes_the_same_prompt)
{
    struct tokenizer t = kinds[0];
    struct ollama_words w;
    struct ollama_recipe r;
    learn(&t, &w);
    ollama_recipe_plain(&w, 400, &r);
    char *a = ollama_prompt_make(&w, &r, NULL, 42, 7), *b = ollama_prompt_make(&w, &r, NULL, 42, 7);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
}
END_TEST

START_TEST(costs_are_kept_as_text)
{
    struct tokenizer t = kinds[2];
    struct ollama_words w, again;
    char text[1024];
    learn(&t, &w);
    ollama_words_write(&w, text, sizeof text);
    ck_assert_int_eq(ollama_words_read(text, &again), 0);
    ck_assert_int_eq(again.base, w.base);
    ck_assert_mem_eq(again.cost, w.cost, sizeof w.cost);
    text[strlen(text) / 2] = '\0';
    ck_assert_int_eq(ollama_words_read(text, &again), -1);
    ck_assert_int_eq(ollama_words_read("", &again), -1);
    ck_assert_int_eq(ollama_words_read("1 x", &again), -1);
}
END_TEST

START_TEST(a_text_of_the_users_fills_any_length)
{
    static const char text[] = "It was a bright cold day in April, and the clocks were striking "
                               "thirteen.\n  Supercalifragilisticexpialidocious!";
    struct tokenizer t = kinds[_i];
    struct ollama_words w;
    learn(&t, &w);
    for (int64_t n = 64; n < 9000; n *= 3) {
        struct ollama_recipe r;
        struct ollama_err e = {0, ""};
        ck_assert_msg(ollama_recipe_fit(&w, count, &t, text, 1, 2, n, &r, &e) == 0, "%s", e.text);
        char *prompt = ollama_prompt_make(&w, &r, text, 42, 99);
        int64_t got = count_words(&t, prompt);
        ck_assert_msg(got >= n - 2 && got <= n + 2, "%s: %d for %d", t.name, (int)got, (int)n);
        if (n > 1000)
            ck_assert_ptr_nonnull(strstr(prompt, " Supercalifragilisticexpialidocious! It was"));
        free(prompt);
    }
}
END_TEST

START_TEST(a_tokenizer_whose_words_do_not_add_up_is_met_by_trying)
{
    struct tokenizer t = {.name = "uneven", .base = 1, .uneven = true};
    struct ollama_words w;
    learn(&t, &w);
    for (int64_t n = 64; n < 40000; n *= 4) {
        struct ollama_recipe r;
        struct ollama_err e = {0, ""};
        ck_assert_msg(ollama_recipe_fit(&w, count, &t, NULL, 1, 2, n, &r, &e) == 0, "%s", e.text);
        char *prompt = ollama_prompt_make(&w, &r, NULL, 42, 99);
        int64_t got = count_words(&t, prompt);
        ck_assert_msg(got >= n - 2 && got <= n + 2, "%d for %d", (int)got, (int)n);
        free(prompt);
    }
}
END_TEST

static int count_nonsense(void *arg, const char *text, int64_t *ret_tokens, struct ollama_err *e)
{
    (void)arg;
    (void)text;
    (void)e;
    *ret_tokens = 7;
    return 0;
}

START_TEST(counts_that_make_no_sense_are_an_error)
{
    struct ollama_words w;
    struct ollama_err e = {0, ""};
    ck_assert_int_eq(ollama_words_learn(count_nonsense, NULL, &w, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "make no sense"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("words");
    tcase_add_loop_test(t, every_length_is_hit_within_two_tokens, 0, COUNT(kinds));
    tcase_add_test(t, a_common_tokenizer_is_learnt_in_three_short_prompts);
    tcase_add_loop_test(t, prompts_of_different_nonces_differ_from_the_start, 0, COUNT(kinds));
    tcase_add_test(t, the_same_nonce_makes_the_same_prompt);
    tcase_add_test(t, costs_are_kept_as_text);
    tcase_add_loop_test(t, a_text_of_the_users_fills_any_length, 0, COUNT(kinds));
    tcase_add_test(t, a_tokenizer_whose_words_do_not_add_up_is_met_by_trying);
    tcase_add_test(t, counts_that_make_no_sense_are_an_error);
    Suite *s = suite_create("ollama words");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
