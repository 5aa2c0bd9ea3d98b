/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/telemetry.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/child.h"

#define CPU_SPAN_S 0.5 /* see cpu_foreign_cores() */
#define GPU_SPAN_S                                                                                 \
    0.05 /* clocks and temperature are momentary, but of the work only if it lasts                 \
          */
#define ENERGY_SPAN_S                                                                              \
    0.5 /* the driver's energy and power figures change some ten times a second                    \
         */
#define FRESH_NS INT64_C(20000000)

/* ---- CPU */

static void read_stat(struct cpu_sample *s)
{
    unsigned long long user, nice, system, idle, wait, irq, soft, steal;
    FILE *f = fopen("/proc/stat", "re");
    s->busy_s = s->stolen_s = -1;
    if (!f)
        return;
    int n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
                   &wait, &irq, &soft, &steal);
    fclose(f);
    long hertz = sysconf(_SC_CLK_TCK);
    if (n != 8 || hertz <= 0)
        return;
    s->busy_s = (double)(user + nice + system + irq + soft + steal) / (double)hertz;
    s->stolen_s = (double)steal / (double)hertz;
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
    read_stat(ret_sample);
    ret_sample->own_s = usage_seconds(RUSAGE_SELF) + usage_seconds(RUSAGE_CHILDREN);
    ret_sample->at_ns = clock_now_ns();
}

static double span_s(const struct cpu_sample *before, const struct cpu_sample *after)
{
    return 1e-9 * (double)(after->at_ns - before->at_ns);
}

double cpu_foreign_cores(const struct cpu_sample *before, const struct cpu_sample *after)
{
    double span = span_s(before, after);
    if (span < CPU_SPAN_S || before->busy_s < 0 || after->busy_s < 0)
        return -1;
    double foreign = (after->busy_s - before->busy_s) - (after->own_s - before->own_s);
    return foreign > 0 ? foreign / span : 0;
}

/* The mean clock of the cores now, where the kernel tells (virtual machines often do not); NaN. */
static double cpu_clock_mhz(void)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < 1024; i++) {
        char path[80];
        double khz;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", i);
        FILE *f = fopen(path, "re");
        if (!f)
            break;
        if (fscanf(f, "%lf", &khz) == 1) {
            sum += khz / 1000;
            n++;
        }
        fclose(f);
    }
    return n ? sum / n : NAN;
}

/* ---- the span */

static struct cpu_sample last_sample;

void telemetry_begin(struct telemetry *t)
{
    struct nvml_sample gpu = {.energy_j = NAN};
    if (!last_sample.at_ns || clock_now_ns() - last_sample.at_ns > FRESH_NS)
        cpu_sample_take(&last_sample);
    if (nvml_present())
        nvml_sample_take(getpid(), &gpu);
    t->cpu = last_sample;
    t->energy_j = gpu.energy_j;
}

static void put(json_t *object, const char *key, double value)
{
    if (isfinite(value))
        json_object_set_new(object, key, json_real(value));
}

static void put_cpu(const struct telemetry *t, json_t *row, json_t *machine)
{
    cpu_sample_take(&last_sample);
    double foreign = cpu_foreign_cores(&t->cpu, &last_sample);
    if (foreign < 0)
        return;
    put(row, "foreign_cpu", foreign);
    put(machine, "steal_cpu",
        (last_sample.stolen_s - t->cpu.stolen_s) / span_s(&t->cpu, &last_sample));
    put(machine, "cpu_mhz", cpu_clock_mhz());
}

static void put_gpu(const struct telemetry *t, double span, json_t *row, json_t *machine)
{
    struct nvml_sample gpu;
    char words[80];
    nvml_sample_take(getpid(), &gpu);
    put(row, "gpu_temp_c", gpu.temperature_c);
    put(row, "gpu_clock_mhz", gpu.clock_mhz);
    nvml_throttle_words(gpu.throttle, words, sizeof words);
    if (words[0])
        json_object_set_new(row, "throttle", json_string(words));
    if (gpu.foreign >= 0)
        json_object_set_new(machine, "gpu_foreign_processes", json_integer(gpu.foreign));
    if (span < ENERGY_SPAN_S)
        return;
    put(row, "energy_j", gpu.energy_j - t->energy_j);
    put(row, "gpu_power_w", (gpu.energy_j - t->energy_j) / span);
}

void telemetry_end(const struct telemetry *t, json_t *reply)
{
    double span = 1e-9 * (double)(clock_now_ns() - t->cpu.at_ns);
    bool gpu = span >= GPU_SPAN_S && nvml_present();
    if (span < CPU_SPAN_S && !gpu)
        return;
    json_t *row = json_object(), *machine = json_object();
    if (span >= CPU_SPAN_S)
        put_cpu(t, row, machine);
    if (gpu)
        put_gpu(t, span, row, machine);
    json_object_set_new(reply, "telemetry", row);
    json_object_set_new(reply, "machine", machine);
}
