/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/frame.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/analysis/rows.h"
#include "core/analysis/store.h"

static int frame_columns(struct frame *f, struct err *e)
{
    struct store *store = f->internal;
    f->columns = calloc(store->column_count + 1, sizeof *f->columns);
    if (!f->columns)
        return err_memory(e);
    f->row_count = store->row_count;
    for (size_t i = 0; i < store->column_count; i++) {
        struct frame_column *c = &f->columns[i];
        c->name = strdup(store_name(store, i));
        f->column_count = i + 1;
        if (!c->name)
            return err_memory(e);
    }
    return 0;
}

static struct frame *frame_make(struct rows *rows, struct err *e)
{
    struct frame *f = calloc(1, sizeof *f);
    struct store *store = calloc(1, sizeof *store);
    if (!f || !store) {
        free(f);
        free(store);
        err_memory(e);
        return NULL;
    }
    f->internal = store;
    f->skipped = rows->skipped;
    f->unreadable = rows->unreadable;
    f->fd = store_write(&rows->columns, e);
    if (f->fd < 0 || store_map(f->fd, store, e) < 0 || frame_columns(f, e) < 0) {
        frame_free(f);
        return NULL;
    }
    return f;
}

struct frame *frame_read_csv(const char *path, const char *details_path, struct err *e)
{
    struct rows rows = {0};
    struct frame *f = NULL;
    if (rows_read_csv(&rows, path, e) == 0 &&
        (!details_path || rows_read_details(&rows, details_path, e) == 0))
        f = frame_make(&rows, e);
    columns_free(&rows.columns);
    return f;
}

struct frame *frame_read_runs(const struct frame_run *runs, size_t count, struct err *e)
{
    struct rows rows = {0};
    struct frame *f = NULL;
    int done = 0;
    for (size_t i = 0; done == 0 && i < count; i++) {
        rows.said = (struct rows_said){runs[i].run, runs[i].backend, runs[i].model};
        done = rows_read_csv(&rows, runs[i].csv, e);
    }
    if (done == 0)
        f = frame_make(&rows, e);
    columns_free(&rows.columns);
    return f;
}

void frame_free(struct frame *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->column_count; i++)
        free(f->columns[i].name);
    free(f->columns);
    store_unmap(f->internal);
    free(f->internal);
    if (f->fd >= 0)
        close(f->fd);
    free(f);
}

const struct ctxmark_column *frame_column_at(const struct frame *f, size_t i)
{
    struct ctxmark_column *data = &f->columns[i].data;
    return data->size || store_column(f->internal, i, data) == 0 ? data : NULL;
}

const struct ctxmark_column *frame_column(const struct frame *f, const char *name)
{
    for (size_t i = 0; i < f->column_count; i++)
        if (strcmp(f->columns[i].name, name) == 0)
            return frame_column_at(f, i);
    return NULL;
}
