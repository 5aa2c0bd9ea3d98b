/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The child that calls a plugin's callbacks and tells its parent what they did.
 *
 * Its messages: {"enter": CALLBACK} before each call, so that the parent knows where it crashed;
 * {"verdict": "pass"|"fail"|"skip"|"note", "check": NAME, "text": TEXT}; {"counts": {CALLBACK: n}};
 * {"output": ...} (analyzers). */

#ifndef CORE_CONFORMANCE_CHILD_H
#define CORE_CONFORMANCE_CHILD_H

#include <limits.h>
#include <stdbool.h>

#include <jansson.h>

#include "core/plugin/host.h"

struct conform {
    const json_t *job;
    const struct ctxmark_plugin *plugin;
    struct host host;
    void *self; /* of a backend */
    int64_t entered_ns;
    const char *inside; /* the callback that was called last */
    const char *check;  /* the check that is going on */
    bool failed;        /* it has failed already */
    /* what a guest must leave as it was */
    char *locale;
    char folder[PATH_MAX];
    int stdout_file;
    int64_t stdout_size;
    /* cancelled() */
    bool cancel;
    unsigned asked; /* how often the running callback looked */
    /* allocations: fail the one numbered fail_nth (from 1) in fail_callback; "" counts them all */
    const char *fail_callback;
    uint64_t fail_nth;
    json_t *counts;
};

/* A check has a name and ends as passed unless conform_fail() was called since it began. */
void conform_begin(struct conform *c, const char *check);
void conform_fail(struct conform *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void conform_end(struct conform *c);
void conform_skip(struct conform *c, const char *check, const char *why);
void conform_note(struct conform *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Around each call of a callback. */
void conform_enter(struct conform *c, const char *callback);
/* Checks the status, the reason, and the guest's manners; returns the status. */
int32_t conform_leave(struct conform *c, int32_t status);
/* The same for callbacks that return nothing. */
void conform_leave_void(struct conform *c);

/* Sends a message of its own (stolen). */
void conform_send(json_t *message);

/* "open", a number of the job; otherwise where it is not there. */
int64_t conform_number(const struct conform *c, const char *key, int64_t otherwise);

/* The scenarios, by the job's "scenario". */
void scenario_rules(struct conform *c);
void scenario_probe(struct conform *c);
void scenario_life(struct conform *c);
void scenario_bad_model(struct conform *c);
void scenario_no_options(struct conform *c);
void scenario_cancel_load(struct conform *c);
void scenario_cancel_run(struct conform *c);
void scenario_cancel_later(struct conform *c);
void scenario_memory(struct conform *c);
void scenario_analyze(struct conform *c);

#endif
