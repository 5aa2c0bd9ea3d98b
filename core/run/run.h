/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Carrying out a plan. */

#ifndef CORE_RUN_RUN_H
#define CORE_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/config/plan.h"
#include "core/run/progress.h"
#include "core/run/record.h"
#include "core/run/resume.h"
#include "core/run/rundir.h"

/* One run while it goes on. */
struct run {
    const struct config *config;
    const struct plan *plan;
    const char *folder;
    struct record record;
    struct progress progress;
    json_t *manifest;      /* written at the start, after each group, and at the end */
    json_t *store;         /* object: plugin -> its key-value store */
    json_t *works;         /* object: backend -> "" or why it cannot work here; asked once */
    json_t *limited;       /* object: backend -> true once its limits were measured */
    struct resume *resume; /* what an earlier part of the run did; NULL: it is a new one */
    uint64_t nonce;        /* random: no two runs send the same prompts */
    int64_t seq;
    int64_t done, failed; /* repetitions, warm-up left out */
    bool stopped;         /* the user interrupted */
};

/* Measures every group of the plan.  0, or -1: the rows cannot be written any more (e says why;
 * what was measured is there).  run->stopped and run->failed tell the rest. */
int run_measure(struct run *run, struct err *e);

/* One group: a worker, its cells.  As run_measure(). */
int run_group(struct run *run, const struct plan_group *g, struct err *e);

#endif
