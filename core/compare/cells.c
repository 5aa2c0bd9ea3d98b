/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/compare/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *text_at(const struct ctxmark_column *c, size_t row)
{
    return c && c->code && c->code[row] >= 0 ? c->dictionary[c->code[row]] : "";
}

static double number_at(const struct ctxmark_column *c, size_t row)
{
    return c && c->number ? c->number[row] : NAN;
}

static const char *only_text(const struct ctxmark_column *c)
{
    return c && c->dictionary_count == 1 ? c->dictionary[0] : NULL;
}

void cells_describe(const struct frame *f, struct side_rows *ret)
{
    const struct ctxmark_column *mode = frame_column(f, "mode"),
                                *generated = frame_column(f, "generated_tokens"),
                                *launch = frame_column(f, "launch");
    *ret = (struct side_rows){NAN, NAN, NAN, only_text(frame_column(f, "backend")),
                              only_text(frame_column(f, "model"))};
    for (size_t row = 0; row < f->row_count; row++) {
        double n = number_at(generated, row), l = number_at(launch, row) + 1;
        if (strcmp(text_at(mode, row), "decode") == 0) {
            ret->decoded_low = fmin(ret->decoded_low, n);
            ret->decoded_high = fmax(ret->decoded_high, n);
        }
        ret->launches = fmax(ret->launches, l);
    }
}

/* ---- cells of one side only */

struct cell_columns {
    const struct ctxmark_column *run, *model, *backend, *mode, *context, *concurrency, *phase,
        *status, *latency;
};

static void find_columns(struct cell_columns *c, const struct frame *f)
{
    *c = (struct cell_columns){
        frame_column(f, "run"),   frame_column(f, "model"),          frame_column(f, "backend"),
        frame_column(f, "mode"),  frame_column(f, "context_length"), frame_column(f, "concurrency"),
        frame_column(f, "phase"), frame_column(f, "status"),         frame_column(f, "latency_ms"),
    };
}

/* The cell of a row, `mode` in the place of its own; made where it is not there yet. */
static json_t *cell_of(json_t *cells, const struct cell_columns *c, size_t row, const char *mode)
{
    char key[1024];
    double context = number_at(c->context, row), concurrency = number_at(c->concurrency, row);
    concurrency = concurrency > 1 ? concurrency : 1;
    snprintf(key, sizeof key, "%s\n%s\n%s\n%.17g\n%.17g", text_at(c->model, row),
             text_at(c->backend, row), mode, context, concurrency);
    json_t *cell = json_object_get(cells, key);
    if (cell)
        return cell;
    cell = json_pack("{s:s, s:s, s:s, s:I}", "model", text_at(c->model, row), "backend",
                     text_at(c->backend, row), "mode", mode, "context_length",
                     context >= 0 ? (json_int_t)context : -1);
    json_object_set_new(cells, key, cell);
    return json_object_get(cells, key);
}

/* cells: key -> cell with a member "in_a", "in_b" for a run that measured it; failures: key with
 * the mode "" -> cell with such members that say the status. */
static void sort_rows(const struct frame *f, const struct cell_columns *c, const char *a,
                      json_t *cells, json_t *failures)
{
    for (size_t row = 0; row < f->row_count; row++) {
        const char *status = text_at(c->status, row),
                   *side = strcmp(text_at(c->run, row), a) == 0 ? "in_a" : "in_b";
        if (strcmp(text_at(c->phase, row), "measured") != 0)
            continue;
        if (strcmp(status, "ok") != 0)
            json_object_set_new(cell_of(failures, c, row, ""), side, json_string(status));
        else if (isfinite(number_at(c->latency, row)))
            json_object_set_new(cell_of(cells, c, row, text_at(c->mode, row)), side, json_true());
    }
}

/* How the cell with this key failed on a side; NULL: it did not. */
static const char *failure_of(const json_t *failures, const char *key, const char *side)
{
    const char *mode = strchr(key, '\n');
    mode = mode ? strchr(mode + 1, '\n') : NULL;
    const char *rest = mode ? strchr(mode + 1, '\n') : NULL;
    if (!rest)
        return NULL;
    char *without = NULL;
    size_t head = (size_t)(mode + 1 - key), tail = strlen(rest) + 1;
    without = malloc(head + tail);
    if (!without)
        return NULL;
    memcpy(without, key, head);
    memcpy(without + head, rest, tail);
    const json_t *cell = json_object_get(failures, without);
    free(without);
    return json_string_value(json_object_get(cell, side));
}

/* here, there: the names of the runs that measured it and that did not, whose side is `side`. */
static int add_unmatched(json_t *list, json_t *cell, const char *here, const char *there,
                         const char *status)
{
    json_object_set_new(cell, "measured_in", json_string(here));
    json_object_set_new(cell, "why",
                        status ? json_sprintf("failed in %s: %s", there, status)
                               : json_sprintf("not measured in %s", there));
    json_object_del(cell, "in_a");
    json_object_del(cell, "in_b");
    return json_array_append(list, cell);
}

json_t *cells_unmatched(const struct frame *joined, const char *a, const char *b)
{
    struct cell_columns c;
    const char *key;
    json_t *cell, *list = json_array(), *cells = json_object(), *failures = json_object();
    int done = 0;
    find_columns(&c, joined);
    sort_rows(joined, &c, a, cells, failures);
    json_object_foreach(cells, key, cell)
    {
        bool in_a = json_object_get(cell, "in_a") != NULL;
        if (!in_a || !json_object_get(cell, "in_b"))
            done += add_unmatched(list, cell, in_a ? a : b, in_a ? b : a,
                                  failure_of(failures, key, in_a ? "in_b" : "in_a"));
    }
    json_decref(cells);
    json_decref(failures);
    if (done == 0)
        return list;
    json_decref(list);
    return NULL;
}
