/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Adaptive stopping: enough repetitions, and no more. */

#ifndef CORE_RUN_STOP_H
#define CORE_RUN_STOP_H

#include <stdbool.h>
#include <stddef.h>

/* Half the width of the 95 % order-statistic interval of the median of n values, in per cent of the
 * median (Conover, Practical Nonparametric Statistics, 3rd ed., 3.2).  Infinite where n < 6 cannot
 * give 95 %. */
double stop_half_width_pct(const double *values, size_t n);

#endif
