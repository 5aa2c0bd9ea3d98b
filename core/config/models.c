/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/parts.h"
#include "core/config/suggest.h"

#include <math.h>
#include <string.h>

#define MOST_MODELS 1000

/* Keys that mean the same whoever serves the model. */
static const struct option_schema model_schemas[] = {
    {.name = (char *)"name", .type = CTXMARK_TYPE_TEXT},
    {.name = (char *)"params_m", .type = CTXMARK_TYPE_NUMBER, .min = 0.001, .max = 1e9},
    {.name = (char *)"max_context", .type = CTXMARK_TYPE_INT, .min = 1, .max = MOST_CONTEXT},
};
#define MODEL_SCHEMAS (sizeof model_schemas / sizeof *model_schemas)

/* Keys of the backends that ctxmark ships, known even where those are not installed. */
static const char *const shipped_keys[] = {"path", "ollama_tag", "weights", "dtype"};
#define SHIPPED_KEYS (sizeof shipped_keys / sizeof *shipped_keys)

static bool is_own_key(const char *key)
{
    const struct option_table t = {.schemas = model_schemas, .count = MODEL_SCHEMAS};
    return option_find(&t, key) != NULL;
}

static bool is_shipped_key(const char *key)
{
    for (size_t i = 0; i < SHIPPED_KEYS; i++)
        if (!strcmp(key, shipped_keys[i]))
            return true;
    return false;
}

static bool is_backend_key(const struct config *c, const char *key)
{
    for (size_t i = 0; i < c->backend_count; i++) {
        const struct descriptor *d = c->backends[i].descriptor;
        if (d && descriptor_model_key(d, key))
            return true;
    }
    return false;
}

static const char *first_missing(const struct config *c)
{
    for (size_t i = 0; i < c->backend_count; i++)
        if (!c->backends[i].descriptor)
            return c->backends[i].name;
    return NULL;
}

static void offer_keys(const struct config *c, struct suggest *s)
{
    for (size_t i = 0; i < MODEL_SCHEMAS; i++)
        suggest_offer(s, model_schemas[i].name);
    for (size_t i = 0; i < SHIPPED_KEYS; i++)
        suggest_offer(s, shipped_keys[i]);
    for (size_t i = 0; i < c->backend_count; i++) {
        const struct descriptor *d = c->backends[i].descriptor;
        for (size_t k = 0; d && k < d->model_key_count; k++)
            suggest_offer(s, d->model_keys[k].name);
    }
}

static int unknown_key(const struct config *c, const struct node *key, struct err *e)
{
    char word[64], hint[128];
    const char *missing = first_missing(c);
    struct suggest s = suggest_begin(key->text);
    offer_keys(c, &s);
    node_words(key, word, sizeof word);
    suggest_words(&s, hint, sizeof hint);
    if (missing)
        return node_fail(key, e,
                         "unknown key %s of a model%s; backend '%s' is not installed, so that of "
                         "its keys only path, ollama_tag, weights and dtype are known",
                         word, hint, missing);
    return node_fail(key, e,
                     "unknown key %s of a model%s; 'ctxmark plugins NAME' lists the keys that a "
                     "backend reads",
                     word, hint);
}

/* Whoever serves the model checks a key's type; what nobody has a table for must be one value. */
static int check_further_key(const struct config *c, const struct node *key,
                             const struct node *value, struct err *e)
{
    char word[64];
    if (is_backend_key(c, key->text))
        return 0;
    if (!is_shipped_key(key->text))
        return unknown_key(c, key, e);
    if (value->kind != NODE_SCALAR)
        return node_fail(value, e, "'%s' takes text or null, not %s", key->text,
                         node_words(value, word, sizeof word));
    return 0;
}

static int add_mark(json_t *marks, const struct node *key, const struct node *value)
{
    struct buf place = {0};
    node_place(value, &place);
    int rc = json_object_set_new(marks, key->text, json_string(buf_text(&place)));
    buf_free(&place);
    return rc;
}

static int read_further_keys(const struct config *c, struct config_model *m, struct err *e)
{
    const struct node *n = m->node;
    for (size_t i = 0; i < n->count; i++) {
        const struct node *key = n->keys[i], *value = n->items[i];
        if (is_own_key(key->text))
            continue;
        if (check_further_key(c, key, value, e))
            return -1;
        if (json_object_set_new(m->keys, key->text, node_to_json(value)) ||
            add_mark(m->marks, key, value))
            return err_memory(e);
    }
    return 0;
}

static int read_own_keys(const struct config *c, struct config_model *m, struct err *e)
{
    const struct option_table t = {model_schemas, MODEL_SCHEMAS, "key", "", "", true};
    json_t *own = json_object();
    int rc = own ? options_from_map(&t, m->node, true, c->folder, own, e) : err_memory(e);
    const json_t *params = json_object_get(own, "params_m");
    m->params_m = params ? json_real_value(params) : NAN;
    m->max_context = json_integer_value(json_object_get(own, "max_context"));
    json_decref(own);
    return rc;
}

static int check_unique(const struct config *c, const struct node *name, struct err *e)
{
    for (size_t i = 0; i < c->model_count; i++)
        if (!strcmp(c->models[i].name, name->text))
            return node_fail(name, e,
                             "model '%s' is named twice, first at line %zu; give it "
                             "another name",
                             name->text, node_get(c->models[i].node, "name")->line);
    return 0;
}

static int read_model(struct config *c, const struct node *n, struct err *e)
{
    char word[64];
    if (n->kind != NODE_MAP)
        return node_fail(n, e, "a model is a mapping with a 'name', not %s",
                         node_words(n, word, sizeof word));
    const struct node *name = node_get(n, "name");
    if (!name)
        return node_fail(n, e, "a model without a name; add 'name: NAME'");
    if (check_name(name, "a model's name", e) || check_unique(c, name, e))
        return -1;
    struct config_model *m = &c->models[c->model_count++];
    m->node = n;
    m->name = config_text(c, name->text, e);
    m->keys = json_object();
    m->marks = json_object();
    if (!m->name || !m->keys || !m->marks)
        return err_memory(e);
    return read_own_keys(c, m, e) || read_further_keys(c, m, e) ? -1 : 0;
}

static int models_canonical(struct config *c, struct err *e)
{
    json_t *list = json_array();
    int rc = list ? 0 : -1;
    for (size_t i = 0; i < c->model_count && !rc; i++) {
        const struct config_model *m = &c->models[i];
        json_t *params = isnan(m->params_m) ? json_null() : json_real(m->params_m);
        json_t *most = m->max_context ? json_integer(m->max_context) : json_null();
        rc = json_array_append_new(list,
                                   json_pack("{s:s, s:o, s:o, s:O}", "name", m->name, "params_m",
                                             params, "max_context", most, "keys", m->keys));
    }
    if (!rc)
        return canonical_set(c, "models", list, e);
    json_decref(list);
    return err_memory(e);
}

int read_models(struct config *c, const struct node *root, struct err *e)
{
    char word[64];
    const struct node *list = node_get(root, "models");
    if (!list)
        return err_set(e, "%s: 'models' is required; name at least one model", c->file);
    if (list->kind != NODE_LIST || !list->count)
        return node_fail(list, e, "'models' takes a list of mappings, one for each model, not %s",
                         list->kind == NODE_LIST ? "an empty list"
                                                 : node_words(list, word, sizeof word));
    if (list->count > MOST_MODELS)
        return node_fail(list, e, "more than %d models; split the config", MOST_MODELS);
    c->models = config_array(c, list->count, sizeof *c->models, e);
    if (!c->models)
        return -1;
    for (size_t i = 0; i < list->count; i++)
        if (read_model(c, list->items[i], e))
            return -1;
    return models_canonical(c, e);
}

json_t *config_model_keys(const struct config *c, const struct config_backend *b,
                          const struct config_model *m, struct err *e)
{
    json_t *keys = json_object();
    if (!keys) {
        err_memory(e);
        return NULL;
    }
    if (!b->descriptor)
        return keys;
    const struct descriptor *d = b->descriptor;
    const struct option_table t = {d->model_keys, d->model_key_count, "key", "", "", true};
    struct buf where = {0};
    node_place(m->node, &where);
    int rc = options_from_map(&t, m->node, true, c->folder, keys, e);
    if (!rc)
        rc = options_complete(keys, d->model_keys, d->model_key_count, buf_text(&where), c->folder,
                              e);
    buf_free(&where);
    if (!rc)
        return keys;
    json_decref(keys);
    return NULL;
}
