/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a backend reports during one run(): stamped with our clock, kept in memory, and checked for
 * the impossible afterwards.  Nothing is written before run() has returned. */

#ifndef CORE_RUN_COLLECT_H
#define CORE_RUN_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ctxmark/plugin.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* One tokens() call. */
struct token_stamp {
    int64_t at_ns;
    uint64_t count;
};

struct collect_request {
    int64_t start_ns, end_ns; /* CTXMARK_UNKNOWN: never called */
    int64_t arrived_ns;       /* of the next tokens() call; CTXMARK_UNKNOWN: its own time */
    struct token_stamp *stamps;
    size_t stamp_count, stamp_capacity;
    uint64_t token_count;
    int32_t *ids;
    size_t id_count, id_capacity;
    struct buf text;
    double *metrics; /* [metric_count], NaN: not given */
    struct ctxmark_result result;
    char *spill_kind, *note, *error;
    unsigned result_count;
};

struct collect {
    struct ctxmark_emit emit; /* what the backend gets */
    const struct ctxmark_plugin *plugin;
    const struct ctxmark_request *asked;
    struct collect_request *requests; /* [asked->concurrency] */
    int64_t entered_ns, left_ns;
    float *logits; /* [logit_position_count][vocabulary] of request 0 */
    bool *logits_given;
    uint64_t vocabulary;
    char fault[512]; /* the first impossible thing the backend did; "" if none */
    bool failed;     /* out of memory */
};

/* Makes room beforehand for max_new_tokens stamps, so that nothing is allocated in a timed region.
 */
int collect_init(struct collect *c, const struct ctxmark_plugin *plugin,
                 const struct ctxmark_request *asked, struct err *e);
void collect_free(struct collect *c);

/* Around run(). */
void collect_enter(struct collect *c);
void collect_leave(struct collect *c);

/* Looks for the impossible: negative times, more tokens than asked, no result or two, stamps out of
 * order.  Fills c->fault. */
void collect_check(struct collect *c);

/* OK if any request of a finished run() was; else the status of the first: nothing was measured. */
int32_t collect_status(const struct collect *c);

/* The reply's "results": one object per request. */
json_t *collect_to_json(const struct collect *c);

#endif
