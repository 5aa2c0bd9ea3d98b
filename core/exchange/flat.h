/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A run's rows in forms that are not of one program alone. */

#ifndef CORE_EXCHANGE_FLAT_H
#define CORE_EXCHANGE_FLAT_H

#include "core/analysis/frame.h"
#include "core/base/buf.h"
#include "core/base/err.h"

/* All rows with every column in which something is known, a backend's own metrics among them; an
 * unknown value is an empty field. */
void flat_csv(struct buf *to, const struct frame *f);

/* The same as an array of objects; an unknown value is left out. */
void flat_json(struct buf *to, const struct frame *f);

/* Lines in the format of Go's benchmarks (golang.org/design/14313-benchmark-format), which
 * benchstat reads: one for each good measured row.  0 or -1. */
int flat_benchstat(struct buf *to, const struct frame *f, struct err *e);

#endif
