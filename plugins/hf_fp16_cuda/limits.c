/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The device's limits, as this engine could reach them. */

#include "config.h"

#include <stdlib.h>

#include "plugins/hf_common/random.h"
#include "plugins/hf_fp16_cuda/internal.h"

#define BUFFER_MOST (UINT64_C(1) << 30)
#define BUFFER_LEAST (UINT64_C(1) << 25)
#define HOST_BYTES (UINT64_C(1) << 27)
#define PRODUCT_LARGE 8192
#define PRODUCT_SMALL 2048
#define ROUNDS 12 /* of which the best counts */
#define STEPS 4   /* of work in a round, so that its start does not count */

struct measure {
    struct gpu_engine *g;
    struct gpu_block buffer;
    void *host;
    int64_t size; /* of the product's matrices */
};

typedef enum gpu_status measure_work(struct measure *m, struct hf_err *e);

static enum gpu_status work_product(struct measure *m, struct hf_err *e)
{
    uint64_t matrix = (uint64_t)(m->size * m->size) * 2;
    struct gpu_gemm p = {.rows = m->size,
                         .cols = m->size,
                         .inner = m->size,
                         .batch = 1,
                         .x = m->buffer.at,
                         .w = m->buffer.at + matrix,
                         .out = m->buffer.at + 2 * matrix,
                         .x_stride = m->size,
                         .w_stride = m->size,
                         .out_stride = m->size,
                         .in = GPU_F16,
                         .to = GPU_F16,
                         .alpha = 1.0f};
    return gpu_blas_gemm(&m->g->blas, &p, m->g->stream, e);
}

static enum gpu_status work_read(struct measure *m, struct hf_err *e)
{
    struct gpu_read p = {m->buffer.at, m->buffer.at, m->buffer.bytes / 16};
    return gpu_read(&m->g->kernels, &p, m->g->stream, e);
}

static enum gpu_status work_copy(struct measure *m, struct hf_err *e)
{
    const struct gpu_driver *d = &m->g->driver;
    uint64_t bytes = HOST_BYTES < m->buffer.bytes ? HOST_BYTES : m->buffer.bytes;
    return gpu_driver_check(
        d, d->cuMemcpyHtoDAsync((CUdeviceptr)m->buffer.at, m->host, bytes, m->g->stream),
        "copying to the GPU", e);
}

/* Milliseconds of the fastest round's steps, after one that does not count; `rounds` at most. */
static enum gpu_status measure_best(struct measure *m, measure_work *work, int rounds,
                                    double *ret_ms, struct hf_err *e)
{
    const struct gpu_engine *g = m->g;
    const struct gpu_driver *d = &g->driver;
    double best = 0.0;
    for (int round = 0; round <= rounds; round++) {
        float ms = 0.0f;
        enum gpu_status s = GPU_OK;
        CUresult r = d->cuEventRecord(g->events[GPU_EVENT_START], g->stream);
        for (int i = 0; i < STEPS && s == GPU_OK && r == CUDA_SUCCESS; i++)
            s = work(m, e);
        if (s != GPU_OK)
            return s;
        if (r == CUDA_SUCCESS)
            r = d->cuEventRecord(g->events[GPU_EVENT_LAST], g->stream);
        if (r == CUDA_SUCCESS)
            r = d->cuEventSynchronize(g->events[GPU_EVENT_LAST]);
        if (r == CUDA_SUCCESS)
            r = d->cuEventElapsedTime(&ms, g->events[GPU_EVENT_START], g->events[GPU_EVENT_LAST]);
        if (r != CUDA_SUCCESS)
            return gpu_driver_check(d, r, "measuring", e);
        if (round > 0 && ms > 0.0f && (best == 0.0 || ms < best))
            best = ms;
    }
    *ret_ms = best > 0.0 ? best : 1e-6;
    return GPU_OK;
}

/* Random numbers: a product of zeros is faster than one of real data. */
static enum gpu_status fill_buffer(struct measure *m, struct hf_err *e)
{
    const struct gpu_driver *d = &m->g->driver;
    uint16_t *table = malloc(HF_RANDOM_TABLE_SIZE * sizeof *table);
    if (!table) {
        hf_err_memory(e, HF_RANDOM_TABLE_SIZE * sizeof *table);
        return GPU_ERROR;
    }
    hf_random_table(table);
    struct gpu_random p = {.table = m->buffer.at,
                           .out = m->buffer.at + HF_RANDOM_TABLE_SIZE * sizeof *table,
                           .key = 1,
                           .count = m->buffer.bytes / 2 - HF_RANDOM_TABLE_SIZE};
    CUresult r = d->cuMemcpyHtoDAsync((CUdeviceptr)p.table, table,
                                      HF_RANDOM_TABLE_SIZE * sizeof *table, m->g->stream);
    enum gpu_status s = gpu_driver_check(d, r, "copying to the GPU", e);
    if (s == GPU_OK)
        s = gpu_random(&m->g->kernels, &p, m->g->stream, e);
    if (s == GPU_OK)
        s = gpu_driver_check(d, d->cuStreamSynchronize(m->g->stream), "filling memory", e);
    free(table);
    return s;
}

static enum gpu_status measure_all(struct measure *m, struct gpu_engine_limits *limits,
                                   struct hf_err *e)
{
    double product, read, copy = 0.0;
    const double n = (double)m->size;
    enum gpu_status s = fill_buffer(m, e);
    if (s == GPU_OK)
        s = measure_best(m, work_product, ROUNDS, &product, e);
    if (s == GPU_OK)
        s = measure_best(m, work_read, ROUNDS, &read, e);
    if (s == GPU_OK)
        s = measure_best(m, work_copy, ROUNDS / 4, &copy, e);
    if (s != GPU_OK)
        return s;
    double copied = (double)(HOST_BYTES < m->buffer.bytes ? HOST_BYTES : m->buffer.bytes) * STEPS;
    limits->flops = 2.0 * n * n * n * STEPS / (product * 1e-3);
    limits->read_bytes = (double)m->buffer.bytes * STEPS / (read * 1e-3);
    limits->host_to_device_bytes = copied / (copy * 1e-3);
    return GPU_OK;
}

enum gpu_status gpu_engine_measure(struct gpu_engine *g, struct gpu_engine_limits *ret_limits,
                                   struct hf_err *e)
{
    struct measure m = {.g = g};
    uint64_t room = gpu_memory_room(&g->memory);
    uint64_t bytes = room / 2 < BUFFER_MOST ? room / 2 / 4096 * 4096 : BUFFER_MOST;
    if (bytes < BUFFER_LEAST) {
        hf_err_set(e, "too little GPU memory is free to measure the device's limits");
        return GPU_ERROR;
    }
    m.size = bytes >= UINT64_C(6) * PRODUCT_LARGE * PRODUCT_LARGE ? PRODUCT_LARGE : PRODUCT_SMALL;
    enum gpu_status s = gpu_memory_get(&g->memory, GPU_WORKSPACE, bytes, &m.buffer, e);
    if (s == GPU_OK)
        s = gpu_driver_check(&g->driver, g->driver.cuMemHostAlloc(&m.host, HOST_BYTES, 0),
                             "allocating pinned host memory", e);
    if (s == GPU_OK)
        s = measure_all(&m, ret_limits, e);
    if (m.host)
        g->driver.cuMemFreeHost(m.host);
    gpu_memory_free(&g->memory, &m.buffer);
    gpu_memory_reset_peak(&g->memory);
    return s;
}
