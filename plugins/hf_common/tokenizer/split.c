/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "plugins/hf_common/json.h"
#include "plugins/hf_common/tokenizer/internal.h"

/* What ByteLevel splits by where use_regex is true: GPT-2's. */
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* ---------------------------------------------------------------- reading */

/* Takes over `pattern`, which is in PCRE2's words. */
static int splitter_compile(struct splitter *s, const struct reader *r, char *pattern)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    PCRE2_UCHAR words[128] = "";
    pcre2_code *step = NULL;
    if (pattern)
        step = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                             &code, &at, NULL);
    if (pattern && !step) {
        pcre2_get_error_message(code, words, sizeof words);
        hf_err_set(r->e, "%s: pre_tokenizer: its expression is wrong: %s", r->path, (char *)words);
    }
    free(pattern);
    if (step)
        s->steps[s->count++] = step;
    return step ? 0 : -1;
}

static int splitter_add(struct splitter *s, const struct reader *r, const char *pattern)
{
    return splitter_compile(s, r, expression_translate(pattern, r));
}

/* A fixed text, as an expression. */
static int splitter_add_text(struct splitter *s, const struct reader *r, const char *text)
{
    size_t size = 2 * strlen(text) + 1, n = 0;
    char *pattern = malloc(size);
    if (!pattern)
        return hf_err_memory(r->e, size);
    for (; *text; text++) {
        if (strchr("\\^$.[]|()?*+{}#-", *text))
            pattern[n++] = '\\';
        pattern[n++] = *text;
    }
    pattern[n] = '\0';
    return splitter_compile(s, r, pattern);
}

static int splitter_read_split(struct splitter *s, const struct reader *r, const json_t *step)
{
    const json_t *pattern = json_object_get(step, "pattern");
    const char *regex = json_string_value(json_object_get(pattern, "Regex"));
    const char *text = json_string_value(json_object_get(pattern, "String"));
    const char *behaviour = json_string_value(json_object_get(step, "behavior"));
    if (!behaviour || strcmp(behaviour, "Isolated") != 0 ||
        json_is_true(json_object_get(step, "invert")))
        return hf_err_set(r->e,
                          "%s: pre_tokenizer: Split with the behavior %s is not supported, only "
                          "Isolated, not inverted",
                          r->path, behaviour ? behaviour : "(none)");
    if (regex)
        return splitter_add(s, r, regex);
    if (text && *text)
        return splitter_add_text(s, r, text);
    return hf_err_set(r->e, "%s: pre_tokenizer: Split has no pattern", r->path);
}

static int splitter_read_byte_level(struct splitter *s, const struct reader *r, const json_t *step)
{
    bool regex = true, prefix = true;
    if (hf_json_bool(step, r->path, "use_regex", &regex, r->e) != 0 ||
        hf_json_bool(step, r->path, "add_prefix_space", &prefix, r->e) != 0)
        return -1;
    if (prefix && s->count > 0)
        return hf_err_set(r->e,
                          "%s: pre_tokenizer: ByteLevel with add_prefix_space is supported as the "
                          "first step only",
                          r->path);
    s->add_prefix_space = prefix;
    return regex ? splitter_add(s, r, GPT2) : 0;
}

/* *byte_level: whether the steps so far ended with ByteLevel. */
static int splitter_read_step(struct splitter *s, const struct reader *r, const json_t *step,
                              bool *byte_level)
{
    const char *type = json_string_value(json_object_get(step, "type"));
    bool each = false;
    if (s->count == TOKENIZER_STEPS_MAX || *byte_level)
        return hf_err_set(r->e, "%s: pre_tokenizer: a step after ByteLevel, or too many", r->path);
    if (type && strcmp(type, "Split") == 0)
        return splitter_read_split(s, r, step);
    if (type && strcmp(type, "Digits") == 0) {
        if (hf_json_bool(step, r->path, "individual_digits", &each, r->e) != 0)
            return -1;
        return splitter_add(s, r, each ? "\\p{N}" : "\\p{N}+");
    }
    if (type && strcmp(type, "ByteLevel") == 0) {
        *byte_level = true;
        return splitter_read_byte_level(s, r, step);
    }
    return hf_err_set(r->e,
                      "%s: the pre-tokenizer %s is not supported; supported are ByteLevel, Split "
                      "and Digits, and a Sequence of them",
                      r->path, type ? type : "without a type");
}

int splitter_read(struct splitter *s, const struct reader *r)
{
    const json_t *root = json_object_get(r->root, "pre_tokenizer"), *step;
    const char *type = json_string_value(json_object_get(root, "type"));
    bool byte_level = false;
    int result = 0;
    size_t i;
    if (type && strcmp(type, "Sequence") == 0) {
        json_array_foreach(json_object_get(root, "pretokenizers"), i, step)
        {
            result = splitter_read_step(s, r, step, &byte_level);
            if (result != 0)
                break;
        }
    } else if (json_is_object(root)) {
        result = splitter_read_step(s, r, root, &byte_level);
    }
    if (result == 0 && !byte_level)
        return hf_err_set(r->e,
                          "%s: the tokenizer is not byte-level BPE: its pre_tokenizer has no "
                          "ByteLevel",
                          r->path);
    return result;
}

void splitter_free(struct splitter *s)
{
    for (int i = 0; i < s->count; i++)
        pcre2_code_free(s->steps[i]);
}

/* ---------------------------------------------------------------- splitting */

struct splitting {
    const struct splitter *splitter;
    pcre2_match_data *data[TOKENIZER_STEPS_MAX];
    pcre2_match_context *context;
    piece_sink *sink;
    void *arg;
    struct hf_err *e;
};

static int splitting_step(const struct splitting *s, int step, const char *text, size_t length);

static int splitting_give(const struct splitting *s, int step, const char *text, size_t length)
{
    if (length == 0)
        return 0;
    if (step == s->splitter->count)
        return s->sink(s->arg, text, length);
    return splitting_step(s, step, text, length);
}

/* Matches, and what lies between them, are pieces for the next step. */
static int splitting_step(const struct splitting *s, int step, const char *text, size_t length)
{
    size_t done = 0, at = 0;
    while (at < length) {
        int rc = pcre2_match(s->splitter->steps[step], (PCRE2_SPTR)text, length, at,
                             PCRE2_NO_UTF_CHECK, s->data[step], s->context);
        if (rc == PCRE2_ERROR_NOMATCH)
            break;
        if (rc < 0)
            return hf_err_set(s->e, "the tokenizer's expression failed on a text (PCRE2 error %d)",
                              rc);
        const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(s->data[step]);
        size_t begin = bounds[0], end = bounds[1], n;
        if (end <= begin) { /* an empty match cuts, and the search goes on a character later */
            utf8_first(text + begin, length - begin, &n);
            at = begin + n;
            end = begin;
        } else {
            at = end;
        }
        if (splitting_give(s, step + 1, text + done, begin - done) != 0 ||
            splitting_give(s, step + 1, text + begin, end - begin) != 0)
            return -1;
        done = end;
    }
    return splitting_give(s, step + 1, text + done, length - done);
}

static uint32_t match_limit(size_t length)
{
    return length < UINT32_MAX / 128 ? (uint32_t)(1000000 + 100 * length) : UINT32_MAX;
}

int splitter_run(const struct splitter *s, const char *text, size_t length, piece_sink *sink,
                 void *arg, struct hf_err *e)
{
    struct splitting run = {.splitter = s, .sink = sink, .arg = arg, .e = e};
    bool ready = true;
    run.context = pcre2_match_context_create(NULL);
    for (int i = 0; i < s->count; i++) {
        run.data[i] = pcre2_match_data_create(1, NULL);
        ready = ready && run.data[i];
    }
    int result = run.context && ready ? 0 : hf_err_memory(e, sizeof run);
    if (result == 0) {
        /* A long run of one kind of character takes a few steps for each. */
        pcre2_set_match_limit(run.context, match_limit(length));
        result = splitting_give(&run, 0, text, length);
    }
    for (int i = 0; i < s->count; i++)
        pcre2_match_data_free(run.data[i]);
    pcre2_match_context_free(run.context);
    return result;
}
