/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Pieces of Markdown: text from outside made harmless, and numbers for people. */

#ifndef CORE_REPORT_MARKDOWN_H
#define CORE_REPORT_MARKDOWN_H

#include <jansson.h>

#include "core/base/buf.h"

/* Text that reads as it stands, on one line, in a sentence or a table's cell: nothing in it is
 * taken for Markdown or HTML. */
void markdown_text(struct buf *out, const char *text);

/* Three to four significant digits, integers in full up to 10^15, an en dash for null. */
void markdown_value(struct buf *out, const json_t *value);
void markdown_number(struct buf *out, double x);

/* A table of analysis.json as a Markdown table: intervals behind their value, units in the header,
 * details left out (and said so below it). */
void markdown_table(struct buf *out, const json_t *table);

/* The text of a member, "" if there is none. */
const char *member_text(const json_t *object, const char *key);

#endif
