/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Values of a config against the tables that declare them.  Plugins' options, the keys of models
 * and the config's own keys all go this way. */

#ifndef CORE_CONFIG_OPTIONS_H
#define CORE_CONFIG_OPTIONS_H

#include <stdbool.h>

#include <jansson.h>

#include "core/config/yaml/yaml.h"
#include "core/plugin/descriptor.h"

/* A table, and what messages call its entries. */
struct option_table {
    const struct option_schema *schemas;
    size_t count;
    const char *what;   /* "key", "option" */
    const char *of;     /* " of 'hf_cpu'", or "" */
    const char *remedy; /* where the known ones are listed: "see ctxmark.yaml(5)" */
    bool null_is_unset; /* a null stands for "not given"; else it is an error */
};

const struct option_schema *option_find(const struct option_table *t, const char *name);

/* "unknown WHAT 'x' (did you mean 'y'?); REMEDY" at the key; -1. */
int option_unknown(const struct option_table *t, const struct node *key, struct err *e);

/* One value, checked: integer, real, string, boolean, or an array of them for a list.  NULL: e has
 * place, what is wrong, and what is allowed. */
json_t *option_from_node(const struct option_schema *schema, const struct node *value,
                         const char *folder, struct err *e);

/* Checks the entry of `map` for each schema (map may be NULL, or a null) and adds what is given to
 * `out`.  Entries that are in no schema are errors unless others_allowed.  0 or -1. */
int options_from_map(const struct option_table *t, const struct node *map, bool others_allowed,
                     const char *folder, json_t *out, struct err *e);

#endif
