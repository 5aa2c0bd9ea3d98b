/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/parts.h"
#include "core/config/suggest.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ANALYZERS 200

/* One analyzer as the config has it: NAME, {name: NAME, options: {...}} or {NAME: {...}}. */
struct entry {
    const struct node *name, *options;
};

static int wrong_entry(const struct node *n, struct err *e)
{
    char word[64];
    return node_fail(n, e,
                     "an analyzer is a name, {name: NAME, options: {...}} or {NAME: {...}}, not %s",
                     node_words(n, word, sizeof word));
}

static int read_entry(const struct node *n, struct entry *entry, struct err *e)
{
    *entry = (struct entry){0};
    if (n->kind == NODE_SCALAR)
        entry->name = n;
    else if (n->kind == NODE_MAP && node_get(n, "name")) {
        entry->name = node_get(n, "name");
        entry->options = node_get(n, "options");
        for (size_t i = 0; i < n->count; i++)
            if (strcmp(n->keys[i]->text, "name") && strcmp(n->keys[i]->text, "options"))
                return node_fail(n->keys[i], e,
                                 "unknown key '%.60s' of an analyzer; it takes name and options",
                                 n->keys[i]->text);
    } else if (n->kind == NODE_MAP && n->count == 1) {
        entry->name = n->keys[0];
        entry->options = n->items[0];
    } else
        return wrong_entry(n, e);
    return check_name(entry->name, "an analyzer's name", e);
}

static int add_analyzer(struct config *c, const struct descriptor *d, const struct node *options,
                        const struct node *at, struct err *e)
{
    struct config_analyzer *a = &c->analyzers[c->analyzer_count];
    for (size_t i = 0; i < c->analyzer_count; i++)
        if (!strcmp(c->analyzers[i].name, d->name))
            return node_fail(at, e, "analyzer '%s' is named twice; remove one of them", d->name);
    a->name = config_text(c, d->name, e);
    a->descriptor = d;
    a->options = a->name ? plugin_options(c, d, options, NULL, at, e) : NULL;
    if (!a->options)
        return -1;
    c->analyzer_count++;
    return 0;
}

static int read_named(struct config *c, const struct node *list, struct registry *r, struct err *e)
{
    for (size_t i = 0; i < node_list_count(list); i++) {
        struct entry entry;
        const struct descriptor *d;
        struct err why;
        if (read_entry(node_list_item(list, i), &entry, e))
            return -1;
        if (registry_find(r, entry.name->text, CTXMARK_ANALYZER, &d, &why) != REGISTRY_FOUND)
            return node_fail(entry.name, e, "%s", why.text);
        if (add_analyzer(c, d, entry.options, entry.name, e))
            return -1;
    }
    return 0;
}

/* --- all that are installed */

struct installed {
    const struct descriptor *v[MOST_ANALYZERS];
    size_t count;
};

static void collect(void *arg, const char *path, const struct descriptor *d, const char *problem)
{
    struct installed *all = arg;
    if (!d)
        log_warning("%s: %s; left out", path, problem);
    else if (d->kind == CTXMARK_ANALYZER && all->count < MOST_ANALYZERS)
        all->v[all->count++] = d;
}

static int by_name(const void *a, const void *b)
{
    const struct descriptor *x = *(const struct descriptor *const *)a;
    const struct descriptor *y = *(const struct descriptor *const *)b;
    return strcmp(x->name, y->name);
}

/* `options` maps names to options, for those that are not to run as they are. */
static int check_names(const struct installed *all, const struct node *options, struct err *e)
{
    for (size_t i = 0; options && i < options->count; i++) {
        char hint[128];
        bool found = false;
        struct suggest s = suggest_begin(options->keys[i]->text);
        for (size_t k = 0; k < all->count; k++) {
            found |= !strcmp(options->keys[i]->text, all->v[k]->name);
            suggest_offer(&s, all->v[k]->name);
        }
        if (!found)
            return node_fail(options->keys[i], e,
                             "no analyzer '%.60s' is installed%s; 'ctxmark plugins' lists them",
                             options->keys[i]->text, suggest_words(&s, hint, sizeof hint));
    }
    return 0;
}

static int read_all(struct config *c, const struct node *root, const struct node *options,
                    struct registry *r, struct err *e)
{
    struct installed *all = calloc(1, sizeof *all);
    if (!all)
        return err_memory(e);
    registry_each(r, collect, all);
    qsort(all->v, all->count, sizeof *all->v, by_name);
    int rc = check_names(all, options, e);
    for (size_t i = 0; i < all->count && !rc; i++)
        rc = add_analyzer(c, all->v[i], node_get(options, all->v[i]->name),
                          options ? options : root, e);
    free(all);
    return rc;
}

/* null stands for "all that are installed": another one that is installed later is no other
 * config. */
static int analyzers_canonical(struct config *c, const struct node *list, struct err *e)
{
    if (!list)
        return canonical_set(c, "analyzers", json_null(), e);
    json_t *array = json_array();
    int rc = array ? 0 : -1;
    for (size_t i = 0; i < c->analyzer_count && !rc; i++)
        rc = json_array_append_new(array, json_pack("{s:s, s:O}", "name", c->analyzers[i].name,
                                                    "options", c->analyzers[i].options));
    if (!rc)
        return canonical_set(c, "analyzers", array, e);
    json_decref(array);
    return err_memory(e);
}

int read_analyzers(struct config *c, const struct node *root, struct registry *r, struct err *e)
{
    const struct node *list = node_get(root, "analyzers");
    bool all = !list || list->kind == NODE_MAP;
    size_t count = all ? MOST_ANALYZERS : node_list_count(list);
    if (list && node_is_null(list))
        return node_fail(list, e,
                         "'analyzers' has no value; name some, or remove the line to run "
                         "all that are installed");
    if (count > MOST_ANALYZERS)
        return node_fail(list, e, "more than %d analyzers; name fewer", MOST_ANALYZERS);
    c->analyzers = config_array(c, count, sizeof *c->analyzers, e);
    if (!c->analyzers)
        return -1;
    if (all ? read_all(c, root, list, r, e) : read_named(c, list, r, e))
        return -1;
    return analyzers_canonical(c, list, e);
}
