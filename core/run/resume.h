/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Going on with a run that ended early: what its rows say is done, and whether it is still the same
 * measurement. */

#ifndef CORE_RUN_RESUME_H
#define CORE_RUN_RESUME_H

#include "core/config/plan.h"
#include "core/run/record.h"

/* What the file says of one cell in one launch. */
struct resume_cell {
    struct record_series series; /* its repetitions so far, and where their cold bytes are */
    int64_t warmups, measured;   /* repetitions that went well */
    int64_t failures;
    bool ended; /* by a failure that ended it */
    bool oom;   /* it ran out of memory */
};

struct resume {
    struct resume_cell *cells; /* [launch][cell of the plan] */
    size_t cell_count;         /* of the plan */
    size_t series_count;       /* cell_count x launches */
    int64_t next_seq;
    int64_t done, failed; /* repetitions, warm-up left out */
    int64_t rows;
    off_t metrics_size, details_size; /* what is whole; the files are to be cut there */
};

/* Reads metrics.csv and details.jsonl of `folder`: a torn last line, and a repetition whose rows
 * are not all there, do not count.  Rows that are not in the plan are an error.  0 or -1. */
int resume_read(struct resume *r, const char *folder, const struct config *c, const struct plan *p,
                struct err *e);
void resume_free(struct resume *r);

static inline struct resume_cell *resume_find(struct resume *r, size_t cell, int64_t launch)
{
    return &r->cells[(size_t)launch * r->cell_count + cell];
}

/* Whether a run made with `now` goes on with the one of `before`: config, plugins, model files,
 * machine.  0, or -1: e names what changed. */
int resume_compare(const json_t *before, const json_t *now, struct err *e);

#endif
