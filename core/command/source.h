/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What commands take as RUN or CSV. */

#ifndef CORE_COMMAND_SOURCE_H
#define CORE_COMMAND_SOURCE_H

#include <jansson.h>

#include "core/base/err.h"

struct source {
    char *csv, *details; /* details NULL: none */
    char *folder;        /* of a run directory; NULL: a bare CSV */
    json_t *manifest;    /* NULL: none */
};

/* Finds the files of a run directory, and reads its manifest (one that cannot be read costs a
 * warning); or takes a file as a bare CSV.  0 or -1; source_free() is due in either case. */
int source_open(struct source *s, const char *path, struct err *e);
void source_free(struct source *s);

#endif
