/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* --only KEY=GLOB: which cells of a plan to keep. */

#ifndef CORE_CONFIG_PLAN_FILTER_H
#define CORE_CONFIG_PLAN_FILTER_H

#include <stdbool.h>

#include "core/config/plan.h"

/* Refuses keys that are none, and patterns that match nothing the config has.  0 or -1. */
int plan_filters_check(const struct config *c, const struct plan_filter *filters, size_t count,
                       struct err *e);

bool plan_filters_match(const struct config *c, const struct plan_filter *filters, size_t count,
                        const struct plan_cell *cell);

/* Where filters left no cell: -1 and words.  0 if there are none to blame. */
int plan_filters_explain(const struct plan_filter *filters, size_t count, struct err *e);

#endif
