/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Text and tables in columns of letters. */

#ifndef CORE_REPORT_TERM_TEXT_H
#define CORE_REPORT_TERM_TEXT_H

#include "core/report/doc.h"

/* How many letters (code points) a text has. */
size_t term_letters(const char *text);

/* Text broken at blanks into lines of `width`; `used` letters stand on the first one already, the
 * others begin with `indent` blanks.  Ends with a newline. */
void term_wrap(struct buf *out, const char *text, size_t width, size_t used, size_t indent);

/* The first rows of a table with as many columns as fit, and what is left out. */
void term_table(struct buf *out, const struct table_view *v, size_t rows, size_t width);

#endif
