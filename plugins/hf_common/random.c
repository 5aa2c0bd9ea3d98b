/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_common/weights.h"

#define PIECE (UINT64_C(1) << 18) /* elements that a thread takes at once */
#define ALIGNMENT 64
#define THREADS_MAX 256

/* Quantile of the standard normal distribution, 0 < p < 1: algorithm AS 241, PPND7 (Wichura 1988),
 * right to about seven digits; float16 keeps three. */
static double normal_quantile(double p)
{
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
               (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
    }
    double r = sqrt(-log(q < 0.0 ? p : 1.0 - p));
    double x;
    if (r <= 5.0) {
        r -= 1.6;
        x = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
            ((0.12021132975 * r + 0.73700164250) * r + 1.0);
    } else {
        r -= 5.0;
        x = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
            ((0.012258202635 * r + 0.24197894225) * r + 1.0);
    }
    return q < 0.0 ? -x : x;
}

void hf_random_table(uint16_t *table)
{
    for (int j = 0; j < HF_RANDOM_TABLE_SIZE; j++) {
        double x = normal_quantile((j + 0.5) / HF_RANDOM_TABLE_SIZE);
        table[j] = hf_float_to_half((float)(HF_RANDOM_SIGMA * x));
    }
}

void hf_random_fill(const uint16_t *table, uint64_t key, uint64_t from, uint64_t count,
                    uint16_t *out)
{
    uint64_t i = 0;
    for (; i + 4 <= count; i += 4) {
        uint64_t bits = ctxmark_mix(key + (from + i) / 4);
        out[i] = table[bits & 0xffffu];
        out[i + 1] = table[(bits >> 16) & 0xffffu];
        out[i + 2] = table[(bits >> 32) & 0xffffu];
        out[i + 3] = table[bits >> 48];
    }
    for (; i < count; i++)
        out[i] = hf_random_half(table, key, from + i);
}

/* What the threads share: each takes the next piece until none is left. */
struct filling {
    const struct hf_config *config;
    uint64_t seed;
    uint16_t *memory;
    uint64_t *start; /* [slots + 1] first element of each slot in memory, aligned */
    uint64_t *piece; /* [slots + 1] number of its first piece */
    int64_t slots;
    uint16_t table[HF_RANDOM_TABLE_SIZE];
    _Atomic uint64_t next;
};

static void filling_do_piece(const struct filling *f, const struct hf_slot *s, int64_t slot,
                             uint64_t piece)
{
    uint64_t elements = hf_slot_elements(s);
    uint64_t from = (piece - f->piece[slot]) * PIECE;
    uint64_t count = elements - from < PIECE ? elements - from : PIECE;
    uint16_t *out = f->memory + f->start[slot] + from;
    if (!s->norm) {
        hf_random_fill(f->table, hf_random_key(f->seed, s->id), from, count, out);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        out[i] = hf_float_to_half(1.0f);
}

static void *filling_thread(void *arg)
{
    struct filling *f = arg;
    int64_t slot = 0;
    for (;;) {
        uint64_t piece = atomic_fetch_add(&f->next, 1);
        if (piece >= f->piece[f->slots])
            return NULL;
        while (piece >= f->piece[slot + 1])
            slot++;
        struct hf_slot s;
        hf_weights_slot(f->config, NULL, slot, &s);
        filling_do_piece(f, &s, slot, piece);
    }
}

/* The calling thread is one of them; where no more can be started, fewer do the work. */
static void filling_run(struct filling *f, int threads)
{
    pthread_t ids[THREADS_MAX];
    int started = 0;
    while (started < threads - 1 && started < THREADS_MAX &&
           pthread_create(&ids[started], NULL, filling_thread, f) == 0)
        started++;
    filling_thread(f);
    for (int i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
}

/* Places every slot; returns the elements in all, the gaps for alignment included. */
static uint64_t filling_lay_out(struct filling *f)
{
    uint64_t element = 0, piece = 0;
    const uint64_t align = ALIGNMENT / sizeof(uint16_t);
    for (int64_t i = 0; i < f->slots; i++) {
        struct hf_slot s;
        hf_weights_slot(f->config, NULL, i, &s);
        f->start[i] = element;
        f->piece[i] = piece;
        uint64_t n = hf_slot_elements(&s);
        element += (n + align - 1) / align * align;
        piece += (n + PIECE - 1) / PIECE;
    }
    f->start[f->slots] = element;
    f->piece[f->slots] = piece;
    return element;
}

static int weights_allocate(struct hf_weights *w, uint64_t bytes, struct hf_err *e)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return hf_err_memory(e, bytes);
    /* Huge pages where the kernel gives them: a hint, so its failure does not matter. */
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    w->memory = memory;
    w->memory_bytes = bytes;
    return 0;
}

static void weights_point(const struct filling *f, struct hf_weights *w)
{
    for (int64_t i = 0; i < f->slots; i++) {
        struct hf_slot s;
        hf_weights_slot(f->config, w, i, &s);
        *s.at = (struct hf_array){f->memory + f->start[i], HF_F16};
    }
    if (f->config->tied)
        w->output = w->embedding;
}

static int weights_fill(struct filling *f, int threads, struct hf_weights *w, struct hf_err *e)
{
    if (weights_allocate(w, filling_lay_out(f) * sizeof(uint16_t), e) != 0)
        return -1;
    f->memory = w->memory;
    hf_random_table(f->table);
    filling_run(f, threads);
    weights_point(f, w);
    w->bytes = hf_weights_bytes(f->config);
    return 0;
}

int hf_weights_random(const struct hf_config *c, uint64_t seed, int threads,
                      struct hf_weights *ret_weights, struct hf_err *e)
{
    struct hf_weights w = {0};
    size_t slots = (size_t)hf_weights_slot_count(c);
    struct filling *f = calloc(1, sizeof *f);
    uint64_t *positions = calloc(2 * (slots + 1), sizeof *positions);
    w.layers = calloc((size_t)c->layers, sizeof *w.layers);
    int result = -1;
    if (!f || !positions || !w.layers) {
        hf_err_memory(e, sizeof *f + 16 * (slots + 1));
    } else {
        f->config = c;
        f->seed = seed;
        f->slots = (int64_t)slots;
        f->start = positions;
        f->piece = positions + slots + 1;
        result = weights_fill(f, threads, &w, e);
    }
    free(positions);
    free(f);
    if (result == 0)
        *ret_weights = w;
    else
        hf_weights_close(&w);
    return result;
}
