/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The callbacks of a backend, each called as a worker would call it, within conform_enter() and
 * conform_leave(). */

#ifndef CORE_CONFORMANCE_BACKEND_H
#define CORE_CONFORMANCE_BACKEND_H

#include "core/conformance/child.h"
#include "core/run/collect.h"

int32_t backend_open(struct conform *c);
int32_t backend_load(struct conform *c);
int32_t backend_prepare(struct conform *c, int64_t context, int64_t new_tokens);
void backend_unload(struct conform *c);
void backend_close(struct conform *c);

/* A request with the job's first context and number of tokens, and a nonce of its own. */
struct ctxmark_request backend_request(const struct conform *c, int64_t context,
                                       int64_t new_tokens);

/* Runs it.  What it reported is checked and stays in *ret until collect_free(); where the status is
 * not OK, that may be wrong or right: the caller knows. */
int32_t backend_run(struct conform *c, const struct ctxmark_request *request, struct collect *ret);

/* backend_run() of a request that must succeed; false: it did not, which was told. */
bool backend_run_well(struct conform *c, const struct ctxmark_request *request,
                      struct collect *ret);

#endif
