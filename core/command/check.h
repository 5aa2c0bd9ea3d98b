/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_COMMAND_CHECK_H
#define CORE_COMMAND_CHECK_H

#include "core/config/plan.h"

/* Prints the plan on stdout, with what each backend says of its fitness and its memory. */
void check_print(const struct config *c, const struct plan *p);

#endif
