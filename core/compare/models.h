/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Whether a model of one name is the same model in two runs. */

#ifndef CORE_COMPARE_MODELS_H
#define CORE_COMPARE_MODELS_H

#include <jansson.h>

/* Adds differences (see differences.h) between models that have one name and backend in both
 * manifests: their shapes, weights and files.  0, or -1: out of memory. */
int models_compare(json_t *list, const json_t *a, const json_t *b);

#endif
