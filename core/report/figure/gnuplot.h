/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_REPORT_FIGURE_GNUPLOT_H
#define CORE_REPORT_FIGURE_GNUPLOT_H

#include "core/base/err.h"
#include "core/report/figure/figure.h"

/* Appends the figure as plain text of `width` letters, drawn by gnuplot (its path).  The data and
 * the names of series go to it in a file, in a folder of its own; the commands hold numbers only.
 * 0 or -1. */
int gnuplot_draw(const char *gnuplot, const struct figure *f, unsigned width, struct buf *out,
                 struct err *e);

#endif
