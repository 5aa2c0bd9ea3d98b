/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One design of an analysis of variance: the sides of a family by its contexts, as cells. */

#ifndef ANALYSIS_ANOVA_FAMILY_H
#define ANALYSIS_ANOVA_FAMILY_H

#include <stdbool.h>

#include "plugins/analysis/library/sides.h"
#include "plugins/analysis/stats/anova_sums.h"

struct family {
    const struct group *any; /* one of its groups */
    const char *baseline;
    const char **sides;           /* [side_count] by name */
    double *contexts;             /* [context_count] ascending */
    struct anova_cell *raw, *log; /* [side_count * context_count]; n = 0: no such cell */
    size_t side_count, context_count, shared_count;
    bool *shared;   /* [context_count]: all sides have it */
    bool no_log;    /* some latency is not positive */
    char *texts[6]; /* lists and notes, by FAMILY_*; each has room for FAMILY_TEXT_SIZE bytes */
};

enum {
    FAMILY_LEVELS_A,   /* the sides */
    FAMILY_LEVELS_B,   /* the shared contexts */
    FAMILY_CONTEXTS_A, /* the baseline's */
    FAMILY_CONTEXTS_B, /* those that any other side has */
    FAMILY_NOTE,       /* what is not shared, and for whose lack */
    FAMILY_REFUSED     /* empty: for the caller */
};

#define FAMILY_TEXT_SIZE 512

/* The family of s's items from `first` on; values: room for the largest group.  0, or -1: out of
 * memory; family_free() in either case. */
int family_make(struct family *f, const struct sides *s, const struct rows *r, size_t first,
                size_t n, double *values);
void family_free(struct family *f);

/* Index of a side; side_count: none of that name. */
size_t family_side(const struct family *f, const char *name);

#endif
