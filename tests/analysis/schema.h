/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* As much of JSON Schema as analysis.schema.json uses. */

#ifndef TESTS_ANALYSIS_SCHEMA_H
#define TESTS_ANALYSIS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Whether the value is as the schema of this source tree says; problem gets where it is not.
 * A keyword that this validator does not know is a problem too. */
bool schema_accepts(const json_t *value, char *problem, size_t size);

#endif
