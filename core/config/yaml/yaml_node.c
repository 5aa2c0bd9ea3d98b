/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/numbers.h"
#include "core/config/yaml/yaml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void node_place(const struct node *n, struct buf *out)
{
    buf_puts(out, n->source);
    if (n->line)
        buf_printf(out, ":%zu:%zu", n->line, n->column);
}

int node_fail(const struct node *n, struct err *e, const char *format, ...)
{
    struct buf text = {0};
    char words[1536];
    va_list ap;
    va_start(ap, format);
    vsnprintf(words, sizeof words, format, ap);
    va_end(ap);
    node_place(n, &text);
    err_set(e, "%s: %s", buf_text(&text), words);
    buf_free(&text);
    return -1;
}

bool node_is_null(const struct node *n)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (n->kind != NODE_SCALAR || !n->plain)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(n->text, words[i]))
            return true;
    return false;
}

/* Bytes of the longest beginning of text that has at most `most` bytes and ends with a whole UTF-8
 * character. */
static size_t whole_characters(const char *text, size_t most)
{
    size_t len = strlen(text);
    if (len <= most)
        return len;
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

const char *node_words(const struct node *n, char *buffer, size_t size)
{
    if (n->kind == NODE_LIST)
        return "a list";
    if (n->kind == NODE_MAP)
        return "a mapping";
    if (node_is_null(n))
        return "nothing";
    size_t len = whole_characters(n->text, size > 48 ? 40 : size / 2);
    snprintf(buffer, size, "'%.*s%s'", (int)len, n->text, n->text[len] ? "..." : "");
    return buffer;
}

static size_t node_index(const struct node *n, const char *key)
{
    size_t i = 0;
    while (i < n->count && strcmp(n->keys[i]->text, key))
        i++;
    return i;
}

struct node *node_get(const struct node *n, const char *key)
{
    if (!n || n->kind != NODE_MAP)
        return NULL;
    size_t i = node_index(n, key);
    return i < n->count ? n->items[i] : NULL;
}

struct node *node_key(const struct node *n, const char *key)
{
    if (!n || n->kind != NODE_MAP)
        return NULL;
    size_t i = node_index(n, key);
    return i < n->count ? n->keys[i] : NULL;
}

static json_t *scalar_to_json(const struct node *n)
{
    int64_t whole;
    double real;
    if (node_is_null(n))
        return json_null();
    if (n->plain && !strcmp(n->text, "true"))
        return json_true();
    if (n->plain && !strcmp(n->text, "false"))
        return json_false();
    if (n->plain && number_whole(n->text, strlen(n->text), &whole) == NUMBER_OK)
        return json_integer(whole);
    if (n->plain && number_real(n->text, &real) == NUMBER_OK)
        return json_real(real);
    return json_string(n->text);
}

json_t *node_to_json(const struct node *n)
{
    if (n->kind == NODE_SCALAR)
        return scalar_to_json(n);
    json_t *json = n->kind == NODE_LIST ? json_array() : json_object();
    int rc = json ? 0 : -1;
    for (size_t i = 0; i < n->count && !rc; i++) {
        json_t *item = node_to_json(n->items[i]);
        rc = n->kind == NODE_LIST ? json_array_append_new(json, item)
                                  : json_object_set_new(json, n->keys[i]->text, item);
    }
    if (!rc)
        return json;
    json_decref(json);
    return NULL;
}

static struct node *node_new(struct doc *d, const struct node *at, enum node_kind kind)
{
    struct node *n = arena_alloc(&d->memory, sizeof *n);
    if (!n)
        return NULL;
    *n = (struct node){.kind = kind,
                       .source = at->source,
                       .line = at->line,
                       .column = at->column,
                       .weight = 1,
                       .height = 1};
    return n;
}

struct node *node_new_map(struct doc *d, const struct node *at)
{
    return node_new(d, at, NODE_MAP);
}

struct node *node_new_text(struct doc *d, const struct node *at, const char *text)
{
    struct node *n = node_new(d, at, NODE_SCALAR);
    char *copy = arena_text(&d->memory, text);
    if (!n || !copy)
        return NULL;
    n->text = copy;
    return n;
}

/* A copy of an array of nodes with room for one more. */
static struct node **copy_nodes(struct doc *d, struct node *const *from, size_t count)
{
    struct node **to = arena_alloc(&d->memory, (count + 1) * sizeof(struct node *));
    if (to && count)
        memcpy(to, from, count * sizeof *to);
    return to;
}

struct node *node_copy(struct doc *d, const struct node *n)
{
    struct node *copy = node_new(d, n, n->kind);
    if (!copy)
        return NULL;
    *copy = *n;
    if (n->kind != NODE_SCALAR)
        copy->items = copy_nodes(d, n->items, n->count);
    if (n->kind == NODE_MAP)
        copy->keys = copy_nodes(d, n->keys, n->count);
    bool ok = (n->kind == NODE_SCALAR || copy->items) && (n->kind != NODE_MAP || copy->keys);
    return ok ? copy : NULL;
}

int node_set(struct doc *d, struct node *map, const char *key, struct node *value)
{
    size_t i = node_index(map, key);
    if (i < map->count) {
        map->items[i] = value;
        return 0;
    }
    struct node *name = node_new_text(d, value, key);
    struct node **keys = copy_nodes(d, map->keys, map->count);
    struct node **items = copy_nodes(d, map->items, map->count);
    if (!name || !keys || !items)
        return -1;
    map->keys = keys;
    map->items = items;
    map->keys[map->count] = name;
    map->items[map->count++] = value;
    return 0;
}
