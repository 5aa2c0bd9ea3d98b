/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The file: a head, a directory of the columns, the tables of cells, texts, each on a multiple of 8
 * bytes; and at COLUMN_PLACE(i) the values of column i, if it has any.  Columns without a known
 * value share one block. */
struct head {
    uint64_t magic, size, row_count, column_count;
    uint64_t unknown; /* where the block of unknown values begins */
    uint64_t cell_count;
    uint64_t cells[CELLS_COLUMNS], cell_rows[CELL_ROWS_COLUMNS]; /* where their values begin */
};

#define STORE_MAGIC UINT64_C(0x31726f7473747863)

struct entry {
    char name[COLUMN_NAME_SIZE];
    uint64_t type;
    uint64_t known;   /* 1: it has values of its own */
    uint64_t repeats; /* 1: equal texts may have several numbers */
    uint64_t offsets; /* where the offsets of its texts begin */
    uint64_t bytes;   /* where the texts themselves begin */
    uint64_t text_count;
};

/* A column in a process that mapped the file. */
struct store_column {
    const void *map;       /* of its place; NULL: it has no values of its own */
    const void *values;    /* in the file: numbers or codes */
    const char **texts;    /* made when the column is first asked for; NULL before */
    int32_t *codes;        /* of texts that the file repeats; NULL: those of the file */
    struct dictionary own; /* these texts, each once */
    size_t text_count;
};

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* The file while it is written: written, not mapped, so that no page is cleared first. */
struct writer {
    int fd;
    uint64_t at; /* where the next block goes */
    int error;   /* errno of what failed; 0 */
};

/* Appends a block; returns where it begins. */
static uint64_t put(struct writer *w, const void *data, size_t n)
{
    uint64_t where = w->at;
    for (size_t done = 0; done < n && !w->error;) {
        ssize_t some = pwrite(w->fd, (const char *)data + done, n - done, (off_t)(where + done));
        if (some < 0 && errno != EINTR)
            w->error = errno;
        done += some > 0 ? (size_t)some : 0;
    }
    w->at = padded(where + n);
    return where;
}

/* A block of a column without a known value: all bits set, which is -1, and NaN. */
static uint64_t put_unknown(struct writer *w, size_t n)
{
    unsigned char block[4096];
    uint64_t where = w->at;
    memset(block, 0xff, sizeof block);
    for (size_t left = n; left;) {
        size_t some = left < sizeof block ? left : sizeof block;
        put(w, block, some);
        left -= some;
    }
    return where;
}

static void put_texts(struct writer *w, struct entry *entry, struct column *item)
{
    memcpy(entry->name, item->name, sizeof entry->name);
    entry->type = item->type;
    entry->known = item->number || item->code;
    entry->repeats = item->repeats;
    entry->text_count = item->texts.count;
    entry->offsets = put(w, item->texts.offsets, item->texts.count * sizeof(uint64_t));
    entry->bytes = put(w, item->texts.bytes, item->texts.byte_count);
    column_clear(item);
}

static void put_cells(struct writer *w, struct head *head, const struct columns *c)
{
    struct cells cells;
    if (cells_make(c, &cells) < 0)
        w->error = ENOMEM;
    head->cell_count = cells.count;
    for (size_t i = 0; i < CELLS_COLUMNS && !w->error; i++)
        head->cells[i] = put(w, cells.cells[i], cells.count * sizeof(double));
    for (size_t i = 0; i < CELL_ROWS_COLUMNS && !w->error; i++)
        head->cell_rows[i] = put(w, cells.rows[i], cells.row_count * sizeof(double));
    cells_free(&cells);
}

static void put_all(struct writer *w, struct columns *c, struct entry *entries)
{
    struct head head = {.magic = STORE_MAGIC, .row_count = c->row_count, .column_count = c->count};
    w->at = sizeof head + c->count * sizeof *entries;
    put_cells(w, &head, c);
    head.unknown = put_unknown(w, c->row_count * sizeof(double));
    for (size_t i = 0; i < c->count; i++)
        put_texts(w, &entries[i], &c->items[i]);
    head.size = w->at;
    if (head.size > COLUMN_PLACE(0))
        w->error = EFBIG;
    w->at = 0;
    put(w, &head, sizeof head);
    w->at = sizeof head;
    put(w, entries, c->count * sizeof *entries);
}

int store_write(struct columns *c, struct err *e)
{
    struct entry *entries = calloc(c->count + 1, sizeof *entries);
    if (!entries)
        return err_memory(e);
    struct writer w = {.fd = columns_take_file(c)};
    put_all(&w, c, entries);
    free(entries);
    if (w.error) {
        close(w.fd);
        return err_set(e, "cannot make a memory file for the columns: %s", strerror(w.error));
    }
    /* What analyzers see is the same for all of them, whatever one of them tries. */
    fcntl(w.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return w.fd;
}

static const struct entry *entry_at(const struct store *s, size_t column)
{
    return (const struct entry *)(s->base + sizeof(struct head)) + column;
}

static struct ctxmark_column number_column(const void *number, uint32_t type, uint64_t count)
{
    return (struct ctxmark_column){
        .size = sizeof(struct ctxmark_column), .type = type, .count = count, .number = number};
}

static void map_cells(struct store *s, const struct head *head)
{
    for (size_t i = 0; i < CELLS_COLUMNS; i++)
        s->cells[i] =
            number_column(s->base + head->cells[i], cells_columns[i].type, head->cell_count);
    for (size_t i = 0; i < CELL_ROWS_COLUMNS; i++)
        s->cell_rows[i] =
            number_column(s->base + head->cell_rows[i], cell_rows_columns[i].type, head->row_count);
}

/* Maps n bytes of the file; NULL: it cannot be done. */
static const void *map_part(int fd, uint64_t at, size_t n)
{
    void *part = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, (off_t)at);
    return part == MAP_FAILED ? NULL : part;
}

/* Bytes to map of a column's place. */
static size_t values_size(const struct store *s, size_t column)
{
    return COLUMN_SKEW(column) +
           s->row_count *
               (entry_at(s, column)->type == CTXMARK_TEXT ? sizeof(int32_t) : sizeof(double));
}

static int map_columns(struct store *s, int fd)
{
    const struct head *head = (const void *)s->base;
    s->columns = calloc(head->column_count + 1, sizeof *s->columns);
    if (!s->columns)
        return -1;
    for (size_t i = 0; i < head->column_count; i++) {
        s->column_count = i + 1;
        struct store_column *c = &s->columns[i];
        c->values = s->base + head->unknown;
        if (!entry_at(s, i)->known)
            continue;
        c->map = map_part(fd, COLUMN_PLACE(i), values_size(s, i));
        if (!c->map)
            return -1;
        c->values = (const char *)c->map + COLUMN_SKEW(i);
    }
    return 0;
}

int store_map(int fd, struct store *ret, struct err *e)
{
    struct head head;
    struct store s = {0};
    if (pread(fd, &head, sizeof head, 0) != sizeof head || head.magic != STORE_MAGIC)
        return err_set(e, "the columns' memory file is not there");
    s.base = map_part(fd, 0, head.size);
    s.size = head.size;
    s.row_count = head.row_count;
    if (!s.base || map_columns(&s, fd) < 0) {
        store_unmap(&s);
        return err_set(e, "cannot map the columns' memory file: %s", strerror(errno));
    }
    map_cells(&s, &head);
    *ret = s;
    return 0;
}

void store_unmap(struct store *s)
{
    for (size_t i = 0; i < s->column_count; i++) {
        struct store_column *c = &s->columns[i];
        if (c->map)
            munmap((void *)c->map, values_size(s, i));
        free(c->texts);
        free(c->codes);
        dictionary_free(&c->own);
    }
    free(s->columns);
    if (s->base)
        munmap((void *)s->base, s->size);
    *s = (struct store){0};
}

const char *store_name(const struct store *s, size_t column)
{
    return entry_at(s, column)->name;
}

/* The texts of a column as it lies in the file; NULL: out of memory. */
static const char **list_texts(const char *bytes, const uint64_t *offsets, size_t count)
{
    const char **texts = malloc((count + 1) * sizeof *texts);
    for (size_t i = 0; texts && i < count; i++)
        texts[i] = bytes + offsets[i];
    return texts;
}

/* Gives equal texts one number.  0, or -1: out of memory. */
static int make_distinct(struct store_column *c, const char *bytes, const uint64_t *offsets,
                         size_t count, size_t rows)
{
    int32_t *number = malloc((count + 1) * sizeof *number);
    const int32_t *code = c->values;
    bool ready = number != NULL;
    for (size_t i = 0; ready && i < count; i++) {
        const char *text = bytes + offsets[i];
        number[i] = dictionary_add(&c->own, text, strlen(text));
        ready = number[i] >= 0;
    }
    int32_t *codes = ready ? malloc((rows + 1) * sizeof *codes) : NULL;
    for (size_t row = 0; codes && row < rows; row++)
        codes[row] = code[row] < 0 ? -1 : number[code[row]];
    free(number);
    c->codes = codes;
    return codes ? 0 : -1;
}

static int make_texts(const struct store *s, struct store_column *c, const struct entry *entry)
{
    const char *bytes = (const char *)s->base + entry->bytes;
    const uint64_t *offsets = (const uint64_t *)(s->base + entry->offsets);
    c->text_count = entry->text_count;
    if (entry->repeats) {
        dictionary_free(&c->own);
        if (make_distinct(c, bytes, offsets, entry->text_count, s->row_count) < 0)
            return -1;
        bytes = c->own.bytes;
        offsets = c->own.offsets;
        c->text_count = c->own.count;
    }
    c->texts = list_texts(bytes, offsets, c->text_count);
    return c->texts ? 0 : -1;
}

int store_column(struct store *s, size_t column, struct ctxmark_column *ret)
{
    const struct entry *entry = entry_at(s, column);
    struct store_column *c = &s->columns[column];
    if (entry->type != CTXMARK_TEXT) {
        *ret = number_column(c->values, (uint32_t)entry->type, s->row_count);
        return 0;
    }
    if (!c->texts && make_texts(s, c, entry) < 0)
        return -1;
    *ret = (struct ctxmark_column){.size = sizeof *ret,
                                   .type = CTXMARK_TEXT,
                                   .count = s->row_count,
                                   .code = c->codes ? c->codes : c->values,
                                   .dictionary = c->texts,
                                   .dictionary_count = c->text_count};
    return 0;
}

bool store_table(const struct store *s, const char *name, struct ctxmark_table_view *ret)
{
    bool cells = strcmp(name, "cells") == 0;
    if (!cells && strcmp(name, "cell_rows") != 0)
        return false;
    *ret = (struct ctxmark_table_view){
        .size = sizeof *ret,
        .column_count = cells ? CELLS_COLUMNS : CELL_ROWS_COLUMNS,
        .row_count = cells ? s->cells[0].count : s->row_count,
        .title = cells ? "Rows of one kind" : "Rows, one cell after another",
        .columns = cells ? cells_columns : cell_rows_columns,
        .data = cells ? s->cells : s->cell_rows,
        .column_stride = sizeof(struct ctxmark_table_column),
        .data_stride = sizeof(struct ctxmark_column),
    };
    return true;
}
