/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The time spans of a recorded repetition, as the core takes them. */

#ifndef REPLAY_SPANS_H
#define REPLAY_SPANS_H

#include "plugins/replay/recording.h"

struct replay_spans {
    uint64_t count;                    /* of tokens, at least 1 */
    int64_t first_ns, last_ns, end_ns; /* from the start to the first token, the last, the end */
    bool counted;                      /* count was recorded, not assumed */
    bool derived;                      /* a mode without a recorded latency got one */
    bool adjusted;                     /* e2e was raised to prefill + decode */
};

/* Spans of a repetition that succeeded, for a request of max_new_tokens tokens; one that asks for a
 * single token gets the prefill alone.  What has no latency is derived: prefill is the time to the
 * first token, else e2e - decode; e2e is prefill + decode; decode lasts to the end of e2e, or is
 * unknown where its row says so.  An e2e below prefill + decode is raised to it, since no run can
 * be over before its last token; beyond a microsecond, `adjusted` says so. */
struct replay_spans replay_spans_of(const struct replay_repetition *p, int64_t max_new_tokens);

/* Milliseconds to nanoseconds, MiB to bytes, tokens to an integer; INT64_MIN where not known. */
int64_t replay_ns(double ms);
int64_t replay_bytes(double mib);
int64_t replay_count(double x);

#endif
