/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* From measured rows to analysis.json: the rows are read once into columns, each analyzer runs in a
 * child of its own over the shared columns, and what they emit is put together. */

#ifndef CORE_ANALYSIS_ANALYSIS_H
#define CORE_ANALYSIS_ANALYSIS_H

#include <stddef.h>

#include <jansson.h>

#include "core/base/err.h"
#include "core/config/run_config.h"

struct frame; /* rows as columns; see frame.h */

/* What analyzers may ask for with fact_get():
 *   {"run": {KEY: FACT}, "backends": {BACKEND: {KEY: FACT}}, "models": {BACKEND: {MODEL: {KEY:
 * FACT}}}} FACT = {"number": x or "text": t, "unit": u, "provenance": p}.  The config's `facts`
 * stand in "run" with provenance "user". */

/* Runs the analyzers in the order that `after` asks for (independent ones side by side, at most
 * `jobs` at once; 0: as many as there are cores).  An analyzer that fails leaves a finding that
 * says so, and the others' results; one that does not end within 600 s (or
 * CTXMARK_ANALYZER_TIMEOUT_S, from the environment) has failed.  *ret_analysis is a new reference:
 * the analysis.json object, with `run` (borrowed; may be NULL) as its "run".  0 or -1. */
int analysis_run(const struct frame *frame, const struct config_analyzer *analyzers,
                 size_t analyzer_count, const json_t *facts, json_t *run, unsigned jobs,
                 json_t **ret_analysis, struct err *e);

/* The same with packed tables (packed.h), to be printed. */
int analysis_run_packed(const struct frame *frame, const struct config_analyzer *analyzers,
                        size_t analyzer_count, const json_t *facts, json_t *run, unsigned jobs,
                        json_t **ret_analysis, struct err *e);

/* The analyzer child: serves one analyzer over CHILD_SOCKET_FD, then returns its exit status. */
int analyzer_child_main(void);

#endif
