/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The host services that only analyzers get, in the analyzer child. */

#ifndef CORE_ANALYSIS_SERVICES_H
#define CORE_ANALYSIS_SERVICES_H

#include <jansson.h>

#include "core/analysis/emit.h"
#include "core/analysis/store.h"
#include "core/plugin/host.h"

struct table_view; /* a table of another analyzer, unpacked */

struct services {
    struct store *store;    /* the measured rows */
    const json_t *facts;    /* as in analysis.h */
    const json_t *tables;   /* {NAME IN `after`: [table of analysis.json]}, packed (packed.h):
                               most are never asked for */
    struct emitted emitted; /* what this analyzer emits */
    struct table_view *views;
};

/* Adds the services to the host, whose extension becomes s (filled in by the caller). */
void services_install(struct host *h, struct services *s);
/* Frees the views it made for the analyzer. */
void services_finish(struct services *s);

#endif
