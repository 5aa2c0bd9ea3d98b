/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Cells that were measured under conditions that make their figures doubtful. */

#ifndef ANALYSIS_CONDITIONS_H
#define ANALYSIS_CONDITIONS_H

#include <ctxmark/plugin.h>

#include "plugins/analysis/library/groups.h"

/* Emits the table `conditions` of cells that were throttled, truncated, cut short, served from a
 * cache, or disturbed by others, or told late (there is none where all is well), and findings about
 * them.  0, or -1: out of memory. */
int conditions_report(const struct ctxmark_host *h, const struct rows *r);

#endif
