/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What differs from one start of the program to the next. */

#ifndef ANALYSIS_LAUNCHES_H
#define ANALYSIS_LAUNCHES_H

#include "plugins/analysis/library/groups.h"

/* Emits the table `launches` of the cells that were measured in several launches (there is none
 * otherwise), and findings about it.  0, or -1: out of memory. */
int launches_report(const struct ctxmark_host *h, const struct rows *r);

#endif
