/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Does a plugin keep the contract?  Its descriptor is held against the rules, and each of its
 * callbacks is called in a child process: as a run would call it, and with what goes wrong in runs
 * (bad input, a cancel, memory that is not there).  Every violation is one line with its remedy. */

#ifndef CORE_CONFORMANCE_CONFORMANCE_H
#define CORE_CONFORMANCE_CONFORMANCE_H

#include <jansson.h>

#include "core/plugin/descriptor.h"

struct conformance {
    const struct descriptor *plugin;
    const json_t *options;   /* complete; NULL: some required one is missing */
    const json_t *keys;      /* backends: the model's keys; NULL: some required one is missing */
    const char *model;       /* the model's name; NULL: none was given */
    const char *why_without; /* where options or keys are NULL: what is missing */
};

struct conformance_tally {
    unsigned passed, failed, skipped;
};

/* Prints a line for each check to stdout, and counts them. */
void conformance_check(const struct conformance *c, struct conformance_tally *ret_tally);

/* The child; returns its exit status. */
int conformance_child_main(void);

#endif
