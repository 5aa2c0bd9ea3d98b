/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Wrong configs, and what a user is told. */

#ifndef TESTS_CONFIG_ERROR_CASES_H
#define TESTS_CONFIG_ERROR_CASES_H

struct error_case {
    const char *text;    /* of the file c.yaml */
    const char *message; /* exact */
};

struct set_case {
    const char *key, *value; /* --set KEY=VALUE on a config that is right */
    const char *message;
};

/* Each ends with an entry whose first member is NULL. */
extern const struct error_case yaml_errors[];   /* wrong as YAML */
extern const struct error_case config_errors[]; /* wrong as a config */
extern const struct set_case set_errors[];

#endif
