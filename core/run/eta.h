/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* How long a run will still take: from the cells that were measured, and how their time grows with
 * context. */

#ifndef CORE_RUN_ETA_H
#define CORE_RUN_ETA_H

#include <stdbool.h>

#include "core/config/plan.h"
#include "core/run/record.h"

struct eta_cell {
    const char *backend, *model; /* the config's */
    int64_t context_length, concurrency;
    int64_t each, left;    /* repetitions, warm-up included: of one launch; of all that are left */
    int64_t launches_left; /* that have not ended */
    int64_t count;         /* repetitions timed */
    double seconds;        /* of those, in all */
};

struct eta {
    struct eta_cell *cells; /* those of the plan */
    size_t count;
    int64_t max_new_tokens;
};

/* 0 or -1: out of memory. */
int eta_init(struct eta *e, const struct config *c, const struct plan *plan);
void eta_free(struct eta *e);

/* The cell's place in eta.cells; -1: none. */
int eta_find(const struct eta *e, const struct record_cell *cell);
/* A repetition took so long. */
void eta_took(struct eta *e, int cell, double seconds);
/* The cell is over in one launch, however many repetitions it had. */
void eta_ended(struct eta *e, int cell);

/* What a repetition of the cell takes: as its own did; else drawn on from those of its model and
 * backend at the nearest contexts; else by what others took.  NaN: nothing was timed yet. */
double eta_repetition(const struct eta *e, int cell);
/* What is left of the run, without the loading of models.  NaN: nothing was timed yet. */
double eta_left(const struct eta *e);

#endif
