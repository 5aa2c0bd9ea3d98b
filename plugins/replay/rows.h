/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The rows of a metrics.csv: ours, or one with the columns of the TR127 report (model, backend,
 * context_length, mode, rep, latency_ms, prompt_tokens, generated_tokens, peak_vram_mb, status).
 * The columns may stand in any order; the ones that a replay has no use for are passed over. */

#ifndef REPLAY_ROWS_H
#define REPLAY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/replay/error.h"

enum replay_mode { REPLAY_PREFILL, REPLAY_DECODE, REPLAY_E2E, REPLAY_OTHER };

enum replay_outcome {
    REPLAY_OK,
    REPLAY_OOM,
    REPLAY_TIMEOUT,
    REPLAY_ERROR,
    REPLAY_CRASHED,
    REPLAY_SKIPPED
};

#define REPLAY_NOTE_SHORT 1U
#define REPLAY_NOTE_CACHED 2U
#define REPLAY_NOTE_RELOADED 4U
#define REPLAY_NOTE_TRUNCATED 8U
#define REPLAY_NOTE_ENDED 16U

/* One row.  Numbers: NaN where not known.  Texts: "" where there are none; they lie in the file's
 * text. */
struct replay_row {
    const char *backend, *model;
    double launch, context_length, concurrency, request;
    double order; /* seq, which numbers the repetitions of a whole run, or else rep */
    double latency_ms, device_ms, ttft_ms, load_ms;
    double prompt_tokens, cached_tokens, generated_tokens;
    double peak_mib, limit_mib, spilled_mib;
    const char *spill, *error;
    const char *note; /* the words that are no bit of `notes` */
    uint32_t notes;   /* REPLAY_NOTE_* */
    enum replay_mode mode;
    enum replay_outcome outcome;
    bool warmup;
    size_t line;
};

struct replay_rows {
    char *text; /* the whole file, split in place */
    size_t length;
    bool is_ours; /* the file has the columns run_id and seq */
};

/* Called for each row in the file's order; 0 to go on, -1 to stop, with e set. */
typedef int replay_row_take(void *arg, const struct replay_row *row, struct replay_err *e);

/* Reads the file and gives its rows to `take`.  The texts of the rows live until
 * replay_rows_free(). A last line that was cut while it was written is passed over.  0, or -1 and
 * e: the file cannot be read, or FILE:LINE and what is wrong there. */
int replay_rows_read(struct replay_rows *rows, const char *path, replay_row_take *take, void *arg,
                     struct replay_err *e);

void replay_rows_free(struct replay_rows *rows);

#endif
