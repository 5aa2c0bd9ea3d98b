/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

/* What makes a group, as codes and numbers; -1 and 0 for what groups are not by. */
struct key {
    int32_t run, model, backend, mode;
    double concurrency, context, launch;
};

struct slot {
    struct key key;
    struct group group;
    uint32_t next; /* the group that came behind it last */
};

/* Groups while they are found: a list, and a hash table over it. */
struct finder {
    const struct rows *r;
    unsigned by;
    bool many_concurrencies;
    struct slot *items;
    size_t count, capacity;
    uint32_t *table; /* index into items + 1; 0: free */
    size_t table_size;
};

/* Unknown numbers are one group: as -1, which no such number is. */
static double number_of(const struct ctxmark_column *c, uint64_t row)
{
    double x = rows_number(c, row);
    return isnan(x) ? -1 : x;
}

static struct key key_of(const struct finder *f, uint64_t row)
{
    const struct rows *r = f->r;
    struct key k = {rows_code(&r->run, row),
                    rows_code(&r->model, row),
                    rows_code(&r->backend, row),
                    f->by & GROUP_MODE ? rows_code(&r->mode, row) : -1,
                    f->many_concurrencies ? number_of(&r->concurrency, row) : -1,
                    f->by & GROUP_CONTEXT ? number_of(&r->context, row) : -1,
                    f->by & GROUP_LAUNCH ? number_of(&r->launch, row) : -1};
    return k;
}

static bool same_key(const struct key *a, const struct key *b)
{
    return a->run == b->run && a->model == b->model && a->backend == b->backend &&
           a->mode == b->mode && a->concurrency == b->concurrency && a->context == b->context &&
           a->launch == b->launch;
}

static uint64_t hash_number(uint64_t h, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return ctxmark_mix(h ^ bits);
}

static uint64_t hash_key(const struct key *k)
{
    uint64_t h = ctxmark_mix((uint64_t)(uint32_t)k->run << 32 | (uint32_t)k->model);
    h = ctxmark_mix(h ^ ((uint64_t)(uint32_t)k->backend << 32 | (uint32_t)k->mode));
    return hash_number(hash_number(hash_number(h, k->concurrency), k->context), k->launch);
}

static size_t table_place(const struct finder *f, const struct key *k)
{
    size_t i = hash_key(k) & (f->table_size - 1);
    while (f->table[i] && !same_key(&f->items[f->table[i] - 1].key, k))
        i = (i + 1) & (f->table_size - 1);
    return i;
}

static int grow(struct finder *f)
{
    size_t n = f->capacity ? f->capacity * 2 : 64;
    struct slot *items = realloc(f->items, n * sizeof *items);
    if (!items)
        return -1;
    f->items = items;
    f->capacity = n;
    uint32_t *table = calloc(n * 2, sizeof *table);
    if (!table)
        return -1;
    free(f->table);
    f->table = table;
    f->table_size = n * 2;
    for (size_t i = 0; i < f->count; i++)
        f->table[table_place(f, &f->items[i].key)] = (uint32_t)i + 1;
    return 0;
}

static double or_unknown(double x)
{
    return x == -1 ? NAN : x;
}

/* The group of a key: its index, or -1: out of memory. */
static int64_t find_group(struct finder *f, const struct key *k, uint64_t row)
{
    if (f->count == f->capacity && grow(f) < 0)
        return -1;
    size_t place = table_place(f, k);
    if (f->table[place])
        return f->table[place] - 1;
    const struct rows *r = f->r;
    f->items[f->count].key = *k;
    f->items[f->count].next = 0;
    f->items[f->count].group = (struct group){
        .run = rows_text(&r->run, row),
        .model = rows_text(&r->model, row),
        .backend = rows_text(&r->backend, row),
        .mode = f->by & GROUP_MODE ? rows_text(&r->mode, row) : NULL,
        .concurrency = or_unknown(k->concurrency),
        .context = or_unknown(k->context),
        .launch = or_unknown(k->launch),
    };
    f->table[place] = (uint32_t)++f->count;
    return (int64_t)f->count - 1;
}

static bool has_many(const struct ctxmark_column *c)
{
    for (uint64_t i = 1; c->number && i < c->count; i++)
        if (c->number[i] != c->number[0] && !isnan(c->number[i]))
            return true;
    return false;
}

/* Numbers the rows by their group; UINT32_MAX: in none.  Rows come in runs of one group, or modes
 * take turns: what came behind a group before is tried before it is looked up. */
static int assign(struct finder *f, uint32_t *group_of,
                  bool (*keep)(const struct rows *r, uint64_t row))
{
    int64_t last = -1;
    for (uint64_t row = 0; row < f->r->count; row++) {
        group_of[row] = UINT32_MAX;
        if (!keep(f->r, row))
            continue;
        struct key k = key_of(f, row);
        int64_t next = last < 0 ? 0 : f->items[last].next;
        if (last >= 0 && same_key(&f->items[last].key, &k))
            next = last;
        else if (next >= (int64_t)f->count || !same_key(&f->items[next].key, &k))
            next = find_group(f, &k, row);
        if (next < 0)
            return -1;
        if (last >= 0 && next != last)
            f->items[last].next = (uint32_t)next;
        last = next;
        group_of[row] = (uint32_t)last;
        f->items[last].group.count++;
    }
    return 0;
}

static int compare_texts(const char *a, const char *b)
{
    return strverscmp(a ? a : "", b ? b : "");
}

static int compare_modes(const char *a, const char *b)
{
    static const char *const order[] = {"prefill", "decode", "e2e"};
    int x = 3, y = 3;
    for (int i = 0; i < 3; i++) {
        x = a && strcmp(a, order[i]) == 0 ? i : x;
        y = b && strcmp(b, order[i]) == 0 ? i : y;
    }
    return x != y ? x - y : compare_texts(a, b);
}

static int compare_numbers(double x, double y)
{
    if (isnan(x) || isnan(y))
        return isnan(y) - isnan(x);
    return (x > y) - (x < y);
}

static int compare_groups(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    int c = compare_texts(a->run, b->run);
    c = c ? c : compare_texts(a->model, b->model);
    c = c ? c : compare_texts(a->backend, b->backend);
    c = c ? c : compare_numbers(a->concurrency, b->concurrency);
    c = c ? c : compare_modes(a->mode, b->mode);
    c = c ? c : compare_numbers(a->context, b->context);
    return c ? c : compare_numbers(a->launch, b->launch);
}

/* Gives each group its rows, in the file's order. */
static int distribute(struct groups *g, const struct finder *f, const uint32_t *group_of)
{
    size_t total = 0;
    for (size_t i = 0; i < f->count; i++)
        total += f->items[i].group.count;
    g->rows = malloc((total + 1) * sizeof *g->rows);
    g->items = malloc((f->count + 1) * sizeof *g->items);
    size_t *at = malloc((f->count + 1) * sizeof *at);
    if (!g->rows || !g->items || !at) {
        free(at);
        return -1;
    }
    g->count = f->count;
    size_t next = 0;
    for (size_t i = 0; i < f->count; i++) {
        g->items[i] = f->items[i].group;
        g->items[i].rows = g->rows + next;
        at[i] = next;
        next += g->items[i].count;
        if (g->items[i].count > g->largest)
            g->largest = g->items[i].count;
    }
    for (uint64_t row = 0; row < f->r->count; row++)
        if (group_of[row] != UINT32_MAX)
            g->rows[at[group_of[row]]++] = (uint32_t)row;
    free(at);
    if (g->count)
        qsort(g->items, g->count, sizeof *g->items, compare_groups);
    return 0;
}

int groups_make(struct groups *g, const struct rows *r, unsigned by,
                bool (*keep)(const struct rows *r, uint64_t row))
{
    *g = (struct groups){0};
    if (r->count >= UINT32_MAX)
        return -1;
    struct finder f = {.r = r, .by = by, .many_concurrencies = has_many(&r->concurrency)};
    uint32_t *group_of = malloc((r->count + 1) * sizeof *group_of);
    int done = group_of ? assign(&f, group_of, keep) : -1;
    if (done == 0)
        done = distribute(g, &f, group_of);
    free(group_of);
    free(f.items);
    free(f.table);
    if (done < 0)
        groups_free(g);
    return done;
}

void groups_free(struct groups *g)
{
    free(g->items);
    free(g->rows);
    *g = (struct groups){0};
}

size_t group_values(const struct group *g, const struct ctxmark_column *c, double *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        double x = rows_number(c, g->rows[i]);
        if (isfinite(x))
            ret[n++] = x;
    }
    return n;
}

size_t groups_series(const struct groups *g, size_t first)
{
    const struct group *a = &g->items[first];
    size_t n = 1;
    for (; first + n < g->count; n++) {
        const struct group *b = &g->items[first + n];
        if (compare_texts(a->run, b->run) || compare_texts(a->model, b->model) ||
            compare_texts(a->backend, b->backend) || compare_texts(a->mode, b->mode) ||
            compare_numbers(a->concurrency, b->concurrency))
            break;
    }
    return n;
}
