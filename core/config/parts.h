/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The parts of config_read(), in the order in which they are called.  Each checks its keys of the
 * root, fills in its fields of the config, and adds them to c->canonical.  0 or -1.
 *
 * Text goes to c->doc's memory; JSON objects belong to the config. */

#ifndef CORE_CONFIG_PARTS_H
#define CORE_CONFIG_PARTS_H

#include "core/config/options.h"
#include "core/config/run_config.h"

#define MOST_NAME 200 /* bytes of a name or a label */
#define MOST_BACKENDS 100
#define MOST_REPETITIONS 1000000
#define MOST_CONTEXT 2147483648.0    /* tokens */
#define MOST_SEED 9007199254740992.0 /* what every reader of JSON keeps exact */

/* Keys of the config that are options of backends at heart; NULL-terminated. */
extern const char *const option_aliases[];

/* Unknown keys, and all keys that hold one value or a list of values. */
int read_top(struct config *c, const struct node *root, struct err *e);
int read_plugin_path(struct config *c, const struct node *root, struct err *e);
int read_backends(struct config *c, const struct node *root, struct registry *r, struct err *e);
int read_models(struct config *c, const struct node *root, struct err *e);
int read_analyzers(struct config *c, const struct node *root, struct registry *r, struct err *e);
int read_stop(struct config *c, const struct node *root, struct err *e);
int read_cold_start(struct config *c, const struct node *root, struct err *e);
int read_prompt(struct config *c, const struct node *root, struct err *e);
int read_facts(struct config *c, const struct node *root, struct err *e);

/* --- helpers they share */

/* A name or a label: a scalar, not empty, printable, of at most MOST_NAME bytes.  `what` is for the
 * message: "a backend's name".  0 or -1. */
int check_name(const struct node *n, const char *what, struct err *e);

/* An array of `count` zeroed elements in c->doc.  NULL: e. */
void *config_array(struct config *c, size_t count, size_t size, struct err *e);
/* A copy of a text in c->doc.  NULL: e. */
char *config_text(struct config *c, const char *text, struct err *e);

/* Adds to c->canonical; takes over `value`.  0 or -1 (value NULL, or memory). */
int canonical_set(struct config *c, const char *key, json_t *value, struct err *e);

/* Seen as a list: a scalar or a mapping is a list of one.  n may be NULL: empty. */
size_t node_list_count(const struct node *n);
const struct node *node_list_item(const struct node *n, size_t i);

/* The options of one plugin: those given in `map` (may be NULL), then the config's aliases where
 * `root` is not NULL, then defaults.  `at` is where the plugin is named.  A new object; NULL: e. */
json_t *plugin_options(const struct config *c, const struct descriptor *d, const struct node *map,
                       const struct node *root, const struct node *at, struct err *e);

#endif
