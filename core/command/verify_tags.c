/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/verify_tags.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/frame.h"
#include "core/run/cold.h"

struct tags {
    const struct frame *f;
    const struct ctxmark_column *seq, *launch, *backend, *model, *context, *concurrency, *mode,
        *phase, *request, *cold, *status, *latency, *note;
};

static bool tags_open(struct tags *t, const struct frame *f)
{
    const struct {
        const char *name;
        const struct ctxmark_column **column;
    } wanted[] = {
        {"seq", &t->seq},     {"launch", &t->launch},   {"backend", &t->backend},
        {"model", &t->model}, {"mode", &t->mode},       {"context_length", &t->context},
        {"phase", &t->phase}, {"request", &t->request}, {"concurrency", &t->concurrency},
        {"cold", &t->cold},   {"status", &t->status},   {"latency_ms", &t->latency},
        {"note", &t->note},
    };
    t->f = f;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!(*wanted[i].column = frame_column(f, wanted[i].name)))
            return false;
    return true;
}

static const char *text_at(const struct ctxmark_column *c, size_t row)
{
    return c->code && c->code[row] >= 0 ? c->dictionary[c->code[row]] : "";
}

/* A row and the cell it belongs to: rows of a cell may lie apart (order: shuffled). */
struct tagged_row {
    double launch, context, concurrency;
    int backend, model;
    size_t row, repetition;
};

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_cell(const struct tagged_row *a, const struct tagged_row *b)
{
    int order = by_number(a->launch, b->launch);
    if (order == 0)
        order = (a->backend > b->backend) - (a->backend < b->backend);
    if (order == 0)
        order = (a->model > b->model) - (a->model < b->model);
    if (order == 0)
        order = by_number(a->context, b->context);
    return order ? order : by_number(a->concurrency, b->concurrency);
}

static int by_cell_and_row(const void *a, const void *b)
{
    const struct tagged_row *x = a, *y = b;
    int order = by_cell(x, y);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* The frame's rows, those of a cell side by side in their order; the caller's.  NULL: no memory. */
static struct tagged_row *rows_by_cell(const struct tags *t)
{
    size_t n = t->f->row_count;
    struct tagged_row *rows = calloc(n + 1, sizeof *rows);
    if (!rows)
        return NULL;
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct tagged_row){
            .launch = t->launch->number[i],
            .context = t->context->number[i],
            .concurrency = t->concurrency->number[i],
            .backend = t->backend->code[i],
            .model = t->model->code[i],
            .row = i,
        };
    qsort(rows, n, sizeof *rows, by_cell_and_row);
    return rows;
}

/* The repetitions of a cell's rows; sets each row's repetition. */
static size_t gather_cell(const struct tags *t, struct tagged_row *rows, size_t count,
                          struct cold_repetition *reps)
{
    size_t n = 0;
    double seq = NAN;
    bool prefill = false;
    for (struct tagged_row *r = rows; r < rows + count; r++) {
        size_t i = r->row;
        const char *mode = text_at(t->mode, i);
        if (t->seq->number[i] != seq) {
            seq = t->seq->number[i];
            prefill = false;
            reps[n++] = (struct cold_repetition){.latency_ms = NAN};
        }
        r->repetition = n - 1;
        bool is_prefill = strcmp(mode, "prefill") == 0;
        if (strcmp(text_at(t->status, i), "ok") != 0 || t->request->number[i] != 0)
            continue;
        reps[n - 1].reloaded |= strstr(text_at(t->note, i), "reloaded") != NULL;
        if (is_prefill || (!prefill && strcmp(mode, "e2e") == 0))
            reps[n - 1].latency_ms = t->latency->number[i];
        prefill = prefill || is_prefill;
    }
    return n;
}

static int check_cell(const struct tags *t, struct tagged_row *rows, size_t count, double ratio,
                      struct cold_repetition *reps, struct differences *d)
{
    size_t n = gather_cell(t, rows, count, reps);
    if (cold_mark(reps, n, ratio) < 0)
        return -1;
    for (const struct tagged_row *r = rows; r < rows + count; r++) {
        char where[160];
        bool cold = reps[r->repetition].cold;
        if ((t->cold->number[r->row] == 1) == cold)
            continue;
        snprintf(where, sizeof where, "metrics.csv row %zu (seq %.0f, %s) cold", r->row + 1,
                 t->seq->number[r->row], text_at(t->mode, r->row));
        verify_differ(d, where, cold ? "0" : "1", cold ? "1" : "0");
    }
    return 0;
}

static int check_cells(const struct tags *t, double ratio, struct differences *d)
{
    size_t n = t->f->row_count;
    struct tagged_row *rows = rows_by_cell(t);
    struct cold_repetition *reps = calloc(n + 1, sizeof *reps);
    int r = rows && reps ? 0 : -1;
    for (size_t first = 0, end; r == 0 && first < n; first = end) {
        for (end = first + 1; end < n && by_cell(&rows[first], &rows[end]) == 0; end++)
            ;
        r = check_cell(t, rows + first, end - first, ratio, reps, d);
    }
    free(rows);
    free(reps);
    return r;
}

int verify_tags(const char *csv, const json_t *manifest, struct differences *d, struct err *e)
{
    struct tags t;
    const json_t *config = json_object_get(json_object_get(manifest, "config"), "effective");
    const json_t *given = json_object_get(json_object_get(config, "cold_start"), "ratio");
    double ratio = json_is_number(given) ? json_number_value(given) : 2.0;
    struct frame *f = frame_read_csv(csv, NULL, e);
    if (!f)
        return -1;
    int r = tags_open(&t, f) ? 0 : err_set(e, "%s has not the columns of a run", csv);
    if (r == 0 && check_cells(&t, ratio, d) < 0)
        r = err_memory(e);
    if (r == 0)
        printf("cold tags of %zu rows derived again\n", f->row_count);
    frame_free(f);
    return r;
}
