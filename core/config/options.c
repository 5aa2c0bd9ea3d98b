/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/options.h"
#include "core/config/run_config.h"
#include "core/config/suggest.h"

#include <string.h>

const struct option_schema *option_find(const struct option_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (!strcmp(t->schemas[i].name, name))
            return &t->schemas[i];
    return NULL;
}

int option_unknown(const struct option_table *t, const struct node *key, struct err *e)
{
    char word[64], hint[128];
    struct suggest s = suggest_begin(key->text);
    for (size_t i = 0; i < t->count; i++)
        suggest_offer(&s, t->schemas[i].name);
    return node_fail(key, e, "unknown %s %s%s%s; %s", t->what, node_words(key, word, sizeof word),
                     t->of, suggest_words(&s, hint, sizeof hint), t->remedy);
}

static int null_value(const struct option_table *t, const struct node *key,
                      const struct node *value, struct err *e)
{
    if (t->null_is_unset)
        return 0;
    return node_fail(value, e, "'%s' has no value; write one, or remove the line", key->text);
}

static int one_option(const struct option_table *t, const struct node *key,
                      const struct node *value, const char *folder, json_t *out, struct err *e)
{
    if (node_is_null(value))
        return null_value(t, key, value, e);
    json_t *checked = option_from_node(option_find(t, key->text), value, folder, e);
    if (!checked)
        return -1;
    return json_object_set_new(out, key->text, checked) ? err_memory(e) : 0;
}

int options_from_map(const struct option_table *t, const struct node *map, bool others_allowed,
                     const char *folder, json_t *out, struct err *e)
{
    char word[64];
    if (!map || node_is_null(map))
        return 0;
    if (map->kind != NODE_MAP)
        return node_fail(map, e, "a mapping 'NAME: VALUE' is needed here, not %s",
                         node_words(map, word, sizeof word));
    for (size_t i = 0; i < map->count; i++) {
        bool known = option_find(t, map->keys[i]->text) != NULL;
        if (!known && !others_allowed)
            return option_unknown(t, map->keys[i], e);
        if (known && one_option(t, map->keys[i], map->items[i], folder, out, e))
            return -1;
    }
    return 0;
}

json_t *option_from_text(const struct option_schema *schema, const char *text, const char *where,
                         const char *folder, struct err *e)
{
    struct doc d = {0};
    json_t *value = NULL;
    const struct node *n = doc_parse(&d, where, false, text, strlen(text), e);
    if (n && node_is_null(n))
        node_fail(n, e, "'%s' has no value; write %s=VALUE", schema->name, schema->name);
    else if (n)
        value = option_from_node(schema, n, folder, e);
    doc_free(&d);
    return value;
}

static int complete_one(json_t *options, const struct option_schema *s, const char *where,
                        const char *folder, struct err *e)
{
    if (json_object_get(options, s->name))
        return 0;
    if (s->flags & CTXMARK_OPT_REQUIRED)
        return err_set(e, "%s: '%s' is required; add it%s%s", where, s->name, *s->help ? ": " : "",
                       s->help);
    if (!s->default_text || !*s->default_text)
        return 0;
    json_t *value = option_from_text(s, s->default_text, where, folder, e);
    if (!value)
        return -1;
    return json_object_set_new(options, s->name, value) ? err_memory(e) : 0;
}

int options_complete(json_t *options, const struct option_schema *schemas, size_t count,
                     const char *where, const char *folder, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (complete_one(options, &schemas[i], where, folder, e))
            return -1;
    return 0;
}
