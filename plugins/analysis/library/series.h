/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Series: what one model, backend and mode (and concurrency) took at each context length, in
 * ascending order; and where memory, or a jump, breaks a series in two. */

#ifndef ANALYSIS_SERIES_H
#define ANALYSIS_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "emit.h"
#include "groups.h"

/* One context length of a series. */
struct cell {
    const struct group *group; /* its rows, in the file's order */
    double context;
    size_t n;
    const double *x; /* [n] latencies in ms, ascending */
    double mean, median, sd;
};

/* Where a series breaks: the last context before it and the first after it; NaN: nowhere. */
struct breakpoint {
    double last, first;
    const char *by; /* BREAK_*; NULL: no break */
};
#define BREAK_MEMORY "memory_limit"
#define BREAK_JUMP "jump"

/* Peak memory of a model on a backend at one context length, over all modes. */
struct memory_cell {
    double context, peak, limit, spilled; /* MiB, NaN: not known */
    double ok, oom;                       /* rows */
};

struct memory {
    struct keys keys; /* of model and backend */
    const struct memory_cell *cells;
    size_t count;
    double limit;         /* MiB: the fact memory_limit_mib, else the largest that rows know; NaN */
    bool known;           /* some context's peak and the limit are known */
    double spill, oom_at; /* first context that exceeds the limit, that ran out of memory; NaN */
};

struct series {
    struct keys keys;
    const struct cell *cells;
    size_t count;
    const struct memory *memory; /* of its model and backend; NULL: none */
    struct breakpoint break_at;  /* by memory where that is known, else by a jump */
};

struct series_set {
    struct series *items;
    size_t count;
    struct memory *memories;
    size_t memory_count;
    size_t cell_count;
    size_t largest;     /* most values in a cell */
    size_t value_count; /* of all cells */
    /* what the above points into */
    struct groups groups;
    struct cell *cells;
    struct memory_cell *memory_cells;
    double *values;
};

/* Makes all series of the usable rows.  0, or -1: out of memory. */
int series_make(struct series_set *s, const struct rows *r, const struct ctxmark_host *h);
void series_free(struct series_set *s);

/* First i >= 1 with y[i] / y[i - 1] above (x[i] / x[i - 1])^3: a step that no exact attention
 * takes (8 for a doubling); count: none. */
size_t series_jump(const double *x, const double *y, size_t count);

/* How many cells lie before the break (all, where there is none). */
size_t series_clean_count(const struct series *s);

bool series_is(const struct series *s, const char *mode);

/* "qwen2.5-3b on ollama", in `text`. */
const char *series_name(const struct keys *k, char *text, size_t size);

bool keys_same_model(const struct keys *a,
                     const struct keys *b); /* and run, backend, concurrency */

/* Centres of a cell. */
enum center { CENTER_MEDIAN, CENTER_MEAN, CENTER_TRIM5, CENTER_TRIM10, CENTER_COUNT };
extern const char *const center_names[CENTER_COUNT];
double cell_center(const struct cell *c, enum center which);

/* Sum of squares around the cells' own means, and its degrees of freedom. */
double cells_within(const struct cell *c, size_t count, size_t *ret_df);

#endif
