/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the machine was doing during a repetition: the CPU from /proc and /sys, GPUs from NVML.
 * Taken in the worker, before and after the timed region.  A value that its source cannot resolve
 * over so short a span is left out. */

#ifndef CORE_RUN_TELEMETRY_H
#define CORE_RUN_TELEMETRY_H

#include <jansson.h>

#include "core/run/nvml.h"

struct cpu_sample {
    int64_t at_ns;
    double busy_s;   /* of all cores, since boot; < 0: unknown */
    double stolen_s; /* of that, what the hypervisor gave to others */
    double own_s;    /* of this process and its ended children */
};

struct telemetry {
    struct cpu_sample cpu;
    double energy_j; /* NaN: unknown */
};

/* Before.  A sample that is a few milliseconds old is as good as a new one and costs nothing. */
void telemetry_begin(struct telemetry *t);

/* After: adds to `reply` what can be told of the span:
 *   "telemetry": {"foreign_cpu", "gpu_temp_c", "gpu_clock_mhz", "gpu_power_w", "energy_j",
 * "throttle"} "machine": {"steal_cpu", "cpu_mhz", "gpu_foreign_processes"}, for details.jsonl */
void telemetry_end(const struct telemetry *t, json_t *reply);

void cpu_sample_take(struct cpu_sample *ret_sample);

/* How many cores others kept busy between two samples (0.0 and up; stolen time counts, it is
 * another guest's).  -1 where the kernel's clock ticks cannot tell: /proc/stat counts hundredths of
 * a second, so over less than half a second the figure would be noise. */
double cpu_foreign_cores(const struct cpu_sample *before, const struct cpu_sample *after);

#endif
