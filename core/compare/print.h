/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The answer of `ctxmark compare` for readers. */

#ifndef CORE_COMPARE_PRINT_H
#define CORE_COMPARE_PRINT_H

#include <jansson.h>

#include "core/base/buf.h"

/* comparison: {"a", "b": {"path", "run_id", ...}, "margin_pct", "fail_over_pct" (may be missing),
 * "differences", "unmatched", "cells", "verdict", "gate"}, as `compare -f json` prints it. */
void print_comparison(struct buf *to, const json_t *comparison);

#endif
