/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/telemetry.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/child.h"

static double busy_seconds(void)
{
    unsigned long long user, nice, system, idle, wait, irq, soft, steal;
    FILE *f = fopen("/proc/stat", "re");
    if (!f)
        return -1;
    int n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
                   &wait, &irq, &soft, &steal);
    fclose(f);
    long hertz = sysconf(_SC_CLK_TCK);
    if (n != 8 || hertz <= 0)
        return -1;
    return (double)(user + nice + system + irq + soft + steal) / (double)hertz;
}

static double usage_seconds(int who)
{
    struct rusage u;
    if (getrusage(who, &u) < 0)
        return 0;
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

void cpu_sample_take(struct cpu_sample *ret_sample)
{
    ret_sample->busy_s = busy_seconds();
    ret_sample->own_s = usage_seconds(RUSAGE_SELF) + usage_seconds(RUSAGE_CHILDREN);
    ret_sample->at_ns = clock_now_ns();
}

double cpu_foreign_cores(const struct cpu_sample *before, const struct cpu_sample *after)
{
    double span = 1e-9 * (double)(after->at_ns - before->at_ns);
    if (span < 0.5 || before->busy_s < 0 || after->busy_s < 0)
        return -1;
    double foreign = (after->busy_s - before->busy_s) - (after->own_s - before->own_s);
    return foreign > 0 ? foreign / span : 0;
}
