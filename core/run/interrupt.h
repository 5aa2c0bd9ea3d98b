/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* SIGINT, SIGTERM and SIGHUP in the parent: the first asks the run to end in order, the second ends
 * the program at once (its children die with it). */

#ifndef CORE_RUN_INTERRUPT_H
#define CORE_RUN_INTERRUPT_H

#include <stdbool.h>

/* From here on.  0 or -1. */
int interrupt_watch(void);

/* Readable once the run should end; -1 before interrupt_watch(). */
int interrupt_fd(void);

bool interrupt_requested(void);

#endif
