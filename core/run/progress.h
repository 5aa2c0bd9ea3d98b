/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a run shows of itself on stderr: on a terminal one living line with cell, repetition and the
 * time left, a line for each finished cell, and a table at the end; elsewhere the lines of finished
 * cells alone.  Colours only on a terminal, and not where NO_COLOR is set. */

#ifndef CORE_RUN_PROGRESS_H
#define CORE_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config/plan.h"
#include "core/run/eta.h"
#include "core/run/record.h"
#include "core/run/summary.h"

struct progress {
    bool quiet, terminal, colour;
    size_t cells, finished; /* over all launches */
    struct eta eta;
    struct summary_cell *results; /* [eta.count] */
    bool line_open;               /* the living line stands on the terminal */
    char cell[256];
    char last_failure[256]; /* so that the same long sentence is not said for every cell */
};

/* 0 or -1. */
int progress_init(struct progress *p, const struct config *c, const struct plan *plan, bool quiet,
                  struct err *e);
void progress_free(struct progress *p);

/* A worker is being started: loading can take long. */
void progress_loading(struct progress *p, const char *backend, const char *model);

void progress_repetition(struct progress *p, const struct record_cell *cell, bool warmup,
                         int64_t number, int64_t of);
/* It took so long. */
void progress_took(struct progress *p, const struct record_cell *cell, double seconds);

/* A cell is over: its medians, or how it failed ("" if it did not). */
void progress_cell(struct progress *p, const struct record_cell *cell,
                   const struct record_series *series, double decode_rate, const char *failure);
/* Clears the living line, before anything else is written. */
void progress_clear(struct progress *p);
/* Nothing more will be measured: on a terminal, the table of what was. */
void progress_end(struct progress *p);

#endif
