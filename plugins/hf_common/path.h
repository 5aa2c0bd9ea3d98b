/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Paths of checkpoints. */

#ifndef HF_COMMON_PATH_H
#define HF_COMMON_PATH_H

#include <stdbool.h>

#include "plugins/hf_common/error.h"

bool hf_path_is_folder(const char *path);
bool hf_path_is_file(const char *path);

/* New strings, freed with hf_path_free(); NULL: out of memory. */
char *hf_path_copy(const char *path);
char *hf_path_join(const char *folder, const char *name);
/* The folder itself for a folder, else the folder that holds the file. */
char *hf_path_folder_of(const char *path);

/* Where the checkpoint lies that `folder` stands for: in a model's folder of Hugging Face's cache
 * (models--ORGANISATION--NAME) the snapshot that refs/main names, or the only one there is; else
 * the folder itself.  A new string, or NULL with the reason. */
char *hf_path_snapshot(const char *folder, struct hf_err *e);

void hf_path_free(char *path);

#endif
