/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* From rows to analysis.json and report.md in a folder: what `run`, `analyze` and `report` share.
 */

#ifndef CORE_COMMAND_ANALYSIS_OUTPUT_H
#define CORE_COMMAND_ANALYSIS_OUTPUT_H

#include <jansson.h>

#include "core/base/err.h"
#include "core/config/run_config.h"

/* Runs the analyzers over a CSV file and its details (NULL: none).  manifest NULL: a bare CSV, and
 * `facts` (KEY: number or text; NULL: none) are all that is known beyond it. */
int analysis_make(const char *csv, const char *details, const json_t *manifest, const json_t *facts,
                  const struct config_analyzer *analyzers, size_t analyzer_count,
                  json_t **ret_analysis, struct err *e);

/* The same with packed tables (core/analysis/packed.h), to be printed. */
int analysis_make_packed(const char *csv, const char *details, const json_t *manifest,
                         const json_t *facts, const struct config_analyzer *analyzers,
                         size_t analyzer_count, json_t **ret_analysis, struct err *e);

/* report.md, report.html and figures from an analysis, into `folder`, whose metrics.csv they show.
 */
int analysis_render(const char *folder, const json_t *analysis, const json_t *manifest,
                    struct err *e);

/* The analyzers for a run directory or a CSV: those of a comma-separated list; without one (NULL)
 * those that the run's config names, and all that are installed where it names none or there is no
 * manifest (NULL).  The run's options for them are kept, `sets` win.  *ret is the caller's
 * (analyzers_free). */
int analyzers_select(struct registry *r, const char *names, const json_t *manifest,
                     const struct config_override *sets, size_t set_count,
                     struct config_analyzer **ret, size_t *ret_count, struct err *e);
void analyzers_free(struct config_analyzer *analyzers, size_t count);

#endif
