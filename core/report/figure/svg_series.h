/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One series of a figure in SVG. */

#ifndef CORE_REPORT_FIGURE_SVG_SERIES_H
#define CORE_REPORT_FIGURE_SVG_SERIES_H

#include "core/report/figure/figure.h"
#include "core/report/figure/scale.h"

void svg_series_band(struct buf *out, const struct figure *f, const struct figure_series *s,
                     const struct scale *x, const struct scale *y);
void svg_series_line(struct buf *out, const struct figure *f, const struct figure_series *s,
                     const struct scale *x, const struct scale *y);
/* Marks, each with a tooltip. */
void svg_series_points(struct buf *out, const struct figure *f, const struct figure_series *s,
                       const struct scale *x, const struct scale *y);
/* Line and mark for the legend, 32 wide. */
void svg_series_sample(struct buf *out, const struct figure_series *s, double x, double y);
/* "qwen2.5-3b from 156 ms at 512 to 61.2 s at 8192", for those who do not see it. */
void svg_series_words(struct buf *out, const struct figure *f, const struct figure_series *s);

#endif
