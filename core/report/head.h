/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The report's first chapters: what a reader must know, what was measured, what failed. */

#ifndef CORE_REPORT_HEAD_H
#define CORE_REPORT_HEAD_H

#include "core/report/doc.h"

/* manifest may be NULL; all its members are optional. */
void head_build(struct doc *d, const json_t *analysis, const json_t *manifest);

#endif
