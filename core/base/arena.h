/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Memory that is given back all at once: a tree (a config, a report) and its texts live and die
 * together. */

#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

/* Zeroed memory, aligned for any type; NULL: out of memory. */
void *arena_alloc(struct arena *a, size_t size);
/* NUL-terminated copies. */
char *arena_copy(struct arena *a, const char *text, size_t len);
char *arena_text(struct arena *a, const char *text);
void arena_free(struct arena *a);

#endif
