/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "schema.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

struct checker {
    const json_t *root;
    char *problem;
    size_t size;
};

static bool accepts(struct checker *c, const json_t *schema, const json_t *v, const char *path);

static bool refuse(struct checker *c, const char *path, const char *why)
{
    snprintf(c->problem, c->size, "%s: %s", path, why);
    return false;
}

static bool is_type(const json_t *v, const char *type)
{
    return (strcmp(type, "object") == 0 && json_is_object(v)) ||
           (strcmp(type, "array") == 0 && json_is_array(v)) ||
           (strcmp(type, "string") == 0 && json_is_string(v)) ||
           (strcmp(type, "number") == 0 && json_is_number(v)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(v)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(v)) ||
           (strcmp(type, "null") == 0 && json_is_null(v));
}

static bool has_type(const json_t *v, const json_t *types)
{
    size_t i;
    json_t *t;
    if (json_is_string(types))
        return is_type(v, json_string_value(types));
    json_array_foreach(types, i, t) if (is_type(v, json_string_value(t))) return true;
    return false;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t r;
    if (regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return found;
}

static bool is_one_of(const json_t *v, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (json_equal((json_t *)v, item)) return true;
    return false;
}

static bool has_members(const json_t *v, const json_t *required)
{
    size_t i;
    json_t *name;
    json_array_foreach(required, i,
                       name) if (json_is_object(v) &&
                                 !json_object_get(v, json_string_value(name))) return false;
    return true;
}

static bool accepts_members(struct checker *c, const json_t *schema, const json_t *v,
                            const char *path)
{
    const json_t *properties = json_object_get(schema, "properties");
    bool closed = json_is_false(json_object_get(schema, "additionalProperties"));
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)v, name, member)
    {
        char inner[512];
        snprintf(inner, sizeof inner, "%s.%s", path, name);
        const json_t *s = json_object_get(properties, name);
        if (!s && closed)
            return refuse(c, inner, "is no member that the schema knows");
        if (s && !accepts(c, s, member, inner))
            return false;
    }
    return true;
}

static bool accepts_items(struct checker *c, const json_t *items, const json_t *v, const char *path)
{
    size_t i;
    json_t *item;
    json_array_foreach(v, i, item)
    {
        char inner[512];
        snprintf(inner, sizeof inner, "%s[%zu]", path, i);
        if (!accepts(c, items, item, inner))
            return false;
    }
    return true;
}

/* One keyword of a schema; false: c has the problem. */
static bool accepts_keyword(struct checker *c, const char *keyword, const json_t *rule,
                            const json_t *schema, const json_t *v, const char *path)
{
    static const char *const words[] = {"$schema", "$defs", "title", "description",
                                        "additionalProperties"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(keyword, words[i]) == 0)
            return true;
    if (strcmp(keyword, "$ref") == 0)
        return accepts(c,
                       json_object_get(json_object_get(c->root, "$defs"),
                                       json_string_value(rule) + strlen("#/$defs/")),
                       v, path);
    if (strcmp(keyword, "type") == 0)
        return has_type(v, rule) || refuse(c, path, "has the wrong type");
    if (strcmp(keyword, "const") == 0)
        return json_equal((json_t *)rule, (json_t *)v) || refuse(c, path, "is not the constant");
    if (strcmp(keyword, "enum") == 0)
        return is_one_of(v, rule) || refuse(c, path, "is none of the words allowed");
    if (strcmp(keyword, "required") == 0)
        return has_members(v, rule) || refuse(c, path, "lacks a member");
    if (strcmp(keyword, "properties") == 0)
        return !json_is_object(v) || accepts_members(c, schema, v, path);
    if (strcmp(keyword, "items") == 0)
        return !json_is_array(v) || accepts_items(c, rule, v, path);
    if (strcmp(keyword, "minItems") == 0)
        return (json_int_t)json_array_size(v) >= json_integer_value(rule) ||
               refuse(c, path, "has too few items");
    if (strcmp(keyword, "minimum") == 0)
        return !json_is_number(v) || json_number_value(v) >= json_number_value(rule) ||
               refuse(c, path, "is too small");
    if (strcmp(keyword, "pattern") == 0)
        return !json_is_string(v) || matches(json_string_value(v), json_string_value(rule)) ||
               refuse(c, path, "does not match its pattern");
    return refuse(c, keyword, "is a keyword that this check does not know");
}

static bool accepts(struct checker *c, const json_t *schema, const json_t *v, const char *path)
{
    const char *keyword;
    json_t *rule;
    if (!json_is_object(schema))
        return refuse(c, path, "its schema is not there");
    json_object_foreach((json_t *)schema, keyword,
                        rule) if (!accepts_keyword(c, keyword, rule, schema, v, path)) return false;
    return true;
}

bool schema_accepts(const json_t *value, char *problem, size_t size)
{
    json_t *root = json_load_file(SRCDIR "/core/analysis/analysis.schema.json", 0, NULL);
    struct checker c = {root, problem, size};
    bool fine = accepts(&c, root, value, "analysis");
    json_decref(root);
    return fine;
}
