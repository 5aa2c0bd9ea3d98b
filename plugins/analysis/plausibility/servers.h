/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a server says of itself that changes how its figures read. */

#ifndef ANALYSIS_SERVERS_H
#define ANALYSIS_SERVERS_H

#include "plugins/analysis/library/groups.h"

/* Emits the table `servers` of the backends whose runs say something of a server (there is none
 * otherwise), and findings: a prompt cache in host memory, a server that times the last batch of a
 * prompt alone, a context that was cut down.  Facts: server_version, server_prompt_cache,
 * server_prefill_time, num_ctx, server_context.  0, or -1: out of memory. */
int servers_report(const struct ctxmark_host *h, const struct rows *r);

#endif
