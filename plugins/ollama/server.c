/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/ollama.h"

#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/ollama/reply.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define QUESTION_S 30.0

/* ---- whole answers */

struct answer {
    char *data;
    size_t length, capacity;
};

static int keep_answer(struct ollama_call *c, const char *data, size_t length)
{
    struct answer *a = c->arg;
    if (length > ANSWER_MAX - a->length)
        return ollama_err_set(&c->err, CTXMARK_ERROR,
                              "the server's answer to %s has more than 64 MiB", c->path);
    if (a->length + length + 1 > a->capacity) {
        size_t want = a->capacity * 2 + length + 1;
        char *bigger = realloc(a->data, want);
        if (!bigger)
            return ollama_err_memory(&c->err);
        a->data = bigger;
        a->capacity = want;
    }
    memcpy(a->data + a->length, data, length);
    a->length += length;
    return 1;
}

static int fail_not_ollama(const struct ollama *p, const char *path, const struct answer *a,
                           struct ollama_err *e)
{
    char text[100];
    size_t n = a->length < 80 ? a->length : 80;
    ollama_error_text(a->data ? a->data : "", n, text, sizeof text);
    return ollama_err_set(e, CTXMARK_UNAVAILABLE,
                          "the server at %s is not Ollama, it answers %s with: %s; set ollama_url",
                          ollama_http_url(p->http), path, text[0] ? text : "nothing");
}

/* One object for one request; body NULL: GET.  ret_status (may be NULL): the HTTP status. */
static int ask(struct ollama *p, const char *path, const char *body, double limit_s,
               const char *limit_option, json_t **ret_json, long *ret_status, struct ollama_err *e)
{
    struct answer a = {0};
    struct ollama_call call = {.path = path,
                               .body = body,
                               .body_bytes = body ? strlen(body) : 0,
                               .limits = {.whole_s = limit_s},
                               .whole_option = limit_option,
                               .arg = &a,
                               .on_data = keep_answer};
    struct ollama_call *calls[] = {&call};
    ollama_http_run(p->http, calls, 1);
    int r = call.failed ? -1 : 0;
    *e = call.err;
    if (ret_status)
        *ret_status = call.http_status;
    if (r == 0) {
        *ret_json = json_loadb(a.data ? a.data : "", a.length, 0, NULL);
        if (!json_is_object(*ret_json)) {
            json_decref(*ret_json);
            r = fail_not_ollama(p, path, &a, e);
        }
    }
    free(a.data);
    return r;
}

static int get(struct ollama *p, const char *path, json_t **ret_json, struct ollama_err *e)
{
    return ask(p, path, NULL, QUESTION_S, "its limit", ret_json, NULL, e);
}

/* ---- the server */

int ollama_server_version(struct ollama *p, struct ollama_err *e)
{
    json_t *json;
    long status = 0;
    if (ask(p, "/api/version", NULL, QUESTION_S, "its limit", &json, &status, e) < 0) {
        if (status == 404)
            return ollama_err_set(e, CTXMARK_UNAVAILABLE,
                                  "the server at %s is not Ollama, it does not know /api/version; "
                                  "set ollama_url",
                                  ollama_http_url(p->http));
        return -1;
    }
    const char *text = json_string_value(json_object_get(json, "version"));
    bool good = text && ollama_version_read(text, &p->version);
    json_decref(json);
    if (!good)
        return ollama_err_set(e, CTXMARK_UNAVAILABLE,
                              "the server at %s is not Ollama: it does not tell its version; set "
                              "ollama_url",
                              ollama_http_url(p->http));
    const char *refusal = ollama_version_refusal(&p->version);
    if (refusal)
        return ollama_err_set(e, CTXMARK_UNAVAILABLE,
                              "Ollama %s is not supported: %s; install another version",
                              p->version.text, refusal);
    return 0;
}

/* ---- the model */

/* "name" and "name:latest" are the same. */
static bool is_model(const struct ollama *p, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    size_t n = strlen(p->tag);
    if (!name || strncmp(name, p->tag, n) != 0)
        return false;
    return name[n] == '\0' || (!strchr(p->tag, ':') && strcmp(name + n, ":latest") == 0);
}

static void take_tags(struct ollama *p, const json_t *tags)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(tags, "models"), i, entry)
    {
        const char *digest = json_string_value(json_object_get(entry, "digest"));
        const json_t *size = json_object_get(entry, "size");
        if (!is_model(p, entry))
            continue;
        snprintf(p->digest, sizeof p->digest, "%s", digest ? digest : "");
        if (json_is_integer(size))
            p->file_bytes = json_integer_value(size);
    }
}

static int64_t find_context_limit(const json_t *show)
{
    const json_t *info = json_object_get(show, "model_info");
    const char *architecture = json_string_value(json_object_get(info, "general.architecture"));
    char key[128];
    snprintf(key, sizeof key, "%s.context_length", architecture ? architecture : "");
    const json_t *v = json_object_get(info, key);
    return json_is_integer(v) ? json_integer_value(v) : CTXMARK_UNKNOWN;
}

int ollama_server_model(struct ollama *p, struct ollama_err *e)
{
    long status = 0;
    json_t *tags, *question = json_pack("{s:s}", "model", p->tag);
    char *body = question ? json_dumps(question, JSON_COMPACT) : NULL;
    json_decref(question);
    if (!body)
        return ollama_err_memory(e);
    int r = ask(p, "/api/show", body, QUESTION_S, "its limit", &p->show, &status, e);
    free(body);
    if (r < 0 && status == 404)
        return ollama_err_set(e, CTXMARK_INVALID,
                              "the server at %s has no model '%s': fetch it with 'ollama pull %s'",
                              ollama_http_url(p->http), p->tag, p->tag);
    if (r < 0)
        return -1;
    p->context_limit = find_context_limit(p->show);
    p->file_bytes = CTXMARK_UNKNOWN;
    if (get(p, "/api/tags", &tags, e) < 0)
        return -1;
    take_tags(p, tags);
    json_decref(tags);
    return 0;
}

/* ---- requests to /api/generate */

/* "5m" as text, 300 as a number: Ollama takes a text without a unit for an error. */
static json_t *keep_alive_to_json(const char *text)
{
    char *end;
    double x = strtod(text, &end);
    if (end == text || *end)
        return json_string(text);
    return x == (double)(int64_t)x ? json_integer((json_int_t)x) : json_real(x);
}

static void set_known(json_t *object, const char *key, int64_t value)
{
    if (value != CTXMARK_UNKNOWN)
        json_object_set_new(object, key, json_integer(value));
}

/* An array that has no end within any sensible context: the grammar keeps the model from stopping.
 */
static json_t *endless_schema(void)
{
    return json_pack("{s:s, s:{s:s}, s:i}", "type", "array", "items", "type", "integer", "minItems",
                     100000);
}

/* The options are the same in all requests of a load: another num_ctx would load it again. */
char *ollama_server_body(const struct ollama *p, const char *prompt, int64_t num_predict)
{
    const struct ollama_settings *s = &p->settings;
    json_t *options =
        json_pack("{s:I, s:I, s:i, s:i}", "num_ctx", (json_int_t)p->num_ctx, "num_predict",
                  (json_int_t)num_predict, "temperature", 0, "seed", (int)(p->seed & INT32_MAX));
    if (!options)
        return NULL;
    set_known(options, "num_gpu", s->num_gpu);
    set_known(options, "num_thread", s->num_thread);
    set_known(options, "num_batch", s->num_batch);
    json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "model", p->tag, "prompt", prompt,
                          "raw", 1, "stream", 1, "truncate", 0, "keep_alive",
                          keep_alive_to_json(s->keep_alive), "options", options);
    if (o && s->format && prompt[0])
        json_object_set_new(o, "format", endless_schema());
    char *body = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return body;
}

/* ---- loading */

static int64_t integer_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v)
                                                            : CTXMARK_UNKNOWN;
}

int ollama_server_loaded(struct ollama *p, struct ollama_err *e)
{
    json_t *ps, *entry;
    size_t i;
    struct ollama_loaded l = {CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, 0};
    if (get(p, "/api/ps", &ps, e) < 0)
        return -1;
    json_array_foreach(json_object_get(ps, "models"), i, entry)
    {
        if (!is_model(p, entry)) {
            l.others++;
            continue;
        }
        l.size = integer_of(entry, "size");
        l.size_vram = integer_of(entry, "size_vram");
        l.context_length = integer_of(entry, "context_length");
    }
    json_decref(ps);
    p->loaded = l;
    return 0;
}

int ollama_server_load(struct ollama *p, struct ollama_err *e)
{
    json_t *json = NULL;
    char *body = ollama_server_body(p, "", 1);
    if (!body)
        return ollama_err_memory(e);
    int64_t before = p->host->now_ns(p->host);
    int r = ask(p, "/api/generate", body, p->settings.load_s, "load_timeout_s", &json, NULL, e);
    p->preload_ns = p->host->now_ns(p->host) - before;
    free(body);
    if (r < 0)
        return -1;
    const json_t *error = json_object_get(json, "error");
    if (error) {
        char text[512];
        char *whole = json_dumps(json, JSON_COMPACT);
        ollama_error_text(whole ? whole : "", whole ? strlen(whole) : 0, text, sizeof text);
        free(whole);
        r = ollama_err_set(e, ollama_error_status(text), "Ollama: %s", text);
    }
    json_decref(json);
    return r < 0 ? -1 : ollama_server_loaded(p, e);
}

void ollama_server_unload(struct ollama *p)
{
    struct ollama_err e;
    json_t *json = NULL;
    json_t *question = json_pack("{s:s, s:s, s:i, s:b}", "model", p->tag, "prompt", "",
                                 "keep_alive", 0, "stream", 0);
    char *body = question ? json_dumps(question, JSON_COMPACT) : NULL;
    json_decref(question);
    if (body && ask(p, "/api/generate", body, 5.0, "its limit", &json, NULL, &e) == 0)
        json_decref(json);
    free(body);
}
