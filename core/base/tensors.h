/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Small safetensors files for `ctxmark try`: prompts as ids in, logits out.  The format: an 8-byte
 * little-endian length, that many bytes of JSON, the data. */

#ifndef CORE_BASE_TENSORS_H
#define CORE_BASE_TENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum tensor_type { TENSOR_I32, TENSOR_F32 };

struct tensor {
    const char *name;
    enum tensor_type type;
    uint64_t shape[2];
    unsigned dimensions; /* 1 or 2 */
    const void *data;    /* host order; this is little-endian on every supported machine */
};

/* Writes to a file beside `path` and renames it.  0 or -1. */
int tensors_write(const char *path, const struct tensor *tensors, size_t count, struct err *e);

/* A one-dimensional int32 tensor by name; *ret_ids is the caller's to free.  0 or -1. */
int tensors_read_ids(const char *path, const char *name, int32_t **ret_ids, size_t *ret_count,
                     struct err *e);

#endif
