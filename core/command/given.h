/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A plugin's options and a model's keys as `try` and `plugins --check` are given them: a model on
 * the command line, and --set. */

#ifndef CORE_COMMAND_GIVEN_H
#define CORE_COMMAND_GIVEN_H

#include <jansson.h>

#include "core/command/options.h"
#include "core/plugin/descriptor.h"

struct given {
    json_t *options, *keys; /* objects; complete after given_complete() */
};

/* 0 or -1: out of memory. */
int given_init(struct given *g);
void given_free(struct given *g);

/* Takes the model (NULL: none) as the key by which the backend serves models, and each --set as an
 * option or a model key.  0 or -1. */
int given_take(struct given *g, const struct descriptor *d, const char *model,
               const struct options *o, struct err *e);

/* Adds the defaults.  0, or -1: something required is missing, e says what. */
int given_complete(struct given *g, const struct descriptor *d, struct err *e);

#endif
