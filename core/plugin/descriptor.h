/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What core knows of a plugin without having it in its own process: a copy of its descriptor, made
 * by the probe child.  Text is owned by the descriptor. */

#ifndef CORE_PLUGIN_DESCRIPTOR_H
#define CORE_PLUGIN_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/err.h"
#include <ctxmark/plugin.h>

struct option_schema {
    char *name;
    uint32_t type;      /* CTXMARK_TYPE_* */
    uint32_t flags;     /* CTXMARK_OPT_* */
    char *default_text; /* NULL: unset */
    double min, max;    /* both 0: no limit */
    char **choices;     /* NULL-terminated, or NULL */
    char *unit, *help;  /* "" where there is none */
};

struct metric_schema {
    char *name, *unit, *help;
};

struct descriptor {
    char *name, *version, *summary, *license;
    uint32_t kind; /* CTXMARK_BACKEND or CTXMARK_ANALYZER */
    uint16_t abi_major, abi_minor;
    uint64_t capabilities;   /* backends */
    char **aliases, **after; /* NULL-terminated, never NULL */
    struct option_schema *options, *model_keys;
    size_t option_count, model_key_count;
    struct metric_schema *metrics;
    size_t metric_count;
    char *path;      /* absolute file, or "static:NAME" for one that is built in */
    char sha256[65]; /* of that file (of ctxmark itself for a built-in one) */
};

/* The JSON that the probe child sends, and back.  NULL on failure (e is set). */
json_t *descriptor_to_json(const struct ctxmark_plugin *plugin);
struct descriptor *descriptor_from_json(const json_t *json, struct err *e);
void descriptor_free(struct descriptor *d); /* NULL is fine */

/* NULL if there is none of that name. */
const struct option_schema *descriptor_option(const struct descriptor *d, const char *name);
const struct option_schema *descriptor_model_key(const struct descriptor *d, const char *name);
/* The model key by which it serves a model; NULL: it serves every model. */
const struct option_schema *descriptor_serves(const struct descriptor *d);

#endif
