/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the fuzz targets share.  A target is one LLVMFuzzerTestOneInput() that gives the bytes to a
 * reader as a file, and checks what must hold of whatever the reader accepts.  libFuzzer drives it
 * (`make fuzz`), or driver.c, which replays the corpus (`make check`). */

#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with FILE:LINE and the condition where it does not hold. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

void fuzz_fail(const char *file, int line, const char *condition) __attribute__((noreturn));

/* Writes a file into a folder of the process's own, which is made and entered by the first call and
 * removed at the end: targets name their files by themselves. */
void scratch_write(const char *name, const void *data, size_t size);

/* Where the input's second file begins: behind the first line that is all of `mark`, which ends
 * with its line end.  *ret_first is the size of the first file.  The input's end if there is no
 * such line. */
size_t input_split(const uint8_t *data, size_t size, const char *mark, size_t *ret_first);

#endif
