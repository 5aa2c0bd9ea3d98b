/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The inner part of SHA-256 (FIPS 180-4, 6.2.2): blocks of 64 bytes into the state.  All ways give
 * the same. */

#ifndef CORE_BASE_SHA256_BLOCKS_H
#define CORE_BASE_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

extern const uint32_t sha256_round_constants[64];

typedef void sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

/* For every processor. */
sha256_blocks sha256_blocks_plain;
/* By the SHA extensions of x86, which are several times as fast; NULL: this processor (or this
 * build) does not have them. */
sha256_blocks *sha256_blocks_x86(void);

#endif
