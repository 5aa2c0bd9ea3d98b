/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Putting together analysis.json from what the analyzers sent. */

#ifndef CORE_ANALYSIS_ASSEMBLE_H
#define CORE_ANALYSIS_ASSEMBLE_H

#include <jansson.h>

#include "core/analysis/frame.h"
#include "core/base/err.h"

/* A finding of ctxmark's own, without evidence; a new reference, NULL: out of memory. */
json_t *own_finding(const char *id, const char *severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* answers: what each analyzer sent, in the order of the config (null: nothing), tables with
 * packed rows, which they keep; own: array of findings of ctxmark's own.  run is borrowed, NULL or
 * an object.  The analysis.json object, or NULL: out of memory. */
json_t *analysis_assemble(const struct frame *f, json_t *run, const json_t *answers, json_t *own,
                          struct err *e);

#endif
