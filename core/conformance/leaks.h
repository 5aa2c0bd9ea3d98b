/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A plugin's life under valgrind: memory that it loses, and memory that is not its own. */

#ifndef CORE_CONFORMANCE_LEAKS_H
#define CORE_CONFORMANCE_LEAKS_H

#include "core/conformance/session.h"

/* Runs the job (stolen) under valgrind and prints what it finds in the plugin; a skip with its
 * reason where it cannot. */
void leaks_check(struct session *s, json_t *job);

#endif
