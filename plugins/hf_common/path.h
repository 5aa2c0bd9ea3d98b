/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Paths of checkpoints. */

#ifndef HF_COMMON_PATH_H
#define HF_COMMON_PATH_H

#include <stdbool.h>

bool hf_path_is_folder(const char *path);
bool hf_path_is_file(const char *path);

/* New strings, freed with hf_path_free(); NULL: out of memory. */
char *hf_path_copy(const char *path);
char *hf_path_join(const char *folder, const char *name);
/* The folder itself for a folder, else the folder that holds the file. */
char *hf_path_folder_of(const char *path);

void hf_path_free(char *path);

#endif
