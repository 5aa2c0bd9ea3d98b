/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A recording of one backend and one model as repetitions, cell by cell: what to play when. */

#ifndef REPLAY_RECORDING_H
#define REPLAY_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/replay/rows.h"

/* One repetition.  Numbers: NaN where not known.  Texts: "" where there are none. */
struct replay_repetition {
    double latency_ms[3]; /* by enum replay_mode */
    double device_ms[3];
    bool has[3]; /* the mode has a row, with a latency or not */
    double ttft_ms, load_ms;
    double prompt_tokens, cached_tokens;
    double generated_tokens; /* N, the prefill's token included */
    double peak_mib, limit_mib, spilled_mib;
    const char *spill, *note, *error;
    uint32_t notes; /* REPLAY_NOTE_* */
    enum replay_outcome outcome;
    bool warmup;
    size_t line; /* of the row that says the outcome */
    /* A failure: how many repetitions of either kind had succeeded before it. */
    int64_t warmups_before, measured_before;
};

/* One context length in one launch.  The arrays are in the recorded order. */
struct replay_cell {
    int64_t launch; /* numbered from 0 in the order of the recorded ones */
    int64_t context_length;
    const struct replay_repetition *warmups, *measured; /* the ones that succeeded */
    const struct replay_repetition *failures;
    size_t warmup_count, measured_count, failure_count;
    size_t index; /* of the cell in its recording */
};

struct replay_recording {
    const char *backend;
    struct replay_cell *cells; /* by launch and context length */
    size_t cell_count;
    int64_t launch_count;
    struct replay_repetition *repetitions;
    struct replay_rows rows;
};

/* Reads what the file has of `model` as run by `backend` (NULL: the only one that ran it).  0, or
 * -1 and a sentence that names what the file has. */
int replay_recording_read(struct replay_recording *r, const char *path, const char *model,
                          const char *backend, struct replay_err *e);
void replay_recording_free(struct replay_recording *r);

/* NULL: not recorded. */
const struct replay_cell *replay_recording_find(const struct replay_recording *r, int64_t launch,
                                                int64_t context_length);

/* What comes next in a cell after `failures` failed repetitions when number `repetition` of the
 * warm-ups, or of the measured ones, is asked for: the next failure once its place is reached, else
 * that repetition.  Warm-ups beyond the recorded ones repeat the last; without any they borrow the
 * measured ones, which stay to be played.  NULL: the recording ends before. */
const struct replay_repetition *replay_cell_next(const struct replay_cell *c, bool warmup,
                                                 int64_t repetition, int64_t failures);

#endif
