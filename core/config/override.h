/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* --set KEY=VALUE: changes the tree of a config before it is checked, so that an override is worth
 * just as much as a line of the file. */

#ifndef CORE_CONFIG_OVERRIDE_H
#define CORE_CONFIG_OVERRIDE_H

#include "core/config/run_config.h"
#include "core/config/yaml/yaml.h"

/* Applies them in order.  The root must be a mapping; it is replaced by a changed copy.  Messages
 * begin with "--set KEY".  0 or -1. */
int overrides_apply(struct doc *d, const struct config_override *overrides, size_t count,
                    struct err *e);

#endif
