/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/rows.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* A backend declares a few dozen metrics; more is a broken file. */
#define METRIC_MAX 512

/* Rows by seq: an open hash table of the first row of each seq, and the next row of the same. */
struct seq_index {
    int64_t *slots; /* row, -1: free */
    int64_t *next;  /* [row_count] */
    size_t slot_count;
    const double *seq;
};

static size_t seq_slot(const struct seq_index *x, double seq)
{
    uint64_t bits;
    memcpy(&bits, &seq, sizeof bits);
    bits = (bits ^ bits >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (bits >> 20) & (x->slot_count - 1);
    while (x->slots[i] >= 0 && x->seq[x->slots[i]] != seq)
        i = (i + 1) & (x->slot_count - 1);
    return i;
}

static int index_make(struct seq_index *x, const double *seq, size_t row_count, struct err *e)
{
    x->seq = seq;
    x->slot_count = 16;
    while (x->slot_count < row_count * 2)
        x->slot_count *= 2;
    x->slots = malloc(x->slot_count * sizeof *x->slots);
    x->next = malloc((row_count + 1) * sizeof *x->next);
    if (!x->slots || !x->next)
        return err_memory(e);
    memset(x->slots, 0xff, x->slot_count * sizeof *x->slots);
    for (size_t row = row_count; row-- > 0;) {
        x->next[row] = -1;
        if (isnan(seq[row]))
            continue;
        size_t slot = seq_slot(x, seq[row]);
        x->next[row] = x->slots[slot];
        x->slots[slot] = (int64_t)row;
    }
    return 0;
}

static void index_free(struct seq_index *x)
{
    free(x->slots);
    free(x->next);
}

static bool is_name(const char *name)
{
    if (*name < 'a' || *name > 'z' || strlen(name) >= COLUMN_NAME_SIZE)
        return false;
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* The column of a metric; first_metric is where the columns of metrics.csv end.  -1: its name
 * cannot be one.  -2: out of memory. */
static int metric_column(struct columns *c, const char *name, size_t first_metric)
{
    int column = columns_find(c, name);
    if (column >= 0)
        return (size_t)column >= first_metric ? column : -1;
    if (!is_name(name) || c->count - first_metric >= METRIC_MAX)
        return -1;
    column = columns_add(c, name, CTXMARK_NUMBER);
    return column < 0 ? -2 : column;
}

static int set_metric(struct columns *c, const struct seq_index *x, int64_t row, size_t column,
                      const double *request, double wanted, double value)
{
    for (; row >= 0; row = x->next[row]) {
        double r = request && !isnan(request[row]) ? request[row] : 0;
        if (r == wanted && columns_set_number(c, column, (size_t)row, value) < 0)
            return -1;
    }
    return 0;
}

static int add_object(struct rows *rows, const struct seq_index *x, const json_t *object,
                      size_t first_metric, struct err *e)
{
    struct columns *c = &rows->columns;
    double seq = json_number_value(json_object_get(object, "seq"));
    double request = json_number_value(json_object_get(object, "request"));
    int64_t row = x->slots[seq_slot(x, seq)];
    int request_column = columns_find(c, "request");
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(object, "metrics"), name, value)
    {
        if (!json_is_number(value))
            continue;
        int column = metric_column(c, name, first_metric);
        const double *requests = request_column < 0 ? NULL : c->items[request_column].number;
        if (column == -2 || (column >= 0 && set_metric(c, x, row, (size_t)column, requests, request,
                                                       json_number_value(value)) < 0))
            return err_memory(e);
    }
    return 0;
}

static int read_lines(struct rows *rows, const struct seq_index *x, FILE *file, const char *path,
                      struct err *e)
{
    size_t first_metric = rows->columns.count, capacity = 0, line = 0;
    char *text = NULL;
    ssize_t len;
    int done = 0;
    while (done == 0 && (len = getline(&text, &capacity, file)) >= 0) {
        line++;
        json_t *object = json_loadb(text, (size_t)len, 0, NULL);
        if (!json_is_number(json_object_get(object, "seq")))
            rows_skip(rows, path, line, "no JSON object with a number \"seq\"");
        else
            done = add_object(rows, x, object, first_metric, e);
        json_decref(object);
    }
    if (done == 0 && ferror(file))
        done = err_set(e, "%s:%zu: cannot be read: %s", path, line + 1, strerror(errno));
    free(text);
    return done;
}

int rows_read_details(struct rows *rows, const char *path, struct err *e)
{
    int seq = columns_find(&rows->columns, "seq");
    if (seq < 0 || !rows->columns.items[seq].number)
        return 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    struct seq_index x = {0};
    int done = index_make(&x, rows->columns.items[seq].number, rows->columns.row_count, e);
    if (done == 0)
        done = read_lines(rows, &x, file, path, e);
    index_free(&x);
    fclose(file);
    return done;
}
