/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/parts.h"

#include <string.h>

int check_name(const struct node *n, const char *what, struct err *e)
{
    char word[64];
    if (n->kind != NODE_SCALAR || node_is_null(n) || !*n->text)
        return node_fail(n, e, "%s must be text, not %s", what, node_words(n, word, sizeof word));
    size_t len = strlen(n->text);
    if (len > MOST_NAME)
        return node_fail(n, e, "%s has %zu bytes; use at most %d", what, len, MOST_NAME);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)n->text[i] < 0x20 || n->text[i] == 0x7f)
            return node_fail(n, e, "%s holds a control character; remove it", what);
    if (n->text[0] == ' ' || n->text[len - 1] == ' ')
        return node_fail(n, e, "%s begins or ends with a space; remove it", what);
    return 0;
}

void *config_array(struct config *c, size_t count, size_t size, struct err *e)
{
    void *array = arena_alloc(&c->doc->memory, (count + 1) * size);
    if (!array)
        err_memory(e);
    return array;
}

char *config_text(struct config *c, const char *text, struct err *e)
{
    char *copy = arena_text(&c->doc->memory, text);
    if (!copy)
        err_memory(e);
    return copy;
}

int canonical_set(struct config *c, const char *key, json_t *value, struct err *e)
{
    return json_object_set_new(c->canonical, key, value) ? err_memory(e) : 0;
}

size_t node_list_count(const struct node *n)
{
    if (!n || node_is_null(n))
        return 0;
    return n->kind == NODE_LIST ? n->count : 1;
}

const struct node *node_list_item(const struct node *n, size_t i)
{
    return n->kind == NODE_LIST ? n->items[i] : n;
}

/* Options that the config gives at its top level, for each plugin that has such an option and was
 * not given it by itself. */
static int take_aliases(const struct config *c, const struct option_table *t,
                        const struct node *root, json_t *options, struct err *e)
{
    for (size_t i = 0; root && option_aliases[i]; i++) {
        const struct option_schema *s = option_find(t, option_aliases[i]);
        const struct node *value = node_get(root, option_aliases[i]);
        if (!s || !value || node_is_null(value) || json_object_get(options, s->name))
            continue;
        json_t *checked = option_from_node(s, value, c->folder, e);
        if (!checked)
            return -1;
        if (json_object_set_new(options, s->name, checked))
            return err_memory(e);
    }
    return 0;
}

json_t *plugin_options(const struct config *c, const struct descriptor *d, const struct node *map,
                       const struct node *root, const struct node *at, struct err *e)
{
    char of[256], remedy[256];
    snprintf(of, sizeof of, " of '%s'", d->name);
    snprintf(remedy, sizeof remedy, "'ctxmark plugins %s' lists its options", d->name);
    struct option_table t = {d->options, d->option_count, "option", of, remedy, true};
    struct buf where = {0};
    node_place(at, &where);
    json_t *options = json_object();
    int rc = options ? 0 : err_memory(e);
    if (!rc)
        rc = options_from_map(&t, map, false, c->folder, options, e);
    if (!rc)
        rc = take_aliases(c, &t, root, options, e);
    if (!rc)
        rc = options_complete(options, d->options, d->option_count, buf_text(&where), c->folder, e);
    buf_free(&where);
    if (!rc)
        return options;
    json_decref(options);
    return NULL;
}
