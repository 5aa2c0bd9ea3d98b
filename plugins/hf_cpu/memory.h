/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Large pieces of memory, and how much of it this machine (or its container) has. */

#ifndef HF_CPU_MEMORY_H
#define HF_CPU_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_block {
    void *data; /* page-aligned; NULL: none */
    uint64_t bytes;
};

/* Gets `bytes` of memory that is really there: every page is touched, so that no first use pays for
 * it later.  0, or -1: the system has not got it (ret_block is left alone). */
int cpu_block_get(uint64_t bytes, struct cpu_block *ret_block);
void cpu_block_free(struct cpu_block *b);

/* Bytes that could be used now without pushing anything else out: MemAvailable, or what the
 * control group leaves where that is less.  INT64_MAX: unknown. */
int64_t cpu_memory_available(void);

/* Bytes that may be used at most: all of the machine's, or the control group's limit. */
int64_t cpu_memory_limit(void);

/* The kernel's own count of this process's largest resident memory: in bytes since the last reset,
 * -1 where it gives none.  false: it cannot be reset. */
bool cpu_memory_peak_reset(void);
int64_t cpu_memory_peak(void);

#endif
