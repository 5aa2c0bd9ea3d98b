/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Where the bytes are that mean something in CSV. */

#ifndef CORE_ANALYSIS_CSV_SCAN_H
#define CORE_ANALYSIS_CSV_SCAN_H

#include <stdint.h>

#define CSV_BLOCK 64

/* Bit i: block[i] is a comma, a newline, a quote or a NUL; block has CSV_BLOCK bytes. */
uint64_t csv_scan(const char *block);

#endif
