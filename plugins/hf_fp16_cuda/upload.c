/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Weights to the device.
 *
 * Every thread takes the next piece, copies it from the mapped file into a pinned buffer, and
 * starts the transfer on a stream of its own; with two buffers it fills one while the other is on
 * its way.  Float16 goes to its place; other types go to a buffer on the device and are converted
 * there.  The host's memory stays at two buffers a thread, and the file's pages are the kernel's.
 *
 * The driver pins page after page, for one thread at a time: buffers lie in huge pages where the
 * kernel has some, and a thread begins as soon as it has its own.
 */

#include "config.h"

#include "plugins/hf_fp16_cuda/weights.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/hf_common/half.h"

#define PIECE_BYTES (UINT64_C(2) << 20) /* of the file, to a buffer; a huge page of most hosts */
#define THREADS 12
#define BUFFERS 2
#define NOTHING UINT32_MAX

struct upload {
    const struct gpu_transfer *transfers;
    int64_t count;
    const struct gpu_driver *driver;
    const struct gpu_kernels *kernels;
    int (*cancelled)(void *arg);
    void *cancelled_arg;
    uint64_t *first; /* [count + 1] number of each transfer's first piece */
    uint64_t raw;    /* [threads][BUFFERS][PIECE_BYTES] on the device, then a transfer's number */
    uint64_t overflow;
    _Atomic uint64_t next;
    _Atomic bool stop;
    pthread_mutex_t lock;
    enum gpu_status status; /* the first failure */
    struct hf_err *error;
};

struct uploader {
    struct upload *upload;
    CUstream stream;
    CUevent done[BUFFERS];
    unsigned char *buffers; /* [BUFFERS][PIECE_BYTES] */
    bool pinned;
    int number; /* of the thread */
};

static int threads_wanted(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors < THREADS ? (int)processors : THREADS;
}

static uint64_t piece_elements(const struct gpu_transfer *t)
{
    return PIECE_BYTES / hf_dtype_bytes((enum hf_dtype)t->dtype);
}

static void upload_fail(struct upload *u, enum gpu_status s, const struct hf_err *e)
{
    pthread_mutex_lock(&u->lock);
    if (u->status == GPU_OK) {
        u->status = s;
        *u->error = *e;
    }
    pthread_mutex_unlock(&u->lock);
    u->stop = true;
}

/* Pages of the file that are in the kernel's cache are mapped in one go where it can. */
static void pages_prepare(const void *from, uint64_t bytes)
{
#ifdef MADV_POPULATE_READ
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)from / page * page;
    (void)madvise((void *)begin, (uintptr_t)from + bytes - begin, MADV_POPULATE_READ);
#else
    (void)from;
    (void)bytes;
#endif
}

/* Elements from .. from + count - 1 of transfer t, through buffer `slot` of its thread. */
static enum gpu_status piece_send(struct uploader *w, int64_t t, uint64_t from, uint64_t count,
                                  int slot, struct hf_err *e)
{
    struct upload *u = w->upload;
    const struct gpu_driver *d = u->driver;
    const struct gpu_transfer *transfer = &u->transfers[t];
    const uint64_t width = hf_dtype_bytes((enum hf_dtype)transfer->dtype), bytes = count * width;
    const uint64_t raw = u->raw + ((uint64_t)w->number * BUFFERS + (uint64_t)slot) * PIECE_BYTES;
    unsigned char *buffer = w->buffers + (uint64_t)slot * PIECE_BYTES;
    const bool direct = transfer->dtype == HF_F16;
    const unsigned char *source = (const unsigned char *)transfer->from + from * width;
    uint64_t out = transfer->to + from * 2;
    CUresult r = d->cuEventSynchronize(w->done[slot]);
    if (r == CUDA_SUCCESS) {
        pages_prepare(source, bytes);
        memcpy(buffer, source, bytes);
        r = d->cuMemcpyHtoDAsync((CUdeviceptr)(direct ? out : raw), buffer, bytes, w->stream);
    }
    enum gpu_status s = gpu_driver_check(d, r, "copying weights to the GPU", e);
    if (s == GPU_OK && !direct) {
        struct gpu_convert p = {
            .in = raw, .out = out, .overflow = u->overflow, .count = count, .tensor = (uint32_t)t};
        s = gpu_convert(u->kernels,
                        transfer->dtype == HF_F32 ? GPU_CONVERT_FLOAT : GPU_CONVERT_BFLOAT16, &p,
                        w->stream, e);
    }
    if (s == GPU_OK)
        s = gpu_driver_check(d, d->cuEventRecord(w->done[slot], w->stream), "recording an event",
                             e);
    return s;
}

static enum gpu_status buffers_pin(struct uploader *w, struct hf_err *e)
{
    const struct gpu_driver *d = w->upload->driver;
    const size_t bytes = BUFFERS * PIECE_BYTES;
    w->buffers = aligned_alloc(PIECE_BYTES, bytes);
    if (!w->buffers) {
        hf_err_memory(e, bytes);
        return GPU_ERROR;
    }
    (void)madvise(w->buffers, bytes, MADV_HUGEPAGE);
    memset(w->buffers, 0, bytes); /* or the driver has the pages made, in its lock */
    CUresult r = d->cuMemHostRegister(w->buffers, bytes, 0);
    w->pinned = r == CUDA_SUCCESS;
    return gpu_driver_check(d, r, "pinning host memory", e);
}

static enum gpu_status uploader_start(struct uploader *w, struct hf_err *e)
{
    const struct gpu_driver *d = w->upload->driver;
    CUresult r = d->cuCtxSetCurrent(d->context);
    if (r == CUDA_SUCCESS) {
        enum gpu_status s = buffers_pin(w, e);
        if (s != GPU_OK)
            return s;
    }
    if (r == CUDA_SUCCESS)
        r = d->cuStreamCreate(&w->stream, CU_STREAM_NON_BLOCKING);
    for (int i = 0; r == CUDA_SUCCESS && i < BUFFERS; i++)
        r = d->cuEventCreate(&w->done[i], CU_EVENT_DISABLE_TIMING);
    return gpu_driver_check(d, r, "making a stream", e);
}

static void uploader_end(struct uploader *w)
{
    const struct gpu_driver *d = w->upload->driver;
    for (int i = 0; i < BUFFERS; i++)
        if (w->done[i])
            d->cuEventDestroy(w->done[i]);
    if (w->stream)
        d->cuStreamDestroy(w->stream);
    if (w->pinned)
        d->cuMemHostUnregister(w->buffers);
    free(w->buffers);
}

static enum gpu_status uploader_work(struct uploader *w, struct hf_err *e)
{
    struct upload *u = w->upload;
    int64_t t = 0;
    enum gpu_status s = GPU_OK;
    for (int slot = 0; s == GPU_OK && !u->stop; slot = (slot + 1) % BUFFERS) {
        uint64_t piece = atomic_fetch_add(&u->next, 1);
        if (piece >= u->first[u->count])
            break;
        while (piece >= u->first[t + 1])
            t++;
        uint64_t each = piece_elements(&u->transfers[t]), from = (piece - u->first[t]) * each;
        uint64_t left = u->transfers[t].count - from;
        s = piece_send(w, t, from, left < each ? left : each, slot, e);
        if (s == GPU_OK && u->cancelled && u->cancelled(u->cancelled_arg)) {
            hf_err_set(e, "cancelled");
            s = GPU_CANCELLED;
        }
    }
    CUresult r = u->driver->cuStreamSynchronize(w->stream);
    return s == GPU_OK ? gpu_driver_check(u->driver, r, "copying weights to the GPU", e) : s;
}

static void *uploader_thread(void *arg)
{
    struct uploader w = *(struct uploader *)arg;
    struct hf_err e = {""};
    enum gpu_status s = uploader_start(&w, &e);
    if (s == GPU_OK)
        s = uploader_work(&w, &e);
    if (s != GPU_OK)
        upload_fail(w.upload, s, &e);
    uploader_end(&w);
    return NULL;
}

/* The calling thread is one of them; where no more can be started, fewer do the work. */
static void upload_run(struct upload *u, int threads)
{
    pthread_t ids[THREADS];
    struct uploader workers[THREADS] = {0};
    int started = 0;
    for (int i = 0; i < threads; i++)
        workers[i] = (struct uploader){.upload = u, .number = i};
    while (started < threads - 1 &&
           pthread_create(&ids[started], NULL, uploader_thread, &workers[started + 1]) == 0)
        started++;
    uploader_thread(&workers[0]);
    for (int i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
}

static bool needs_conversion(const struct upload *u)
{
    for (int64_t i = 0; i < u->count; i++)
        if (u->transfers[i].dtype != HF_F16)
            return true;
    return false;
}

/* The lowest tensor with an overflow is the one that is named. */
static enum gpu_status upload_check_overflow(const struct upload *u, struct hf_err *e)
{
    uint32_t at = NOTHING;
    CUresult r = u->driver->cuMemcpyDtoHAsync(&at, (CUdeviceptr)u->overflow, sizeof at, NULL);
    if (r == CUDA_SUCCESS)
        r = u->driver->cuStreamSynchronize(NULL);
    enum gpu_status s = gpu_driver_check(u->driver, r, "copying from the GPU", e);
    if (s != GPU_OK || at == NOTHING)
        return s;
    hf_err_set(e,
               "tensor %s has values that float16 cannot hold (beyond 65504): this engine computes "
               "in float16; hf_cpu takes the checkpoint as it is",
               u->transfers[at].name);
    return GPU_INVALID;
}

static enum gpu_status upload_convert_start(struct upload *u, struct gpu_memory *m, uint64_t bytes,
                                            struct gpu_block *block, struct hf_err *e)
{
    enum gpu_status s = gpu_memory_get(m, GPU_WORKSPACE, bytes + sizeof(uint32_t), block, e);
    if (s != GPU_OK)
        return s;
    u->raw = block->at;
    u->overflow = block->at + bytes;
    CUresult r = u->driver->cuMemsetD8Async((CUdeviceptr)u->overflow, 0xff, sizeof(uint32_t), NULL);
    if (r == CUDA_SUCCESS)
        r = u->driver->cuStreamSynchronize(NULL);
    return gpu_driver_check(u->driver, r, "clearing GPU memory", e);
}

static enum gpu_status upload_all(struct upload *u, struct gpu_memory *m, struct hf_err *e)
{
    const int threads = threads_wanted();
    const uint64_t bytes = (uint64_t)threads * BUFFERS * PIECE_BYTES;
    struct gpu_block block = {0};
    const bool convert = needs_conversion(u);
    enum gpu_status s = convert ? upload_convert_start(u, m, bytes, &block, e) : GPU_OK;
    if (s == GPU_OK) {
        upload_run(u, threads);
        s = u->status;
    }
    if (s == GPU_OK && convert)
        s = upload_check_overflow(u, e);
    gpu_memory_free(m, &block);
    return s;
}

enum gpu_status gpu_upload(const struct gpu_transfer *transfers, int64_t count,
                           struct gpu_memory *m, const struct gpu_kernels *k,
                           int (*cancelled)(void *arg), void *cancelled_arg, struct hf_err *e)
{
    struct upload u = {.transfers = transfers,
                       .count = count,
                       .driver = k->driver,
                       .kernels = k,
                       .cancelled = cancelled,
                       .cancelled_arg = cancelled_arg,
                       .status = GPU_OK,
                       .error = e};
    u.first = calloc((size_t)count + 1, sizeof *u.first);
    if (!u.first) {
        hf_err_memory(e, ((unsigned long long)count + 1) * sizeof *u.first);
        return GPU_ERROR;
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t each = piece_elements(&transfers[i]);
        u.first[i + 1] = u.first[i] + (transfers[i].count + each - 1) / each;
    }
    pthread_mutex_init(&u.lock, NULL);
    enum gpu_status s = upload_all(&u, m, e);
    pthread_mutex_destroy(&u.lock);
    free(u.first);
    return s;
}
