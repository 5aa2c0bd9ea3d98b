/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which differences of two manifests forbid a comparison, and which are only named. */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/differences.h"

static const char base[] =
    "{\"ctxmark\": {\"version\": \"1\"},"
    " \"machine\": {\"cpu\": \"C\", \"cores\": 2, \"host\": \"h\", \"kernel\": \"6\","
    "   \"gpu\": {\"driver\": \"550\", \"gpus\": [{\"name\": \"G\"}]}},"
    " \"config\": {\"effective\": {\"prompt\": {\"cache\": \"bust\"}, \"seed\": 1}},"
    " \"backends\": [{\"name\": \"b\", \"plugin\": \"p\", \"version\": \"1\", \"sha256\": \"aa\","
    "   \"options\": {\"threads\": 2}}],"
    " \"files\": {\"/x/m/w.bin\": {\"bytes\": 5, \"head_sha256\": \"11\"}},"
    " \"models\": [{\"name\": \"m\", \"backend\": \"b\","
    "   \"keys\": {\"path\": \"/x/m\", \"dtype\": \"fp16\"},"
    "   \"facts\": {\"layers\": {\"number\": 2.0, \"provenance\": \"model\"},"
    "     \"weights\": {\"text\": \"file\", \"provenance\": \"user\"},"
    "     \"attention\": {\"text\": \"flash\", \"provenance\": \"core\"}}}]}";

/* The base with every occurrence of `from` as `to`. */
static json_t *with(const char *from, const char *to)
{
    struct buf b = {0};
    const char *p = base, *at;
    ck_assert_msg(!from || strstr(base, from), "the base has no %s", from);
    while (from && (at = strstr(p, from))) {
        buf_add(&b, p, (size_t)(at - p));
        buf_puts(&b, to);
        p = at + strlen(from);
    }
    buf_puts(&b, p);
    json_t *manifest = json_loads(buf_text(&b), 0, NULL);
    ck_assert_ptr_nonnull(manifest);
    buf_free(&b);
    return manifest;
}

/* The base against a changed one gives one difference, with this word (NULL: none) and name. */
static void differs(const char *from, const char *to, const char *word, const char *what)
{
    json_t *a = with(NULL, NULL), *b = with(from, to), *list = json_array();
    ck_assert_int_eq(differences_of_manifests(list, a, b), 0);
    ck_assert_msg(json_array_size(list) == 1, "%s: %zu differences", from, json_array_size(list));
    const json_t *d = json_array_get(list, 0);
    const char *allow = json_string_value(json_object_get(d, "allow"));
    ck_assert_str_eq(allow ? allow : "-", word ? word : "-");
    ck_assert_str_eq(json_string_value(json_object_get(d, "what")), what);
    json_decref(list);
    json_decref(a);
    json_decref(b);
}

START_TEST(what_cannot_be_compared_needs_a_word)
{
    differs("\"name\": \"G\"", "\"name\": \"H\"", "gpu", "GPU");
    differs("[{\"name\": \"G\"}]", "[]", "gpu", "GPU");
    differs("\"cpu\": \"C\"", "\"cpu\": \"D\"", "cpu", "processor");
    differs("\"cores\": 2", "\"cores\": 4", "cpu", "cores");
    differs("bust", "reuse", "cache", "prompt cache");
    differs("\"number\": 2.0", "\"number\": 3.0", "model", "m on b: layers");
    differs("\"text\": \"file\"", "\"text\": \"random\"", "model", "m on b: weights");
    differs("\"dtype\": \"fp16\"", "\"dtype\": \"bf16\"", "model", "m on b: dtype");
    differs("\"head_sha256\": \"11\"", "\"head_sha256\": \"22\"", "model", "m on b: w.bin");
    differs("\"ctxmark\"", "\"imported\": {\"format\": \"llama-bench\"}, \"ctxmark\"", "clock",
            "what was timed, and by whom");
}
END_TEST

START_TEST(what_may_differ_is_named)
{
    differs("\"ctxmark\": {\"version\": \"1\"}", "\"ctxmark\": {\"version\": \"2\"}", NULL,
            "ctxmark");
    differs("\"host\": \"h\"", "\"host\": \"i\"", NULL, "host");
    differs("\"kernel\": \"6\"", "\"kernel\": \"7\"", NULL, "kernel");
    differs("550", "560", NULL, "GPU driver");
    differs("\"seed\": 1", "\"seed\": 2", NULL, "seed");
    differs("\"version\": \"1\", \"sha256\"", "\"version\": \"2\", \"sha256\"", NULL, "b: version");
    differs("\"aa\"", "\"bb\"", NULL, "b: plugin's SHA-256");
    differs("\"threads\": 2", "\"threads\": 4", NULL, "b: threads");
    differs("\"text\": \"flash\"", "\"text\": \"naive\"", NULL, "m on b: attention");
}
END_TEST

static void agrees(json_t *a, json_t *b)
{
    json_t *list = json_array();
    ck_assert_int_eq(differences_of_manifests(list, a, b), 0);
    ck_assert_uint_eq(json_array_size(list), 0);
    json_decref(list);
    json_decref(a);
    json_decref(b);
}

START_TEST(the_same_files_elsewhere_are_no_difference)
{
    agrees(with(NULL, NULL), with("/x/m", "/home/y/m"));
}
END_TEST

START_TEST(what_one_side_does_not_know_is_no_difference)
{
    agrees(with(NULL, NULL), NULL);
    agrees(NULL, with(NULL, NULL));
    agrees(NULL, NULL);
    agrees(with(NULL, NULL), with("\"seed\": 1", "\"seed\": null"));
    agrees(with(NULL, NULL), with("\"cores\": 2, ", ""));
}
END_TEST

START_TEST(only_allowed_words_let_a_comparison_pass)
{
    struct buf words = {0}, what = {0};
    size_t len;
    json_t *list = json_array();
    differences_add(list, "gpu", "GPU", "G", "H");
    differences_add(list, "model", "layers", "2", "3");
    differences_add(list, "model", "heads", "2", "3");
    differences_add(list, NULL, "host", "h", "i");
    ck_assert(differences_refused(list, NULL, &words, &what));
    ck_assert_str_eq(words.data, "gpu,model");
    ck_assert_str_eq(what.data, "GPU (G against H); layers (2 against 3); heads (2 against 3)");
    buf_clear(&words);
    buf_clear(&what);
    ck_assert(differences_refused(list, "gpu", &words, &what));
    ck_assert_str_eq(words.data, "model");
    buf_clear(&words);
    buf_clear(&what);
    ck_assert(!differences_refused(list, "model,gpu", &words, &what));
    ck_assert(!differences_refused(list, "all", &words, &what));
    ck_assert(!differences_are_allowed("gpus", "gpu"));
    ck_assert_ptr_null(differences_unknown_word("gpu,cpu,all", &len));
    ck_assert_str_eq(differences_unknown_word("gpu,frob", &len), "frob");
    json_decref(list);
    buf_free(&words);
    buf_free(&what);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("differences");
    TCase *t = tcase_create("all");
    tcase_add_test(t, what_cannot_be_compared_needs_a_word);
    tcase_add_test(t, what_may_differ_is_named);
    tcase_add_test(t, the_same_files_elsewhere_are_no_difference);
    tcase_add_test(t, what_one_side_does_not_know_is_no_difference);
    tcase_add_test(t, only_allowed_words_let_a_comparison_pass);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
