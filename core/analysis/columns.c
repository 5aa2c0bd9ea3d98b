/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLANK_ROWS 1024
#define READY_ROWS ((size_t)64 * BLANK_ROWS)

/* A text in so many rows new, and many of them: times of day, and the like. */
#define MOSTLY_NEW 8
#define MANY_TEXTS 4096

/* The memory file has the size of its last column's place; -1: it cannot be had. */
static int grow_file(struct columns *c)
{
    if (!c->count) {
        c->fd = memfd_create("ctxmark-columns", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (c->fd < 0)
            return -1;
    }
    return ftruncate(c->fd, (off_t)COLUMN_PLACE(c->count + 1));
}

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
    if (grow_file(c) < 0) {
        if (!c->count && c->fd >= 0)
            close(c->fd);
        return -1;
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

static size_t column_width(const struct column *item)
{
    return item->type == CTXMARK_TEXT ? sizeof *item->code : sizeof *item->number;
}

static size_t place_size(const struct column *item, size_t column, size_t rows)
{
    return COLUMN_SKEW(column) + rows * column_width(item);
}

static void set_map(struct column *item, size_t column, char *map, size_t size)
{
    item->map = map;
    item->size = size;
    if (item->type == CTXMARK_TEXT)
        item->code = (int32_t *)(map + COLUMN_SKEW(column));
    else
        item->number = (double *)(map + COLUMN_SKEW(column));
}

/* Pages of which all will be written are had at once: one by one they cost twice as much.  Where
 * the kernel cannot do it (before Linux 5.14), nothing is lost. */
static void make_ready(const struct columns *c, size_t from, size_t to)
{
#ifdef MADV_POPULATE_WRITE
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < c->count; i++) {
        const struct column *item = &c->items[i];
        size_t begin = place_size(item, i, from) / page * page, end = place_size(item, i, to);
        if (item->map && begin < end)
            madvise(item->map + begin, end - begin, MADV_POPULATE_WRITE);
    }
#else
    (void)c, (void)from, (void)to;
#endif
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
        size_t size = place_size(item, i, n);
        if (!item->map)
            continue;
        void *map = mremap(item->map, item->size, size, MREMAP_MAYMOVE);
        if (map == MAP_FAILED)
            return -1;
        set_map(item, i, map, size);
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
        if (c->blank_count % READY_ROWS == 0)
            make_ready(c, c->blank_count, c->blank_count + (left < READY_ROWS ? left : READY_ROWS));
        for (size_t i = 0; i < c->count; i++)
            blank(&c->items[i], c->blank_count, ready);
        c->blank_count = ready;
    }
    c->row_count++;
    return 0;
}

int column_make_room(struct columns *c, size_t column)
{
    struct column *item = &c->items[column];
    size_t size = place_size(item, column, c->row_capacity);
    void *map =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, (off_t)COLUMN_PLACE(column));
    if (map == MAP_FAILED)
        return -1;
    set_map(item, column, map, size);
    blank(item, item->zeros, c->blank_count);
    return 0;
}

int column_set_first(struct columns *c, size_t column, size_t row, double value)
{
    struct column *item = &c->items[column];
    if (value == 0 && !signbit(value) && row == item->zeros) {
        item->zeros++;
        return 0;
    }
    if (column_make_room(c, column) < 0)
        return -1;
    item->number[row] = value;
    return 0;
}

int columns_settle(struct columns *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->items[i].map && c->items[i].zeros && column_make_room(c, i) < 0)
            return -1;
    return 0;
}

static int set_code(struct columns *c, size_t column, size_t row, int32_t id)
{
    struct column *item = &c->items[column];
    if (!item->code && id == 0 && row == item->zeros) {
        item->zeros++;
        return 0;
    }
    if (!item->code && column_make_room(c, column) < 0)
        return -1;
    item->code[row] = id;
    return 0;
}

int columns_repeat_text(struct columns *c, size_t column, size_t row)
{
    return set_code(c, column, row, c->items[column].texts.last);
}

int columns_set_text(struct columns *c, size_t column, size_t row, const char *text, size_t len)
{
    struct column *item = &c->items[column];
    int32_t id = item->repeats ? dictionary_append(&item->texts, text, len)
                               : dictionary_add(&item->texts, text, len);
    if (id < 0)
        return -1;
    item->repeats |= item->texts.count > MANY_TEXTS && item->texts.count > row / MOSTLY_NEW;
    return set_code(c, column, row, id);
}

void column_clear(struct column *c)
{
    if (c->map)
        munmap(c->map, c->size);
    dictionary_free(&c->texts);
    c->map = NULL;
    c->number = NULL;
    c->code = NULL;
    c->zeros = 0;
}

int columns_take_file(struct columns *c)
{
    int fd = c->fd;
    c->fd = -1;
    return fd;
}

void columns_free(struct columns *c)
{
    for (size_t i = 0; i < c->count; i++)
        column_clear(&c->items[i]);
    if (c->count && c->fd >= 0)
        close(c->fd);
    free(c->items);
    *c = (struct columns){0};
}
