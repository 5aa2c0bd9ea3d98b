/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* YAML as a tree whose nodes know where they stand, for messages with FILE:LINE:COLUMN.
 *
 * Safe on hostile text: size, depth, and the number of values once aliases are expanded are
 * bounded.  An alias shares the node of its anchor, so nodes are read-only, but for node_set().
 * Nodes live as long as their document. */

#ifndef CORE_CONFIG_YAML_H
#define CORE_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/arena.h"

#define YAML_MOST_BYTES (1 << 20)
#define YAML_MOST_DEPTH 64
#define YAML_MOST_NODES 1000000
#define YAML_MOST_ANCHORS 1000
#define YAML_MOST_MERGED 1000 /* entries that one "<<" may bring in */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool plain;          /* scalars: written without quotes */
    const char *source;  /* what messages begin with: a file, or "--set KEY" */
    size_t line, column; /* from 1; line 0: the source has none */
    const char *text;    /* scalars, UTF-8 without NUL */
    struct node **keys;  /* mappings: [count] scalars, each once */
    struct node **items; /* [count] of a list, or values of a mapping */
    size_t count;
    size_t weight; /* nodes in it, itself included, aliases expanded */
    size_t height; /* 1 for a scalar */
};

struct doc {
    struct arena memory;
    struct node *root;
};

/* Reads the one YAML document of a file.  `path` is what messages call it.  The document must be
 * all zero; doc_free() it in any case.  0 or -1. */
int doc_read(struct doc *d, const char *path, struct err *e);

/* Parses text into a tree that lives in d, and leaves d->root alone.  source: as in struct node;
 * with_lines false: messages name the source alone.  Text without any value is a null.  NULL: e. */
struct node *doc_parse(struct doc *d, const char *source, bool with_lines, const char *text,
                       size_t len, struct err *e);
void doc_free(struct doc *d);

/* "FILE:LINE:COLUMN", or the source alone. */
void node_place(const struct node *n, struct buf *out);

/* Words an error at a node: "PLACE: ..."; returns -1. */
int node_fail(const struct node *n, struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* null, ~, or nothing at all. */
bool node_is_null(const struct node *n);

/* What a node is, for "..., not WORDS": 'text' in quotes (shortened), "a list", "nothing". */
const char *node_words(const struct node *n, char *buffer, size_t size);

/* Value, or key, of a mapping's entry; NULL if there is none, or n is NULL or no mapping. */
struct node *node_get(const struct node *n, const char *key);
struct node *node_key(const struct node *n, const char *key);

/* As written: null, true/false, whole and decimal numbers where plain; else text.  NULL: out of
 * memory. */
json_t *node_to_json(const struct node *n);

/* New nodes in d, at the place of another node.  NULL: out of memory. */
struct node *node_new_map(struct doc *d, const struct node *at);
struct node *node_new_text(struct doc *d, const struct node *at, const char *text);
/* A copy whose entries can be set without touching other uses of the same anchor. */
struct node *node_copy(struct doc *d, const struct node *n);
/* Sets or adds an entry of a mapping made by node_copy() or node_new_map().  0 or -1 (memory). */
int node_set(struct doc *d, struct node *map, const char *key, struct node *value);

#endif
