/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE ((size_t)4 << 20)
#define BLANK_ROWS 1024

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

/* Large arrays lie in mappings of their own, of large pages: half the time of filling them goes
 * into page faults otherwise.  realloc() does not get on with such mappings.  NULL: out of memory.
 */
static void *array_resize(void *array, size_t size, size_t wanted)
{
    if (wanted < LARGE)
        return realloc(array, wanted);
    void *more = size < LARGE ? mmap(NULL, wanted, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                              : mremap(array, size, wanted, MREMAP_MAYMOVE);
    if (more == MAP_FAILED)
        return NULL;
    if (size < LARGE) {
        madvise(more, wanted, MADV_HUGEPAGE);
        if (array)
            memcpy(more, array, size);
        free(array);
    }
    return more;
}

static void array_free(void *array, size_t size)
{
    if (size < LARGE)
        free(array);
    else if (array)
        munmap(array, size);
}

static void blank(struct column *item, size_t from, size_t to)
{
    for (size_t i = from; item->number && i < to; i++)
        item->number[i] = NAN;
    if (item->code && from < to)
        memset(item->code + from, 0xff, (to - from) * sizeof *item->code);
}

static int resize_rows(struct columns *c, size_t n)
{
    for (size_t i = 0; i < c->count; i++) {
        struct column *item = &c->items[i];
        void *number = item->number, *code = item->code;
        if (number)
            number = array_resize(number, item->size, n * sizeof *item->number);
        if (code)
            code = array_resize(code, item->size, n * sizeof *item->code);
        if ((item->number && !number) || (item->code && !code))
            return -1;
        item->number = number;
        item->code = code;
        item->size = n * (number ? sizeof *item->number : sizeof *item->code);
    }
    c->row_capacity = n;
    return 0;
}

/* Capacities are multiples of this: arrays end at the end of a page. */
static size_t whole_blocks(size_t rows)
{
    return (rows + BLANK_ROWS - 1) / BLANK_ROWS * BLANK_ROWS;
}

void columns_expect_rows(struct columns *c, size_t rows)
{
    if (!c->row_capacity)
        c->row_capacity = whole_blocks(rows);
}

int columns_add_row(struct columns *c)
{
    if (c->row_count == c->row_capacity &&
        resize_rows(c, whole_blocks(c->row_capacity / 2 * 3 + 1)) < 0)
        return -1;
    if (c->row_count == c->blank_count) {
        size_t left = c->row_capacity - c->blank_count,
               ready = c->blank_count + (left < BLANK_ROWS ? left : BLANK_ROWS);
        for (size_t i = 0; i < c->count; i++)
            blank(&c->items[i], c->blank_count, ready);
        c->blank_count = ready;
    }
    c->row_count++;
    return 0;
}

int column_make_numbers(struct columns *c, size_t column)
{
    struct column *item = &c->items[column];
    size_t size = c->row_capacity * sizeof *item->number;
    item->number = array_resize(NULL, 0, size);
    if (!item->number)
        return -1;
    item->size = size;
    blank(item, 0, c->blank_count);
    return 0;
}

int columns_set_text(struct columns *c, size_t column, size_t row, const char *text, size_t len)
{
    struct column *item = &c->items[column];
    if (!item->code) {
        size_t size = c->row_capacity * sizeof *item->code;
        item->code = array_resize(NULL, 0, size);
        if (!item->code)
            return -1;
        item->size = size;
        blank(item, 0, c->blank_count);
    }
    int32_t id = dictionary_add(&item->texts, text, len);
    if (id < 0)
        return -1;
    item->code[row] = id;
    return 0;
}

void column_clear(struct column *c)
{
    array_free(c->number, c->size);
    array_free(c->code, c->size);
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
