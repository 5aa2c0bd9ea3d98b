/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which analyzer waits for which. */

#ifndef CORE_ANALYSIS_ORDER_H
#define CORE_ANALYSIS_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/config/run_config.h"

/* Whether an analyzer goes by that name: its own, or an alias (so that a replacement is found by
 * those that come after what it replaces). */
bool analyzer_has_name(const struct config_analyzer *a, const char *name);

/* Whether analyzer `late` asked to come after `early`. */
bool analyzer_waits_for(const struct config_analyzer *late, const struct config_analyzer *early);

/* Complains of two analyzers of one name, and of a cycle, naming its members.  0 or -1. */
int analyzers_check_order(const struct config_analyzer *analyzers, size_t count, struct err *e);

#endif
