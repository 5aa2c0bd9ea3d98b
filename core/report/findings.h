/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Findings, most severe first, those of one id together. */

#ifndef CORE_REPORT_FINDINGS_H
#define CORE_REPORT_FINDINGS_H

#include "core/report/doc.h"

/* The chapter "Findings". */
void findings_build(struct doc *d, const json_t *analysis);

/* Marks the rows of the views that findings rest on. */
void findings_anchor(struct doc *d, const json_t *analysis, struct table_view *v);

#endif
