/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/nvml.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the part of NVML's interface that is used here */

typedef struct nvml_device *device_handle;

struct nvml_memory {
    unsigned long long total, free, used;
};

struct nvml_process {
    unsigned int pid;
    unsigned long long used_memory;
    unsigned int gpu_instance, compute_instance;
};

#define CLOCK_SM 1
#define SENSOR_GPU 0

static struct {
    bool tried, ready;
    int (*init)(void);
    int (*driver_version)(char *text, unsigned int size);
    int (*device_count)(unsigned int *count);
    int (*device_by_index)(unsigned int index, device_handle *device);
    int (*device_name)(device_handle device, char *text, unsigned int size);
    int (*device_uuid)(device_handle device, char *text, unsigned int size);
    int (*memory_info)(device_handle device, struct nvml_memory *memory);
    int (*temperature)(device_handle device, int sensor, unsigned int *celsius);
    int (*clock_info)(device_handle device, int type, unsigned int *mhz);
    int (*power_usage)(device_handle device, unsigned int *milliwatts);
    int (*total_energy)(device_handle device, unsigned long long *millijoules);
    int (*throttle_reasons)(device_handle device, unsigned long long *bits);
    int (*processes)(device_handle device, unsigned int *count, struct nvml_process *list);
} nvml;

static bool find(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* Without these there is nothing to tell. */
static bool find_needed(void *l)
{
    return find(l, "nvmlInit_v2", &nvml.init) &&
           find(l, "nvmlSystemGetDriverVersion", &nvml.driver_version) &&
           find(l, "nvmlDeviceGetCount_v2", &nvml.device_count) &&
           find(l, "nvmlDeviceGetHandleByIndex_v2", &nvml.device_by_index) &&
           find(l, "nvmlDeviceGetName", &nvml.device_name) &&
           find(l, "nvmlDeviceGetUUID", &nvml.device_uuid) &&
           find(l, "nvmlDeviceGetMemoryInfo", &nvml.memory_info);
}

bool nvml_present(void)
{
    if (nvml.tried)
        return nvml.ready;
    nvml.tried = true;
    void *l = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    unsigned int count = 0;
    if (!l || !find_needed(l))
        return false;
    find(l, "nvmlDeviceGetTemperature", &nvml.temperature);
    find(l, "nvmlDeviceGetClockInfo", &nvml.clock_info);
    find(l, "nvmlDeviceGetPowerUsage", &nvml.power_usage);
    find(l, "nvmlDeviceGetTotalEnergyConsumption", &nvml.total_energy);
    find(l, "nvmlDeviceGetCurrentClocksThrottleReasons", &nvml.throttle_reasons);
    find(l, "nvmlDeviceGetComputeRunningProcesses_v3", &nvml.processes);
    nvml.ready = nvml.init() == 0 && nvml.device_count(&count) == 0 && count > 0;
    return nvml.ready;
}

/* ---- one moment */

/* Processes on the device that are not own_pid; -1: not known. */
static int count_foreign(device_handle device, int64_t own_pid)
{
    struct nvml_process list[64];
    unsigned int n = sizeof list / sizeof list[0];
    int foreign = 0;
    if (!nvml.processes || nvml.processes(device, &n, list) != 0)
        return -1;
    for (unsigned int i = 0; i < n; i++)
        foreign += (int64_t)list[i].pid != own_pid;
    return foreign;
}

void nvml_sample_take(int64_t own_pid, struct nvml_sample *s)
{
    device_handle device;
    unsigned int value;
    unsigned long long big;
    *s = (struct nvml_sample){NAN, NAN, NAN, NAN, -1, -1};
    if (!nvml_present() || nvml.device_by_index(0, &device) != 0)
        return;
    if (nvml.temperature && nvml.temperature(device, SENSOR_GPU, &value) == 0)
        s->temperature_c = value;
    if (nvml.clock_info && nvml.clock_info(device, CLOCK_SM, &value) == 0)
        s->clock_mhz = value;
    if (nvml.power_usage && nvml.power_usage(device, &value) == 0)
        s->power_w = value / 1000.0;
    if (nvml.total_energy && nvml.total_energy(device, &big) == 0)
        s->energy_j = (double)big / 1000.0;
    if (nvml.throttle_reasons && nvml.throttle_reasons(device, &big) == 0)
        s->throttle = (int64_t)big;
    s->foreign = count_foreign(device, own_pid);
}

void nvml_throttle_words(int64_t bits, char *ret_text, size_t size)
{
    static const struct {
        int64_t bit;
        const char *word;
    } words[] = {{0x04, "power"},
                 {0x08, "hardware"},
                 {0x20, "thermal"},
                 {0x40, "hw-thermal"},
                 {0x80, "power-brake"}};
    size_t at = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; bits > 0 && i < sizeof words / sizeof words[0]; i++)
        if (bits & words[i].bit && at < size)
            at += (size_t)snprintf(ret_text + at, size - at, "%s%s", at ? " " : "", words[i].word);
}

/* ---- for the manifest */

static json_t *describe_gpu(unsigned int index)
{
    device_handle device;
    char text[128] = "";
    struct nvml_memory memory;
    json_t *gpu = json_object();
    if (!gpu || nvml.device_by_index(index, &device) != 0)
        return gpu;
    if (nvml.device_name(device, text, sizeof text) == 0)
        json_object_set_new(gpu, "name", json_string(text));
    if (nvml.device_uuid(device, text, sizeof text) == 0)
        json_object_set_new(gpu, "uuid", json_string(text));
    if (nvml.memory_info(device, &memory) == 0) {
        json_object_set_new(gpu, "memory_mib", json_integer((json_int_t)(memory.total >> 20)));
        json_object_set_new(gpu, "memory_free_mib", json_integer((json_int_t)(memory.free >> 20)));
    }
    int foreign = count_foreign(device, -1);
    if (foreign >= 0)
        json_object_set_new(gpu, "foreign_processes", json_integer(foreign));
    return gpu;
}

json_t *nvml_describe(void)
{
    unsigned int count = 0;
    char driver[128] = "";
    if (!nvml_present() || nvml.device_count(&count) != 0)
        return NULL;
    nvml.driver_version(driver, sizeof driver);
    json_t *gpus = json_array();
    for (unsigned int i = 0; i < count && i < 64; i++)
        json_array_append_new(gpus, describe_gpu(i));
    return json_pack("{s:s, s:o}", "driver", driver, "gpus", gpus);
}
