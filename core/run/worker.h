/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The worker: one child process with one backend and one model.
 *
 * The parent sends, the worker answers each message with one:
 *   {"do": "start", "plugin", "sha256", "name", "options", "model_keys", "model": {...}, "kv":
 * {...}}
 *       -> {"status", "reason", "stage", "load_ns", "limits": {...}, "facts": {...}, "kv"?}
 *   {"do": "estimate", "cell": {...}}   after "start" with "only_open": true
 *       -> {"status", "reason", "peak_bytes"?, "limit_bytes"?}
 *   {"do": "prepare", "cell": {...}}  -> {"status", "reason"}
 *   {"do": "run", "request": {...}}   -> {"status", "reason", "results": [...], "foreign_cpu"?,
 * "kv"?}
 *   {"do": "stop"}                    -> nothing: it unloads, closes and ends
 * SIGTERM makes host->cancelled() true until the answer is sent. */

#ifndef CORE_RUN_WORKER_H
#define CORE_RUN_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/child.h"
#include "core/config/plan.h"

/* ---- the parent's side */

struct worker {
    struct child child; /* pid 0: none */
    char end[128];      /* how it ended, once it has: "killed by signal 11 (Segmentation fault)" */
};

/* What became of one exchange. */
enum worker_result {
    WORKER_ANSWERED, /* *ret_answer is there, whatever status it holds */
    WORKER_DIED,     /* worker.end says how; the worker is gone */
    WORKER_HUNG,     /* no answer in time, not even to a cancel: killed, the worker is gone */
    WORKER_LATE,     /* the limit ran out, the backend gave up when told to; the worker lives */
    WORKER_STOPPED,  /* the user interrupted; the worker is gone */
};

int worker_spawn(struct worker *w, struct err *e);

/* Sends `message` (stolen) and waits at most limit_s seconds for the answer; then, or when the user
 * interrupts, cancels and waits a little longer. */
enum worker_result worker_ask(struct worker *w, json_t *message, double limit_s,
                              json_t **ret_answer);

/* Lets it end by itself for a few seconds, then kills it. */
void worker_stop(struct worker *w);

static inline bool worker_alive(const struct worker *w)
{
    return w->child.pid > 0;
}

/* ---- the child */

int worker_child_main(void);

#endif
