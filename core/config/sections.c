/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/numbers.h"
#include "core/config/parts.h"
#include "core/config/paths.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PROMPT_BYTES (1u << 20)
#define MOST_FACTS 1000
#define MOST_FOLDERS 64

#define KEY(name_, type_, flags_, value_, min_, max_)                                              \
    {                                                                                              \
        .name = (char *)(name_), .type = (type_), .flags = (flags_),                               \
        .default_text = (char *)(value_), .min = (min_), .max = (max_), .help = (char *)""         \
    }

/* The mapping `key` of the root, checked, with defaults.  A new object; NULL: e. */
static json_t *read_section(const struct config *c, const struct node *root, const char *key,
                            const struct option_schema *schemas, size_t count, struct err *e)
{
    char of[64];
    const struct node *map = node_get(root, key);
    snprintf(of, sizeof of, " of '%s'", key);
    const struct option_table t = {schemas, count, "key", of, "ctxmark.yaml(5) lists the keys",
                                   false};
    if (map && node_is_null(map)) {
        node_fail(map, e, "'%s' has no value; write one, or remove the line", key);
        return NULL;
    }
    struct buf where = {0};
    node_place(map ? map : root, &where);
    json_t *out = json_object();
    int rc = out ? options_from_map(&t, map, false, c->folder, out, e) : err_memory(e);
    if (!rc)
        rc = options_complete(out, schemas, count, buf_text(&where), c->folder, e);
    buf_free(&where);
    if (!rc)
        return out;
    json_decref(out);
    return NULL;
}

/* --- stop */

/* Unless given: at least as many repetitions as without the rule, at most ten times as many. */
static int stop_bounds(struct config *c, const struct node *at, const json_t *given, struct err *e)
{
    struct config_stop *s = &c->stop;
    const json_t *least = json_object_get(given, "min"), *most = json_object_get(given, "max");
    s->max = most ? json_integer_value(most) : c->repetitions * 10;
    s->min = least ? json_integer_value(least) : c->repetitions;
    if (s->max > MOST_REPETITIONS)
        s->max = MOST_REPETITIONS;
    if (!least && s->min > s->max)
        s->min = s->max;
    if (!most && s->max < s->min)
        s->max = s->min;
    if (s->min > s->max)
        return node_fail(at, e, "'min' (%lld) is above 'max' (%lld); swap them", (long long)s->min,
                         (long long)s->max);
    return 0;
}

int read_stop(struct config *c, const struct node *root, struct err *e)
{
    static const struct option_schema keys[] = {
        KEY("ci_pct", CTXMARK_TYPE_NUMBER, CTXMARK_OPT_REQUIRED, NULL, 0.01, 100),
        KEY("min", CTXMARK_TYPE_INT, 0, NULL, 1, MOST_REPETITIONS),
        KEY("max", CTXMARK_TYPE_INT, 0, NULL, 1, MOST_REPETITIONS),
        KEY("max_seconds", CTXMARK_TYPE_NUMBER, 0, NULL, 0.001, 2592000),
    };
    const struct node *map = node_get(root, "stop");
    if (!map)
        return canonical_set(c, "stop", json_null(), e);
    json_t *given = read_section(c, root, "stop", keys, 4, e);
    if (!given)
        return -1;
    c->stop.enabled = true;
    c->stop.ci_pct = json_real_value(json_object_get(given, "ci_pct"));
    c->stop.max_seconds = json_real_value(json_object_get(given, "max_seconds"));
    int rc = stop_bounds(c, map, given, e);
    json_decref(given);
    if (rc)
        return -1;
    return canonical_set(c, "stop",
                         json_pack("{s:f, s:I, s:I, s:f}", "ci_pct", c->stop.ci_pct, "min",
                                   (json_int_t)c->stop.min, "max", (json_int_t)c->stop.max,
                                   "max_seconds", c->stop.max_seconds),
                         e);
}

/* --- cold_start */

int read_cold_start(struct config *c, const struct node *root, struct err *e)
{
    static const struct option_schema keys[] = {
        KEY("ratio", CTXMARK_TYPE_NUMBER, 0, "2", 1.01, 1000000),
    };
    json_t *given = read_section(c, root, "cold_start", keys, 1, e);
    if (!given)
        return -1;
    c->cold_ratio = json_real_value(json_object_get(given, "ratio"));
    return canonical_set(c, "cold_start", given, e);
}

/* --- prompt */

static int take_text(struct config *c, const struct node *at, const char *text, size_t len,
                     struct err *e)
{
    json_t *checked = json_stringn(text, len);
    json_decref(checked);
    if (!checked || memchr(text, '\0', len))
        return node_fail(at, e, "the prompt is not UTF-8 text; save the file as UTF-8");
    if (!len)
        return node_fail(at, e, "the prompt is empty; give some text to build prompts from");
    c->prompt_text = arena_copy(&c->doc->memory, text, len);
    return c->prompt_text ? 0 : err_memory(e);
}

static int take_file(struct config *c, const struct node *at, const char *file, struct err *e)
{
    struct buf text = {0};
    struct err why;
    int rc = path_read_text(file, MOST_PROMPT_BYTES, &text, &why);
    if (rc)
        node_fail(at, e, "prompt file '%s' %s", file, why.text);
    else
        rc = take_text(c, at, buf_text(&text), text.len, e);
    buf_free(&text);
    return rc;
}

static int prompt_source(struct config *c, const struct node *map, const json_t *given,
                         struct err *e)
{
    const struct node *text = node_get(map, "text"), *file = node_get(map, "file");
    if (text && file)
        return node_fail(file, e, "'prompt' has both a text and a file; keep one of them");
    if (text)
        return take_text(c, text, text->text, strlen(text->text), e);
    if (file)
        return take_file(c, file, json_string_value(json_object_get(given, "file")), e);
    return 0;
}

int read_prompt(struct config *c, const struct node *root, struct err *e)
{
    static const char *const policies[] = {"bust", "reuse", NULL};
    struct option_schema keys[] = {
        KEY("cache", CTXMARK_TYPE_CHOICE, 0, "bust", 0, 0),
        KEY("text", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0),
        KEY("file", CTXMARK_TYPE_PATH, 0, NULL, 0, 0),
    };
    keys[0].choices = (char **)policies;
    json_t *given = read_section(c, root, "prompt", keys, 3, e);
    if (!given)
        return -1;
    const char *cache = json_string_value(json_object_get(given, "cache"));
    c->prompt_reuse = !strcmp(cache, "reuse");
    int rc = prompt_source(c, node_get(root, "prompt"), given, e);
    if (!rc)
        rc = canonical_set(c, "prompt",
                           json_pack("{s:s, s:s?}", "cache", cache, "text", c->prompt_text), e);
    json_decref(given);
    return rc;
}

/* --- facts */

static json_t *fact_value(const struct node *n)
{
    int64_t whole;
    double real;
    if (n->plain && number_whole(n->text, strlen(n->text), &whole) == NUMBER_OK)
        return json_integer(whole);
    if (n->plain && number_real(n->text, &real) == NUMBER_OK)
        return json_real(real);
    return json_string(n->text);
}

static int read_fact(struct config *c, const struct node *key, const struct node *value,
                     struct err *e)
{
    char word[64];
    if (check_name(key, "a fact's name", e))
        return -1;
    if (value->kind != NODE_SCALAR || node_is_null(value))
        return node_fail(value, e, "fact '%s' takes a number or text, not %s", key->text,
                         node_words(value, word, sizeof word));
    return json_object_set_new(c->facts, key->text, fact_value(value)) ? err_memory(e) : 0;
}

int read_facts(struct config *c, const struct node *root, struct err *e)
{
    char word[64];
    const struct node *map = node_get(root, "facts");
    c->facts = json_object();
    if (!c->facts)
        return err_memory(e);
    if (map && map->kind != NODE_MAP)
        return node_fail(map, e, "'facts' takes a mapping 'NAME: VALUE', not %s",
                         node_words(map, word, sizeof word));
    if (map && map->count > MOST_FACTS)
        return node_fail(map, e, "more than %d facts; keep those that analyzers read", MOST_FACTS);
    for (size_t i = 0; map && i < map->count; i++)
        if (read_fact(c, map->keys[i], map->items[i], e))
            return -1;
    return canonical_set(c, "facts", json_incref(c->facts), e);
}

/* --- plugin_path */

static int take_folder(struct config *c, const struct node *n, json_t *canonical, struct err *e)
{
    size_t count = json_array_size(canonical);
    if (check_name(n, "a folder of 'plugin_path'", e))
        return -1;
    char *full = path_join(c->folder, n->text);
    c->plugin_path[count] = full ? config_text(c, full, e) : NULL;
    free(full);
    if (!c->plugin_path[count] || json_array_append_new(canonical, json_string(n->text)))
        return err_memory(e);
    return 0;
}

int read_plugin_path(struct config *c, const struct node *root, struct err *e)
{
    const struct node *list = node_get(root, "plugin_path");
    size_t count = node_list_count(list);
    if (count > MOST_FOLDERS)
        return node_fail(list, e, "more than %d folders; name fewer", MOST_FOLDERS);
    c->plugin_path = config_array(c, count, sizeof *c->plugin_path, e);
    json_t *canonical = json_array();
    int rc = !c->plugin_path ? -1 : canonical ? 0 : err_memory(e);
    for (size_t i = 0; i < count && !rc; i++)
        rc = take_folder(c, node_list_item(list, i), canonical, e);
    if (!rc)
        return canonical_set(c, "plugin_path", canonical, e);
    json_decref(canonical);
    return rc;
}
