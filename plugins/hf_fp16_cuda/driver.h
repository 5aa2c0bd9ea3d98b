/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The CUDA driver API, found at run time: libcuda is opened by name, its functions are called
 * through a table, and every failure becomes a sentence.  Where there is no GPU, no driver, or a
 * driver that is too old, gpu_driver_open() says which. */

#ifndef HF_FP16_CUDA_DRIVER_H
#define HF_FP16_CUDA_DRIVER_H

#include <cuda.h>
#include <stdint.h>

#include "plugins/hf_common/error.h"

enum gpu_status {
    GPU_OK,
    GPU_ERROR,
    GPU_INVALID,     /* the input is wrong: a checkpoint, a token, a length */
    GPU_OOM,         /* more memory needed than there is */
    GPU_CANCELLED,   /* the caller said so */
    GPU_UNAVAILABLE, /* no GPU, driver or library that this engine can work with */
    GPU_LOST,        /* the CUDA context is broken: only a new process helps */
};

/* cuda.h renames some of these to versions of their own, here and at every call alike. */
#define GPU_DRIVER_FUNCTIONS(X)                                                                    \
    X(cuInit)                                                                                      \
    X(cuDriverGetVersion)                                                                          \
    X(cuGetErrorName)                                                                              \
    X(cuGetErrorString)                                                                            \
    X(cuDeviceGetCount)                                                                            \
    X(cuDeviceGet)                                                                                 \
    X(cuDeviceGetName)                                                                             \
    X(cuDeviceGetAttribute)                                                                        \
    X(cuDeviceTotalMem)                                                                            \
    X(cuDevicePrimaryCtxRetain)                                                                    \
    X(cuDevicePrimaryCtxRelease)                                                                   \
    X(cuCtxSetCurrent)                                                                             \
    X(cuCtxSynchronize)                                                                            \
    X(cuMemGetInfo)                                                                                \
    X(cuMemAlloc)                                                                                  \
    X(cuMemAllocManaged)                                                                           \
    X(cuMemFree)                                                                                   \
    X(cuMemHostAlloc)                                                                              \
    X(cuMemFreeHost)                                                                               \
    X(cuMemHostGetDevicePointer)                                                                   \
    X(cuMemHostRegister)                                                                           \
    X(cuMemHostUnregister)                                                                         \
    X(cuMemcpyHtoDAsync)                                                                           \
    X(cuMemcpyDtoHAsync)                                                                           \
    X(cuMemcpyDtoDAsync)                                                                           \
    X(cuMemsetD8Async)                                                                             \
    X(cuStreamCreate)                                                                              \
    X(cuStreamDestroy)                                                                             \
    X(cuStreamSynchronize)                                                                         \
    X(cuStreamQuery)                                                                               \
    X(cuStreamBeginCapture)                                                                        \
    X(cuStreamEndCapture)                                                                          \
    X(cuGraphInstantiateWithFlags)                                                                 \
    X(cuGraphUpload)                                                                               \
    X(cuGraphLaunch)                                                                               \
    X(cuGraphExecDestroy)                                                                          \
    X(cuGraphDestroy)                                                                              \
    X(cuEventCreate)                                                                               \
    X(cuEventDestroy)                                                                              \
    X(cuEventRecord)                                                                               \
    X(cuEventQuery)                                                                                \
    X(cuEventSynchronize)                                                                          \
    X(cuEventElapsedTime)                                                                          \
    X(cuModuleLoadData)                                                                            \
    X(cuModuleUnload)                                                                              \
    X(cuModuleGetFunction)                                                                         \
    X(cuFuncGetAttribute)                                                                          \
    X(cuFuncSetAttribute)                                                                          \
    X(cuTensorMapEncodeTiled)                                                                      \
    X(cuOccupancyMaxActiveClusters)                                                                \
    X(cuLaunchKernel)                                                                              \
    X(cuLaunchKernelEx)

struct gpu_driver {
#define GPU_DRIVER_FIELD(name) __typeof__(&name) name;
    GPU_DRIVER_FUNCTIONS(GPU_DRIVER_FIELD)
#undef GPU_DRIVER_FIELD
    void *library; /* as dlopen() gave it */
    int version;   /* CUDA version that the driver supports: 1000 * major + 10 * minor */
    CUdevice device;
    CUcontext context; /* the device's primary one, which cuBLAS uses too */
    int index;         /* of the device */
    char name[128];    /* of the device */
    int major, minor;  /* compute capability */
    int processors;    /* streaming multiprocessors */
    int shared_most;   /* bytes of shared memory that a block may have */
    uint64_t memory;   /* bytes of the device, used or not */
};

/* Opens device number `index`: library, context, what there is to know.  GPU_UNAVAILABLE with the
 * reason and the remedy; then nothing stays open. */
enum gpu_status gpu_driver_open(int index, struct gpu_driver *ret_driver, struct hf_err *e);
void gpu_driver_close(struct gpu_driver *d);

/* GPU_OK for CUDA_SUCCESS, else GPU_OOM, GPU_LOST or GPU_ERROR; `what` was being done. */
enum gpu_status gpu_driver_check(const struct gpu_driver *d, CUresult result, const char *what,
                                 struct hf_err *e);

/* Bytes of the device that nobody uses now; 0 where it cannot be told. */
uint64_t gpu_driver_free_memory(const struct gpu_driver *d);

#endif
