/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A metrics.csv that is to be played again: model m, as run by the only backend in it. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/replay/recording.h"
#include "plugins/replay/spans.h"

#define NEW_TOKENS 8

static void check_repetition(const struct replay_repetition *p)
{
    for (int64_t n = 1; n <= NEW_TOKENS; n += NEW_TOKENS - 1) {
        struct replay_spans s = replay_spans_of(p, n);
        REQUIRE(s.count >= 1);
        REQUIRE(0 <= s.first_ns && s.first_ns <= s.last_ns && s.last_ns <= s.end_ns);
    }
    (void)replay_bytes(p->peak_mib);
    (void)replay_bytes(p->limit_mib);
    (void)replay_bytes(p->spilled_mib);
    (void)replay_count(p->prompt_tokens);
    (void)replay_count(p->cached_tokens);
    (void)replay_ns(p->load_ms);
    for (int mode = REPLAY_PREFILL; mode <= REPLAY_E2E; mode++)
        (void)replay_ns(p->device_ms[mode]);
}

/* Plays a cell as a run does: warm-ups, then measured ones, with failures where they are due. */
static size_t play(const struct replay_cell *c, bool warmup, int64_t *failures)
{
    size_t played = 0, most = c->warmup_count + c->measured_count + c->failure_count;
    int64_t done = 0;
    const struct replay_repetition *p;
    while (played < most && (p = replay_cell_next(c, warmup, done, *failures))) {
        bool failed = p->outcome != REPLAY_OK;
        if (!failed)
            check_repetition(p);
        *failures += failed;
        done += !failed;
        played++;
    }
    return played;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay_err e = {""};
    struct replay_recording r;
    scratch_write("metrics.csv", data, size);
    if (replay_recording_read(&r, "metrics.csv", "m", NULL, &e) != 0) {
        REQUIRE(e.text[0]);
        return 0;
    }
    REQUIRE(r.cell_count >= 1 && r.launch_count >= 1);
    for (size_t i = 0; i < r.cell_count; i++) {
        const struct replay_cell *c = &r.cells[i];
        int64_t failures = 0;
        REQUIRE(replay_recording_find(&r, c->launch, c->context_length) == c);
        REQUIRE(play(c, true, &failures) + play(c, false, &failures) > 0);
        REQUIRE(failures <= (int64_t)c->failure_count);
    }
    replay_recording_free(&r);
    return 0;
}
