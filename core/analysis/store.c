/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file: a head, a directory of the columns, then their values, each on a multiple of 8 bytes.
 * All columns without a known value share one block. */
struct head {
    uint64_t magic, size, row_count, column_count;
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

static size_t values_size(const struct columns *c, const struct column *item)
{
    return padded(c->row_count * (item->type == CTXMARK_TEXT ? sizeof(int32_t) : sizeof(double)));
}

static bool is_known(const struct column *item)
{
    return item->number || item->code;
}

static size_t store_size(const struct columns *c)
{
    size_t size = sizeof(struct head) + c->count * sizeof(struct entry);
    size += 2 * padded(c->row_count * sizeof(double));
    for (size_t i = 0; i < c->count; i++) {
        const struct column *item = &c->items[i];
        if (is_known(item))
            size += values_size(c, item) + item->texts.count * sizeof(uint64_t) +
                    padded(item->texts.byte_count);
    }
    return size;
}

/* Appends to the mapped file; returns where. */
static uint64_t put(unsigned char *base, size_t *at, const void *data, size_t n)
{
    size_t where = *at;
    if (n)
        memcpy(base + where, data, n);
    *at = padded(where + n);
    return where;
}

static void put_column(unsigned char *base, size_t *at, struct entry *entry, struct column *item,
                       const struct columns *c, uint64_t unknown_numbers, uint64_t unknown_codes)
{
    memcpy(entry->name, item->name, sizeof entry->name);
    entry->type = item->type;
    entry->values = item->type == CTXMARK_TEXT ? unknown_codes : unknown_numbers;
    if (item->number)
        entry->values = put(base, at, item->number, c->row_count * sizeof *item->number);
    if (item->code)
        entry->values = put(base, at, item->code, c->row_count * sizeof *item->code);
    entry->text_count = item->texts.count;
    entry->offsets = put(base, at, item->texts.offsets, item->texts.count * sizeof(uint64_t));
    entry->bytes = put(base, at, item->texts.bytes, item->texts.byte_count);
    column_clear(item);
}

static void put_all(unsigned char *base, size_t size, struct columns *c)
{
    struct head *head = (struct head *)base;
    struct entry *entries = (struct entry *)(head + 1);
    size_t at = sizeof *head + c->count * sizeof *entries;
    *head = (struct head){STORE_MAGIC, size, c->row_count, c->count};
    uint64_t numbers = at, codes = at + c->row_count * sizeof(double);
    for (size_t i = 0; i < c->row_count; i++)
        ((double *)(base + numbers))[i] = NAN;
    memset(base + codes, 0xff, c->row_count * sizeof(int32_t));
    at += 2 * c->row_count * sizeof(double);
    for (size_t i = 0; i < c->count; i++)
        put_column(base, &at, &entries[i], &c->items[i], c, numbers, codes);
}

int store_write(struct columns *c, struct err *e)
{
    size_t size = store_size(c);
    int fd = memfd_create("ctxmark-columns", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_set(e, "cannot make a memory file for the columns: %s", strerror(errno));
    void *base = MAP_FAILED;
    if (ftruncate(fd, (off_t)size) == 0)
        base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        err_set(e, "cannot make a memory file of %zu bytes: %s", size, strerror(errno));
        close(fd);
        return -1;
    }
    put_all(base, size, c);
    munmap(base, size);
    /* What analyzers see is the same for all of them, whatever one of them tries. */
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return fd;
}

static const struct entry *entry_at(const struct store *s, size_t column)
{
    return (const struct entry *)(s->base + sizeof(struct head)) + column;
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
    *ret = (struct store){base, size, head->row_count, head->column_count, dictionaries};
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
    *ret = (struct ctxmark_column){
        .size = sizeof *ret, .type = (uint32_t)entry->type, .count = s->row_count};
    if (entry->type != CTXMARK_TEXT) {
        ret->number = (const double *)(s->base + entry->values);
        return 0;
    }
    if (!s->dictionaries[column])
        s->dictionaries[column] = make_dictionary(s, entry);
    if (!s->dictionaries[column])
        return -1;
    ret->code = (const int32_t *)(s->base + entry->values);
    ret->dictionary = s->dictionaries[column];
    ret->dictionary_count = entry->text_count;
    return 0;
}
