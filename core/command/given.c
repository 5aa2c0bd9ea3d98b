/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/given.h"

#include "core/config/run_config.h"

int given_init(struct given *g)
{
    g->options = json_object();
    g->keys = json_object();
    return g->options && g->keys ? 0 : -1;
}

void given_free(struct given *g)
{
    json_decref(g->options);
    json_decref(g->keys);
}

static int take_one(struct given *g, const struct descriptor *d, const struct config_override *set,
                    struct err *e)
{
    const struct option_schema *option = descriptor_option(d, set->key);
    const struct option_schema *key = descriptor_model_key(d, set->key);
    if (!option && !key)
        return err_set(e,
                       "--set %s: %s has no such option or model key; `ctxmark plugins %s` lists "
                       "them",
                       set->key, d->name, d->name);
    json_t *value = option_from_text(option ? option : key, set->value, "--set", ".", e);
    if (!value)
        return -1;
    json_object_set_new(option ? g->options : g->keys, set->key, value);
    return 0;
}

int given_take(struct given *g, const struct descriptor *d, const char *model,
               const struct options *o, struct err *e)
{
    const struct option_schema *serves = descriptor_serves(d);
    if (serves && model) {
        json_t *value = option_from_text(serves, model, "MODEL", ".", e);
        if (!value)
            return -1;
        json_object_set_new(g->keys, serves->name, value);
    }
    for (size_t i = 0; i < o->set_count; i++)
        if (take_one(g, d, &o->sets[i], e) < 0)
            return -1;
    return 0;
}

int given_complete(struct given *g, const struct descriptor *d, struct err *e)
{
    if (options_complete(g->options, d->options, d->option_count, "--set", ".", e) < 0)
        return -1;
    return options_complete(g->keys, d->model_keys, d->model_key_count, "--set", ".", e);
}
