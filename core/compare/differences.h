/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* In what two runs differ, apart from their results. */

#ifndef CORE_COMPARE_DIFFERENCES_H
#define CORE_COMPARE_DIFFERENCES_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/buf.h"

/* Adds to `list` what the two manifests (NULL: not known) do not agree about, as
 *   {"what": text, "a": text, "b": text, "allow": word or null}
 * With a word the runs cannot be compared unless the user allows it: gpu, cpu, cache, clock, model.
 * What either side does not know is no difference.  0, or -1: out of memory. */
int differences_of_manifests(json_t *list, const json_t *a, const json_t *b);

/* Adds one.  allow NULL: only to be named.  0, or -1: out of memory. */
int differences_add(json_t *list, const char *allow, const char *what, const char *a,
                    const char *b);

/* Adds two JSON values unless they are equal (numbers by value), or one is null or not there. */
int differences_add_values(json_t *list, const char *allow, const char *what, const json_t *a,
                           const json_t *b);

/* Whether `allowed` ("gpu,cache", "all", NULL: nothing) has the word. */
bool differences_are_allowed(const char *allowed, const char *word);

/* The words that are needed and not in `allowed`, comma-separated, each once, and what they stand
 * for; false: none. */
bool differences_refused(const json_t *list, const char *allowed, struct buf *ret_words,
                         struct buf *ret_what);

/* The first word of `allowed` that is none; its length goes to *ret_len.  NULL: all are words. */
const char *differences_unknown_word(const char *allowed, size_t *ret_len);

#endif
