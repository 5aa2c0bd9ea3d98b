/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A checkpoint's tensors by name: model.safetensors, or the files that
 * model.safetensors.index.json names. */

#ifndef HF_COMMON_CHECKPOINT_H
#define HF_COMMON_CHECKPOINT_H

#include "plugins/hf_common/safetensors.h"

struct hf_checkpoint {
    struct hf_safetensors *files; /* [count] */
    size_t count;
};

/* Opens and checks all files of `folder`.  0, or -1 with file, tensor and reason. */
int hf_checkpoint_open(const char *folder, struct hf_checkpoint *ret_checkpoint, struct hf_err *e);
void hf_checkpoint_close(struct hf_checkpoint *c);

/* NULL: there is no such tensor.  *ret_file (may be NULL) gets the file it is in. */
const struct hf_tensor *hf_checkpoint_find(const struct hf_checkpoint *c, const char *name,
                                           const char **ret_file);

#endif
