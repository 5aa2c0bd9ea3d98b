/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Rendering: every view is made from analysis.json and the manifest, and nothing else. */

#ifndef CORE_REPORT_REPORT_H
#define CORE_REPORT_REPORT_H

#include <jansson.h>

#include "core/base/buf.h"

/* report.md: what was measured, what failed, findings by severity with their evidence, tables by
 * section, definitions.  manifest may be NULL (a bare CSV was analysed). */
void report_markdown(const json_t *analysis, const json_t *manifest, struct buf *out);

/* The findings alone, most severe first, as plain lines for a terminal; at most `most` of them
 * (0: all) and a line that says how many more there are. */
void report_findings(const json_t *analysis, size_t most, struct buf *out);

#endif
