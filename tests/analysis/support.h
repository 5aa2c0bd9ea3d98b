/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the tests of this folder share. */

#ifndef TESTS_ANALYSIS_SUPPORT_H
#define TESTS_ANALYSIS_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/analysis/frame.h"
#include "core/base/err.h"

/* For main(): serves the child roles that the tests' own parent starts; -1: argv names none. */
int serve_child(int argc, char **argv);

/* Writes a file that remove_file() removes; its name stays valid until then. */
const char *write_file(const char *text, size_t len);
void remove_file(const char *path);

/* Reads CSV text (and details, or NULL) as a frame. */
struct frame *frame_from(const char *csv, size_t len, const char *details, struct err *e);

/* Runs analyzers (named, comma-separated) of the build over a CSV; options: {ANALYZER: {KEY:
 * VALUE}} or NULL.  NULL: e says why. */
json_t *analyze_csv(const char *path, const char *names, const json_t *options, struct err *e);
/* The same with facts, as analysis_run() takes them. */
json_t *analyze_csv_facts(const char *path, const char *names, const json_t *options,
                          const json_t *facts, struct err *e);

/* The table of that name; NULL: none. */
const json_t *table_of(const json_t *analysis, const char *analyzer, const char *name);
/* The value of a column; NULL: none. */
const json_t *value_of(const json_t *table, size_t row, const char *column);
/* The finding of that id; NULL: none. */
const json_t *finding_of(const json_t *analysis, const char *id);

/* A file under the reference data; NULL: they are not here. */
const char *shared_file(const char *name);

#endif
