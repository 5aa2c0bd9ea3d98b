/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* SHA-256 (FIPS 180-4), to tell one file from another.  Written here because core links libyaml and
 * jansson only. */

#ifndef CORE_BASE_SHA256_H
#define CORE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/sha256_blocks.h"

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
    sha256_blocks *add_blocks; /* the quickest that this processor has */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
/* 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(struct sha256 *s, char ret_hex[65]);

/* Of a whole file.  0 or -1. */
int sha256_file(const char *path, char ret_hex[65], struct err *e);

#endif
