/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a run shows of itself on stderr: on a terminal one living line with cell, repetition and the
 * time left, and a line for each finished cell; elsewhere those lines alone. */

#ifndef CORE_RUN_PROGRESS_H
#define CORE_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config/plan.h"
#include "core/run/record.h"

struct progress {
    bool quiet, terminal;
    size_t cells, finished;  /* over all launches */
    double work_left;        /* in units of progress_work() */
    double seconds_per_work; /* < 0: not known yet */
    bool line_open;          /* the living line stands on the terminal */
    char cell[256];
    char last_failure[256]; /* so that the same long sentence is not said for every cell */
};

void progress_init(struct progress *p, const struct config *c, const struct plan *plan, bool quiet);

/* A worker is being started: loading can take long. */
void progress_loading(struct progress *p, const char *backend, const char *model);

void progress_repetition(struct progress *p, const struct record_cell *cell, bool warmup,
                         int64_t number, int64_t of);
/* It took so long. */
void progress_took(struct progress *p, const struct record_cell *cell, double seconds);

/* A cell is over: its medians, or how it failed ("" if it did not). */
void progress_cell(struct progress *p, const struct record_cell *cell,
                   const struct record_series *series, double decode_rate, const char *failure,
                   int64_t repetitions_left);
/* Clears the living line, before anything else is written. */
void progress_clear(struct progress *p);

#endif
