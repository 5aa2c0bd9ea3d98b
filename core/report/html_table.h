/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_REPORT_HTML_TABLE_H
#define CORE_REPORT_HTML_TABLE_H

#include "core/report/doc.h"

/* A BLOCK_TABLE: caption, headers with scopes, rows grouped by their first keys; a long one folds,
 * but for the first of its chapter. */
void html_table(struct buf *out, const struct block *b, bool first);

#endif
