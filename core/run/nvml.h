/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What NVIDIA's management library says of the GPUs: opened by soname at run time, so that
 * everything builds and runs where it is missing.  Its interface is stable by name and layout (NVML
 * API Reference, CUDA 8 and later). */

#ifndef CORE_RUN_NVML_H
#define CORE_RUN_NVML_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* Values of the first GPU at one moment; NaN or -1: not known. */
struct nvml_sample {
    double temperature_c, clock_mhz, power_w;
    double energy_j;  /* since the driver was loaded */
    int64_t throttle; /* bits, see nvml_throttle_words() */
    int foreign;      /* processes of others that use the GPU */
};

/* Whether there is a driver, and a GPU.  Opens the library on the first call. */
bool nvml_present(void);

/* own_pid: the worker, whose own use of the GPU is not foreign. */
void nvml_sample_take(int64_t own_pid, struct nvml_sample *ret_sample);

/* The reasons for which clocks were held back, as words ("power thermal"), "" for none.  Idle and
 * clocks set by applications are no throttling. */
void nvml_throttle_words(int64_t bits, char *ret_text, size_t size);

/* {"driver", "gpus": [{"name", "uuid", "memory_mib", "memory_free_mib", "foreign_processes"}]}, a
 * new reference; NULL where there is none. */
json_t *nvml_describe(void);

#endif
