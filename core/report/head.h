/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The report's first chapters: what was measured, what failed, where it comes from. */

#ifndef CORE_REPORT_HEAD_H
#define CORE_REPORT_HEAD_H

#include <jansson.h>

#include "core/base/buf.h"

/* manifest may be NULL; all its members are optional. */
void report_head(const json_t *analysis, const json_t *manifest, struct buf *out);

#endif
