/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Figures: what is drawn, whoever draws it (svg.h, gnuplot.h). */

#ifndef CORE_REPORT_FIGURE_FIGURE_H
#define CORE_REPORT_FIGURE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/report/doc.h"

/* Colour and mark go together, so that neither is needed to tell series apart. */
#define FIGURE_STYLES 8

struct figure_point {
    double x, y;
    double low, high; /* interval; NaN: unknown */
    bool hollow;      /* beyond a break, or cold: the figure's note says which */
};

struct figure_series {
    const char *name;            /* "": not in the legend */
    const char *model, *backend; /* what it is of; "" where that is not known */
    unsigned style;              /* 0 .. FIGURE_STYLES - 1 */
    bool points, line, band;
    bool dashed; /* the line: a fit, a theory */
    bool hollow; /* all marks: a second backend */
    struct figure_point *at;
    size_t count, capacity;
};

struct figure_limit {
    const char *name;
    bool vertical;
    double value;
};

struct figure_axis {
    const char *label, *unit;
    bool logarithmic;
    bool at_data; /* ticks where the points are: contexts */
};

struct figure {
    struct figure *next;
    const char *name; /* of its file, without ending: [a-z0-9.-] */
    const char *title, *section;
    const char *note;   /* how to read it; "" if nothing needs saying */
    const char *source; /* "analyzer.table" or "metrics.csv" */
    struct figure_axis x, y;
    struct figure_series *series;
    size_t series_count, series_capacity;
    struct figure_limit *limits;
    size_t limit_count;
};

struct figures {
    struct figure *first, *last;
};

/* A new figure at the end of the list; a name that is taken gets a number.  The texts are borrowed,
 * the name is made from words that may hold anything.  NULL: out of memory (doc->failed). */
struct figure *figure_add(struct doc *d, struct figures *all, const char *name);
/* A new series, which stays where it is only until the next one is added. */
struct figure_series *figure_add_series(struct doc *d, struct figure *f, const char *name,
                                        unsigned style);
void figure_add_point(struct doc *d, struct figure_series *s, struct figure_point point);
void figure_add_limit(struct doc *d, struct figure *f, const char *name, bool vertical,
                      double value);
/* Takes the last figure off the list again if there is nothing to see in it. */
void figure_drop_if_empty(struct figures *all);
/* Whether a point can be drawn on these axes. */
bool figure_shows(const struct figure *f, const struct figure_point *p);

/* The style of a model: its number in the analysis's data, so that it looks alike in all figures.
 * `otherwise` for names that are no model's. */
unsigned figure_style_of(const json_t *analysis, const char *model, unsigned otherwise);

/* All figures of a run: those that the analyzers' tables make, the plots that analyzers of others
 * give, and the repetitions in run order from the rows (metrics: CSV file; NULL: none). */
int figures_make(struct doc *d, const json_t *analysis, const char *metrics, struct figures *ret);

#endif
