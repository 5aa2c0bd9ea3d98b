/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Matrix products of one token: the weights are read once, in long streams, and widened in
 * registers. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#define PRODUCTS_MAX 4

struct token_job {
    struct cpu_engine *g;
    const struct cpu_product *products;
    int count;
    const float *x;
    int64_t cols;
    int64_t rows[PRODUCTS_MAX];
    int first_piece[PRODUCTS_MAX];
};

static int64_t rows_of_piece(const struct cpu_product *p, int64_t cols, int threads)
{
    int64_t by_bytes = CPU_TOKEN_PIECE_BYTES / (cols * (int64_t)hf_dtype_bytes(p->w->dtype));
    int64_t by_threads = (p->rows + threads - 1) / threads;
    int64_t n = by_bytes < by_threads ? by_bytes : by_threads;
    return cpu_round_up(n < 1 ? 1 : n, 4);
}

static void rows_multiply(const struct token_job *j, const struct hf_array *w, int64_t from,
                          int64_t rows, float *y)
{
    const size_t row = (size_t)j->cols * hf_dtype_bytes(w->dtype);
    j->g->kernels->gemv[w->dtype](y, (const char *)w->data + (size_t)from * row, j->x, rows,
                                  j->cols);
}

static void token_piece(void *arg, int piece, int thread)
{
    const struct token_job *j = arg;
    const struct cpu_kernels *k = j->g->kernels;
    int i = j->count - 1;
    while (piece < j->first_piece[i])
        i--;
    const struct cpu_product *p = &j->products[i];
    int64_t from = (piece - j->first_piece[i]) * j->rows[i];
    int64_t rows = p->rows - from < j->rows[i] ? p->rows - from : j->rows[i];
    float *scratch = cpu_thread_scratch(j->g, thread), *out = p->out + from;
    float *y = p->add ? scratch : out;
    rows_multiply(j, p->w, from, rows, y);
    if (p->bias)
        k->add(y, p->bias + from, rows);
    if (p->up) {
        rows_multiply(j, p->up, from, rows, scratch);
        k->silu_mul(y, scratch, rows);
    }
    if (p->add)
        k->add(out, y, rows);
}

void cpu_products_token(struct cpu_engine *g, const struct cpu_product *products, int count,
                        const float *x, int64_t cols)
{
    struct token_job j = {.g = g, .products = products, .count = count, .x = x, .cols = cols};
    int pieces = 0;
    for (int i = 0; i < count; i++) {
        j.rows[i] = rows_of_piece(&products[i], cols, g->frame.threads);
        j.first_piece[i] = pieces;
        pieces += (int)((products[i].rows + j.rows[i] - 1) / j.rows[i]);
    }
    cpu_pool_run(g->pool, token_piece, &j, pieces);
}
