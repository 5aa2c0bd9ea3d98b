/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One safetensors file, mapped and checked.
 *
 * Format: a little-endian uint64 n, n bytes of JSON {name: {dtype, shape, data_offsets}}, then the
 * data, which the tensors cover without holes or overlaps. */

#ifndef HF_COMMON_SAFETENSORS_H
#define HF_COMMON_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "plugins/hf_common/error.h"

#define HF_RANK_MAX 8

struct hf_tensor {
    char *name;
    char dtype[8]; /* "F16", "BF16", "F32", "I32", ... */
    int rank;
    int64_t shape[HF_RANK_MAX];
    const void *data; /* in the mapped file; aligned for its type only where the header's length
                       * made it so */
    uint64_t begin, bytes;
};

struct hf_safetensors {
    char *path;
    void *map;
    size_t map_bytes;
    struct hf_tensor *tensors; /* [count], sorted by name */
    size_t count;
};

/* Maps `path` read-only and checks its header: sizes, types, offsets, the file's length.  0, or -1
 * with the file, the tensor and the reason. */
int hf_safetensors_open(const char *path, struct hf_safetensors *ret_file, struct hf_err *e);
void hf_safetensors_close(struct hf_safetensors *f);

/* NULL: there is no such tensor.  The file's own. */
const struct hf_tensor *hf_safetensors_find(const struct hf_safetensors *f, const char *name);

#endif
