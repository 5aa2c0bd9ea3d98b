/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "expect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

void expect_other(struct tally *t, const char *path, const char *expected, const char *got)
{
    t->differed++;
    printf("%s: %s: expected %s, got %s\n", t->set, path, expected, got);
}

double expect_value(const json_t *v)
{
    return json_is_boolean(v)  ? json_is_true(v)
           : json_is_number(v) ? json_number_value(v)
           : json_is_null(v)   ? NAN
                               : INFINITY; /* no such value */
}

void expect_number(struct tally *t, const char *path, const json_t *expected, double got,
                   double relative, double scale)
{
    char a[40], b[40];
    double x = expect_value(expected);
    if (isnan(x) ? isnan(got) : fabs(got - x) <= relative * fabs(x) + 1e-13 * scale) {
        t->agreed++;
        return;
    }
    snprintf(a, sizeof a, "%.17g", x);
    snprintf(b, sizeof b, "%.17g", got);
    expect_other(t, path, a, b);
}

void expect_text(struct tally *t, const char *path, const json_t *expected, const json_t *got)
{
    const char *a = json_string_value(expected), *b = json_string_value(got);
    if (a && b && strcmp(a, b) == 0)
        t->agreed++;
    else
        expect_other(t, path, a ? a : "?", b ? b : "nothing");
}

struct wanted wanted_any(const json_t *item)
{
    return (struct wanted){.item = item, .context_length = NAN, .threshold_ms = NAN, .n = NAN};
}

struct wanted wanted_at(const json_t *item, double context)
{
    struct wanted w = wanted_any(item);
    w.context_length = context;
    return w;
}

bool row_has_text(const json_t *table, size_t row, const char *key, const char *want)
{
    const char *have = json_string_value(value_of(table, row, key));
    return !want || !value_of(table, row, key) || (have && strcmp(have, want) == 0);
}

static bool number_fits(const json_t *table, size_t row, const char *key, double want)
{
    return isnan(want) || expect_value(value_of(table, row, key)) == want;
}

bool row_fits(const json_t *table, size_t row, const struct wanted *w)
{
    static const char *const keys[] = {"model", "backend", "mode"};
    for (size_t i = 0; i < 3; i++)
        if (!row_has_text(table, row, keys[i],
                          json_string_value(json_object_get(w->item, keys[i]))))
            return false;
    return number_fits(table, row, "context_length", w->context_length) &&
           number_fits(table, row, "threshold_ms", w->threshold_ms) &&
           number_fits(table, row, "n", w->n) &&
           row_has_text(table, row, "quantity", w->quantity) &&
           row_has_text(table, row, "center", w->center) &&
           row_has_text(table, row, "range", w->range);
}

struct place place_find(const struct tally *t, const char *analyzer, const char *table,
                        struct wanted w)
{
    struct place p = {table_of(t->analysis, analyzer, table), 0, false};
    size_t n = json_array_size(json_object_get(p.table, "rows"));
    for (p.row = 0; p.row < n && !p.found; p.row += !p.found)
        p.found = row_fits(p.table, p.row, &w);
    return p;
}

const json_t *place_get(const struct place *p, const char *column)
{
    return p->found ? value_of(p->table, p->row, column) : NULL;
}
