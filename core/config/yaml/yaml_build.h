/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* From libyaml's events to a tree; private to the two halves of yaml.h's implementation. */

#ifndef CORE_CONFIG_YAML_BUILD_H
#define CORE_CONFIG_YAML_BUILD_H

#include <stdint.h>

#include <yaml.h>

#include "core/config/yaml/yaml.h"

struct anchor {
    const char *name;
    struct node *node; /* NULL while its own content is being read */
};

struct build {
    struct doc *doc;
    yaml_parser_t *parser;
    const char *source; /* lives in doc */
    bool with_lines;
    const char *text;
    size_t len;
    size_t depth;
    struct anchor *anchors;
    size_t anchor_count;
};

/* Reads the whole stream: one document, or none (a null).  NULL: e. */
struct node *build_stream(struct build *b, struct err *e);

/* Fills in a mapping from its keys and values in turn (2 x count nodes): keys must be text and
 * differ; '<<' merges other mappings.  0 or -1. */
int build_map(struct build *b, struct node *map, struct node *const *pairs, size_t count,
              struct err *e);

/* Words what the parser complains of; -1. */
int yaml_syntax_error(const struct build *b, struct err *e);

#endif
