/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "sides.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An item, with what it is sorted by. */
struct placed {
    const struct group *group;
    const char *other; /* backend where sides are runs, run where they are backends */
};

static int compare_texts(const char *a, const char *b)
{
    return strverscmp(a ? a : "", b ? b : "");
}

static int compare_numbers(double x, double y)
{
    if (isnan(x) || isnan(y))
        return isnan(y) - isnan(x);
    return (x > y) - (x < y);
}

static int mode_rank(const char *mode)
{
    static const char *const order[] = {"prefill", "decode", "e2e"};
    for (int i = 0; mode && i < 3; i++)
        if (strcmp(mode, order[i]) == 0)
            return i;
    return 3;
}

static int compare_families(const struct placed *a, const struct placed *b)
{
    const struct group *x = a->group, *y = b->group;
    int c = compare_texts(x->model, y->model);
    c = c ? c : compare_texts(a->other, b->other);
    c = c ? c : compare_numbers(x->concurrency, y->concurrency);
    c = c ? c : mode_rank(x->mode) - mode_rank(y->mode);
    return c ? c : compare_texts(x->mode, y->mode);
}

static int compare_placed(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    int c = compare_families(a, b);
    c = c ? c : compare_numbers(a->group->context, b->group->context);
    return c ? c
             : (group_row(a->group, 0) > group_row(b->group, 0)) -
                   (group_row(a->group, 0) < group_row(b->group, 0));
}

static struct placed place(const struct sides *s, const struct group *g)
{
    return (struct placed){g, s->by_run ? g->backend : g->run};
}

int sides_make(struct sides *s, const struct ctxmark_host *h, const struct rows *r,
               const struct groups *g)
{
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    struct placed *placed = malloc((g->count + 1) * sizeof *placed);
    s->items = malloc((g->count + 1) * sizeof *s->items);
    if (!placed || !s->items) {
        free(placed);
        sides_free(s);
        return -1;
    }
    s->count = g->count;
    s->by_run = r->run.code && r->run.dictionary_count > 1;
    s->baseline = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "baseline", 0);
    if (!s->baseline && h->fact_get(h, NULL, NULL, "baseline", &f) && !f.is_number)
        s->baseline = f.text;
    const struct ctxmark_column *column = s->by_run ? &r->run : &r->backend;
    if (!s->baseline && column->code && column->dictionary_count)
        s->baseline = column->dictionary[0];
    for (size_t i = 0; i < g->count; i++)
        placed[i] = place(s, &g->items[i]);
    qsort(placed, g->count, sizeof *placed, compare_placed);
    for (size_t i = 0; i < g->count; i++)
        s->items[i] = placed[i].group;
    free(placed);
    return 0;
}

void sides_free(struct sides *s)
{
    free(s->items);
    s->items = NULL;
    s->count = 0;
}

size_t sides_family(const struct sides *s, size_t first)
{
    struct placed a = place(s, s->items[first]);
    size_t n = 1;
    for (; first + n < s->count; n++) {
        struct placed b = place(s, s->items[first + n]);
        if (compare_families(&a, &b) != 0)
            break;
    }
    return n;
}

size_t sides_cell(const struct sides *s, size_t first)
{
    size_t n = 1, family = sides_family(s, first);
    while (n < family &&
           compare_numbers(s->items[first]->context, s->items[first + n]->context) == 0)
        n++;
    return n;
}

const char *sides_of(const struct sides *s, const struct group *g)
{
    const char *name = s->by_run ? g->run : g->backend;
    return name ? name : "";
}

const char *sides_baseline(const struct sides *s, size_t first, size_t n)
{
    const struct group *earliest = s->items[first];
    for (size_t i = first; i < first + n; i++) {
        const struct group *g = s->items[i];
        if (s->baseline && strcmp(sides_of(s, g), s->baseline) == 0)
            return s->baseline;
        earliest = group_row(g, 0) < group_row(earliest, 0) ? g : earliest;
    }
    return sides_of(s, earliest);
}
