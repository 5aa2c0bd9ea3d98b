/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file: a head, a directory of the columns, then their values, each on a multiple of 8 bytes.
 * All columns without a known value share one block. */
struct head {
    uint64_t magic, size, row_count, column_count;
    uint64_t cell_count;
    uint64_t cells[CELLS_COLUMNS], cell_rows[CELL_ROWS_COLUMNS]; /* where their values begin */
};

#define STORE_MAGIC UINT64_C(0x31726f7473747863)

struct entry {
    char name[COLUMN_NAME_SIZE];
    uint64_t type;
    uint64_t values;  /* where its numbers or codes begin */
    uint64_t offsets; /* where the offsets of its texts begin */
    uint64_t bytes;   /* where the texts themselves begin */
    uint64_t text_count;
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

static void put_column(struct writer *w, struct entry *entry, struct column *item,
                       const struct columns *c, uint64_t unknown)
{
    memcpy(entry->name, item->name, sizeof entry->name);
    entry->type = item->type;
    entry->values = unknown;
    if (item->number)
        entry->values = put(w, item->number, c->row_count * sizeof *item->number);
    if (item->code)
        entry->values = put(w, item->code, c->row_count * sizeof *item->code);
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
    uint64_t unknown = put_unknown(w, c->row_count * sizeof(double));
    for (size_t i = 0; i < c->count; i++)
        put_column(w, &entries[i], &c->items[i], c, unknown);
    head.size = w->at;
    if (!w->error && ftruncate(w->fd, (off_t)head.size) < 0)
        w->error = errno;
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
    struct writer w = {.fd = memfd_create("ctxmark-columns", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (w.fd < 0)
        w.error = errno;
    else
        put_all(&w, c, entries);
    free(entries);
    if (w.error) {
        if (w.fd >= 0)
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

static struct ctxmark_column number_column(const unsigned char *base, uint32_t type, uint64_t at,
                                           uint64_t count)
{
    return (struct ctxmark_column){.size = sizeof(struct ctxmark_column),
                                   .type = type,
                                   .count = count,
                                   .number = (const double *)(base + at)};
}

static void map_cells(struct store *s, const struct head *head)
{
    for (size_t i = 0; i < CELLS_COLUMNS; i++)
        s->cells[i] =
            number_column(s->base, cells_columns[i].type, head->cells[i], head->cell_count);
    for (size_t i = 0; i < CELL_ROWS_COLUMNS; i++)
        s->cell_rows[i] =
            number_column(s->base, cell_rows_columns[i].type, head->cell_rows[i], head->row_count);
}

int store_map(int fd, struct store *ret, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof(struct head))
        return err_set(e, "the columns' memory file is not there");
    size_t size = (size_t)st.st_size;
    void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return err_set(e, "cannot map the columns' memory file: %s", strerror(errno));
    const struct head *head = base;
    const char ***dictionaries = calloc(head->column_count + 1, sizeof *dictionaries);
    if (head->magic != STORE_MAGIC || head->size != size || !dictionaries) {
        free(dictionaries);
        munmap(base, size);
        return err_set(e, "the columns' memory file cannot be used");
    }
    *ret = (struct store){.base = base,
                          .size = size,
                          .row_count = head->row_count,
                          .column_count = head->column_count,
                          .dictionaries = dictionaries};
    map_cells(ret, head);
    return 0;
}

void store_unmap(struct store *s)
{
    for (size_t i = 0; i < s->column_count; i++)
        free(s->dictionaries[i]);
    free(s->dictionaries);
    if (s->base)
        munmap((void *)s->base, s->size);
    *s = (struct store){0};
}

const char *store_name(const struct store *s, size_t column)
{
    return entry_at(s, column)->name;
}

static const char **make_dictionary(const struct store *s, const struct entry *entry)
{
    const char **texts = malloc((entry->text_count + 1) * sizeof *texts);
    const uint64_t *offsets = (const uint64_t *)(s->base + entry->offsets);
    for (uint64_t i = 0; texts && i < entry->text_count; i++)
        texts[i] = (const char *)s->base + entry->bytes + offsets[i];
    return texts;
}

int store_column(struct store *s, size_t column, struct ctxmark_column *ret)
{
    const struct entry *entry = entry_at(s, column);
    if (entry->type != CTXMARK_TEXT) {
        *ret = number_column(s->base, (uint32_t)entry->type, entry->values, s->row_count);
        return 0;
    }
    *ret =
        (struct ctxmark_column){.size = sizeof *ret, .type = CTXMARK_TEXT, .count = s->row_count};
    if (!s->dictionaries[column])
        s->dictionaries[column] = make_dictionary(s, entry);
    if (!s->dictionaries[column])
        return -1;
    ret->code = (const int32_t *)(s->base + entry->values);
    ret->dictionary = s->dictionaries[column];
    ret->dictionary_count = entry->text_count;
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
