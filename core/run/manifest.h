/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* manifest.json: everything that identifies the measurement. */

#ifndef CORE_RUN_MANIFEST_H
#define CORE_RUN_MANIFEST_H

#include <time.h>

#include "core/run/run.h"

/* At the start: versions, config, machine, plan, plugins.  `command` are the program's arguments,
 * NULL-terminated.  A new reference; NULL: e is set. */
json_t *manifest_new(const struct config *c, const struct plan *plan, const char *run_id,
                     char *const *command, struct err *e);

/* Takes over what an earlier part of the run found out, and notes that it was resumed. */
void manifest_resume(struct run *run, const json_t *before);

/* A worker has started: its limits and its model's facts. */
void manifest_add_start(struct run *run, const struct config_backend *b,
                        const struct config_model *m, const struct plan_group *g,
                        const json_t *reply);

/* A group is over: from when to when it was measured. */
void manifest_add_span(struct run *run, const struct plan_group *g, const struct timespec *began);

/* At the end: counts, times, what a reader must know about where the figures come from. */
void manifest_finish(struct run *run);

/* An entry of `backends` or `analyzers`: what the plugin d (NULL: not installed) is, and its
 * options (NULL: none). */
json_t *manifest_describe_plugin(const char *name, const struct descriptor *d, json_t *options);
/* The time now, as all of a manifest's times: UTC, "2026-11-23T06:08:50Z". */
json_t *manifest_now(void);

/* What analyzers may ask for, from a manifest (see core/analysis/analysis.h).  A new reference. */
json_t *manifest_facts(const json_t *manifest);

#endif
