/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Text from outside in HTML and SVG. */

#ifndef CORE_REPORT_MARKUP_H
#define CORE_REPORT_MARKUP_H

#include "core/base/buf.h"

/* Text that reads as it stands, in an element or a quoted attribute, of HTML or XML: markup,
 * quotes, control characters and what XML forbids do no harm. */
void markup_text(struct buf *out, const char *text);

#endif
