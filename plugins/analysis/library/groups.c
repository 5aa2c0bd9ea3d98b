/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/analysis/stats/stats.h"

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

static bool has_many_concurrencies(const struct rows *r)
{
    double first = NAN;
    for (uint64_t cell = 0; cell < r->cells.cell_count; cell++) {
        double x = rows_number(&r->concurrency, cell_first(r, cell));
        if (cell == 0)
            first = x;
        else if (x != first && !isnan(x))
            return true;
    }
    return false;
}

/* Numbers the cells by their group; UINT32_MAX: in none.  Cells come in runs of one group, or modes
 * take turns: what came behind a group before is tried before it is looked up. */
static int assign(struct finder *f, uint32_t *group_of,
                  bool (*keep)(const struct rows *r, uint64_t row))
{
    int64_t last = -1;
    for (uint64_t cell = 0; cell < f->r->cells.cell_count; cell++) {
        uint64_t row = cell_first(f->r, cell);
        group_of[cell] = UINT32_MAX;
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
        group_of[cell] = (uint32_t)last;
        f->items[last].group.cell_count++;
        f->items[last].group.count += cell_size(f->r, cell);
    }
    return 0;
}

static int compare_texts(const char *a, const char *b)
{
    return a == b ? 0 : strverscmp(a ? a : "", b ? b : "");
}

static int compare_modes(const char *a, const char *b)
{
    static const char *const order[] = {"prefill", "decode", "e2e"};
    int x = 3, y = 3;
    if (a == b)
        return 0;
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

/* Gives each group its cells. */
static int distribute(struct groups *g, const struct finder *f, const uint32_t *group_of)
{
    size_t total = 0, next = 0, *at = malloc((f->count + 1) * sizeof *at);
    for (size_t i = 0; i < f->count; i++)
        total += f->items[i].group.cell_count;
    g->cells = malloc((total + 1) * sizeof *g->cells);
    g->items = malloc((f->count + 1) * sizeof *g->items);
    if (!g->cells || !g->items || !at) {
        free(at);
        return -1;
    }
    g->count = f->count;
    for (size_t i = 0; i < f->count; i++) {
        g->items[i] = f->items[i].group;
        g->items[i].cells = g->cells + next;
        at[i] = next;
        next += g->items[i].cell_count;
        if (g->items[i].count > g->largest)
            g->largest = g->items[i].count;
    }
    for (uint64_t cell = 0; cell < f->r->cells.cell_count; cell++)
        if (group_of[cell] != UINT32_MAX)
            g->cells[at[group_of[cell]]++] = (uint32_t)cell;
    free(at);
    return 0;
}

static void mark_rows(const struct rows *r, uint32_t cell, uint32_t group, uint32_t *group_of)
{
    size_t n = cell_size(r, cell);
    const double *row = r->cells.count ? r->cells.row + (uint64_t)r->cells.begin[cell] : NULL;
    for (size_t i = 0; i < n; i++)
        group_of[row ? (uint32_t)row[i] : cell] = group;
}

/* Gives groups of several cells their rows, in the file's order. */
static int merge_rows(struct groups *g, const struct rows *r)
{
    size_t total = 0, next = 0;
    for (size_t i = 0; i < g->count; i++)
        total += g->items[i].rows ? 0 : g->items[i].count;
    if (!total)
        return 0;
    uint32_t *group_of = malloc((r->count + 1) * sizeof *group_of);
    size_t *at = malloc((g->count + 1) * sizeof *at);
    g->rows = malloc(total * sizeof *g->rows);
    bool ready = group_of && at && g->rows;
    for (uint64_t row = 0; ready && row < r->count; row++)
        group_of[row] = UINT32_MAX;
    for (size_t i = 0; ready && i < g->count; i++) {
        struct group *item = &g->items[i];
        if (item->rows)
            continue;
        for (size_t k = 0; k < item->cell_count; k++)
            mark_rows(r, item->cells[k], (uint32_t)i, group_of);
        item->rows = g->rows + next;
        at[i] = next;
        next += item->count;
    }
    for (uint64_t row = 0; ready && row < r->count; row++)
        if (group_of[row] != UINT32_MAX)
            g->rows[at[group_of[row]]++] = (double)row;
    free(group_of);
    free(at);
    return ready ? 0 : -1;
}

/* Gives each group its rows: those of a single cell lie ready. */
static int find_rows(struct groups *g, const struct rows *r)
{
    for (size_t i = 0; r->cells.count && i < g->count; i++) {
        struct group *item = &g->items[i];
        uint64_t begin = (uint64_t)r->cells.begin[item->cells[0]];
        if (item->cell_count > 1)
            continue;
        item->rows = r->cells.row + begin;
        item->latencies = r->cells.latency + begin;
    }
    return merge_rows(g, r);
}

int groups_make(struct groups *g, const struct rows *r, unsigned by,
                bool (*keep)(const struct rows *r, uint64_t row))
{
    *g = (struct groups){0};
    if (r->count >= UINT32_MAX)
        return -1;
    struct finder f = {.r = r, .by = by, .many_concurrencies = has_many_concurrencies(r)};
    uint32_t *group_of = malloc((r->cells.cell_count + 1) * sizeof *group_of);
    int done = group_of ? assign(&f, group_of, keep) : -1;
    if (done == 0)
        done = distribute(g, &f, group_of);
    if (done == 0 && !(by & GROUP_TOTALS))
        done = find_rows(g, r);
    if (done == 0 && g->count)
        qsort(g->items, g->count, sizeof *g->items, compare_groups);
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
    free(g->cells);
    *g = (struct groups){0};
}

size_t group_values(const struct group *g, const struct ctxmark_column *c, double *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        double x = rows_number(c, group_row(g, i));
        if (isfinite(x))
            ret[n++] = x;
    }
    return n;
}

const double *group_latencies(const struct group *g, const struct rows *r, double *scratch,
                              size_t *ret_n)
{
    if (!g->latencies) {
        *ret_n = group_values(g, &r->latency, scratch);
        stats_sort(scratch, *ret_n);
        return scratch;
    }
    size_t n = g->count;
    while (n && !isfinite(g->latencies[n - 1]))
        n--;
    *ret_n = n;
    return g->latencies;
}

double group_median_latency(const struct group *g, const struct rows *r, double *scratch)
{
    size_t n;
    const double *x = group_latencies(g, r, scratch, &n);
    return stats_median(x, n);
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
