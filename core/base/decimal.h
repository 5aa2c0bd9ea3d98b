/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Numbers as text, whatever the locale. */

#ifndef CORE_BASE_DECIMAL_H
#define CORE_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_SIZE 40

/* 10^i: all that 64 bits hold. */
#define DECIMAL_POWERS 20
extern const uint64_t decimal_powers[DECIMAL_POWERS];

/* The first of %.15g, %.16g and %.17g that reads back as x, which is finite; returns its length. */
size_t decimal_print(double x, char text[DECIMAL_SIZE]);
size_t decimal_print_integer(int64_t x, char text[DECIMAL_SIZE]);

#endif
