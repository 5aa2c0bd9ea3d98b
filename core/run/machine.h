/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What identifies the machine, for the manifest and for `check`. */

#ifndef CORE_RUN_MACHINE_H
#define CORE_RUN_MACHINE_H

#include <jansson.h>

/* {"cpu", "cores", "memory_mib", "memory_available_mib", "kernel", "os", "host", "governor"?,
 * "load_1min"?, "gpu"? (as nvml_describe())}; what cannot be read is left out.  A new reference;
 * NULL: out of memory. */
json_t *machine_describe(void);

/* The child that asks NVML; returns its exit status. */
int gpu_child_main(void);

#endif
