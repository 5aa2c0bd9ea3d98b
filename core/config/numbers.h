/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Numbers as people write them in a config: whole ones with binary suffixes, ranges, decimals.
 * Always in the C locale. */

#ifndef CORE_CONFIG_NUMBERS_H
#define CORE_CONFIG_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

enum number_result {
    NUMBER_OK,
    NUMBER_NOT,   /* not a number at all */
    NUMBER_RANGE, /* a number that does not fit, or is not finite */
};

/* Digits with an optional sign and an optional suffix k, M or G (2^10, 2^20, 2^30). */
enum number_result number_whole(const char *text, size_t len, int64_t *ret);

/* A decimal number: 1, -2.5, 1e-3. */
enum number_result number_real(const char *text, double *ret);

#define NUMBERS_MOST 1000 /* values of one list */

struct numbers {
    int64_t v[NUMBERS_MOST];
    size_t count;
};

/* Adds what a text stands for: numbers and ranges, divided by commas.  A range is FIRST-LAST,
 * FIRST-LAST+STEP or FIRST-LAST*FACTOR, from FIRST up to at most LAST.  NULL if all is well, else
 * what is wrong with it. */
const char *numbers_add(struct numbers *n, const char *text);

#endif
