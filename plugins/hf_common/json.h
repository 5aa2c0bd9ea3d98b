/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* JSON files and the values in them, with errors that name file and key. */

#ifndef HF_COMMON_JSON_H
#define HF_COMMON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "plugins/hf_common/error.h"

/* The object that `path` holds (the caller's to json_decref), or NULL: FILE:LINE:COLUMN, reason. */
json_t *hf_json_load(const char *path, struct hf_err *e);

/* Each leaves *value as it was when the key is absent or null, so that the caller's default holds;
 * 0, or -1 when it is there and of another type or outside min .. max. */
int hf_json_int(const json_t *object, const char *path, const char *key, int64_t min, int64_t max,
                int64_t *value, struct hf_err *e);
int hf_json_number(const json_t *object, const char *path, const char *key, double min, double max,
                   double *value, struct hf_err *e);
int hf_json_bool(const json_t *object, const char *path, const char *key, bool *value,
                 struct hf_err *e);
int hf_json_text(const json_t *object, const char *path, const char *key, const char **value,
                 struct hf_err *e);

#endif
