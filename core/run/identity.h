/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which model files a run reads. */

#ifndef CORE_RUN_IDENTITY_H
#define CORE_RUN_IDENTITY_H

#include <jansson.h>

#include "core/config/plan.h"

/* Every file that a model key or option of type path names, or that lies in a folder it names:
 *   {PATH: {"bytes", "modified", "head_sha256"}}
 * head_sha256 is of the first 64 KiB: of a checkpoint that holds its header, and takes no time.  A
 * new reference; NULL: out of memory. */
json_t *identity_files(const struct config *c, const struct plan *p);

/* After a run, when time does not matter any more: adds the whole file's "sha256" to each entry.
 * What was hashed before and has the same size, time and head is taken from a cache in the user's
 * cache folder. */
void identity_hash(json_t *files);

/* The path of the first file that is not the same in both; NULL: all are. */
const char *identity_difference(const json_t *before, const json_t *now);

#endif
