/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Figures as SVG: no script, colours by CSS variables, tooltips by <title>. */

#ifndef CORE_REPORT_FIGURE_SVG_H
#define CORE_REPORT_FIGURE_SVG_H

#include "core/report/figure/figure.h"

/* The rules that colour figures, light, dark and printed; for a page that holds figures. */
extern const char svg_style[];

/* A figure within a page that has svg_style: title and note stand beside it there, as words. */
void svg_inline(struct buf *out, const struct figure *f);
/* A file of its own, with title, note and style. */
void svg_file(struct buf *out, const struct figure *f);

#endif
