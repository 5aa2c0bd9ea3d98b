/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The rows of a run: metrics.csv and details.jsonl, durable and in a fixed form. */

#ifndef CORE_RUN_RECORD_H
#define CORE_RUN_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/run/cold.h"

/* What the rows of a cell have in common.  Text is borrowed. */
struct record_cell {
    const char *backend, *plugin, *model;
    double params_m; /* NaN: unknown */
    int64_t context_length, concurrency, max_new_tokens;
    int64_t launch;
    bool prefill, decode, e2e; /* which rows to write */
};

/* The repetitions of one cell in one launch, for the cold tag: their latencies, and where in the
 * file their `cold` bytes are. */
struct record_series {
    struct cold_repetition *repetitions;
    size_t count, capacity;
    struct {
        off_t at;
        size_t repetition;
        bool written; /* what stands there now */
    } * bytes;
    size_t byte_count, byte_capacity;
};

struct record_repetition {
    int64_t seq, rep;
    bool warmup;
    struct timespec started; /* CLOCK_REALTIME */
    const char *status;      /* "ok", "oom", ... of the repetition as a whole */
    const char *error;       /* sentence, "" if none */
    const char *note;        /* words of core's own ("restarted"), "" if none */
    double load_ms;          /* model loading that this repetition had to wait for; NaN: none */
    const json_t *telemetry; /* see telemetry_end(); NULL: none */
    const json_t *machine;
    const json_t *results; /* as from the worker; NULL: a failure without results */
};

struct record {
    char *run_id; /* owned */
    int metrics_fd, details_fd;
    off_t metrics_size;
    int64_t synced_ns;
    struct buf lines, details, cold_at; /* of the repetition in hand */
    int64_t rows;
};

/* Makes the two files in `folder`; they must not exist.  0 or -1. */
int record_create(struct record *r, const char *folder, const char *run_id, struct err *e);
/* Opens those of a run that goes on, cut to the sizes given; `rows` are in them.  0 or -1. */
int record_reopen(struct record *r, const char *folder, const char *run_id, off_t metrics_size,
                  off_t details_size, int64_t rows, struct err *e);
void record_close(struct record *r);

/* Appends the rows of one repetition, and remembers in `series` what the cold tag needs.  Synced to
 * disk if the last time is a few seconds ago.  0 or -1 (disk full: the files end in a whole line).
 */
int record_add(struct record *r, const struct record_cell *cell,
               const struct record_repetition *rep, struct record_series *series, struct err *e);

/* At a cell's end: derives the cold tags, patches them in place, and syncs. */
int record_finish_series(struct record *r, struct record_series *series, double ratio,
                         struct err *e);
void record_series_free(struct record_series *series);

/* Building up a series from a file: a `cold` byte of the repetition that comes next, and that
 * repetition.  0 or -1. */
int record_series_byte(struct record_series *s, off_t at, bool written, struct err *e);
int record_series_repetition(struct record_series *s, const struct cold_repetition *repetition,
                             struct err *e);

/* Latency of the last repetition that was added, for adaptive stopping: NaN if it failed. */
double record_last_latency(const struct record_series *series);

#endif
