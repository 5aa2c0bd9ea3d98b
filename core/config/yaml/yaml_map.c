/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/yaml/yaml_build.h"

#include <stdlib.h>
#include <string.h>

static bool is_merge_key(const struct node *key)
{
    return key->plain && !strcmp(key->text, "<<");
}

static int check_keys(struct node *const *pairs, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (pairs[2 * i]->kind != NODE_SCALAR || node_is_null(pairs[2 * i]))
            return node_fail(pairs[2 * i], e, "a key must be text; write 'key: value'");
    return 0;
}

static int compare_keys(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    int order = strcmp(x->text, y->text);
    if (order)
        return order;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

/* Sorted copies find duplicates in n log n, however long the mapping is. */
static int check_duplicates(struct node *const *pairs, size_t count, struct err *e)
{
    struct node **sorted = calloc(count + 1, sizeof(struct node *));
    if (!sorted)
        return err_memory(e);
    for (size_t i = 0; i < count; i++)
        sorted[i] = pairs[2 * i];
    qsort(sorted, count, sizeof *sorted, compare_keys);
    int rc = 0;
    for (size_t i = 1; i < count && !rc; i++)
        if (!strcmp(sorted[i]->text, sorted[i - 1]->text))
            rc = node_fail(sorted[i], e,
                           "key '%.60s' is given twice, first at line %zu; remove one of them",
                           sorted[i]->text, sorted[i - 1]->line);
    free(sorted);
    return rc;
}

static void map_append(struct node *map, struct node *key, struct node *value)
{
    map->keys[map->count] = key;
    map->items[map->count++] = value;
}

/* Entries of `from` that the mapping does not have itself. */
static void merge_one(struct node *map, const struct node *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (!node_get(map, from->keys[i]->text))
            map_append(map, from->keys[i], from->items[i]);
}

static bool is_mergeable(const struct node *n)
{
    if (n->kind != NODE_LIST)
        return n->kind == NODE_MAP;
    for (size_t i = 0; i < n->count; i++)
        if (n->items[i]->kind != NODE_MAP)
            return false;
    return true;
}

/* How many entries '<<' may bring in. */
static size_t merge_size(const struct node *n)
{
    if (n->kind == NODE_MAP)
        return n->count;
    size_t size = 0;
    for (size_t i = 0; i < n->count; i++)
        size += n->items[i]->count;
    return size;
}

static int map_reserve(struct build *b, struct node *map, size_t count, struct err *e)
{
    map->keys = arena_alloc(&b->doc->memory, count * sizeof *map->keys);
    map->items = arena_alloc(&b->doc->memory, count * sizeof *map->items);
    return map->keys && map->items ? 0 : err_memory(e);
}

int build_map(struct build *b, struct node *map, struct node *const *pairs, size_t count,
              struct err *e)
{
    if (check_keys(pairs, count, e) || check_duplicates(pairs, count, e))
        return -1;
    const struct node *merge = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_merge_key(pairs[2 * i]))
            merge = pairs[2 * i + 1];
    if (merge && !is_mergeable(merge))
        return node_fail(merge, e, "'<<' takes a mapping or a list of them, such as *name");
    size_t merged = merge ? merge_size(merge) : 0;
    if (merged > YAML_MOST_MERGED)
        return node_fail(merge, e, "'<<' brings in more than %d entries; merge less",
                         YAML_MOST_MERGED);
    if (map_reserve(b, map, count + merged, e))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!is_merge_key(pairs[2 * i]))
            map_append(map, pairs[2 * i], pairs[2 * i + 1]);
    if (merge && merge->kind == NODE_MAP)
        merge_one(map, merge);
    for (size_t i = 0; merge && merge->kind == NODE_LIST && i < merge->count; i++)
        merge_one(map, merge->items[i]);
    return 0;
}
