/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* `ctxmark verify`: what does not agree with what is derived again, and the part of it about cold
 * tags. */

#ifndef CORE_COMMAND_VERIFY_TAGS_H
#define CORE_COMMAND_VERIFY_TAGS_H

#include <jansson.h>
#include <stddef.h>

#include "core/base/err.h"

#define VERIFY_SHOWN_MOST 20

struct differences {
    size_t count;
};

/* Counts a difference and prints the first VERIFY_SHOWN_MOST of them to standard output. */
void verify_differ(struct differences *d, const char *where, const char *there,
                   const char *derived);

/* Derives the cold tags of a metrics.csv again, by the ratio in the manifest.  0, or -1 with e set.
 */
int verify_tags(const char *csv, const json_t *manifest, struct differences *d, struct err *e);

#endif
