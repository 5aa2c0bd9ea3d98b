/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Rows for an analyzer to be tried on. */

#ifndef CORE_CONFORMANCE_SAMPLES_H
#define CORE_CONFORMANCE_SAMPLES_H

#include <stddef.h>

#include "core/analysis/frame.h"

/* What the i-th one is, such as "no rows"; NULL: there are no more.  The first is a whole sweep. */
const char *sample_name(size_t i);
/* NULL: e says why. */
struct frame *sample_make(size_t i, struct err *e);

#endif
