/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Looking at a plugin without loading it into this process. */

#ifndef CORE_PLUGIN_PROBE_H
#define CORE_PLUGIN_PROBE_H

#include <jansson.h>

#include "core/plugin/descriptor.h"

/* Reads the descriptor of the plugin in `path` (or "static:NAME") in a child process.  NULL: e says
 * why it cannot be used, a crash or a hang (10 s) included. */
struct descriptor *probe_descriptor(const char *path, struct err *e);

/* Asks a backend, in a child process, whether it can work on this machine with these options.
 * 1 yes; 0 no, e says why not; -1 it could not be asked (crash, hang), e says how. */
int probe_backend(const struct descriptor *d, const json_t *options, struct err *e);

/* The probe child: serves one question over CHILD_SOCKET_FD; returns its exit status. */
int probe_child_main(void);

#endif
