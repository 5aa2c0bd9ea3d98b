/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Finding plugins by name.  A name with '/' is that file; else it is looked for in the folders of
 * CTXMARK_PLUGIN_PATH, then of the config's plugin_path, then in $(libdir)/ctxmark/plugins-1, then
 * among the plugins built in.  Aliases of plugins that ctxmark knows (transformers-gpu) count as
 * names.  Nothing is opened in this process: a probe child reads the descriptor. */

#ifndef CORE_PLUGIN_REGISTRY_H
#define CORE_PLUGIN_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/plugin/descriptor.h"

struct registry;

/* extra_path: further folders, NULL-terminated, or NULL; copied.  NULL on failure (e is set). */
struct registry *registry_new(const char *const *extra_path, struct err *e);
void registry_free(struct registry *r); /* NULL is fine */

enum registry_result {
    REGISTRY_FOUND,
    REGISTRY_NOT_INSTALLED, /* no such file anywhere: e says where was searched, and which package
                             * may be missing */
    REGISTRY_REFUSED,       /* there is a file but it cannot be used: e says why */
};

/* Finds a plugin of `kind` (CTXMARK_BACKEND or CTXMARK_ANALYZER).  *ret stays the registry's; a
 * second call for the same name probes nothing. */
enum registry_result registry_find(struct registry *r, const char *name, uint32_t kind,
                                   const struct descriptor **ret, struct err *e);

/* All installed plugins, in the order of their names; for each file that cannot be used, a call
 * with d NULL and the reason. */
void registry_each(struct registry *r,
                   void (*visit)(void *arg, const char *path, const struct descriptor *d,
                                 const char *problem),
                   void *arg);

/* Backends that ctxmark ships but that may not be installed here. */
struct known_plugin {
    const char *name;
    uint32_t kind;
    const char *serves;  /* model key by which it serves a model; NULL: all (or analyzers) */
    const char *package; /* that a distribution may have it in */
    const char *aliases[3];
};

/* By name or alias; NULL if ctxmark does not know it. */
const struct known_plugin *known_plugin_find(const char *name);

#endif
