/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int columns_add(struct columns *c, const char *name, uint32_t type)
{
    if (c->count == c->capacity) {
        size_t n = c->capacity ? c->capacity * 2 : 64;
        struct column *items = realloc(c->items, n * sizeof *items);
        if (!items)
            return -1;
        c->items = items;
        c->capacity = n;
    }
    struct column *item = &c->items[c->count];
    *item = (struct column){.type = type};
    snprintf(item->name, sizeof item->name, "%s", name);
    return (int)c->count++;
}

int columns_find(const struct columns *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->items[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int grow_rows(struct columns *c)
{
    size_t n = c->row_capacity ? c->row_capacity * 2 : 1024;
    for (size_t i = 0; i < c->count; i++) {
        struct column *item = &c->items[i];
        if (item->number) {
            double *number = realloc(item->number, n * sizeof *number);
            if (!number)
                return -1;
            item->number = number;
        }
        if (item->code) {
            int32_t *code = realloc(item->code, n * sizeof *code);
            if (!code)
                return -1;
            item->code = code;
        }
    }
    c->row_capacity = n;
    return 0;
}

int columns_add_row(struct columns *c)
{
    if (c->row_count == c->row_capacity && grow_rows(c) < 0)
        return -1;
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i].number)
            c->items[i].number[c->row_count] = NAN;
        if (c->items[i].code)
            c->items[i].code[c->row_count] = -1;
    }
    c->row_count++;
    return 0;
}

int columns_set_number(struct columns *c, size_t column, size_t row, double value)
{
    struct column *item = &c->items[column];
    if (!item->number) {
        item->number = malloc(c->row_capacity * sizeof *item->number);
        if (!item->number)
            return -1;
        for (size_t i = 0; i < c->row_count; i++)
            item->number[i] = NAN;
    }
    item->number[row] = value;
    return 0;
}

int columns_set_text(struct columns *c, size_t column, size_t row, const char *text, size_t len)
{
    struct column *item = &c->items[column];
    if (!item->code) {
        item->code = malloc(c->row_capacity * sizeof *item->code);
        if (!item->code)
            return -1;
        memset(item->code, 0xff, c->row_count * sizeof *item->code);
    }
    int32_t id = dictionary_add(&item->texts, text, len);
    if (id < 0)
        return -1;
    item->code[row] = id;
    return 0;
}

void column_clear(struct column *c)
{
    free(c->number);
    free(c->code);
    dictionary_free(&c->texts);
    c->number = NULL;
    c->code = NULL;
}

void columns_free(struct columns *c)
{
    for (size_t i = 0; i < c->count; i++)
        column_clear(&c->items[i]);
    free(c->items);
    *c = (struct columns){0};
}
