/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine's one allocator.  It counts by kind, holds to a budget as if the device were smaller,
 * and knows where to go with what does not fit. */

#ifndef HF_FP16_CUDA_MEMORY_H
#define HF_FP16_CUDA_MEMORY_H

#include "plugins/hf_fp16_cuda/driver.h"

enum gpu_memory_kind {
    GPU_WEIGHTS,
    GPU_KV,
    GPU_ACTIVATIONS,
    GPU_SCORES, /* attention's materialised arrays; logits of all positions use the same blocks */
    GPU_LOGITS, /* what those need beyond them */
    GPU_WORKSPACE, /* of cuBLASLt, and of the weights on their way */
    GPU_MEMORY_KINDS
};

/* What becomes of a block that does not fit into the budget or the device. */
enum gpu_spill {
    GPU_SPILL_NONE,    /* refused: GPU_OOM */
    GPU_SPILL_HOST,    /* pinned memory of the host, which the device reads over the bus */
    GPU_SPILL_MANAGED, /* managed memory, which the driver moves as it sees fit */
};

struct gpu_block {
    uint64_t at;    /* address on the device; 0: none */
    uint64_t bytes; /* as asked for */
    void *host;     /* GPU_SPILL_HOST: address on the host */
    enum gpu_memory_kind kind;
    enum gpu_spill place; /* GPU_SPILL_NONE: in the device's memory */
};

struct gpu_memory {
    const struct gpu_driver *driver;
    uint64_t budget; /* bytes of the device that may be used; 0: all */
    enum gpu_spill spill;
    uint64_t used, peak;                /* bytes, wherever they lie */
    uint64_t spilled, spilled_peak;     /* of those, outside the device's memory */
    uint64_t by_kind[GPU_MEMORY_KINDS]; /* bytes now */
    uint64_t peak_by_kind[GPU_MEMORY_KINDS];
};

/* A block of `bytes` > 0, aligned to 256 bytes or more; its content is undefined.  GPU_OOM says
 * bytes asked and free; *ret_block is set on success only. */
enum gpu_status gpu_memory_get(struct gpu_memory *m, enum gpu_memory_kind kind, uint64_t bytes,
                               struct gpu_block *ret_block, struct hf_err *e);
void gpu_memory_free(struct gpu_memory *m, struct gpu_block *b);

/* Refuses in one sentence, before anything is allocated, what cannot fit: with GPU_SPILL_NONE.
 * `what` needs the bytes. */
enum gpu_status gpu_memory_check(const struct gpu_memory *m, const char *what, uint64_t bytes,
                                 struct hf_err *e);

/* Bytes of the device that are free for this allocator: of the budget and of the card. */
uint64_t gpu_memory_room(const struct gpu_memory *m);
/* What the allocator may use at most: the budget, else the device's memory. */
uint64_t gpu_memory_limit(const struct gpu_memory *m);

/* The peaks begin anew from what is in use now. */
void gpu_memory_reset_peak(struct gpu_memory *m);

#endif
