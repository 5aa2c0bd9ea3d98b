/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Matrix products with float16 weights.
 *
 * Many tokens: a panel of weight rows is converted to float32 and goes through sgemm, single
 * threaded, one panel to a piece.  One token: the weights are read once and converted in
 * registers. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <cblas.h>
#include <string.h>

#include "plugins/hf_common/half.h"

#define PANEL_FLOATS (INT64_C(1) << 21)
#define PANEL_ROWS_MAX 768
#define PANEL_ROWS_MIN 64
#define GEMV_PIECE_BYTES (INT64_C(1) << 17)
#define PRODUCTS_MAX 4

struct products_job {
    struct cpu_engine *g;
    const struct cpu_product *products;
    int count;
    const float *x;
    int64_t tokens, cols;
    int64_t panel[PRODUCTS_MAX];   /* rows of a piece of each product */
    int first_piece[PRODUCTS_MAX]; /* the number of its first piece */
};

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static int64_t panel_limit(int64_t cols)
{
    int64_t rows = PANEL_FLOATS / cols / PANEL_ROWS_MIN * PANEL_ROWS_MIN;
    rows = rows < PANEL_ROWS_MIN ? PANEL_ROWS_MIN : rows;
    return rows > PANEL_ROWS_MAX ? PANEL_ROWS_MAX : rows;
}

/* As many pieces as a multiple of the threads, each large enough to be worth its packing. */
static int64_t panel_rows(int64_t rows, int64_t cols, int threads)
{
    int64_t limit = panel_limit(cols);
    int64_t rounds = (rows + limit * threads - 1) / (limit * threads);
    int64_t panel = round_up((rows + rounds * threads - 1) / (rounds * threads), 16);
    return panel > limit ? limit : panel;
}

static int64_t gemv_rows(int64_t rows, int64_t cols, int threads)
{
    int64_t by_bytes = GEMV_PIECE_BYTES / (cols * (int64_t)sizeof(uint16_t));
    int64_t by_threads = (rows + threads - 1) / threads;
    int64_t n = by_bytes < by_threads ? by_bytes : by_threads;
    return n < 4 ? 4 : round_up(n, 4);
}

int64_t cpu_products_scratch(const struct hf_config *c, int threads, int64_t tokens)
{
    int64_t widths[] = {c->hidden_size, c->intermediate_size, c->heads * c->head_dim};
    int64_t most = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        int64_t floats = panel_limit(widths[i]) * widths[i];
        most = floats > most ? floats : most;
    }
    int64_t tile = panel_rows(c->intermediate_size, c->hidden_size, threads) * tokens;
    return most + tile;
}

static void add_bias(float *out, const uint16_t *bias, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++)
        out[i] += hf_half_to_float(bias[i]);
}

static void panel_sgemm(const struct products_job *j, const uint16_t *w, int64_t rows, float *panel,
                        float beta, float *out, int64_t out_stride)
{
    j->g->kernels->half_to_float(panel, w, rows * j->cols);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)j->tokens, (int)rows, (int)j->cols,
                1.0f, j->x, (int)j->cols, panel, (int)j->cols, beta, out, (int)out_stride);
}

/* Rows from .. from + rows - 1 of one product, many tokens. */
static void product_panel(const struct products_job *j, const struct cpu_product *p, int64_t from,
                          int64_t rows, float *scratch)
{
    float *out = p->out + from, *tile = scratch + panel_limit(j->cols) * j->cols;
    panel_sgemm(j, p->w + from * j->cols, rows, scratch, p->accumulate ? 1.0f : 0.0f, out, p->rows);
    if (p->up)
        panel_sgemm(j, p->up + from * j->cols, rows, scratch, 0.0f, tile, rows);
    for (int64_t t = 0; t < j->tokens; t++) {
        if (p->up)
            j->g->kernels->silu_mul(out + t * p->rows, tile + t * rows, rows);
        if (p->bias)
            add_bias(out + t * p->rows, p->bias + from, rows);
    }
}

/* The same for one token. */
static void product_gemv(const struct products_job *j, const struct cpu_product *p, int64_t from,
                         int64_t rows, float *scratch)
{
    const struct cpu_kernels *k = j->g->kernels;
    float *out = p->out + from;
    float *y = p->accumulate ? scratch : out;
    k->gemv_half(y, p->w + from * j->cols, j->x, rows, j->cols);
    if (p->up) {
        k->gemv_half(scratch, p->up + from * j->cols, j->x, rows, j->cols);
        k->silu_mul(y, scratch, rows);
    }
    if (p->accumulate)
        k->add(out, y, rows);
    if (p->bias)
        add_bias(out, p->bias + from, rows);
}

static void products_piece(void *arg, int piece, int thread)
{
    const struct products_job *j = arg;
    int i = j->count - 1;
    while (piece < j->first_piece[i])
        i--;
    const struct cpu_product *p = &j->products[i];
    int64_t from = (piece - j->first_piece[i]) * j->panel[i];
    int64_t rows = p->rows - from < j->panel[i] ? p->rows - from : j->panel[i];
    float *scratch = cpu_thread_scratch(j->g, thread);
    if (j->tokens == 1)
        product_gemv(j, p, from, rows, scratch);
    else
        product_panel(j, p, from, rows, scratch);
}

void cpu_products_run(struct cpu_engine *g, const struct cpu_product *products, int count,
                      const float *x, int64_t tokens, int64_t cols)
{
    struct products_job j = {
        .g = g, .products = products, .count = count, .x = x, .tokens = tokens, .cols = cols};
    int pieces = 0, threads = cpu_pool_threads(g->pool);
    for (int i = 0; i < count; i++) {
        int64_t rows = products[i].rows;
        j.panel[i] = tokens == 1 ? gemv_rows(rows, cols, threads) : panel_rows(rows, cols, threads);
        j.first_piece[i] = pieces;
        pieces += (int)((rows + j.panel[i] - 1) / j.panel[i]);
    }
    cpu_pool_run(g->pool, products_piece, &j, pieces);
}
