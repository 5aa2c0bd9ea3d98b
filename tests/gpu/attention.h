/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef TESTS_GPU_ATTENTION_H
#define TESTS_GPU_ATTENTION_H

/* The groups of rotary positions, masks, softmax, and attention of blocks and of single tokens. */
void attention_tests(void);
/* The groups of prompts around the tiles of the kernels for head sizes 64 and 128. */
void tiles_tests(void);
/* The group of a token's attention on tensor cores. */
void attend_tests(void);

#endif
