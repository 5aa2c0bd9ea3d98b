/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_REPORT_FIGURE_PLOTS_H
#define CORE_REPORT_FIGURE_PLOTS_H

#include "core/report/figure/figure.h"

/* One plot of analysis.json as a figure of its own. */
void plots_make(struct doc *d, const json_t *analysis, const json_t *plot, struct figures *all);
/* The points of one series of a plot, with their intervals. */
void plots_points(struct doc *d, const json_t *series, struct figure_series *to);

#endif
