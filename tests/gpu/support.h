/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A device, arrays of random numbers on both sides, and the comparison with a reference. */

#ifndef TESTS_GPU_SUPPORT_H
#define TESTS_GPU_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/hf_fp16_cuda/blas.h"
#include "plugins/hf_fp16_cuda/kernels.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The device of all tests. */
extern struct gpu_driver driver;
extern struct gpu_kernels kernels;
extern struct gpu_blas blas;
extern CUstream stream;

/* Opens it; exits with 77 and the reason where there is none. */
void device_open(void);
void device_close(void);

/* Ends the program with the sentence if s is a failure. */
void must(enum gpu_status s, const struct hf_err *e);

/* `count` float16 numbers, normal with that deviation; the same as float in *ret_floats.  The
 * caller's to free. */
uint16_t *halves_random(uint64_t seed, size_t count, float deviation, float **ret_floats);

/* Device memory with these bytes; `from` NULL: all bits set, which is NaN to every type. */
uint64_t device_array(const void *from, size_t bytes);
void device_free(uint64_t at);
/* Waits for the stream. */
void device_read(void *to, uint64_t at, size_t bytes);

/* Counts a comparison, says where it went wrong: |got - expected| <= tolerance * (1 + |expected|).
 * `what` is a format for the case. */
void expect_halves(const uint16_t *got, const float *expected, size_t count, float tolerance,
                   const char *what, ...) __attribute__((format(printf, 5, 6)));
void expect_floats(const float *got, const float *expected, size_t count, float tolerance,
                   const char *what, ...) __attribute__((format(printf, 5, 6)));
void expect_true(bool right, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* A group of cases: one line of output. */
void group_end(const char *name);
/* "N passed, N failed, N skipped" of groups; the program's exit status. */
int tests_end(void);

#endif
