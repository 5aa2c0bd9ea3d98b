/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/llama_bench.h"

#include <stdlib.h>
#include <string.h>

#include "core/exchange/json_text.h"
#include "core/run/rundir.h"

/* More than any measurement has; keeps sums and sizes far from their limits. */
#define COUNT_MOST ((json_int_t)1 << 40)
#define SAMPLE_NS_MOST ((json_int_t)1 << 52)

struct reader {
    struct json_text source;
    size_t from, to;       /* the object in hand */
    json_t *test;          /* as parsed */
    json_t *tests;         /* those before it */
    size_t line, lines_to; /* the line at lines_to, as far as lines are counted */
};

/* Words an error about the object's member `key` (NULL: about the object). */
static int complain(const struct reader *r, const char *key, const char *what, struct err *e)
{
    size_t at = key ? json_text_member(&r->source, r->from, r->to, key) : r->from;
    struct json_place p = json_text_place(&r->source, at);
    return err_set(e, "%s:%zu:%zu: %s", r->source.name, p.line, p.column, what);
}

static int complain_of(const struct reader *r, const char *key, const char *what, struct err *e)
{
    char words[256];
    snprintf(words, sizeof words, "%s %s", key, what);
    return complain(r, key, words, e);
}

/* ---- one object */

static bool has_type(const json_t *value, enum llama_type type)
{
    switch (type) {
    case LLAMA_TEXT:
        return json_is_string(value);
    case LLAMA_REAL:
        return json_is_number(value);
    default: /* releases differ in what is a flag and what an integer */
        return json_is_integer(value) || json_is_boolean(value);
    }
}

static int check_fields(const struct reader *r, struct err *e)
{
    static const char *const types[] = {
        [LLAMA_TEXT] = "must be text",
        [LLAMA_INTEGER] = "must be an integer",
        [LLAMA_FLAG] = "must be true or false",
        [LLAMA_REAL] = "must be a number",
    };
    for (size_t i = 0; i < llama_field_count; i++) {
        const struct llama_field *f = &llama_fields[i];
        const json_t *value = json_object_get(r->test, f->name);
        if (value && !has_type(value, f->type))
            return complain_of(r, f->name, types[f->type], e);
        if (!value && f->required)
            return complain_of(r, f->name,
                               "is missing: this is no test of llama-bench, or of a release that "
                               "is too old; run llama-bench -o json again with a newer one",
                               e);
    }
    return 0;
}

static int check_counts(const struct reader *r, struct err *e)
{
    static const char *const keys[] = {"n_prompt", "n_gen", "n_depth"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(r->test, keys[i]);
        json_int_t n = json_integer_value(value);
        if (value && (!json_is_integer(value) || n < 0 || n > COUNT_MOST))
            return complain_of(r, keys[i], "must be a count of tokens", e);
    }
    if (!json_integer_value(json_object_get(r->test, "n_prompt")) &&
        !json_integer_value(json_object_get(r->test, "n_gen")))
        return complain(r, "n_prompt", "n_prompt and n_gen are both 0: nothing was measured", e);
    return 0;
}

static int check_samples(const struct reader *r, struct err *e)
{
    size_t i;
    json_t *x;
    json_t *samples = json_object_get(r->test, "samples_ns");
    if (!samples)
        return complain(r, NULL,
                        "samples_ns is missing: without the single samples nothing can be "
                        "analysed; llama-bench writes them with -o json and -o jsonl",
                        e);
    if (!json_is_array(samples) || !json_array_size(samples))
        return complain_of(r, "samples_ns", "must be a list of at least one time", e);
    json_array_foreach(samples, i, x)
    {
        json_int_t ns = json_integer_value(x);
        if (!json_is_integer(x) || ns <= 0 || ns > SAMPLE_NS_MOST)
            return complain_of(r, "samples_ns", "must hold times in whole nanoseconds above 0", e);
    }
    return 0;
}

/* The line of the object in hand. */
static json_int_t line_of(struct reader *r)
{
    for (; r->lines_to < r->from; r->lines_to++)
        r->line += r->source.text[r->lines_to] == '\n';
    return (json_int_t)r->line;
}

static int add_test(struct reader *r, struct err *e)
{
    if (!json_is_object(r->test))
        return complain(r, NULL, "a test of llama-bench is an object, {...}", e);
    if (check_fields(r, e) < 0 || check_counts(r, e) < 0 || check_samples(r, e) < 0)
        return -1;
    if (!json_object_get(r->test, "n_depth"))
        json_object_set_new(r->test, "n_depth", json_integer(0));
    json_t *item = json_pack("{s:I, s:O}", "line", line_of(r), "test", r->test);
    return json_array_append_new(r->tests, item) < 0 ? err_memory(e) : 0;
}

/* jansson counts from the start of the object. */
static int bad_json(const struct reader *r, const json_error_t *je, struct err *e)
{
    size_t at = r->from + (je->position > 0 ? (size_t)je->position : 0);
    struct json_place p = json_text_place(&r->source, at < r->to ? at : r->to);
    return err_set(e, "%s:%zu:%zu: this is no JSON: %s", r->source.name, p.line, p.column,
                   je->text);
}

/* The object or value that begins at r->from; sets r->to behind it. */
static int read_one(struct reader *r, struct err *e)
{
    json_error_t je;
    char first = r->source.text[r->from];
    if (first != '{')
        return complain(r, NULL, "here a test should begin, {...}", e);
    r->to = json_text_end(&r->source, r->from);
    r->test = json_loadb(r->source.text + r->from, r->to - r->from, JSON_REJECT_DUPLICATES, &je);
    int done = r->test ? add_test(r, e) : bad_json(r, &je, e);
    json_decref(r->test);
    r->test = NULL;
    return done;
}

/* ---- the file */

/* [{...}, {...}] from `at`, where the bracket is. */
static int read_array(struct reader *r, size_t at, struct err *e)
{
    const struct json_text *s = &r->source;
    do {
        r->from = json_text_skip(s, at + 1);
        if (r->from == s->size)
            return complain(r, NULL, "the list of tests does not end: the file is cut off", e);
        if (s->text[r->from] == ']' && s->text[at] == '[')
            return complain(r, NULL, "the list of tests is empty", e);
        if (read_one(r, e) < 0)
            return -1;
        at = json_text_skip(s, r->to);
    } while (at < s->size && s->text[at] == ',');
    r->from = at;
    if (at == s->size)
        return complain(r, NULL, "the list of tests does not end: the file is cut off", e);
    if (s->text[at] != ']')
        return complain(r, NULL, "',' or ']' should stand here", e);
    r->from = json_text_skip(s, at + 1);
    return r->from == s->size ? 0
                              : complain(r, NULL,
                                         "something stands behind the list of tests; of several "
                                         "files, import each, or write them with -o jsonl",
                                         e);
}

/* {...} {...}, with white space between. */
static int read_lines(struct reader *r, size_t at, struct err *e)
{
    while (at < r->source.size) {
        r->from = at;
        if (read_one(r, e) < 0)
            return -1;
        at = json_text_skip(&r->source, r->to);
    }
    return 0;
}

static bool begins(const struct json_text *s, size_t at, const char *words)
{
    return s->size - at >= strlen(words) && memcmp(s->text + at, words, strlen(words)) == 0;
}

static int read_tests(struct reader *r, struct err *e)
{
    const struct json_text *s = &r->source;
    size_t at = json_text_skip(s, begins(s, 0, "\xef\xbb\xbf") ? 3 : 0);
    r->from = at;
    if (at == s->size)
        return complain(r, NULL, "the file is empty; llama-bench -o json writes one", e);
    if (s->text[at] == '[')
        return read_array(r, at, e);
    if (s->text[at] == '{')
        return read_lines(r, at, e);
    if (begins(s, at, "build_commit,") || begins(s, at, "CREATE TABLE") ||
        begins(s, at, "INSERT INTO") || begins(s, at, "|"))
        return complain(r, NULL,
                        "this form of llama-bench's output has means only, and no sample can be "
                        "had from them; import what it writes with -o json or -o jsonl",
                        e);
    return complain(r, NULL, "this is neither JSON nor JSONL as llama-bench -o json writes it", e);
}

json_t *llama_parse(const char *name, const char *text, size_t size, struct err *e)
{
    struct reader r = {.source = {name, text, size}, .tests = json_array(), .line = 1};
    if (!r.tests) {
        err_memory(e);
        return NULL;
    }
    if (read_tests(&r, e) == 0)
        return r.tests;
    json_decref(r.tests);
    return NULL;
}

json_t *llama_read(const char *path, struct err *e)
{
    char *text;
    size_t size;
    if (file_read(path, &text, &size, e) < 0)
        return NULL;
    json_t *tests = llama_parse(path, text, size, e);
    free(text);
    return tests;
}
