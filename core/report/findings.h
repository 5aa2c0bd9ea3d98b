/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Findings, most severe first. */

#ifndef CORE_REPORT_FINDINGS_H
#define CORE_REPORT_FINDINGS_H

#include <jansson.h>

#include "core/base/buf.h"

/* The chapter "Findings" of the report. */
void findings_markdown(const json_t *analysis, struct buf *out);

#endif
