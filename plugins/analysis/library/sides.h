/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What is held against what: two runs where the data have several, else two backends. */

#ifndef ANALYSIS_SIDES_H
#define ANALYSIS_SIDES_H

#include <stdbool.h>

#include "groups.h"

/* Groups in the order of families (alike but for side and context length), within these of cells
 * (alike but for the side), within these of sides as they come in the file. */
struct sides {
    bool by_run;          /* a side is a run (of one backend), else a backend (in one run) */
    const char *baseline; /* option, else fact `baseline`, else the first in the file; NULL: none */
    const struct group **items; /* [count] */
    size_t count;
};

/* g lives longer than s.  0, or -1: out of memory. */
int sides_make(struct sides *s, const struct ctxmark_host *h, const struct rows *r,
               const struct groups *g);
void sides_free(struct sides *s);

/* How many items from `first` on are of its family, of its cell. */
size_t sides_family(const struct sides *s, size_t first);
size_t sides_cell(const struct sides *s, size_t first);

/* The side that a group is on. */
const char *sides_of(const struct sides *s, const struct group *g);

/* The side of a family that the others are held against: `baseline` where the family has it, else
 * its first in the file. */
const char *sides_baseline(const struct sides *s, size_t first, size_t n);

#endif
