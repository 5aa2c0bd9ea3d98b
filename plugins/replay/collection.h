/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The rows of one model, and the names of all that the file has, for messages. */

#ifndef REPLAY_COLLECTION_H
#define REPLAY_COLLECTION_H

#include "plugins/replay/rows.h"

struct replay_pair {
    const char *backend, *model;
};

struct replay_collection {
    const char *model;
    struct replay_row *rows;
    size_t count, capacity;
    struct replay_pair *pairs; /* distinct */
    size_t pair_count, pair_capacity;
};

/* A replay_row_take whose arg is a struct replay_collection.  Keeps rows of the model; of requests
 * in parallel it keeps none, since one request at a time is all that can be replayed. */
int replay_collection_take(void *collection, const struct replay_row *row, struct replay_err *e);

/* Decides for the one backend: `wanted`, or the only one.  Rows of others are dropped.  NULL and a
 * sentence if there is none, or if there are several. */
const char *replay_collection_choose(struct replay_collection *c, const char *path,
                                     const char *wanted, struct replay_err *e);

void replay_collection_free(struct replay_collection *c);

#endif
