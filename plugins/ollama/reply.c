/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/reply.h"

#include <inttypes.h>
#include <string.h>

/* ---- error texts */

/* Copies as one line of printable text. */
static void copy_line(const char *from, size_t length, char *to, size_t size)
{
    size_t n = 0;
    while (length && (unsigned char)from[length - 1] <= ' ')
        length--;
    for (size_t i = 0; i < length && n + 1 < size; i++) {
        unsigned char c = (unsigned char)from[i];
        if (c >= ' ' && c != 0x7f)
            to[n++] = (char)c;
        else if (n && to[n - 1] != ' ')
            to[n++] = ' ';
    }
    /* Not in the middle of a character. */
    if (n + 1 == size)
        while (n && ((unsigned char)to[n - 1] & 0x80))
            n--;
    to[n] = '\0';
}

/* The member of an error object that has the words. */
static const json_t *inside(const json_t *v)
{
    static const char *const keys[] = {"error", "message"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *m = json_object_get(v, keys[i]);
        if (json_is_string(m) || json_is_object(m))
            return m;
    }
    return NULL;
}

static void unwrap(const char *body, size_t length, int depth, char *ret_text, size_t size)
{
    json_t *json = depth < 8 ? json_loadb(body, length, 0, NULL) : NULL;
    const json_t *v = inside(json);
    for (int i = 0; i < 8 && json_is_object(v); i++)
        v = inside(v);
    if (json_is_string(v))
        unwrap(json_string_value(v), json_string_length(v), depth + 1, ret_text, size);
    else
        copy_line(body, length, ret_text, size);
    json_decref(json);
}

void ollama_error_text(const char *body, size_t length, char *ret_text, size_t size)
{
    unwrap(body, length, 0, ret_text, size);
}

int32_t ollama_error_status(const char *text)
{
    static const char *const memory[] = {
        "more system memory",       "insufficient memory", "out of memory",
        "failed to allocate",       "cudaMalloc failed",   "unable to allocate",
        "requires more GPU memory", "not enough memory",
    };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (strstr(text, memory[i]))
            return CTXMARK_OOM;
    return CTXMARK_ERROR;
}

/* ---- objects */

/* A count or a duration; 0 or -1. */
static int take_figure(const json_t *object, const char *key, int64_t most, int64_t *ret,
                       struct ollama_err *e)
{
    const json_t *v = json_object_get(object, key);
    *ret = CTXMARK_UNKNOWN;
    if (!v || json_is_null(v))
        return 0;
    if (!json_is_integer(v))
        return ollama_err_set(e, CTXMARK_ERROR, "the server's closing line is impossible: %s is %s",
                              key, "no whole number");
    int64_t x = json_integer_value(v);
    if (x < 0 || x > most)
        return ollama_err_set(e, CTXMARK_ERROR,
                              "the server's closing line is impossible: %s is %" PRId64, key, x);
    *ret = x;
    return 0;
}

static int take_final(const json_t *json, struct ollama_final *f, struct ollama_err *e)
{
    const int64_t longest_ns = INT64_C(1000000000) * 86400 * 30, most = INT64_C(1) << 40;
    const struct {
        const char *key;
        int64_t most, *ret;
    } figures[] = {
        {"total_duration", longest_ns, &f->total_ns},
        {"load_duration", longest_ns, &f->load_ns},
        {"prompt_eval_duration", longest_ns, &f->prompt_ns},
        {"eval_duration", longest_ns, &f->eval_ns},
        {"prompt_eval_count", most, &f->prompt_count},
        {"prompt_eval_cached_count", most, &f->cached_count},
        {"eval_count", most, &f->eval_count},
    };
    const char *reason = json_string_value(json_object_get(json, "done_reason"));
    snprintf(f->done_reason, sizeof f->done_reason, "%s", reason ? reason : "");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (take_figure(json, figures[i].key, figures[i].most, figures[i].ret, e) < 0)
            return -1;
    return 0;
}

/* ---- a piece of text, read without a tree */

struct scan {
    const char *at, *end;
};

static bool scan_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* Each byte of the result is not 0 where that of x is below ' ', a backslash or not ASCII. */
static uint64_t odd_bytes(uint64_t x)
{
    const uint64_t each = UINT64_C(0x0101010101010101), high = each * 0x80;
    uint64_t slash = x ^ each * '\\';
    return ((x - each * ' ') | (slash - each) | x) & high;
}

/* Eight bytes at a time: a line's strings are most of what there is to read. */
static bool is_plain(const char *text, size_t length)
{
    uint64_t x, odd = 0;
    for (; length >= sizeof x; text += sizeof x, length -= sizeof x) {
        memcpy(&x, text, sizeof x);
        odd |= odd_bytes(x);
    }
    memset(&x, '.', sizeof x);
    memcpy(&x, text, length);
    return (odd | odd_bytes(x)) == 0;
}

/* A string of plain ASCII without any escape. */
static bool scan_plain(struct scan *s, const char **ret_text, size_t *ret_bytes)
{
    if (!scan_word(s, "\""))
        return false;
    const char *quote = memchr(s->at, '"', (size_t)(s->end - s->at));
    if (!quote || !is_plain(s->at, (size_t)(quote - s->at)))
        return false;
    *ret_text = s->at;
    *ret_bytes = (size_t)(quote - s->at);
    s->at = quote + 1;
    return true;
}

/* Nearly all lines of a stream are as this one, and reading them by the general way takes longer
 * than receiving them:
 *   {"model":"...","created_at":"...","response":"...","done":false}
 * False: this is another one. */
static bool scan_piece(const char *line, size_t length, struct ollama_reply *r)
{
    struct scan s = {line, line + length};
    const char *skipped;
    size_t n;
    return scan_word(&s, "{\"model\":") && scan_plain(&s, &skipped, &n) &&
           scan_word(&s, ",\"created_at\":") && scan_plain(&s, &skipped, &n) &&
           scan_word(&s, ",\"response\":") && scan_plain(&s, &r->text, &r->text_bytes) &&
           scan_word(&s, ",\"done\":false}") && s.at == s.end;
}

/* ---- any object */

/* What is wrong with an object that is neither text nor an end; 0: nothing. */
static int check_object(const json_t *json, const char *line, size_t length, struct ollama_err *e)
{
    char text[512];
    if (json_object_get(json, "error")) {
        ollama_error_text(line, length, text, sizeof text);
        return ollama_err_set(e, ollama_error_status(text), "Ollama: %s", text);
    }
    if (json_is_boolean(json_object_get(json, "done")))
        return 0;
    ollama_error_text(line, length < 80 ? length : 80, text, sizeof text);
    return ollama_err_set(e, CTXMARK_ERROR, "the server's answer is none of Ollama's: %s", text);
}

int ollama_reply_parse(const char *line, size_t length, struct ollama_reply *ret_reply,
                       struct ollama_err *e)
{
    json_error_t why;
    char text[128];
    struct ollama_reply r = {.text = ""};
    if (scan_piece(line, length, &r)) {
        *ret_reply = r;
        return 0;
    }
    r = (struct ollama_reply){.text = ""};
    r.json = json_loadb(line, length, 0, &why);
    if (!r.json) {
        ollama_error_text(line, length < 80 ? length : 80, text, sizeof text);
        return ollama_err_set(e, CTXMARK_ERROR, "the server sent a line that is not JSON (%s): %s",
                              why.text, text);
    }
    const json_t *response = json_object_get(r.json, "response");
    if (json_is_string(response)) {
        r.text = json_string_value(response);
        r.text_bytes = json_string_length(response);
    }
    r.done = json_is_true(json_object_get(r.json, "done"));
    if (check_object(r.json, line, length, e) < 0 ||
        (r.done && take_final(r.json, &r.final, e) < 0)) {
        json_decref(r.json);
        return -1;
    }
    *ret_reply = r;
    return 0;
}

void ollama_reply_free(struct ollama_reply *r)
{
    json_decref(r->json);
    r->json = NULL;
}
