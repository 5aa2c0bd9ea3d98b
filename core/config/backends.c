/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/parts.h"
#include "core/config/paths.h"

#include <stdlib.h>
#include <string.h>

/* One entry of `backends` as it stands: a name, or a mapping. */
struct entry {
    const struct node *name, *plugin, *options, *models; /* NULL: not given */
    const struct node *at;      /* for messages about the backend as a whole */
    int64_t warmup_repetitions; /* -1: not given */
};

/* Keys that hold something else than one value are read by hand. */
static const struct option_schema entry_keys[] = {
    {.name = (char *)"warmup_repetitions", .type = CTXMARK_TYPE_INT, .max = MOST_REPETITIONS},
    {.name = (char *)"name"},
    {.name = (char *)"plugin"},
    {.name = (char *)"options"},
    {.name = (char *)"models"},
};

static int check_entry_keys(const struct node *n, struct err *e)
{
    const struct option_table t = {entry_keys,
                                   sizeof entry_keys / sizeof entry_keys[0],
                                   "key",
                                   " of a backend",
                                   "a backend takes name, plugin, models, options and "
                                   "warmup_repetitions",
                                   false};
    for (size_t i = 0; i < n->count; i++)
        if (!option_find(&t, n->keys[i]->text))
            return option_unknown(&t, n->keys[i], e);
    return 0;
}

static int read_warmup(const struct node *n, struct entry *entry, struct err *e)
{
    const struct option_table t = {entry_keys, 1, "key", "", "", false};
    json_t *values = json_object();
    int rc = values ? options_from_map(&t, n, true, "", values, e) : err_memory(e);
    const json_t *given = json_object_get(values, "warmup_repetitions");
    if (given)
        entry->warmup_repetitions = json_integer_value(given);
    json_decref(values);
    return rc;
}

static int read_entry(const struct node *n, struct entry *entry, struct err *e)
{
    char word[64];
    *entry = (struct entry){.at = n, .warmup_repetitions = -1};
    if (n->kind == NODE_SCALAR) {
        entry->name = n;
        return check_name(n, "a backend's name", e);
    }
    if (n->kind != NODE_MAP)
        return node_fail(n, e, "a backend is a name or a mapping {name, plugin, options}, not %s",
                         node_words(n, word, sizeof word));
    if (check_entry_keys(n, e) || read_warmup(n, entry, e))
        return -1;
    entry->name = node_get(n, "name");
    entry->plugin = node_get(n, "plugin");
    entry->options = node_get(n, "options");
    entry->models = node_get(n, "models");
    if (!entry->name && !entry->plugin)
        return node_fail(n, e, "a backend without a name; add 'name: NAME'");
    if (entry->name && check_name(entry->name, "a backend's name", e))
        return -1;
    if (entry->plugin && check_name(entry->plugin, "a plugin's name", e))
        return -1;
    if (entry->options && entry->options->kind != NODE_MAP && !node_is_null(entry->options))
        return node_fail(entry->options, e, "'options' takes a mapping 'NAME: VALUE', not %s",
                         node_words(entry->options, word, sizeof word));
    return 0;
}

/* A file /some/where/NAME.so stands for a backend of that name. */
static char *name_of_file(struct config *c, const char *file, struct err *e)
{
    const char *slash = strrchr(file, '/');
    char *name = config_text(c, slash && slash[1] ? slash + 1 : file, e);
    size_t len = name ? strlen(name) : 0;
    if (len > 3 && !strcmp(name + len - 3, ".so"))
        name[len - 3] = '\0';
    return name;
}

/* The plugin as the registry wants it: other names of known ones replaced, files absolute. */
static char *plugin_of(struct config *c, const char *text, struct err *e)
{
    const struct known_plugin *known = known_plugin_find(text);
    if (!strchr(text, '/'))
        return config_text(c, known ? known->name : text, e);
    char *found = config_resolve_path(c->folder, text);
    char *full = found ? path_join(c->folder, found) : NULL;
    char *plugin = full ? config_text(c, full, e) : NULL;
    if (!full)
        err_memory(e);
    free(found);
    free(full);
    return plugin;
}

static int check_unique(const struct config *c, const struct config_backend *b,
                        const struct node *at, struct err *e)
{
    for (size_t i = 0; i < c->backend_count; i++)
        if (!strcmp(c->backends[i].name, b->name))
            return node_fail(at, e,
                             "backend '%s' is named twice; for a second one of the same plugin "
                             "write {name: OTHER, plugin: %s}",
                             b->name, b->plugin);
    return 0;
}

static int find_plugin(struct config *c, struct config_backend *b, struct registry *r,
                       const struct node *at, struct err *e)
{
    struct err why;
    switch (registry_find(r, b->plugin, CTXMARK_BACKEND, &b->descriptor, &why)) {
    case REGISTRY_FOUND: {
        const struct option_schema *key = descriptor_serves(b->descriptor);
        b->serves = key ? key->name : NULL;
        return 0;
    }
    case REGISTRY_NOT_INSTALLED: {
        const struct known_plugin *known = known_plugin_find(b->plugin);
        b->serves = known ? known->serves : NULL;
        b->missing = config_text(c, why.text, e);
        return b->missing ? 0 : -1;
    }
    default:
        return node_fail(at, e, "%s", why.text);
    }
}

/* Nobody knows the options of a plugin that is not installed: they are kept as they stand. */
static json_t *options_as_written(const struct entry *entry, const struct node *root, struct err *e)
{
    bool given = entry->options && entry->options->kind == NODE_MAP;
    json_t *options = given ? node_to_json(entry->options) : json_object();
    int rc = options ? 0 : -1;
    for (size_t i = 0; option_aliases[i] && !rc; i++) {
        const struct node *value = node_get(root, option_aliases[i]);
        if (value && !json_object_get(options, option_aliases[i]))
            rc = json_object_set_new(options, option_aliases[i], node_to_json(value));
    }
    if (!rc)
        return options;
    json_decref(options);
    err_memory(e);
    return NULL;
}

/* `models`: patterns of the models that this backend is to run; not given: all that it serves. */
static int read_model_patterns(struct config *c, struct config_backend *b, const struct node *list,
                               struct err *e)
{
    size_t count = list && !node_is_null(list) ? node_list_count(list) : 0;
    if (!count)
        return 0;
    b->models = config_array(c, count + 1, sizeof *b->models, e);
    for (size_t i = 0; b->models && i < count; i++) {
        const struct node *item = node_list_item(list, i);
        if (check_name(item, "a pattern of model names", e))
            return -1;
        b->models[i] = config_text(c, item->text, e);
        if (!b->models[i])
            return -1;
    }
    return b->models ? 0 : -1;
}

static json_t *model_patterns(const struct config_backend *b)
{
    json_t *list = b->models ? json_array() : json_null();
    for (size_t i = 0; b->models && b->models[i]; i++)
        json_array_append_new(list, json_string(b->models[i]));
    return list;
}

static int read_backend(struct config *c, const struct node *n, const struct node *root,
                        struct registry *r, struct err *e)
{
    struct entry entry;
    struct config_backend *b = &c->backends[c->backend_count];
    if (read_entry(n, &entry, e))
        return -1;
    const char *written = entry.plugin ? entry.plugin->text : entry.name->text;
    bool named = entry.name && (entry.plugin || !strchr(entry.name->text, '/'));
    b->name = named ? config_text(c, entry.name->text, e) : name_of_file(c, written, e);
    b->plugin = plugin_of(c, written, e);
    if (!b->name || !b->plugin || check_unique(c, b, entry.at, e) ||
        find_plugin(c, b, r, entry.plugin ? entry.plugin : entry.at, e) ||
        read_model_patterns(c, b, entry.models, e))
        return -1;
    b->warmup_repetitions =
        entry.warmup_repetitions < 0 ? c->warmup_repetitions : entry.warmup_repetitions;
    b->options = b->descriptor ? plugin_options(c, b->descriptor, entry.options, root, entry.at, e)
                               : options_as_written(&entry, root, e);
    if (!b->options)
        return -1;
    c->backend_count++;
    return 0;
}

static bool alias_is_used(const struct config *c, const char *alias)
{
    for (size_t i = 0; i < c->backend_count; i++)
        if (!c->backends[i].descriptor || descriptor_option(c->backends[i].descriptor, alias))
            return true;
    return false;
}

static void note_unused_aliases(const struct config *c, const struct node *root)
{
    for (size_t i = 0; option_aliases[i]; i++) {
        const struct node *key = node_key(root, option_aliases[i]);
        if (!key || alias_is_used(c, option_aliases[i]))
            continue;
        struct buf where = {0};
        node_place(key, &where);
        log_warning("%s: no backend of this config has an option '%s'; it has no effect",
                    buf_text(&where), option_aliases[i]);
        buf_free(&where);
    }
}

static int backends_canonical(struct config *c, struct err *e)
{
    json_t *list = json_array();
    int rc = list ? 0 : -1;
    for (size_t i = 0; i < c->backend_count && !rc; i++) {
        const struct config_backend *b = &c->backends[i];
        rc = json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:I, s:O}", "name", b->name, "plugin", b->plugin,
                            "models", model_patterns(b), "warmup_repetitions",
                            (json_int_t)b->warmup_repetitions, "options", b->options));
    }
    if (!rc)
        return canonical_set(c, "backends", list, e);
    json_decref(list);
    return err_memory(e);
}

int read_backends(struct config *c, const struct node *root, struct registry *r, struct err *e)
{
    const struct node *list = node_get(root, "backends");
    size_t count = node_list_count(list);
    if (!count)
        return list ? node_fail(list, e, "'backends' is empty; name at least one, such as hf_cpu")
                    : err_set(e, "%s: 'backends' is required; name at least one, such as hf_cpu",
                              c->file);
    if (count > MOST_BACKENDS)
        return node_fail(list, e, "more than %d backends; split the config", MOST_BACKENDS);
    c->backends = config_array(c, count, sizeof *c->backends, e);
    if (!c->backends)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (read_backend(c, node_list_item(list, i), root, r, e))
            return -1;
    note_unused_aliases(c, root);
    return backends_canonical(c, e);
}
