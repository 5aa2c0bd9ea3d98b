/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/override.h"
#include "core/config/parts.h"
#include "core/config/paths.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *mode_name(enum run_mode mode)
{
    static const char *const names[MODE_COUNT] = {"prefill", "decode", "e2e"};
    return names[mode];
}

static struct config *config_new(const char *path, struct err *e)
{
    struct config *c = calloc(1, sizeof *c);
    struct doc *d = calloc(1, sizeof *d);
    if (!c || !d) {
        free(c);
        free(d);
        err_memory(e);
        return NULL;
    }
    c->doc = d;
    c->canonical = json_object();
    c->file = config_text(c, path, e);
    if (c->canonical && c->file)
        return c;
    config_free(c);
    err_memory(e);
    return NULL;
}

/* The file's absolute path, and its folder. */
static int config_locate(struct config *c, struct err *e)
{
    char *path = path_absolute(c->file, e);
    if (!path)
        return -1;
    c->path = config_text(c, path, e);
    c->folder = config_text(c, path, e);
    free(path);
    if (!c->path || !c->folder)
        return -1;
    char *slash = strrchr(c->folder, '/');
    slash[slash == c->folder] = '\0';
    return 0;
}

static int config_parse(struct config *c, const struct config_override *overrides, size_t count,
                        struct err *e)
{
    char word[64];
    if (doc_read(c->doc, c->file, e))
        return -1;
    if (c->doc->root->kind != NODE_MAP)
        return node_fail(c->doc->root, e,
                         "a config holds lines 'key: value', not %s; see ctxmark.yaml(5)",
                         node_words(c->doc->root, word, sizeof word));
    return overrides_apply(c->doc, overrides, count, e);
}

/* Every model with every backend that serves it, so that mistakes show before anything runs. */
static int check_model_keys(const struct config *c, struct err *e)
{
    for (size_t b = 0; b < c->backend_count; b++)
        for (size_t m = 0; m < c->model_count; m++) {
            if (!c->backends[b].descriptor || !config_serves(&c->backends[b], &c->models[m]))
                continue;
            json_t *keys = config_model_keys(c, &c->backends[b], &c->models[m], e);
            if (!keys)
                return -1;
            json_decref(keys);
        }
    return 0;
}

static int config_check(struct config *c, struct registry *r, struct err *e)
{
    const struct node *root = c->doc->root;
    if (read_backends(c, root, r, e) || read_models(c, root, e) || read_analyzers(c, root, r, e))
        return -1;
    if (read_stop(c, root, e) || read_cold_start(c, root, e) || read_prompt(c, root, e) ||
        read_facts(c, root, e))
        return -1;
    return check_model_keys(c, e);
}

struct config *config_read(const char *path, const struct config_override *overrides,
                           size_t override_count, struct registry **ret_registry, struct err *e)
{
    struct registry *r = NULL;
    struct config *c = config_new(path, e);
    if (!c)
        return NULL;
    if (config_locate(c, e) || config_parse(c, overrides, override_count, e) ||
        read_top(c, c->doc->root, e) || read_plugin_path(c, c->doc->root, e))
        goto fail;
    r = registry_new((const char *const *)c->plugin_path, e);
    if (!r || config_check(c, r, e))
        goto fail;
    *ret_registry = r;
    return c;
fail:
    config_free(c);
    registry_free(r);
    return NULL;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->model_count; i++) {
        json_decref(c->models[i].keys);
        json_decref(c->models[i].marks);
    }
    for (size_t i = 0; i < c->backend_count; i++)
        json_decref(c->backends[i].options);
    for (size_t i = 0; i < c->analyzer_count; i++)
        json_decref(c->analyzers[i].options);
    json_decref(c->facts);
    json_decref(c->canonical);
    doc_free(c->doc);
    free(c->doc);
    free(c);
}

static bool is_asked_for(const struct config_backend *b, const struct config_model *m)
{
    for (size_t i = 0; b->models && b->models[i]; i++)
        if (fnmatch(b->models[i], m->name, 0) == 0)
            return true;
    return !b->models;
}

bool config_serves(const struct config_backend *b, const struct config_model *m)
{
    if (!is_asked_for(b, m))
        return false;
    if (!b->serves)
        return true;
    const json_t *key = json_object_get(m->keys, b->serves);
    return key && !json_is_null(key);
}
