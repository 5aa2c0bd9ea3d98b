/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A worker's cells while they are measured: shared by group.c (the order of things), group_worker.c
 * (the worker's life and its messages) and group_cell.c (rows, failures, repetitions). */

#ifndef CORE_RUN_GROUP_H
#define CORE_RUN_GROUP_H

#include "core/base/buf.h"
#include "core/run/run.h"
#include "core/run/worker.h"

/* A cell of the group while it is measured. */
struct cell_state {
    size_t index; /* in the plan */
    struct record_cell cell;
    struct record_series series;
    struct buf decode_rates; /* doubles of the measured repetitions */
    double began_s;
    int64_t warmups_due, warmups, measured;
    int64_t failures;
    const char
        *rewarm_note;  /* why its warm-up is repeated: "restarted", "resumed"; NULL: it is not */
    bool ended;        /* early */
    char failure[768]; /* why it ended early; "" if it did not */
};

struct group {
    struct run *run;
    const struct plan_group *plan;
    const struct config_backend *backend;
    const struct config_model *model;
    struct worker worker;
    struct cell_state *cells;
    double load_ms; /* not yet told in a row; NaN: told */
    const char
        *rewarm_note; /* why a warm-up is repeated: "restarted", "resumed"; NULL: it is not */
    bool oom_seen;
    int64_t oom_context;         /* the shortest context that ran out of memory */
    struct cell_state *prepared; /* the cell that the worker is prepared for */
    struct err *err;
};

/* ---- group_worker.c */

enum start_result { START_OK, START_FAILED, START_STOPPED };

/* Starts a worker and loads the model.  START_FAILED: *ret_status and `why` are for the rows. */
enum start_result group_start_worker(struct group *g, const char **ret_status, char *why,
                                     size_t size);

/* Keeps the plugin's key-value store, if the worker's answer has a new one. */
void group_keep_store(struct group *g, const json_t *reply);

/* Messages to the worker, new references. */
json_t *group_prepare_message(const struct group *g, const struct cell_state *s);
json_t *group_run_message(const struct group *g, const struct cell_state *s, int64_t seq);

/* How many tokens a request generates. */
int64_t group_new_tokens(const struct config *c);

/* ---- group_cell.c.  0, or -1: the rows cannot be written (g->err says why). */

/* Prepares if need be, and runs `count` repetitions, or fewer if the cell is done before. */
int group_visit_cell(struct group *g, struct cell_state *s, int64_t count);
bool group_cell_is_done(const struct group *g, const struct cell_state *s);
/* Every cell that is not over gets one row with the same reason, and is over. */
int group_fail_rest(struct group *g, const char *status, const char *why);
/* The cell is over: cold tags, progress. */
int group_close_cell(struct group *g, struct cell_state *s);

#endif
