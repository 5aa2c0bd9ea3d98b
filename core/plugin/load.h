/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Opening a plugin in this process.  Only the children do that. */

#ifndef CORE_PLUGIN_LOAD_H
#define CORE_PLUGIN_LOAD_H

#include <ctxmark/plugin.h>

#include "core/base/err.h"

#define PLUGIN_STATIC_PREFIX "static:"

/* When the functions that a plugin and its libraries call are looked up: when it is opened, where
 * one that is missing is told; or each when it is first called, which takes less time: for a plugin
 * that was examined before, and lives shortly. */
enum plugin_binding { PLUGIN_BIND_NOW, PLUGIN_BIND_LATE };

/* path: a shared object, or "static:NAME" for a plugin that is linked into ctxmark.  The file must
 * be trusted (plugin_trust), its SHA-256 must be expected_sha256 (NULL: not compared), the query
 * symbol must lie in it, and the descriptor must be sound.
 *
 * *ret is a copy that lives until the process ends: fields which the plugin's own, shorter structs
 * do not have are zero, `needs` is understood, and required members are there.  0 or -1; e names
 * the file, what is wrong, both versions where that is it, and the remedy. */
int plugin_load(const char *path, const char *expected_sha256, enum plugin_binding binding,
                const struct ctxmark_plugin **ret, struct err *e);

/* Whether the file may be loaded: a regular file that nobody but its owner (or its group) may write
 * to, owned by root or by the user, and no folder on the way to it, symlinks included, in which
 * somebody else could replace it.  Sticky folders count as safe.  0 or -1. */
int plugin_trust(const char *path, struct err *e);

/* The name of the i-th plugin linked into ctxmark; NULL past the last. */
const char *plugin_static_name(size_t i);

#endif
