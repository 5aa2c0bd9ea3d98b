/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Files that a config names. */

#ifndef CORE_CONFIG_PATHS_H
#define CORE_CONFIG_PATHS_H

#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* `path` seen from `folder`; an absolute path as it is.  NULL: out of memory. */
char *path_join(const char *folder, const char *path);

/* `path` seen from the current folder.  NULL: e. */
char *path_absolute(const char *path, struct err *e);

/* Adds a file of at most `most` bytes to `out`.  0, or -1: e says what is wrong with it, to be put
 * after its name. */
int path_read_text(const char *path, size_t most, struct buf *out, struct err *e);

#endif
