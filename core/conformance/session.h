/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One child of the conformance test: its job, and what became of it. */

#ifndef CORE_CONFORMANCE_SESSION_H
#define CORE_CONFORMANCE_SESSION_H

#include <stdbool.h>

#include "core/conformance/conformance.h"

struct session {
    const struct conformance *c;
    struct conformance_tally *tally;
    int rows_fd;             /* analyzers: the columns; -1: none */
    const char *const *tool; /* the child runs under it (valgrind ...); NULL: none */
    bool quiet;              /* passed and skipped checks are not printed, nor counted */
    const char *before;      /* before the text of each failure; "" for none */
    /* what became of it; to be cleared with session_clear() */
    unsigned failures;
    bool ended_well; /* it neither crashed nor hung */
    bool crashed_by_sigill;
    json_t *counts;         /* {CALLBACK: allocations} */
    json_t *output;         /* what an analyzer emitted */
    char unavailable[1024]; /* what probe() said */
    char cannot_count[256];
};

/* A job with what all of them have; the caller adds to it.  NULL: out of memory. */
json_t *session_job(const struct conformance *c, const char *scenario);

/* Runs the job (stolen; NULL counts as a failure) in a child, prints and counts its verdicts. */
void session_run(struct session *s, json_t *job);
void session_clear(struct session *s);

/* One line, printed and counted.  verdict: "pass", "fail", "skip" or "note". */
void verdict_print(struct conformance_tally *t, const char *verdict, const char *check,
                   const char *text);

#endif
