/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Memory that runs out in the middle: the calls of malloc() and its relatives that a plugin itself
 * makes are counted, and one of them fails.  For that the pointers in the plugin's own global
 * offset table are exchanged after it was loaded; the rest of the process allocates as ever. */

#ifndef CORE_CONFORMANCE_ALLOCATIONS_H
#define CORE_CONFORMANCE_ALLOCATIONS_H

#include <stdint.h>

#include "core/base/err.h"

/* Takes over the calls of the loaded shared object `path` (and of libstdc++, which allocates for
 * plugins in C++).  0, or -1: e says why it cannot be done. */
int allocations_watch(const char *path, struct err *e);

/* From now on the `nth` call (from 1) fails; UINT64_MAX: none does. */
void allocations_arm(uint64_t nth);
/* Ends that; returns how many calls there were. */
uint64_t allocations_disarm(void);
/* Where the call that failed was made: an offset in the plugin's file; 0: none failed. */
uint64_t allocations_failed_at(void);

#endif
