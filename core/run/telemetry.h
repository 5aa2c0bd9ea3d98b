/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What else the machine was doing meanwhile. */

#ifndef CORE_RUN_TELEMETRY_H
#define CORE_RUN_TELEMETRY_H

#include <stdint.h>

struct cpu_sample {
    int64_t at_ns;
    double busy_s; /* of all cores, since boot; < 0: unknown */
    double own_s;  /* of this process and its ended children */
};

void cpu_sample_take(struct cpu_sample *ret_sample);

/* How many cores others kept busy between two samples (0.0 and up; stolen time counts, it is
 * another guest's).  -1 where the kernel's clock ticks cannot tell: /proc/stat counts hundredths of
 * a second, so over less than half a second the figure would be noise. */
double cpu_foreign_cores(const struct cpu_sample *before, const struct cpu_sample *after);

#endif
