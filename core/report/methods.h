/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_REPORT_METHODS_H
#define CORE_REPORT_METHODS_H

#include "core/report/doc.h"

/* The last chapter: how it was measured, and what each column means. */
void methods_build(struct doc *d, const json_t *analysis);

#endif
