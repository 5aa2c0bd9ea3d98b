/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_RESERVE (UINT64_C(1) << 30) /* that pinned memory leaves to everybody else */

static const char *const kind_names[GPU_MEMORY_KINDS] = {
    [GPU_WEIGHTS] = "weights",         [GPU_KV] = "the KV cache", [GPU_ACTIVATIONS] = "activations",
    [GPU_SCORES] = "attention scores", [GPU_LOGITS] = "logits",   [GPU_WORKSPACE] = "workspace",
};

uint64_t gpu_memory_limit(const struct gpu_memory *m)
{
    return m->budget > 0 && m->budget < m->driver->memory ? m->budget : m->driver->memory;
}

uint64_t gpu_memory_room(const struct gpu_memory *m)
{
    uint64_t room = gpu_driver_free_memory(m->driver), on_device = m->used - m->spilled;
    if (m->budget > 0) {
        uint64_t left = m->budget > on_device ? m->budget - on_device : 0;
        room = left < room ? left : room;
    }
    return room;
}

static void set_oom(const struct gpu_memory *m, const char *what, uint64_t bytes, uint64_t room,
                    struct hf_err *e)
{
    hf_err_set(e,
               "not enough GPU memory for %s: %" PRIu64 " bytes (%" PRIu64 " MiB) asked, %" PRIu64
               " bytes (%" PRIu64 " MiB) free%s",
               what, bytes, bytes >> 20, room, room >> 20,
               m->budget > 0 ? " of vram_budget_mib" : "");
}

enum gpu_status gpu_memory_check(const struct gpu_memory *m, const char *what, uint64_t bytes,
                                 struct hf_err *e)
{
    uint64_t room = gpu_memory_room(m);
    if (m->spill != GPU_SPILL_NONE || bytes <= room)
        return GPU_OK;
    set_oom(m, what, bytes, room, e);
    return GPU_OOM;
}

/* MemAvailable of the host; UINT64_MAX where it cannot be told. */
static uint64_t host_available(void)
{
    uint64_t kib = UINT64_MAX >> 10;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "MemAvailable:", 13) == 0)
            kib = strtoull(line + 13, NULL, 10);
    if (f)
        fclose(f);
    return kib << 10;
}

static enum gpu_status get_pinned(const struct gpu_memory *m, struct gpu_block *b, struct hf_err *e)
{
    uint64_t available = host_available();
    if (b->bytes > available || available - b->bytes < HOST_RESERVE) {
        hf_err_set(e,
                   "not enough host memory to spill %s to: %" PRIu64 " bytes (%" PRIu64
                   " MiB) asked, %" PRIu64 " bytes (%" PRIu64 " MiB) free",
                   kind_names[b->kind], b->bytes, b->bytes >> 20, available, available >> 20);
        return GPU_OOM;
    }
    CUdeviceptr at = 0;
    CUresult r = m->driver->cuMemHostAlloc(&b->host, b->bytes, CU_MEMHOSTALLOC_DEVICEMAP);
    if (r == CUDA_SUCCESS)
        r = m->driver->cuMemHostGetDevicePointer(&at, b->host, 0);
    if (r != CUDA_SUCCESS && b->host)
        m->driver->cuMemFreeHost(b->host);
    b->at = at;
    return gpu_driver_check(m->driver, r, "allocating pinned host memory", e);
}

static enum gpu_status get_managed(const struct gpu_memory *m, struct gpu_block *b,
                                   struct hf_err *e)
{
    CUdeviceptr at = 0;
    CUresult r = m->driver->cuMemAllocManaged(&at, b->bytes, CU_MEM_ATTACH_GLOBAL);
    b->at = at;
    return gpu_driver_check(m->driver, r, "allocating managed memory", e);
}

static enum gpu_status get_device(const struct gpu_memory *m, struct gpu_block *b, uint64_t room,
                                  struct hf_err *e)
{
    CUdeviceptr at = 0;
    CUresult r = b->bytes <= room ? m->driver->cuMemAlloc(&at, b->bytes) : CUDA_ERROR_OUT_OF_MEMORY;
    b->at = at;
    if (r == CUDA_ERROR_OUT_OF_MEMORY) {
        set_oom(m, kind_names[b->kind], b->bytes, room, e);
        return GPU_OOM;
    }
    return gpu_driver_check(m->driver, r, "allocating GPU memory", e);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void count(struct gpu_memory *m, const struct gpu_block *b)
{
    m->used += b->bytes;
    m->by_kind[b->kind] += b->bytes;
    if (b->place != GPU_SPILL_NONE)
        m->spilled += b->bytes;
    m->peak = larger(m->peak, m->used);
    m->spilled_peak = larger(m->spilled_peak, m->spilled);
    m->peak_by_kind[b->kind] = larger(m->peak_by_kind[b->kind], m->by_kind[b->kind]);
}

enum gpu_status gpu_memory_get(struct gpu_memory *m, enum gpu_memory_kind kind, uint64_t bytes,
                               struct gpu_block *ret_block, struct hf_err *e)
{
    struct gpu_block b = {.bytes = bytes, .kind = kind};
    enum gpu_status s = get_device(m, &b, gpu_memory_room(m), e);
    if (s == GPU_OOM && m->spill != GPU_SPILL_NONE) {
        b.place = m->spill;
        s = m->spill == GPU_SPILL_HOST ? get_pinned(m, &b, e) : get_managed(m, &b, e);
    }
    if (s != GPU_OK)
        return s;
    e->text[0] = '\0';
    count(m, &b);
    *ret_block = b;
    return GPU_OK;
}

void gpu_memory_free(struct gpu_memory *m, struct gpu_block *b)
{
    if (!b->at)
        return;
    if (b->host)
        m->driver->cuMemFreeHost(b->host);
    else
        m->driver->cuMemFree((CUdeviceptr)b->at);
    m->used -= b->bytes;
    m->by_kind[b->kind] -= b->bytes;
    if (b->place != GPU_SPILL_NONE)
        m->spilled -= b->bytes;
    memset(b, 0, sizeof *b);
}

void gpu_memory_reset_peak(struct gpu_memory *m)
{
    m->peak = m->used;
    m->spilled_peak = m->spilled;
    memcpy(m->peak_by_kind, m->by_kind, sizeof m->peak_by_kind);
}
