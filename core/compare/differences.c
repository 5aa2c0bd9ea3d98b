/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/compare/differences.h"

#include <stdlib.h>
#include <string.h>

#include "core/compare/models.h"

/* ---- words */

static const char *const words[] = {"gpu",   "cpu",    "cache",   "clock",
                                    "model", "tokens", "backend", "all"};

const char *differences_unknown_word(const char *allowed, size_t *ret_len)
{
    while (allowed && *allowed) {
        size_t len = strcspn(allowed, ","), i = 0, n = sizeof words / sizeof words[0];
        while (i < n && (strlen(words[i]) != len || strncmp(words[i], allowed, len) != 0))
            i++;
        if (i == n) {
            *ret_len = len;
            return allowed;
        }
        allowed += len + (allowed[len] == ',');
    }
    return NULL;
}

bool differences_are_allowed(const char *allowed, const char *word)
{
    while (allowed && *allowed) {
        size_t len = strcspn(allowed, ",");
        if ((len == 3 && strncmp(allowed, "all", 3) == 0) ||
            (len == strlen(word) && strncmp(allowed, word, len) == 0))
            return true;
        allowed += len + (allowed[len] == ',');
    }
    return false;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

bool differences_refused(const json_t *list, const char *allowed, struct buf *ret_words,
                         struct buf *ret_what)
{
    size_t i;
    json_t *d;
    json_array_foreach((json_t *)list, i, d)
    {
        const char *word = json_string_value(json_object_get(d, "allow"));
        if (!word || differences_are_allowed(allowed, word))
            continue;
        if (!differences_are_allowed(buf_text(ret_words), word))
            buf_printf(ret_words, "%s%s", ret_words->len ? "," : "", word);
        buf_printf(ret_what, "%s%s (%s against %s)", ret_what->len ? "; " : "", text_of(d, "what"),
                   text_of(d, "a"), text_of(d, "b"));
    }
    return ret_words->len > 0;
}

int differences_add(json_t *list, const char *allow, const char *what, const char *a, const char *b)
{
    return json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:s?}", "what", what, "a", a, "b", b, "allow", allow));
}

/* ---- values */

static bool same_value(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

static void put_value(struct buf *to, const json_t *value)
{
    char *text = NULL;
    if (json_is_string(value))
        buf_puts(to, json_string_value(value));
    else if (json_is_number(value))
        buf_number(to, json_number_value(value));
    else
        buf_puts(to, (text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)) ? text : "?");
    free(text);
}

int differences_add_values(json_t *list, const char *allow, const char *what, const json_t *a,
                           const json_t *b)
{
    struct buf x = {0}, y = {0};
    if (!a || !b || json_is_null(a) || json_is_null(b) || same_value(a, b))
        return 0;
    put_value(&x, a);
    put_value(&y, b);
    int done = buf_ok(&x) && buf_ok(&y)
                   ? differences_add(list, allow, what, buf_text(&x), buf_text(&y))
                   : -1;
    buf_free(&x);
    buf_free(&y);
    return done;
}

/* The value at a path of keys ("machine.gpu.driver"); NULL: there is none. */
static const json_t *value_at(const json_t *o, const char *path)
{
    char key[64];
    while (o && *path) {
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)len, path);
        o = json_object_get(o, key);
        path += len + (path[len] == '.');
    }
    return o;
}

static int compare_paths(json_t *list, const json_t *a, const json_t *b)
{
    static const struct {
        const char *allow, *what, *path;
    } paths[] = {
        {"cpu", "processor", "machine.cpu"},
        {"cpu", "cores", "machine.cores"},
        {"cache", "prompt cache", "config.effective.prompt.cache"},
        {NULL, "ctxmark", "ctxmark.version"},
        {NULL, "host", "machine.host"},
        {NULL, "memory in MiB", "machine.memory_mib"},
        {NULL, "system", "machine.os"},
        {NULL, "kernel", "machine.kernel"},
        {NULL, "governor", "machine.governor"},
        {NULL, "GPU driver", "machine.gpu.driver"},
        {NULL, "prompt text", "config.effective.prompt.text"},
        {NULL, "seed", "config.effective.seed"},
        {NULL, "order", "config.effective.order"},
        {NULL, "repetitions", "config.effective.repetitions"},
        {NULL, "warm-up repetitions", "config.effective.warmup_repetitions"},
        {NULL, "launches", "config.effective.launches"},
        {NULL, "max_new_tokens", "config.effective.max_new_tokens"},
        {NULL, "stop", "config.effective.stop"},
    };
    int done = 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        done += differences_add_values(list, paths[i].allow, paths[i].what,
                                       value_at(a, paths[i].path), value_at(b, paths[i].path));
    return done;
}

/* A run that looked for a GPU and found none has a machine without one. */
static int compare_gpus(json_t *list, const json_t *a, const json_t *b)
{
    const json_t *x = json_array_get(value_at(a, "machine.gpu.gpus"), 0),
                 *y = json_array_get(value_at(b, "machine.gpu.gpus"), 0);
    const char *first = text_of(x, "name"), *second = text_of(y, "name");
    bool known = json_object_get(a, "machine") && json_object_get(b, "machine");
    if (!known || strcmp(first, second) == 0)
        return 0;
    return differences_add(list, "gpu", "GPU", *first ? first : "none", *second ? second : "none");
}

/* What was timed: our own requests, or another program's. */
static const char *timed_by(const json_t *manifest)
{
    const char *format = json_string_value(value_at(manifest, "imported.format"));
    return format ? format : "ctxmark";
}

static int compare_clocks(json_t *list, const json_t *a, const json_t *b)
{
    if (!a || !b || strcmp(timed_by(a), timed_by(b)) == 0)
        return 0;
    return differences_add(list, "clock", "what was timed, and by whom", timed_by(a), timed_by(b));
}

/* ---- backends */

static int compare_options(json_t *list, const char *name, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    int done = 0;
    json_object_foreach((json_t *)a, key, value)
    {
        char what[256];
        snprintf(what, sizeof what, "%s: %s", name, key);
        done += differences_add_values(list, NULL, what, value, json_object_get(b, key));
    }
    return done;
}

static int compare_backend(json_t *list, const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"plugin", "version", "sha256"};
    const char *name = text_of(a, "name");
    int done = 0;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char what[256], x[80], y[80];
        snprintf(what, sizeof what, "%s: %s", name, i == 2 ? "plugin's SHA-256" : keys[i]);
        snprintf(x, sizeof x, i == 2 ? "%.12s" : "%.79s", text_of(a, keys[i]));
        snprintf(y, sizeof y, i == 2 ? "%.12s" : "%.79s", text_of(b, keys[i]));
        if (*x && *y && strcmp(x, y) != 0)
            done += differences_add(list, NULL, what, x, y);
    }
    return done + compare_options(list, name, json_object_get(a, "options"),
                                  json_object_get(b, "options"));
}

static int compare_backends(json_t *list, const json_t *a, const json_t *b)
{
    size_t i, k;
    json_t *x, *y;
    int done = 0;
    json_array_foreach(json_object_get(a, "backends"), i, x)
        json_array_foreach(json_object_get(b, "backends"), k,
                           y) if (strcmp(text_of(x, "name"), text_of(y, "name")) == 0) done +=
        compare_backend(list, x, y);
    return done;
}

int differences_of_manifests(json_t *list, const json_t *a, const json_t *b)
{
    int done = compare_gpus(list, a, b) + compare_clocks(list, a, b) + compare_paths(list, a, b) +
               models_compare(list, a, b) + compare_backends(list, a, b);
    return done < 0 ? -1 : 0;
}
