/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The machine's limits, as this engine could reach them. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <time.h>

#define PRODUCT_TILES 8   /* each thread multiplies matrices of its own, which fit */
#define PRODUCT_DEPTH 512 /* into its caches */
#define PRODUCT_ROUNDS 16
#define READ_BYTES (INT64_C(1) << 28) /* beyond the caches of nearly all processors */
#define PHASE_NS INT64_C(300000000)
#define PASSES_MIN 3

struct measure_job {
    const struct cpu_engine *g;
    float *data;
    int64_t floats; /* of one piece */
    float *sums;    /* [pieces], so that no read is optimised away */
};

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void product_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct measure_job *j = arg;
    const struct cpu_kernels *k = j->g->kernels;
    const int64_t rows = (int64_t)PRODUCT_TILES * k->tile_rows, row = PRODUCT_DEPTH + 16;
    float *a = j->data + piece * j->floats, *b = a + rows * row;
    const struct cpu_tile t = {
        b + PRODUCT_DEPTH * k->panel, k->panel, a, row, 1, b, k->panel, PRODUCT_DEPTH, false, NULL};
    for (int i = 0; i < PRODUCT_ROUNDS; i++)
        k->product(&t, rows);
}

static void read_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct measure_job *j = arg;
    j->sums[piece] = j->g->kernels->sum(j->data + piece * j->floats, j->floats);
}

/* Nanoseconds of the fastest pass. */
static int64_t measure_best(struct cpu_engine *g, cpu_pool_job *job, struct measure_job *j,
                            int pieces)
{
    int64_t start = clock_ns(), now = start, best = INT64_MAX;
    for (int pass = 0; pass < PASSES_MIN || now - start < PHASE_NS; pass++) {
        int64_t before = clock_ns();
        cpu_pool_run(g->pool, job, j, pieces);
        now = clock_ns();
        best = now - before < best ? now - before : best;
        if (now - start > 4 * PHASE_NS)
            break;
    }
    return best > 0 ? best : 1;
}

static enum cpu_status measure_product(struct cpu_engine *g, double *ret_flops, struct hf_err *e)
{
    const int64_t rows = (int64_t)PRODUCT_TILES * g->kernels->tile_rows, panel = g->kernels->panel;
    int threads = cpu_pool_threads(g->pool);
    struct cpu_block block;
    struct measure_job j = {.g = g};
    j.floats = rows * (PRODUCT_DEPTH + 16) + (rows + PRODUCT_DEPTH) * panel;
    uint64_t bytes = (uint64_t)(j.floats * threads) * sizeof(float);
    if (cpu_block_get(bytes, &block) != 0) {
        hf_err_memory(e, bytes);
        return CPU_ERROR;
    }
    j.data = block.data;
    int64_t ns = measure_best(g, product_piece, &j, threads);
    double work = 2.0 * (double)(rows * PRODUCT_DEPTH * panel * PRODUCT_ROUNDS) * threads;
    *ret_flops = work / ((double)ns * 1e-9);
    cpu_block_free(&block);
    return CPU_OK;
}

static enum cpu_status measure_read(struct cpu_engine *g, double *ret_bytes, struct hf_err *e)
{
    int pieces = 8 * cpu_pool_threads(g->pool);
    float sums[8 * CPU_THREADS_MAX];
    struct cpu_block block;
    if (cpu_block_get((uint64_t)READ_BYTES, &block) != 0) {
        hf_err_memory(e, READ_BYTES);
        return CPU_ERROR;
    }
    struct measure_job j = {.g = g, .data = block.data, .sums = sums};
    j.floats = READ_BYTES / (int64_t)sizeof(float) / pieces;
    int64_t ns = measure_best(g, read_piece, &j, pieces);
    *ret_bytes = (double)(j.floats * pieces) * sizeof(float) / ((double)ns * 1e-9);
    cpu_block_free(&block);
    return CPU_OK;
}

enum cpu_status cpu_engine_measure(struct cpu_engine *g, double *ret_flops, double *ret_read_bytes,
                                   struct hf_err *e)
{
    enum cpu_status s = measure_product(g, ret_flops, e);
    return s == CPU_OK ? measure_read(g, ret_read_bytes, e) : s;
}
