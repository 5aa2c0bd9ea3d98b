/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Other programs, where they are installed: started with a list of arguments, never by a shell. */

#ifndef CORE_BASE_TOOL_H
#define CORE_BASE_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/* Looks for a program in PATH; its absolute path goes to ret.  False: it is not there. */
bool tool_find(const char *name, char *ret, size_t size);

/* Runs argv[0] (a path) and waits, at most `seconds`: then it is killed.  Its stdin and stderr are
 * /dev/null, its stdout the file `output` (NULL: /dev/null).  0 if it ended with status 0, else -1.
 */
int tool_run(const char *const *argv, const char *output, unsigned seconds, struct err *e);

#endif
