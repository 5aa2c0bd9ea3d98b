/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Axes: from values to places, and where the ticks stand. */

#ifndef CORE_REPORT_FIGURE_SCALE_H
#define CORE_REPORT_FIGURE_SCALE_H

#include "core/report/figure/figure.h"

#define TICK_MOST 24

struct scale {
    double low, high; /* values at the ends */
    double from, to;  /* places of the ends */
    bool logarithmic;
};

struct tick {
    double value;
    char label[32];
};

/* The scale of an axis that holds all that the figure shows, with some room at the ends. */
struct scale scale_make(const struct figure *f, bool vertical, double from, double to);
double scale_at(const struct scale *s, double value);
/* Whether ticks carry the unit, which then changes with size (ms, s): the axis need not. */
bool scale_ticks_have_unit(const struct figure_axis *a);
/* At most TICK_MOST, of which labels at least `apart` places apart are kept (`width`: places that a
 * character of a label takes along the axis).  How many. */
size_t scale_ticks(const struct scale *s, const struct figure *f, bool vertical, double apart,
                   double width, struct tick *ret);

#endif
