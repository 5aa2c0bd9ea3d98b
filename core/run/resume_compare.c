/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <string.h>

#include "core/run/identity.h"
#include "core/run/resume.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *named(const json_t *array, const char *name)
{
    size_t i;
    json_t *o;
    json_array_foreach((json_t *)array, i, o) if (strcmp(text_of(o, "name"), name) == 0) return o;
    return NULL;
}

/* The first key whose value differs; NULL: none. */
static const char *first_difference(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)a, key,
                        value) if (!json_equal(value, json_object_get(b, key))) return key;
    json_object_foreach((json_t *)b, key, value) if (!json_object_get(a, key)) return key;
    return NULL;
}

static int compare_config(const json_t *before, const json_t *now, struct err *e)
{
    const json_t *a = json_object_get(json_object_get(before, "config"), "effective");
    const json_t *b = json_object_get(json_object_get(now, "config"), "effective");
    const char *key = first_difference(a, b);
    return key ? err_set(
                     e,
                     "the run cannot be resumed: `%s` of the config changed; resume it with the "
                     "config it began with, or begin a new run",
                     key)
               : 0;
}

static int compare_plugins(const json_t *before, const json_t *now, struct err *e)
{
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(before, "backends"), i, a)
    {
        const json_t *b = named(json_object_get(now, "backends"), text_of(a, "name"));
        if (strcmp(text_of(a, "sha256"), text_of(b, "sha256")) != 0)
            return err_set(e,
                           "the run cannot be resumed: the plugin of %s changed (%s %s, SHA-256 "
                           "%.12s became %s %s, %.12s); begin a new run",
                           text_of(a, "name"), text_of(a, "plugin"), text_of(a, "version"),
                           text_of(a, "sha256"), text_of(b, "plugin"), text_of(b, "version"),
                           text_of(b, "sha256"));
    }
    return 0;
}

static int compare_files(const json_t *before, const json_t *now, struct err *e)
{
    const char *path =
        identity_difference(json_object_get(before, "files"), json_object_get(now, "files"));
    return path ? err_set(
                      e,
                      "the run cannot be resumed: the file %s changed since it began; begin a new "
                      "run",
                      path)
                : 0;
}

static int compare_gpu(const json_t *a, const json_t *b, struct err *e)
{
    const json_t *first = json_array_get(json_object_get(a, "gpus"), 0);
    const json_t *now = json_array_get(json_object_get(b, "gpus"), 0);
    if (strcmp(text_of(first, "uuid"), text_of(now, "uuid")) != 0)
        return err_set(e,
                       "the run cannot be resumed: the GPU changed (%s became %s); begin a new run",
                       text_of(first, "name"), text_of(now, "name"));
    if (strcmp(text_of(a, "driver"), text_of(b, "driver")) != 0)
        return err_set(
            e,
            "the run cannot be resumed: the GPU's driver changed (%s became %s); begin a "
            "new run",
            text_of(a, "driver"), text_of(b, "driver"));
    return 0;
}

static int compare_machine(const json_t *before, const json_t *now, struct err *e)
{
    static const char *const keys[] = {"cpu", "cores", "kernel", "host"};
    const json_t *a = json_object_get(before, "machine"), *b = json_object_get(now, "machine");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);
        if (x && y && !json_equal(x, y))
            return err_set(
                e,
                "the run cannot be resumed: the machine's %s is not what it was; begin a "
                "new run",
                keys[i]);
    }
    return compare_gpu(json_object_get(a, "gpu"), json_object_get(b, "gpu"), e);
}

int resume_compare(const json_t *before, const json_t *now, struct err *e)
{
    if (compare_config(before, now, e) < 0 || compare_plugins(before, now, e) < 0 ||
        compare_files(before, now, e) < 0)
        return -1;
    return compare_machine(before, now, e);
}
