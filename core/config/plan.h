/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a run will do: cells, in the order in which they are measured. */

#ifndef CORE_CONFIG_PLAN_H
#define CORE_CONFIG_PLAN_H

#include "core/config/run_config.h"

/* One cell: backend x model x context length (x concurrency), in one launch. */
struct plan_cell {
    size_t backend, model; /* indices into the config */
    int64_t context_length;
    int64_t concurrency;
};

/* One worker process: a backend with a model, in one launch. */
struct plan_group {
    size_t backend, model;
    int64_t launch; /* 0 .. launches - 1 */
    size_t *cells;  /* indices into plan.cells, in the order in which they are measured */
    size_t cell_count;
    json_t *model_keys; /* config_model_keys(); NULL if the backend is not installed */
};

struct plan {
    struct plan_cell *cells; /* distinct cells, in the order of the config */
    size_t cell_count;
    size_t pair_count;         /* distinct backend x model */
    struct plan_group *groups; /* pair_count x launches */
    size_t group_count;
    int64_t largest_context;
};

/* --only KEY=GLOB: keeps what matches; keys: backend, model, context_length, concurrency.  Several
 * of one key are alternatives, different keys must all match. */
struct plan_filter {
    const char *key, *glob;
};

/* Cells whose context exceeds a model's max_context are left out (and told with log_note).  A plan
 * without cells is an error: e says which model no backend serves, or which filter left nothing. */
struct plan *plan_make(const struct config *c, const struct plan_filter *filters,
                       size_t filter_count, struct err *e);
void plan_free(struct plan *p); /* NULL is fine */

#endif
