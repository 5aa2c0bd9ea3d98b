/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/compare/models.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/compare/differences.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static int add(json_t *list, bool blocks, const json_t *model, const char *key, const json_t *a,
               const json_t *b)
{
    char what[512];
    snprintf(what, sizeof what, "%s on %s: %s", text_of(model, "name"), text_of(model, "backend"),
             key);
    return differences_add_values(list, blocks ? "model" : NULL, what, a, b);
}

/* ---- facts: what makes the model, and how the backend runs it */

static bool is_of_model(const char *key, const json_t *fact)
{
    static const char *const keys[] = {"weights", "quantisation", "weight_bytes_per_element"};
    const char *provenance = text_of(fact, "provenance");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return strcmp(provenance, "model") == 0 || strcmp(provenance, "imported") == 0;
}

static const json_t *value_of(const json_t *fact)
{
    const json_t *text = json_object_get(fact, "text");
    return text ? text : json_object_get(fact, "number");
}

static int compare_facts(json_t *list, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *fact;
    int done = 0;
    json_object_foreach(json_object_get(a, "facts"), key, fact)
    {
        const json_t *other = json_object_get(json_object_get(b, "facts"), key);
        done += add(list, is_of_model(key, fact), a, key, value_of(fact), value_of(other));
    }
    return done;
}

/* ---- files */

/* The entries of `files` that lie at or under a path: the rest of their names -> hash of the head,
 * and size.  Elsewhere on another machine, they are the same files. */
static json_t *files_under(const json_t *files, const char *path)
{
    const char *name;
    json_t *entry, *found = json_object();
    size_t len = strlen(path);
    json_object_foreach((json_t *)files, name, entry)
    {
        const char *slash = strrchr(name, '/');
        if (strncmp(name, path, len) != 0 || (name[len] && name[len] != '/'))
            continue;
        json_object_set_new(
            found,
            name[len] ? name + len
            : slash   ? slash
                      : name,
            json_sprintf("%lld bytes, %.12s",
                         (long long)json_integer_value(json_object_get(entry, "bytes")),
                         text_of(entry, "head_sha256")));
    }
    return found;
}

static int compare_files(json_t *list, const json_t *model, json_t *a, json_t *b)
{
    const char *name;
    json_t *entry;
    int done = a && b ? 0 : -1;
    json_object_foreach(a, name, entry)
    {
        done +=
            add(list, true, model, *name == '/' ? name + 1 : name, entry, json_object_get(b, name));
    }
    json_decref(a);
    json_decref(b);
    return done;
}

/* Keys: a path counts by what lies there. */
static int compare_keys(json_t *list, const json_t *a, const json_t *b, const json_t *files_a,
                        const json_t *files_b)
{
    const char *key;
    json_t *value;
    int done = 0;
    json_object_foreach(json_object_get(a, "keys"), key, value)
    {
        const json_t *other = json_object_get(json_object_get(b, "keys"), key);
        const char *path = json_string_value(value), *other_path = json_string_value(other);
        if (path && other_path && *path == '/' && *other_path == '/')
            done += compare_files(list, a, files_under(files_a, path),
                                  files_under(files_b, other_path));
        else
            done += add(list, true, a, key, value, other);
    }
    return done;
}

int models_compare(json_t *list, const json_t *a, const json_t *b)
{
    size_t i, k;
    json_t *x, *y;
    int done = 0;
    json_array_foreach(json_object_get(a, "models"), i, x)
        json_array_foreach(json_object_get(b, "models"), k,
                           y) if (strcmp(text_of(x, "name"), text_of(y, "name")) == 0 &&
                                  strcmp(text_of(x, "backend"), text_of(y, "backend")) == 0) done +=
        compare_facts(list, x, y) +
        compare_keys(list, x, y, json_object_get(a, "files"), json_object_get(b, "files"));
    return done;
}
