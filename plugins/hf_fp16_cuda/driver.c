/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/driver.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define DRIVER_SONAME "libcuda.so.1"
#define NAME_OF(x) NAME_OF_EXPANDED(x)
#define NAME_OF_EXPANDED(x) #x

/* Kernels made by one major version of the toolkit run on drivers of that version and later. */
#define DRIVER_NEEDED (CUDA_VERSION / 1000 * 1000)

/* mma with float16 and cp.async. */
#define CAPABILITY_MAJOR 8

/* `return unavailable(e, ...)` for hf_err_set() with GPU_UNAVAILABLE. */
#define unavailable(e, ...) (hf_err_set(e, __VA_ARGS__), GPU_UNAVAILABLE)

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define ROW(name) {NAME_OF(name), offsetof(struct gpu_driver, name)},
    GPU_DRIVER_FUNCTIONS(ROW)
#undef ROW
};

static enum gpu_status driver_find_functions(struct gpu_driver *d, struct hf_err *e)
{
    d->library = dlopen(DRIVER_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!d->library) {
        const char *why = dlerror();
        return unavailable(
            e,
            "no NVIDIA driver: %s cannot be opened (%s); install NVIDIA's driver, or "
            "its libcuda1 package",
            DRIVER_SONAME, why ? why : "unknown reason");
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *f = dlsym(d->library, functions[i].name);
        if (!f)
            return unavailable(e,
                               "the NVIDIA driver is too old: %s has no %s; install a driver for "
                               "CUDA %d.0 or later",
                               DRIVER_SONAME, functions[i].name, DRIVER_NEEDED / 1000);
        memcpy((char *)d + functions[i].offset, &f, sizeof f);
    }
    return GPU_OK;
}

/* Why cuInit() failed, in the words of the three cases that are common. */
static enum gpu_status driver_start(struct gpu_driver *d, struct hf_err *e)
{
    CUresult r = d->cuInit(0);
    if (r == CUDA_ERROR_NO_DEVICE)
        return unavailable(e, "no GPU: the NVIDIA driver sees no device (is CUDA_VISIBLE_DEVICES "
                              "set to none?)");
    if (r == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)
        return unavailable(e,
                           "the NVIDIA driver's kernel module and %s are of different versions; "
                           "restart the machine after an update",
                           DRIVER_SONAME);
    if (r == CUDA_ERROR_STUB_LIBRARY)
        return unavailable(e, "no NVIDIA driver: %s is the toolkit's stub, not a driver's",
                           DRIVER_SONAME);
    if (r != CUDA_SUCCESS) {
        gpu_driver_check(d, r, "starting CUDA (no GPU, or its kernel module is not loaded?)", e);
        return GPU_UNAVAILABLE;
    }
    if (d->cuDriverGetVersion(&d->version) != CUDA_SUCCESS || d->version < DRIVER_NEEDED)
        return unavailable(e,
                           "the NVIDIA driver is too old: it supports CUDA %d.%d, and this plugin "
                           "was built with CUDA %d.%d, which needs a driver for %d.0 or later",
                           d->version / 1000, d->version % 1000 / 10, CUDA_VERSION / 1000,
                           CUDA_VERSION % 1000 / 10, DRIVER_NEEDED / 1000);
    return GPU_OK;
}

static int device_attribute(const struct gpu_driver *d, CUdevice_attribute attribute)
{
    int value = 0;
    return d->cuDeviceGetAttribute(&value, attribute, d->device) == CUDA_SUCCESS ? value : 0;
}

static enum gpu_status driver_find_device(struct gpu_driver *d, int index, struct hf_err *e)
{
    int count = 0;
    CUresult r = d->cuDeviceGetCount(&count);
    if (r == CUDA_SUCCESS && count == 0)
        return unavailable(e, "no GPU: the NVIDIA driver sees no device");
    if (r == CUDA_SUCCESS && index >= count)
        return unavailable(e, "there is no GPU cuda:%d: the driver sees %d, numbered from 0", index,
                           count);
    size_t memory = 0;
    if (r == CUDA_SUCCESS)
        r = d->cuDeviceGet(&d->device, index);
    if (r == CUDA_SUCCESS)
        r = d->cuDeviceGetName(d->name, sizeof d->name, d->device);
    if (r == CUDA_SUCCESS)
        r = d->cuDeviceTotalMem(&memory, d->device);
    if (r != CUDA_SUCCESS) {
        gpu_driver_check(d, r, "asking for the device", e);
        return GPU_UNAVAILABLE;
    }
    d->index = index;
    d->memory = memory;
    d->major = device_attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    d->minor = device_attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    d->processors = device_attribute(d, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    d->shared_most = device_attribute(d, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    if (d->major < CAPABILITY_MAJOR)
        return unavailable(e,
                           "%s has compute capability %d.%d; this engine needs %d.0 or later "
                           "(Ampere, Ada, Hopper and newer)",
                           d->name, d->major, d->minor, CAPABILITY_MAJOR);
    return GPU_OK;
}

static enum gpu_status driver_make_context(struct gpu_driver *d, struct hf_err *e)
{
    CUresult r = d->cuDevicePrimaryCtxRetain(&d->context, d->device);
    if (r == CUDA_SUCCESS)
        r = d->cuCtxSetCurrent(d->context);
    if (r == CUDA_SUCCESS)
        return GPU_OK;
    gpu_driver_check(d, r, "making a context on the device", e);
    return GPU_UNAVAILABLE;
}

enum gpu_status gpu_driver_open(int index, struct gpu_driver *ret_driver, struct hf_err *e)
{
    struct gpu_driver d = {.index = index};
    enum gpu_status s = driver_find_functions(&d, e);
    if (s == GPU_OK)
        s = driver_start(&d, e);
    if (s == GPU_OK)
        s = driver_find_device(&d, index, e);
    if (s == GPU_OK)
        s = driver_make_context(&d, e);
    if (s == GPU_OK)
        *ret_driver = d;
    else
        gpu_driver_close(&d);
    return s;
}

void gpu_driver_close(struct gpu_driver *d)
{
    if (d->context)
        d->cuDevicePrimaryCtxRelease(d->device);
    /* libcuda keeps threads of its own: it stays loaded. */
    memset(d, 0, sizeof *d);
}

static enum gpu_status status_of(CUresult result)
{
    switch (result) {
    case CUDA_ERROR_OUT_OF_MEMORY:
        return GPU_OOM;
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_NVLINK_UNCORRECTABLE:
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
    case CUDA_ERROR_UNKNOWN:
        return GPU_LOST;
    default:
        return GPU_ERROR;
    }
}

enum gpu_status gpu_driver_check(const struct gpu_driver *d, CUresult result, const char *what,
                                 struct hf_err *e)
{
    if (result == CUDA_SUCCESS)
        return GPU_OK;
    const char *name = NULL, *text = NULL;
    d->cuGetErrorName(result, &name);
    d->cuGetErrorString(result, &text);
    hf_err_set(e, "%s failed: %s (%s, %d)", what, text ? text : "unknown error", name ? name : "?",
               (int)result);
    return status_of(result);
}

uint64_t gpu_driver_free_memory(const struct gpu_driver *d)
{
    size_t left = 0, all = 0;
    return d->cuMemGetInfo(&left, &all) == CUDA_SUCCESS ? left : 0;
}
