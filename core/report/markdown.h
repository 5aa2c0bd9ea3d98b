/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Pieces of Markdown: text from outside made harmless. */

#ifndef CORE_REPORT_MARKDOWN_H
#define CORE_REPORT_MARKDOWN_H

#include "core/base/buf.h"

/* Text that reads as it stands, on one line, in a sentence or a table's cell: nothing in it is
 * taken for Markdown or HTML. */
void markdown_text(struct buf *out, const char *text);

#endif
