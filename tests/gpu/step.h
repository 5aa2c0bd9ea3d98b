/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef TESTS_GPU_STEP_H
#define TESTS_GPU_STEP_H

/* The groups of a decoding step's own kernels: its products, its attention, its begin and end. */
void step_tests(void);

#endif
