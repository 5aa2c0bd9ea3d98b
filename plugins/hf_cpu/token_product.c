/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Matrix products of one token: the weights are read once, in long streams, and widened in
 * registers.
 *
 * Each thread has a region of the rows of every matrix, and goes through it in two or four streams
 * side by side, piece by piece, so that the processor's fetching ahead is interrupted only where a
 * matrix ends. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <string.h>

#define PRODUCTS_MAX 4
/* Where x and two rows beside it do not stay in a first-level cache of 32 KiB, more rows share what
 * is read of x. */
#define WIDE_COLS 3072

/* How one product is divided: region -> streams -> pieces. */
struct division {
    int streams;     /* of each matrix */
    int64_t rows;    /* of a stream in a piece */
    int first_piece; /* in each region */
};

struct token_job {
    struct cpu_engine *g;
    const struct cpu_product *products;
    int count;
    const float *x;
    int64_t cols;
    int pieces; /* of a region */
    struct division divisions[PRODUCTS_MAX];
};

/* `rows` rows from row `at` on of `streams` stretches, `stride` rows apart, of one product. */
struct stretch {
    const struct cpu_product *p;
    int64_t at, rows, stride;
    int streams;
};

static void stretch_finish(const struct token_job *j, const struct stretch *s, float *y)
{
    const struct cpu_kernels *k = j->g->kernels;
    const struct cpu_product *p = s->p;
    for (int i = 0; i < s->streams; i++, y += s->rows) {
        int64_t from = s->at + i * s->stride;
        if (p->bias)
            k->add(y, p->bias + from, s->rows);
        if (p->up)
            k->silu_mul(y, y + s->streams * s->rows, s->rows);
        if (p->add)
            k->add(p->out + from, y, s->rows);
        else
            memcpy(p->out + from, y, (size_t)s->rows * sizeof *y);
    }
}

static void stretch_streams(const struct token_job *j, const struct stretch *s,
                            const struct hf_array *matrix, const void **ret_w)
{
    const int64_t row = j->cols * (int64_t)hf_dtype_bytes(matrix->dtype);
    for (int i = 0; i < s->streams; i++)
        ret_w[i] = (const char *)matrix->data + (s->at + i * s->stride) * row;
}

static void stretch_multiply(const struct token_job *j, const struct stretch *s, float *y)
{
    const struct hf_array *a = s->p->w, *b = s->p->up;
    const bool together = b && a->dtype == b->dtype;
    const struct cpu_kernels *k = j->g->kernels;
    const int n = s->streams;
    const void *w[CPU_STREAMS_MAX] = {NULL};
    stretch_streams(j, s, a, w);
    if (b)
        stretch_streams(j, s, b, w + n);
    k->gemv[a->dtype](y, w, together ? 2 * n : n, j->x, s->rows, j->cols);
    if (b && !together)
        k->gemv[b->dtype](y + n * s->rows, w + n, n, j->x, s->rows, j->cols);
    stretch_finish(j, s, y);
}

static void token_piece(void *arg, int piece, int thread)
{
    const struct token_job *j = arg;
    const int64_t region = piece / j->pieces, threads = j->g->frame.threads;
    int number = piece % j->pieces, i = j->count - 1;
    while (number < j->divisions[i].first_piece)
        i--;
    const struct cpu_product *p = &j->products[i];
    const struct division *d = &j->divisions[i];
    int64_t from = p->rows * region / threads, rows = p->rows * (region + 1) / threads - from;
    int64_t length = rows / d->streams, done = (number - d->first_piece) * d->rows;
    float *y = cpu_thread_scratch(j->g, thread);
    struct stretch s = {p, from + done, length - done, length, d->streams};
    s.rows = s.rows < d->rows ? s.rows : d->rows;
    if (s.rows > 0)
        stretch_multiply(j, &s, y);
    /* Rows that are too few for all streams. */
    const struct stretch rest = {p, from + length * d->streams, rows % d->streams, 0, 1};
    if (done == 0 && rest.rows > 0)
        stretch_multiply(j, &rest, y);
}

static int division_set(struct division *d, const struct cpu_product *p, int64_t cols, int threads)
{
    const int64_t row = cols * (int64_t)hf_dtype_bytes(p->w->dtype);
    const int streams = cols > WIDE_COLS ? 4 : 2;
    d->streams = p->up ? streams / 2 : streams;
    d->rows = CPU_TOKEN_PIECE_BYTES / (streams * row);
    d->rows = d->rows < 1 ? 1 : d->rows;
    int64_t length = ((p->rows + threads - 1) / threads + d->streams - 1) / d->streams;
    return (int)((length + d->rows - 1) / d->rows);
}

void cpu_products_token(struct cpu_engine *g, const struct cpu_product *products, int count,
                        const float *x, int64_t cols)
{
    struct token_job j = {.g = g, .products = products, .count = count, .x = x, .cols = cols};
    for (int i = 0; i < count; i++) {
        j.divisions[i].first_piece = j.pieces;
        j.pieces += division_set(&j.divisions[i], &products[i], cols, g->frame.threads);
    }
    cpu_pool_run(g->pool, token_piece, &j, j.pieces * g->frame.threads);
}
