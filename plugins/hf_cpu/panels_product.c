/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Matrix products of many tokens.
 *
 * A piece of work is some rows of a weight matrix with all tokens.  The rows are widened to float32
 * once, into a block that stays in the second-level cache, and then meet one panel of tokens after
 * the other, so a float32 copy of the weights exists for these rows alone.  Rows of bfloat16 meet
 * bfloat16 panels as they are where the processor has such products. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <string.h>

#define BLOCK_FLOATS                                                                               \
    INT64_C(100000)   /* 400 kB: with a panel beside it still in a cache of 1 MiB                  \
                       */
#define BLOCK_TILES 4 /* rows of a block, in tiles, at most */
#define PIECES_PER_THREAD 6
#define PRODUCTS_MAX 4

struct panels_job {
    struct cpu_engine *g;
    const struct cpu_product *products;
    int count;
    const float *x;
    const uint16_t *packed; /* x in bfloat16 pairs */
    int64_t panels, cols;
    int64_t rows[PRODUCTS_MAX];    /* of a piece of each product */
    int first_piece[PRODUCTS_MAX]; /* the number of its first piece */
};

/* Rows of one matrix, ready for a product. */
struct rows_block {
    float *data;
    int64_t row; /* elements from one to the next */
    bool bf16;
};

/* An odd number of cache lines, so that the rows of a tile do not share a set of the cache. */
static int64_t block_row(int64_t cols)
{
    return cpu_round_up(cols, 32) + 16;
}

static int64_t rows_limit(const struct cpu_kernels *k, int64_t cols, bool gated)
{
    int64_t tile = k->tile_rows;
    int64_t rows = BLOCK_FLOATS / (block_row(cols) * (gated ? 2 : 1)) / tile * tile;
    rows = rows < tile ? tile : rows;
    return rows > BLOCK_TILES * tile ? BLOCK_TILES * tile : rows;
}

static int64_t rows_of_piece(const struct cpu_engine *g, const struct cpu_product *p, int64_t cols)
{
    int64_t limit = rows_limit(g->kernels, cols, p->up != NULL);
    int64_t pieces = (int64_t)PIECES_PER_THREAD * g->frame.threads;
    int64_t fair = cpu_round_up((p->rows + pieces - 1) / pieces, g->kernels->tile_rows);
    return fair < limit ? fair : limit;
}

/* The block of one matrix, that of a second one and the second's products with a panel; for one
 * token, the products of a piece. */
int64_t cpu_products_scratch(const struct cpu_frame *f)
{
    const struct hf_config *c = f->config;
    const int64_t widths[] = {c->hidden_size, c->intermediate_size, c->heads * c->head_dim};
    int64_t most = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (int gated = 0; gated <= 1; gated++) {
            int64_t rows = rows_limit(f->kernels, widths[i], gated);
            int64_t floats = rows * block_row(widths[i]) * (1 + gated) + rows * f->kernels->panel;
            int64_t token = CPU_TOKEN_PIECE_BYTES / (widths[i] * (int64_t)sizeof(uint16_t)) + 4;
            floats = floats > token ? floats : token;
            most = floats > most ? floats : most;
        }
    return most;
}

static bool product_in_bf16(const struct cpu_engine *g, const struct hf_array *w)
{
    return g->frame.packed && w->dtype == HF_BF16;
}

static struct rows_block block_load(const struct panels_job *j, const struct hf_array *w,
                                    int64_t from, int64_t rows, float *to)
{
    const size_t size = hf_dtype_bytes(w->dtype), bytes = (size_t)j->cols * size;
    struct rows_block b = {to, block_row(j->cols), product_in_bf16(j->g, w)};
    const char *data = (const char *)w->data + (size_t)from * bytes;
    for (int64_t r = 0; r < rows; r++, data += bytes)
        if (b.bf16) {
            uint16_t *row = (uint16_t *)(void *)to + r * b.row;
            memcpy(row, data, bytes);
            row[j->cols] = 0; /* the second of the last pair, where there is one */
        } else
            j->g->kernels->widen[w->dtype](to + r * b.row, data, j->cols);
    return b;
}

/* out[rows][P] (+)= the block with one panel. */
static void block_multiply(const struct panels_job *j, const struct rows_block *b, int64_t panel,
                           int64_t rows, bool add, float *out)
{
    const struct cpu_kernels *k = j->g->kernels;
    const int64_t p = k->panel;
    if (b->bf16) {
        int64_t depth = cpu_round_up(j->cols, 2);
        const struct cpu_tile_bf16 t = {
            out,   p,  (const uint16_t *)(void *)b->data, b->row, j->packed + panel * depth * p,
            depth, add};
        k->product_bf16(&t, rows);
        return;
    }
    const struct cpu_tile t = {out, p,       b->data, b->row, 1, j->x + panel * j->cols * p,
                               p,   j->cols, add,     NULL};
    k->product(&t, rows);
}

static void product_rows(const struct panels_job *j, const struct cpu_product *p, int64_t from,
                         int64_t rows, float *scratch)
{
    const struct cpu_kernels *k = j->g->kernels;
    struct rows_block up = {0}, w = block_load(j, p->w, from, rows, scratch);
    float *spare = scratch + rows * w.row;
    if (p->up) {
        up = block_load(j, p->up, from, rows, spare);
        spare += rows * up.row;
    }
    for (int64_t panel = 0; panel < j->panels; panel++) {
        float *out = p->out + (panel * p->rows + from) * k->panel;
        if (p->bias && !p->add)
            k->panel_fill(out, p->bias + from, rows);
        block_multiply(j, &w, panel, rows, p->add || p->bias, out);
        if (p->bias && p->add) {
            k->panel_fill(spare, p->bias + from, rows);
            k->add(out, spare, rows * k->panel);
        }
        if (p->up) {
            block_multiply(j, &up, panel, rows, false, spare);
            k->silu_mul(out, spare, rows * k->panel);
        }
    }
}

static void panels_piece(void *arg, int piece, int thread)
{
    const struct panels_job *j = arg;
    int i = j->count - 1;
    while (piece < j->first_piece[i])
        i--;
    const struct cpu_product *p = &j->products[i];
    int64_t from = (piece - j->first_piece[i]) * j->rows[i];
    int64_t rows = p->rows - from < j->rows[i] ? p->rows - from : j->rows[i];
    product_rows(j, p, from, rows, cpu_thread_scratch(j->g, thread));
}

static void pack_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct panels_job *j = arg;
    const int64_t p = j->g->kernels->panel, depth = cpu_round_up(j->cols, 2);
    uint16_t *to = (uint16_t *)(void *)j->g->scratch.packed + piece * depth * p;
    j->g->kernels->pack_bf16(to, j->x + piece * j->cols * p, j->cols);
}

static bool products_need_packing(const struct panels_job *j)
{
    for (int i = 0; i < j->count; i++)
        if (product_in_bf16(j->g, j->products[i].w) ||
            (j->products[i].up && product_in_bf16(j->g, j->products[i].up)))
            return true;
    return false;
}

void cpu_products_panels(struct cpu_engine *g, const struct cpu_product *products, int count,
                         const float *x, int64_t panels, int64_t cols)
{
    struct panels_job j = {
        .g = g, .products = products, .count = count, .x = x, .panels = panels, .cols = cols};
    int pieces = 0;
    if (products_need_packing(&j)) {
        cpu_pool_run(g->pool, pack_piece, &j, (int)panels);
        j.packed = (const uint16_t *)(const void *)g->scratch.packed;
    }
    for (int i = 0; i < count; i++) {
        j.rows[i] = rows_of_piece(g, &products[i], cols);
        j.first_piece[i] = pieces;
        pieces += (int)((products[i].rows + j.rows[i] - 1) / j.rows[i]);
    }
    cpu_pool_run(g->pool, panels_piece, &j, pieces);
}
