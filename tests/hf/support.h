/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Files made on the fly for the tests of hf_common and hf_cpu. */

#ifndef TESTS_HF_SUPPORT_H
#define TESTS_HF_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/* A new empty folder; support_folder_remove() removes it with the files in it and frees the name.
 * All of these fail the running test where the system refuses. */
char *support_folder(void);
void support_folder_remove(char *folder);

/* Writes folder/name; returns its path, in memory that the next call overwrites. */
const char *support_file(const char *folder, const char *name, const void *bytes, size_t count);
const char *support_text(const char *folder, const char *name, const char *text);

/* A safetensors file: the header's text, and `data` bytes of zeros after it.  The header is padded
 * with spaces to a multiple of 8 bytes, unless it ends in a space already. */
const char *support_safetensors(const char *folder, const char *name, const char *header,
                                size_t data);

/* A folder of the reference data, or NULL where there is none (CTXMARK_SHARED). */
const char *support_reference(const char *name);

/* A file of tests/data by its path below it. */
const char *support_data(const char *path);

#endif
