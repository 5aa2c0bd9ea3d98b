/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ollama/reply.h"
#include "plugins/ollama/version.h"

static int parse(const char *line, struct ollama_reply *r, struct ollama_err *e)
{
    return ollama_reply_parse(line, strlen(line), r, e);
}

START_TEST(a_piece_is_its_text)
{
    struct ollama_reply r;
    struct ollama_err e;
    ck_assert_int_eq(
        parse("{\"model\":\"m\",\"response\":\" a\\\"\\u00e9\",\"done\":false}", &r, &e), 0);
    ck_assert_uint_eq(r.text_bytes, 5);
    ck_assert_mem_eq(r.text, " a\"\xc3\xa9", 5);
    ck_assert(!r.done);
    ollama_reply_free(&r);
}
END_TEST

/* Lines close to the one that nearly all of a stream are: each means what JSON says. */
static const struct {
    const char *line, *text; /* NULL: refused */
} pieces[] = {
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\" a\",\"done\":false}", " a"},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"\",\"done\":false}", ""},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a\\n\",\"done\":false}", "a\n"},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"\xc3\xa9\",\"done\":false}", "\xc3\xa9"},
    {"{\"model\":\"m\", \"created_at\":\"t\",\"response\":\"a\",\"done\":false}", "a"},
    {"{\"response\":\"a\",\"model\":\"m\",\"done\":false}", "a"},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a\",\"done\":false,\"x\":1}", "a"},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a\",\"done\":false}}", NULL},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a\",\"done\":false", NULL},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a\xff\",\"done\":false}", NULL},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a\x01\",\"done\":false}", NULL},
    {"{\"model\":\"m\",\"created_at\":\"t\",\"response\":\"a,\"done\":false}", NULL},
};

START_TEST(a_piece_is_its_text_however_it_is_written)
{
    struct ollama_reply r;
    struct ollama_err e;
    const char *text = pieces[_i].text;
    ck_assert_int_eq(parse(pieces[_i].line, &r, &e), text ? 0 : -1);
    if (!text)
        return;
    ck_assert_uint_eq(r.text_bytes, strlen(text));
    ck_assert(memcmp(r.text, text, r.text_bytes) == 0);
    ck_assert(!r.done);
    ollama_reply_free(&r);
}
END_TEST

/* Wherever it stands: text is read eight bytes at a time. */
START_TEST(a_byte_that_no_string_of_json_has_is_refused_at_any_place)
{
    struct ollama_reply r;
    struct ollama_err e;
    const int places = 19;
    for (int byte = 1; byte < 256; byte++)
        for (int at = 0; at < places; at++) {
            char line[] = "{\"model\":\"m\",\"created_at\":\"t\",\"response\":"
                          "\"1234567890123456789\",\"done\":false}";
            char *text = strstr(line, "1234");
            bool good = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
            text[at] = (char)byte;
            ck_assert_int_eq(parse(line, &r, &e), good ? 0 : -1);
            if (!good)
                continue;
            ck_assert_uint_eq(r.text_bytes, places);
            ck_assert_mem_eq(r.text, text, places);
            ollama_reply_free(&r);
        }
}
END_TEST

START_TEST(the_closing_line_has_its_figures_and_no_zero_for_what_is_not_there)
{
    struct ollama_reply r;
    struct ollama_err e;
    ck_assert_int_eq(parse("{\"response\":\"\",\"done\":true,\"done_reason\":\"length\","
                           "\"total_duration\":27205721,\"load_duration\":1035006,"
                           "\"prompt_eval_count\":509,\"prompt_eval_duration\":2007000,"
                           "\"eval_count\":1}",
                           &r, &e),
                     0);
    ck_assert(r.done);
    ck_assert_str_eq(r.final.done_reason, "length");
    ck_assert_int_eq(r.final.total_ns, 27205721);
    ck_assert_int_eq(r.final.load_ns, 1035006);
    ck_assert_int_eq(r.final.prompt_count, 509);
    ck_assert_int_eq(r.final.prompt_ns, 2007000);
    ck_assert_int_eq(r.final.eval_count, 1);
    ck_assert_int_eq(r.final.eval_ns, CTXMARK_UNKNOWN);
    ck_assert_int_eq(r.final.cached_count, CTXMARK_UNKNOWN);
    ollama_reply_free(&r);
}
END_TEST

static const struct {
    const char *line, *words;
} bad[] = {
    {"{\"done\":true,\"eval_count\":NaN}", "not JSON"},
    {"{\"done\":true,\"eval_duration\":-5}", "eval_duration is -5"},
    {"{\"done\":true,\"eval_duration\":9223372036854775808}", "not JSON"},
    {"{\"done\":true,\"eval_duration\":9223372036854775807}",
     "eval_duration is 9223372036854775807"},
    {"{\"done\":true,\"eval_duration\":1.5}", "no whole number"},
    {"{\"done\":true,\"prompt_eval_count\":\"12\"}", "no whole number"},
    {"{\"error\":\"out of tape\"}", "Ollama: out of tape"},
    {"<html>", "not JSON"},
    {"[1]", "none of Ollama's"},
    {"{}", "none of Ollama's"},
    {"\xff\xfe", "not JSON"},
};

START_TEST(what_cannot_be_is_refused_in_words)
{
    struct ollama_reply r;
    struct ollama_err e;
    ck_assert_int_eq(parse(bad[_i].line, &r, &e), -1);
    ck_assert_int_eq(e.status, CTXMARK_ERROR);
    ck_assert_msg(strstr(e.text, bad[_i].words) != NULL, "'%s' lacks '%s'", e.text, bad[_i].words);
}
END_TEST

static const struct {
    const char *body, *text;
    size_t size;
} errors[] = {
    {"{\"error\":\"model 'x' not found\"}", "model 'x' not found", 200},
    {"{\"error\":{\"message\":\"busy\",\"type\":\"t\",\"code\":null}}", "busy", 200},
    {"{\"error\":\"{\\\"error\\\":{\\\"code\\\":400,\\\"message\\\":\\\"too long\\\"}}\"}",
     "too long", 200},
    {"{\"error\":\"{\\\"error\\\":\\\"{\\\\\\\"message\\\\\\\":\\\\\\\"deep\\\\\\\"}\\\"}\"}",
     "deep", 200},
    {"404 page not found\n", "404 page not found", 200},
    {"{\"error\":\"a\\nb\\tc\"}", "a b c", 200},
    {"{\"error\":12}", "{\"error\":12}", 200},
    {"", "", 200},
    {"caf\xc3\xa9", "caf", 5},
};

START_TEST(error_texts_are_unwrapped_to_one_line)
{
    char text[200];
    ollama_error_text(errors[_i].body, strlen(errors[_i].body), text, errors[_i].size);
    ck_assert_str_eq(text, errors[_i].text);
}
END_TEST

START_TEST(errors_of_memory_are_told_apart)
{
    ck_assert_int_eq(ollama_error_status("model requires more system memory (57 GiB)"),
                     CTXMARK_OOM);
    ck_assert_int_eq(ollama_error_status("CUDA error: out of memory"), CTXMARK_OOM);
    ck_assert_int_eq(ollama_error_status("the input length exceeds the context length"),
                     CTXMARK_ERROR);
}
END_TEST

static const struct {
    const char *text;
    bool good, refused, last_batch, host_cache;
} versions[] = {
    {"0.33.0-rc2-local", true, false, false, true},
    {"0.30.0", true, true, false, true},
    {"0.30.1", true, false, false, true},
    {"0.24.0", true, false, false, false},
    {"0.12.6", true, false, true, false},
    {"0.12.5", true, false, true, false},
    {"0.12.7", true, false, false, false},
    {"0.1.48", true, true, false, false},
    {"1.0.0", true, false, false, true},
    {"0.0.0", true, false, false, true},
    {"latest", false, false, false, false},
};

START_TEST(versions_are_known_by_their_habits)
{
    struct ollama_version v;
    ck_assert(ollama_version_read(versions[_i].text, &v) == versions[_i].good);
    if (!versions[_i].good)
        return;
    ck_assert((ollama_version_refusal(&v) != NULL) == versions[_i].refused);
    ck_assert(ollama_version_last_batch(&v) == versions[_i].last_batch);
    ck_assert(ollama_version_host_cache(&v) == versions[_i].host_cache);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int main(void)
{
    TCase *t = tcase_create("reply");
    tcase_add_test(t, a_piece_is_its_text);
    tcase_add_loop_test(t, a_piece_is_its_text_however_it_is_written, 0, COUNT(pieces));
    tcase_add_test(t, a_byte_that_no_string_of_json_has_is_refused_at_any_place);
    tcase_add_test(t, the_closing_line_has_its_figures_and_no_zero_for_what_is_not_there);
    tcase_add_loop_test(t, what_cannot_be_is_refused_in_words, 0, COUNT(bad));
    tcase_add_loop_test(t, error_texts_are_unwrapped_to_one_line, 0, COUNT(errors));
    tcase_add_test(t, errors_of_memory_are_told_apart);
    tcase_add_loop_test(t, versions_are_known_by_their_habits, 0, COUNT(versions));
    Suite *s = suite_create("ollama reply");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
