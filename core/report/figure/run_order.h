/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_REPORT_FIGURE_RUN_ORDER_H
#define CORE_REPORT_FIGURE_RUN_ORDER_H

#include "core/report/figure/figure.h"

/* Repetitions in the order in which they were measured, each over the median of its cell, a figure
 * for each backend: cold starts stand out, and drift slopes.  metrics: a CSV file.  A file that
 * cannot be read gives no figure and a warning. */
void run_order_make(struct doc *d, const json_t *analysis, const char *metrics,
                    struct figures *all);

#endif
