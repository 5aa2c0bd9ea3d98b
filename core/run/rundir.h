/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The run directory. */

#ifndef CORE_RUN_RUNDIR_H
#define CORE_RUN_RUNDIR_H

#include <jansson.h>

#include "core/base/err.h"

struct rundir {
    char *path; /* as the user wrote it, or made up */
    char run_id[40];
    int lock_fd; /* held while the process lives */
};

/* Makes a new run directory and locks it.  folder NULL: runs/EXPERIMENT-DATE-TIME under the current
 * one.  It must not exist, or be empty.  0 or -1. */
int rundir_create(struct rundir *d, const char *folder, const char *experiment, struct err *e);
/* Opens and locks one that is there; run_id stays empty.  0 or -1. */
int rundir_open(struct rundir *d, const char *folder, struct err *e);
/* Unlocks; the folder stays. */
void rundir_close(struct rundir *d);

/* The path of a file in it; the caller frees.  NULL: out of memory. */
char *rundir_file(const char *folder, const char *name);

/* Writes a whole file: beside it first, synced, then renamed.  0 or -1. */
int file_write(const char *path, const char *text, size_t n, struct err *e);
int rundir_write(const char *folder, const char *name, const char *text, size_t n, struct err *e);
/* JSON with an indent of one and a newline at the end; numbers in shortest round-trip form. */
int rundir_write_json(const char *folder, const char *name, const json_t *json, struct err *e);

/* A JSON file of a run directory; NULL: e says why. */
json_t *rundir_read_json(const char *folder, const char *name, struct err *e);

/* A whole file; *ret is the caller's, with a NUL at its end.  0 or -1. */
int file_read(const char *path, char **ret_text, size_t *ret_size, struct err *e);

#endif
