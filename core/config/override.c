/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/override.h"
#include "core/config/suggest.h"

#include <string.h>

/* One override on its way down the tree.  Every node that is entered is replaced by a copy, since
 * an alias elsewhere may share it. */
struct walk {
    struct doc *doc;
    struct node *value; /* what to set; also says where messages stand */
    const char *rest;   /* of the key, after what was walked */
    struct err *e;
};

static int set_in_map(struct walk *w, struct node *map);

/* Length of `name` if the key goes on with it, as a whole: up to a '.' or the end; else 0. */
static size_t begins_with(const char *key, const char *name)
{
    size_t len = strlen(name);
    bool whole = !strncmp(key, name, len) && (key[len] == '.' || key[len] == '\0');
    return whole ? len : 0;
}

static void walk_on(struct walk *w, size_t len)
{
    w->rest += len;
    if (*w->rest == '.')
        w->rest++;
}

static int out_of_memory(struct walk *w)
{
    return err_memory(w->e);
}

/* A changeable copy of `n`; a null becomes an empty mapping.  NULL: e. */
static struct node *as_map(struct walk *w, const struct node *n, const char *name)
{
    struct node *copy = NULL;
    if (!n || node_is_null(n))
        copy = node_new_map(w->doc, w->value);
    else if (n->kind == NODE_MAP)
        copy = node_copy(w->doc, n);
    else {
        node_fail(w->value, w->e, "'%s' is not a mapping, so it has no '%s'; set '%s' as a whole",
                  name, w->rest, name);
        return NULL;
    }
    if (!copy)
        out_of_memory(w);
    return copy;
}

/* --- lists of named things: backends, models, analyzers */

static const char *entry_name(const struct node *entry)
{
    const struct node *name = entry->kind == NODE_MAP ? node_get(entry, "name") : entry;
    if (name && name->kind == NODE_SCALAR)
        return name->text;
    if (entry->kind == NODE_MAP && !name && entry->count == 1)
        return entry->keys[0]->text; /* {NAME: {...}} */
    return NULL;
}

/* The entry with the longest name that the key goes on with; list->count if there is none. */
static size_t find_entry(const struct node *list, const char *key, size_t *ret_len)
{
    size_t found = list->count;
    *ret_len = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *name = entry_name(list->items[i]);
        size_t len = name ? begins_with(key, name) : 0;
        if (len > *ret_len) {
            *ret_len = len;
            found = i;
        }
    }
    return found;
}

static int no_such_entry(struct walk *w, const struct node *list, const char *list_name)
{
    char hint[128], wanted[128];
    snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(w->rest, "."), w->rest);
    struct suggest s = suggest_begin(wanted);
    for (size_t i = 0; i < list->count; i++)
        suggest_offer(&s, entry_name(list->items[i]));
    return node_fail(w->value, w->e, "nothing in '%s' is named '%s'%s; write %s.NAME.KEY",
                     list_name, wanted, suggest_words(&s, hint, sizeof hint), list_name);
}

static bool is_backend_key(const char *key)
{
    return begins_with(key, "name") || begins_with(key, "plugin") || begins_with(key, "options") ||
           begins_with(key, "warmup_repetitions");
}

/* NAME becomes {name: NAME}. */
static struct node *entry_as_map(struct walk *w, const struct node *entry)
{
    if (entry->kind == NODE_MAP)
        return as_map(w, entry, "");
    struct node *map = node_new_map(w->doc, entry);
    if (map && !node_set(w->doc, map, "name", (struct node *)entry))
        return map;
    out_of_memory(w);
    return NULL;
}

static int set_below(struct walk *w, struct node *map, const char *key)
{
    struct node *child = as_map(w, node_get(map, key), key);
    if (!child || set_in_map(w, child))
        return -1;
    return node_set(w->doc, map, key, child) ? out_of_memory(w) : 0;
}

/* The rest of the key is an option of the plugin that `map` names, unless it is one of its own. */
static int set_option(struct walk *w, struct node *map)
{
    if (!node_get(map, "name") && map->count == 1 && !is_backend_key(map->keys[0]->text))
        return set_below(w, map, map->keys[0]->text);
    return is_backend_key(w->rest) ? set_in_map(w, map) : set_below(w, map, "options");
}

static int set_in_list(struct walk *w, struct node *list, const char *list_name)
{
    size_t len, i = find_entry(list, w->rest, &len);
    if (i == list->count)
        return no_such_entry(w, list, list_name);
    walk_on(w, len);
    if (!*w->rest)
        return node_fail(w->value, w->e, "name a key of it, as in --set %s.NAME.KEY=VALUE",
                         list_name);
    struct node *entry = entry_as_map(w, list->items[i]);
    if (!entry)
        return -1;
    list->items[i] = entry;
    return !strcmp(list_name, "models") ? set_in_map(w, entry) : set_option(w, entry);
}

static bool is_named_list(const char *key)
{
    return !strcmp(key, "models") || !strcmp(key, "backends") || !strcmp(key, "analyzers");
}

/* A list to change: the one that is there, or a list of the one thing that is there. */
static struct node *as_list(struct walk *w, const struct node *n)
{
    if (n->kind == NODE_LIST) {
        struct node *copy = node_copy(w->doc, n);
        if (!copy)
            out_of_memory(w);
        return copy;
    }
    struct node *list = node_new_map(w->doc, n);
    struct node **items = list ? arena_alloc(&w->doc->memory, sizeof(struct node *)) : NULL;
    if (!items) {
        out_of_memory(w);
        return NULL;
    }
    list->kind = NODE_LIST;
    list->items = items;
    list->items[0] = (struct node *)n;
    list->count = 1;
    return list;
}

/* --- mappings */

/* The key of the mapping that the override goes on with; without one, up to the next '.'. */
static size_t next_key(const struct node *map, const char *key)
{
    size_t longest = 0;
    for (size_t i = 0; i < map->count; i++) {
        size_t len = begins_with(key, map->keys[i]->text);
        if (len > longest)
            longest = len;
    }
    return longest ? longest : strcspn(key, ".");
}

static int set_in_map(struct walk *w, struct node *map)
{
    char name[256];
    size_t len = next_key(map, w->rest);
    if (!len || len >= sizeof name)
        return node_fail(w->value, w->e, "the key is empty or too long; write --set KEY=VALUE");
    snprintf(name, sizeof name, "%.*s", (int)len, w->rest);
    bool last = w->rest[len] == '\0';
    walk_on(w, len);
    if (last)
        return node_set(w->doc, map, name, w->value) ? out_of_memory(w) : 0;
    const struct node *child = node_get(map, name);
    bool lists = child && !node_is_null(child) && child->kind != NODE_MAP;
    if (!lists || !is_named_list(name))
        return set_below(w, map, name);
    struct node *list = as_list(w, child);
    if (!list || set_in_list(w, list, name))
        return -1;
    return node_set(w->doc, map, name, list) ? out_of_memory(w) : 0;
}

static int override_apply(struct doc *d, const struct config_override *o, struct err *e)
{
    struct buf source = {0};
    buf_printf(&source, "--set %s", o->key);
    if (!buf_ok(&source))
        return err_memory(e);
    struct walk w = {.doc = d, .rest = o->key, .e = e};
    w.value = doc_parse(d, buf_text(&source), false, o->value, strlen(o->value), e);
    buf_free(&source);
    if (!w.value)
        return -1;
    struct node *root = node_copy(d, d->root);
    if (!root)
        return err_memory(e);
    if (set_in_map(&w, root))
        return -1;
    d->root = root;
    return 0;
}

int overrides_apply(struct doc *d, const struct config_override *overrides, size_t count,
                    struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (override_apply(d, &overrides[i], e))
            return -1;
    return 0;
}
