/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Values as people read them. */

#ifndef CORE_REPORT_VALUE_H
#define CORE_REPORT_VALUE_H

#include <jansson.h>

#include "core/base/buf.h"

/* Three to four significant digits; an en dash for what is not finite. */
void value_number(struct buf *out, double x);
/* Numbers so, integers in full, flags as yes and no, text as it stands, an en dash for null. */
void value_text(struct buf *out, const json_t *value);

/* An amount with its unit: "1.45 s" for 1450 ms, "12 GiB" for 12288 MiB, "52 tok/s". */
void value_with_unit(struct buf *out, double x, const char *unit);

/* One line without control characters, which a terminal would obey. */
void value_line(struct buf *out, const char *text);

#endif
