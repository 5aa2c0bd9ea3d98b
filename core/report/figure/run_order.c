/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/run_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/frame.h"

#define POINT_MOST                                                                                 \
    600 /* of a series: beyond it the span of each of BIN_COUNT stretches is drawn                 \
         */
#define BIN_COUNT 150

/* A row that counts: ok, with the mode in hand. */
struct repetition {
    uint32_t row;
    int32_t backend, model, phase;
    double context, concurrency, launch;
    double latency, ratio; /* ratio: over the median of its cell's measured ones */
    double at;             /* its number in run order */
    bool cold;
};

struct rows {
    const struct frame *frame;
    const struct ctxmark_column *backend, *model, *phase, *mode, *status;
    struct repetition *items;
    size_t count;
};

static int32_t code_of(const struct ctxmark_column *c, const char *text)
{
    for (uint64_t i = 0; c && i < c->dictionary_count; i++)
        if (strcmp(c->dictionary[i], text) == 0)
            return (int32_t)i;
    return -2;
}

static double number_of(const struct frame *f, const char *column, size_t row, double otherwise)
{
    const struct ctxmark_column *c = frame_column(f, column);
    return c && c->number && !isnan(c->number[row]) ? c->number[row] : otherwise;
}

static void take_row(struct rows *r, size_t row)
{
    const struct frame *f = r->frame;
    double latency = number_of(f, "latency_ms", row, NAN);
    if (!(latency > 0))
        return;
    r->items[r->count] = (struct repetition){
        .row = (uint32_t)row,
        .backend = r->backend->code[row],
        .model = r->model->code[row],
        .phase = r->phase && r->phase->code ? r->phase->code[row] : -1,
        .context = number_of(f, "context_length", row, 0),
        .concurrency = number_of(f, "concurrency", row, 1),
        .launch = number_of(f, "launch", row, 0),
        .latency = latency,
        .ratio = NAN,
        .cold = number_of(f, "cold", row, 0) == 1,
    };
    r->items[r->count].at = (double)r->count;
    r->count++;
}

/* The rows of the mode that are there, in the file's order, which is that of the run. */
static int take_rows(struct rows *r, const struct frame *f, const char *mode)
{
    int32_t wanted, ok;
    *r = (struct rows){.frame = f,
                       .backend = frame_column(f, "backend"),
                       .model = frame_column(f, "model"),
                       .phase = frame_column(f, "phase"),
                       .mode = frame_column(f, "mode"),
                       .status = frame_column(f, "status")};
    if (!r->backend || !r->model || !r->mode || !r->status || !r->backend->code ||
        !r->model->code || !r->mode->code || !r->status->code)
        return -1;
    wanted = code_of(r->mode, mode);
    ok = code_of(r->status, "ok");
    r->items = calloc(f->row_count + 1, sizeof *r->items);
    for (size_t i = 0; r->items && i < f->row_count; i++)
        if (r->mode->code[i] == wanted && r->status->code[i] == ok && r->backend->code[i] >= 0 &&
            r->model->code[i] >= 0)
            take_row(r, i);
    return r->items ? 0 : -1;
}

static int compare_cells(const void *a, const void *b)
{
    const struct repetition *x = a, *y = b;
    double left[] = {x->backend, x->model, x->context, x->concurrency},
           right[] = {y->backend, y->model, y->context, y->concurrency};
    for (size_t i = 0; i < 4; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static int by_cell_and_latency(const void *a, const void *b)
{
    const struct repetition *x = a, *y = b;
    int order = compare_cells(a, b);
    return order ? order : (x->latency > y->latency) - (x->latency < y->latency);
}

static int by_series_and_order(const void *a, const void *b)
{
    const struct repetition *x = a, *y = b;
    if (x->backend != y->backend)
        return x->backend < y->backend ? -1 : 1;
    if (x->model != y->model)
        return x->model < y->model ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Each latency over the median of its cell's measured ones (of all, if there are none). */
static void relate(struct rows *r)
{
    int32_t warmup = code_of(r->phase, "warmup");
    size_t n;
    qsort(r->items, r->count, sizeof *r->items, by_cell_and_latency);
    for (size_t first = 0; first < r->count; first += n) {
        size_t measured = 0, seen = 0;
        for (n = 0;
             first + n < r->count && compare_cells(&r->items[first], &r->items[first + n]) == 0;
             n++)
            measured += r->items[first + n].phase != warmup;
        double low = NAN, high = NAN;
        for (size_t i = first; i < first + n; i++) {
            if (measured && r->items[i].phase == warmup)
                continue;
            size_t of = measured ? measured : n;
            low = seen == (of - 1) / 2 ? r->items[i].latency : low;
            high = seen == of / 2 ? r->items[i].latency : high;
            seen++;
        }
        for (size_t i = first; i < first + n; i++)
            r->items[i].ratio = r->items[i].latency / (0.5 * (low + high));
    }
    qsort(r->items, r->count, sizeof *r->items, by_series_and_order);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Stretches of the run instead of single repetitions: their median, and all they span. */
static void add_bins(struct doc *d, struct figure_series *s, const struct repetition *items,
                     size_t count)
{
    double *ratios = calloc(count / BIN_COUNT + 2, sizeof *ratios);
    s->points = false;
    s->line = s->band = true;
    for (size_t bin = 0; ratios && bin < BIN_COUNT; bin++) {
        size_t first = bin * count / BIN_COUNT, n = (bin + 1) * count / BIN_COUNT - first;
        for (size_t i = 0; i < n; i++)
            ratios[i] = items[first + i].ratio;
        qsort(ratios, n, sizeof *ratios, compare_numbers);
        figure_add_point(d, s,
                         (struct figure_point){items[first + n / 2].at, ratios[n / 2], ratios[0],
                                               ratios[n - 1], false});
    }
    free(ratios);
}

static void add_repetitions(struct doc *d, struct figure_series *s, const struct repetition *items,
                            size_t count)
{
    if (!s)
        return;
    s->points = true;
    if (count > POINT_MOST) {
        add_bins(d, s, items, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        figure_add_point(
            d, s, (struct figure_point){items[i].at, items[i].ratio, NAN, NAN, items[i].cold});
}

static struct figure *begin_figure(struct doc *d, struct figures *all, const char *backend,
                                   const char *mode)
{
    const char *name = doc_format(d, "run-order %s", backend);
    struct figure *f = name ? figure_add(d, all, name) : NULL;
    if (!f)
        return NULL;
    f->title = doc_format(d, "Repetitions in run order: %s", backend);
    f->section = "reliability";
    f->note = doc_format(d,
                         "Each %s over the median of its cell, warm-up included; hollow marks "
                         "are tagged cold. A cloud about 1 is what a steady machine gives; a "
                         "slope is drift. Of long runs each stretch's median and span is drawn.",
                         mode);
    f->source = "metrics.csv";
    f->x = (struct figure_axis){"repetition, in run order", "", false, false};
    f->y = (struct figure_axis){"latency over the cell's median", "", true, false};
    figure_add_limit(d, f, "", false, 1);
    return d->failed ? NULL : f;
}

static void draw(struct doc *d, const json_t *analysis, const struct rows *r, const char *mode,
                 struct figures *all)
{
    struct figure *f = NULL;
    size_t n;
    for (size_t first = 0; first < r->count; first += n) {
        const struct repetition *now = &r->items[first];
        for (n = 1; first + n < r->count && r->items[first + n].backend == now->backend &&
                    r->items[first + n].model == now->model;)
            n++;
        if (first == 0 || now->backend != now[-1].backend)
            f = begin_figure(d, all, doc_copy(d, r->backend->dictionary[now->backend]), mode);
        const char *model = doc_copy(d, r->model->dictionary[now->model]);
        if (!f || !model)
            return;
        add_repetitions(d, figure_add_series(d, f, model, figure_style_of(analysis, model, 0)), now,
                        n);
    }
}

void run_order_make(struct doc *d, const json_t *analysis, const char *metrics, struct figures *all)
{
    static const char *const modes[] = {"prefill", "e2e", "decode"};
    struct err e;
    struct frame *frame = frame_read_csv(metrics, NULL, &e);
    if (!frame) {
        log_warning("%s; the report has no figure of repetitions in run order", e.text);
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        struct rows r;
        if (take_rows(&r, frame, modes[i]) == 0 && r.count) {
            relate(&r);
            draw(d, analysis, &r, modes[i], all);
            free(r.items);
            break;
        }
        free(r.items);
    }
    frame_free(frame);
}
