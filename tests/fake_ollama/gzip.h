/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef FAKE_OLLAMA_GZIP_H
#define FAKE_OLLAMA_GZIP_H

#include <stddef.h>
#include <stdint.h>

#define FAKE_GZIP_ROOM(length) ((length) + 5 * ((length) / 65535 + 1) + 18)

/* Writes `data` to ret_out, which has FAKE_GZIP_ROOM(length) bytes; returns how many it took. */
size_t fake_gzip(const char *data, size_t length, unsigned char *ret_out);

#endif
