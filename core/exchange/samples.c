/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double sample_number(const struct ctxmark_column *c, size_t row)
{
    return c && c->number ? c->number[row] : NAN;
}

const char *sample_text(const struct ctxmark_column *c, size_t row)
{
    return c && c->code && c->code[row] >= 0 ? c->dictionary[c->code[row]] : "";
}

static void find_columns(struct sample_columns *c, const struct frame *f)
{
    const struct {
        const char *name;
        const struct ctxmark_column **column;
    } wanted[] = {
        {"run_id", &c->run_id},
        {"launch", &c->launch},
        {"time_utc", &c->time},
        {"backend", &c->backend},
        {"model", &c->model},
        {"params_m", &c->params_m},
        {"context_length", &c->context},
        {"mode", &c->mode},
        {"phase", &c->phase},
        {"concurrency", &c->concurrency},
        {"status", &c->status},
        {"latency_ms", &c->latency},
        {"prompt_tokens", &c->prompt_tokens},
        {"cached_tokens", &c->cached_tokens},
        {"generated_tokens", &c->generated_tokens},
        {"peak_memory_mib", &c->peak_memory},
        {"note", &c->note},
        {"tokens_per_s", &c->rate},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        *wanted[i].column = frame_column(f, wanted[i].name);
}

/* ---- what is left out */

struct left_out {
    size_t count, first; /* rows */
};

static void count_row(struct left_out *l, size_t row)
{
    if (!l->count++)
        l->first = row;
}

static void tell(const struct samples *s, const struct left_out *l, const char *what)
{
    const struct sample_columns *c = &s->columns;
    if (l->count)
        log_warning("%zu %s %s; the first: %s of %s on %s at %.0f tokens", l->count,
                    l->count == 1 ? "row" : "rows", what, sample_text(c->mode, l->first),
                    sample_text(c->model, l->first), sample_text(c->backend, l->first),
                    sample_number(c->context, l->first));
}

struct leavings {
    struct left_out failed, parallel, uncounted, cached;
};

/* Tokens that the row's time is of: as it says, else its rate times its latency; NaN: unknown. */
static double generated_of(const struct sample_columns *c, size_t row)
{
    double n = sample_number(c->generated_tokens, row);
    if (strcmp(sample_text(c->mode, row), "prefill") == 0)
        return 0;
    return n > 0 ? n : round(sample_number(c->rate, row) * sample_number(c->latency, row) / 1000);
}

static bool is_wanted(const struct samples *s, size_t row, struct leavings *out)
{
    const struct sample_columns *c = &s->columns;
    if (strcmp(sample_text(c->phase, row), "measured") != 0)
        return false;
    if (strcmp(sample_text(c->status, row), "ok") != 0 || !(sample_number(c->latency, row) > 0)) {
        count_row(&out->failed, row);
        return false;
    }
    if (sample_number(c->concurrency, row) > 1) {
        count_row(&out->parallel, row);
        return false;
    }
    if (!(generated_of(c, row) >= 0) || !(sample_number(c->context, row) >= 0)) {
        count_row(&out->uncounted, row);
        return false;
    }
    if (strstr(sample_text(c->note, row), "cached"))
        count_row(&out->cached, row);
    return true;
}

/* ---- cells */

static int64_t launch_of(const struct sample_columns *c, size_t row)
{
    double x = sample_number(c->launch, row);
    return x >= 0 ? (int64_t)x : 0;
}

static bool is_of(const struct sample_cell *cell, const struct sample_columns *c, size_t row)
{
    return (double)cell->context == sample_number(c->context, row) &&
           cell->launch == launch_of(c, row) && (double)cell->generated == generated_of(c, row) &&
           cell->backend == sample_text(c->backend, row) &&
           cell->model == sample_text(c->model, row) && cell->mode == sample_text(c->mode, row);
}

/* Rows come cell by cell, a few modes in turn: the one looked for is most often near the end. */
static size_t find_cell(const struct samples *s, size_t row)
{
    for (size_t i = s->count; i-- > 0;)
        if (is_of(&s->cells[i], &s->columns, row))
            return i;
    return s->count;
}

static int add_cell(struct samples *s, size_t row, size_t *capacity)
{
    const struct sample_columns *c = &s->columns;
    if (s->count == *capacity) {
        size_t n = *capacity ? 2 * *capacity : 64;
        struct sample_cell *cells = realloc(s->cells, n * sizeof *cells);
        if (!cells)
            return -1;
        s->cells = cells;
        *capacity = n;
    }
    s->cells[s->count++] = (struct sample_cell){
        .backend = sample_text(c->backend, row),
        .model = sample_text(c->model, row),
        .mode = sample_text(c->mode, row),
        .context = (int64_t)sample_number(c->context, row),
        .launch = launch_of(c, row),
        .generated = (int64_t)generated_of(c, row),
    };
    return 0;
}

static int assign_rows(struct samples *s, const struct frame *f, uint32_t *cell_of,
                       struct leavings *out)
{
    size_t capacity = 0;
    for (size_t row = 0; row < f->row_count; row++) {
        cell_of[row] = UINT32_MAX;
        if (!is_wanted(s, row, out))
            continue;
        size_t i = find_cell(s, row);
        if (i == s->count && add_cell(s, row, &capacity) < 0)
            return -1;
        s->cells[i].count++;
        cell_of[row] = (uint32_t)i;
    }
    return 0;
}

static void distribute(struct samples *s, const struct frame *f, const uint32_t *cell_of)
{
    uint32_t *next = s->rows;
    for (size_t i = 0; i < s->count; i++) {
        s->cells[i].rows = next;
        next += s->cells[i].count;
        s->cells[i].count = 0;
    }
    for (size_t row = 0; row < f->row_count; row++)
        if (cell_of[row] != UINT32_MAX) {
            struct sample_cell *cell = &s->cells[cell_of[row]];
            s->rows[(size_t)(cell->rows - s->rows) + cell->count++] = (uint32_t)row;
        }
}

int samples_make(struct samples *s, const struct frame *f, struct err *e)
{
    struct leavings out = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    *s = (struct samples){0};
    find_columns(&s->columns, f);
    if (f->row_count >= UINT32_MAX)
        return err_set(e, "the run has too many rows");
    uint32_t *cell_of = malloc((f->row_count + 1) * sizeof *cell_of);
    s->rows = malloc((f->row_count + 1) * sizeof *s->rows);
    int done = cell_of && s->rows ? assign_rows(s, f, cell_of, &out) : -1;
    if (done == 0)
        distribute(s, f, cell_of);
    free(cell_of);
    if (done < 0) {
        samples_free(s);
        return err_memory(e);
    }
    tell(s, &out.failed, "without a time, failures most often, left out");
    tell(s, &out.parallel, "of parallel requests left out");
    tell(s, &out.uncounted, "left out, whose number of tokens is not known");
    tell(s, &out.cached, "exported though they hold answers from a prompt cache");
    if (!s->count) {
        samples_free(s);
        return err_set(e, "no repetition was measured successfully: there is nothing to export");
    }
    return 0;
}

void samples_free(struct samples *s)
{
    free(s->cells);
    free(s->rows);
    *s = (struct samples){0};
}
