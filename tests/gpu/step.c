/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The kernels of a decoding step against plain C, over odd sizes. */

#include "config.h"

#include "tests/gpu/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "tests/gpu/support.h"

#define TOLERANCE 1e-3f /* what is stored is float16 */
#define CAPACITY 9
#define POSITION 5

/* A product's arguments and what it should give, on the host.  x_f is x normalised, in float16. */
struct product {
    int rows, cols, matrix_rows;
    uint16_t *x, *norm, *weights, *bias, *out;
    float *x_f, *norm_f, *weights_f, *bias_f, *out_f;
    double *sums; /* [matrix_rows], bias included */
};

static void product_make(struct product *p, bool norm, bool biased)
{
    const size_t cols = (size_t)p->cols, matrix = (size_t)p->matrix_rows * cols;
    p->x = halves_random(5, cols, 1.0f, &p->x_f);
    p->norm = halves_random(6, cols, 1.0f, &p->norm_f);
    p->weights = halves_random(7, matrix, 0.05f, &p->weights_f);
    p->bias = halves_random(8, (size_t)p->matrix_rows, 1.0f, &p->bias_f);
    p->out = halves_random(9, (size_t)p->matrix_rows, 1.0f, &p->out_f);
    p->sums = malloc((size_t)p->matrix_rows * sizeof *p->sums);
    double squares = 0.0;
    for (size_t c = 0; c < cols; c++)
        squares += (double)p->x_f[c] * p->x_f[c];
    double scale = 1.0 / sqrt(squares / p->cols + 1e-5);
    for (size_t c = 0; norm && c < cols; c++)
        p->x_f[c] = hf_half_to_float(hf_float_to_half((float)(p->x_f[c] * scale * p->norm_f[c])));
    for (int r = 0; r < p->matrix_rows; r++) {
        p->sums[r] = biased ? p->bias_f[r] : 0.0;
        for (size_t c = 0; c < cols; c++)
            p->sums[r] += (double)p->weights_f[(size_t)r * cols + c] * p->x_f[c];
    }
}

static void product_free(struct product *p)
{
    free(p->x), free(p->norm), free(p->weights), free(p->bias), free(p->out), free(p->sums);
    free(p->x_f), free(p->norm_f), free(p->weights_f), free(p->bias_f), free(p->out_f);
}

static struct gpu_product product_send(const struct product *p, bool norm, bool biased)
{
    const size_t cols = (size_t)p->cols;
    return (struct gpu_product){
        .x = device_array(p->x, cols * 2),
        .norm = norm ? device_array(p->norm, cols * 2) : 0,
        .weights = device_array(p->weights, (size_t)p->matrix_rows * cols * 2),
        .bias = biased ? device_array(p->bias, (size_t)p->matrix_rows * 2) : 0,
        .rows = p->rows,
        .cols = p->cols,
        .epsilon = 1e-5f,
    };
}

static void product_recall(const struct gpu_product *p)
{
    device_free(p->x);
    device_free(p->weights);
    device_free(p->out);
    if (p->norm)
        device_free(p->norm);
    if (p->bias)
        device_free(p->bias);
}

static void test_add(int rows, int cols, bool norm, bool biased, bool adds)
{
    struct hf_err e;
    struct product p = {.rows = rows, .cols = cols, .matrix_rows = rows};
    product_make(&p, norm, biased);
    struct gpu_stream s = {.product = product_send(&p, norm, biased), .adds = adds};
    s.product.out = device_array(adds ? p.out : NULL, (size_t)rows * 2);
    must(gpu_stream(&kernels, GPU_STREAM_ADD, &s, stream, &e), &e);
    for (int r = 0; r < rows; r++)
        p.out_f[r] = (float)(p.sums[r] + (adds ? p.out_f[r] : 0.0f));
    device_read(p.out, s.product.out, (size_t)rows * 2);
    expect_halves(p.out, p.out_f, (size_t)rows, TOLERANCE, "[%d][%d], norm %d, bias %d, adds %d",
                  rows, cols, norm, biased, adds);
    product_recall(&s.product);
    product_free(&p);
}

static void test_swiglu(int rows, int cols, bool norm, int staged)
{
    struct hf_err e;
    struct product p = {.rows = rows, .cols = cols, .matrix_rows = 2 * rows};
    product_make(&p, norm, false);
    struct gpu_stream s = {.product = product_send(&p, norm, false)};
    s.product.out = device_array(NULL, (size_t)rows * 2);
    kernels.way.pairs = staged;
    must(gpu_stream(&kernels, GPU_STREAM_SWIGLU, &s, stream, &e), &e);
    kernels.way.pairs = 0;
    for (int r = 0; r < rows; r++)
        p.out_f[r] = (float)(p.sums[r] / (1.0 + exp(-p.sums[r])) * p.sums[rows + r]);
    device_read(p.out, s.product.out, (size_t)rows * 2);
    expect_halves(p.out, p.out_f, (size_t)rows, 2.0f * TOLERANCE,
                  "swiglu [%d][%d], norm %d, %d staged", rows, cols, norm, staged);
    product_recall(&s.product);
    product_free(&p);
}

/* With the choice of the best, and the step's end after it. */
static void test_logits(int rows, int cols, bool chooses)
{
    struct hf_err e;
    struct product p = {.rows = rows, .cols = cols, .matrix_rows = rows};
    struct gpu_sequence q = {.position = 41, .step = 1};
    int32_t tokens[3];
    float *got = malloc((size_t)rows * sizeof *got);
    product_make(&p, true, false);
    struct gpu_stream s = {.product = product_send(&p, true, false)};
    struct gpu_step end = {.sequence = device_array(&q, sizeof q),
                           .tokens = device_array(NULL, sizeof tokens)};
    s.product.out = device_array(NULL, (size_t)rows * 4);
    s.sequence = chooses ? end.sequence : 0;
    must(gpu_stream(&kernels, GPU_STREAM_LOGITS, &s, stream, &e), &e);
    if (chooses)
        must(gpu_step_end(&kernels, &end, stream, &e), &e);
    device_read(got, s.product.out, (size_t)rows * 4);
    device_read(&q, end.sequence, sizeof q);
    device_read(tokens, end.tokens, sizeof tokens);
    int best = 0;
    for (int r = 0; r < rows; r++) {
        p.out_f[r] = (float)p.sums[r];
        best = got[r] > got[best] ? r : best;
    }
    expect_floats(got, p.out_f, (size_t)rows, TOLERANCE, "logits [%d][%d]", rows, cols);
    if (chooses)
        expect_true(q.token == best && tokens[1] == best && q.position == 42 && q.step == 2 &&
                        q.best == 0,
                    "[%d][%d]: token %d, not %d", rows, cols, q.token, best);
    expect_true(tokens[0] == -1 && tokens[2] == -1 && (chooses || tokens[1] == -1),
                "[%d][%d]: other tokens were written", rows, cols);
    device_free(end.sequence);
    device_free(end.tokens);
    product_recall(&s.product);
    product_free(&p);
    free(got);
}

/* Row `row` of the fused projection, rotated where it is of q or k. */
static float qkv_expected(const struct product *p, int heads, int kv_heads, int dim,
                          const float *turn, int row)
{
    const int head = row / dim, i = row % dim, half = dim / 2;
    if (head >= heads + kv_heads)
        return (float)p->sums[row];
    const double c = turn[i % half], s = turn[half + i % half];
    return (float)(i < half ? p->sums[row] * c - p->sums[row + half] * s
                            : p->sums[row] * c + p->sums[row - half] * s);
}

static void test_qkv(int heads, int kv_heads, int dim, int cols, bool biased)
{
    struct hf_err e;
    const int rows = (heads + 2 * kv_heads) * dim;
    const size_t cache = (size_t)(kv_heads * CAPACITY * dim);
    struct product p = {.rows = rows, .cols = cols, .matrix_rows = rows};
    struct gpu_sequence q = {.position = POSITION};
    float *turn = malloc((size_t)dim * sizeof *turn), *filed[2];
    uint16_t *caches[2], *got = malloc(cache * 2);
    for (int i = 0; i < dim / 2; i++) {
        turn[i] = cosf(0.3f * (float)i);
        turn[dim / 2 + i] = sinf(0.3f * (float)i);
    }
    product_make(&p, true, biased);
    for (int i = 0; i < 2; i++)
        caches[i] = halves_random(20 + (uint64_t)i, cache, 1.0f, &filed[i]);
    struct gpu_stream s = {.product = product_send(&p, true, biased),
                           .keys = device_array(caches[0], cache * 2),
                           .values = device_array(caches[1], cache * 2),
                           .turn = device_array(turn, (size_t)dim * sizeof *turn),
                           .sequence = device_array(&q, sizeof q),
                           .capacity = CAPACITY,
                           .heads = heads,
                           .kv_heads = kv_heads,
                           .head_dim = dim};
    s.product.out = device_array(NULL, (size_t)rows * 2);
    must(gpu_stream(&kernels, GPU_STREAM_QKV, &s, stream, &e), &e);
    for (int r = 0; r < rows; r++) {
        const int kv = r / dim - heads;
        float f = qkv_expected(&p, heads, kv_heads, dim, turn, r);
        if (kv < 0)
            p.out_f[r] = f;
        else
            filed[kv >= kv_heads][(kv % kv_heads * CAPACITY + POSITION) * dim + r % dim] = f;
    }
    device_read(p.out, s.product.out, (size_t)rows * 2);
    expect_halves(p.out, p.out_f, (size_t)(heads * dim), TOLERANCE, "queries: %d of %d, %d wide",
                  heads, dim, cols);
    for (int i = 0; i < 2; i++) {
        device_read(got, i ? s.values : s.keys, cache * 2);
        expect_halves(got, filed[i], cache, TOLERANCE, "%s: %d of %d, %d wide",
                      i ? "values" : "keys", kv_heads, dim, cols);
        free(caches[i]), free(filed[i]);
    }
    device_free(s.keys);
    device_free(s.values);
    device_free(s.turn);
    device_free(s.sequence);
    product_recall(&s.product);
    product_free(&p);
    free(turn), free(got);
}

static void test_begin(int hidden, int dim)
{
    enum { ROWS = 5, TOKEN = 3 };
    struct hf_err e;
    struct gpu_sequence q = {.position = 1000, .token = TOKEN};
    float *table_f, *frequencies = malloc((size_t)dim * sizeof *frequencies);
    float *turn = malloc((size_t)dim * sizeof *turn),
          *expected = malloc((size_t)dim * sizeof *turn);
    uint16_t *table = halves_random(30, (size_t)(ROWS * hidden), 1.0f, &table_f);
    uint16_t *got = malloc((size_t)hidden * 2);
    for (int i = 0; i < dim / 2; i++) {
        frequencies[i] = powf(10000.0f, -2.0f * (float)i / (float)dim);
        expected[i] = cosf(1000.0f * frequencies[i]);
        expected[dim / 2 + i] = sinf(1000.0f * frequencies[i]);
    }
    struct gpu_step s = {.table = device_array(table, (size_t)(ROWS * hidden) * 2),
                         .x = device_array(NULL, (size_t)hidden * 2),
                         .frequencies = device_array(frequencies, (size_t)dim / 2 * 4),
                         .turn = device_array(NULL, (size_t)dim * 4),
                         .sequence = device_array(&q, sizeof q),
                         .hidden = hidden,
                         .head_dim = dim};
    must(gpu_step_begin(&kernels, &s, stream, &e), &e);
    device_read(got, s.x, (size_t)hidden * 2);
    device_read(turn, s.turn, (size_t)dim * 4);
    expect_halves(got, table_f + TOKEN * hidden, (size_t)hidden, 0.0f, "embedding, %d wide",
                  hidden);
    expect_floats(turn, expected, (size_t)dim, 1e-5f, "angles of a head of %d", dim);
    device_free(s.table);
    device_free(s.x);
    device_free(s.frequencies);
    device_free(s.turn);
    device_free(s.sequence);
    free(table), free(table_f), free(frequencies), free(turn), free(expected), free(got);
}

static void test_products(void)
{
    static const int rows[] = {1, 7, 8, 129, 1000};
    static const int cols[] = {8, 112, 896, 1536, 2048, 2056, 3584, 4864, 8960, 11008};
    for (size_t c = 0; c < COUNT(cols); c++)
        for (size_t r = 0; r < COUNT(rows); r++) {
            const bool odd = (r + c) % 2;
            test_add(rows[r], cols[c], odd, !odd, true);
            test_add(rows[r], cols[c], !odd, !odd, false);
            for (int staged = 0; staged <= 3; staged++)
                test_swiglu(rows[r], cols[c], odd, staged);
            test_logits(rows[r], cols[c], !odd);
        }
    test_logits(4001, 896, true);
    group_end("step: products");
}

void step_tests(void)
{
    test_products();
    test_qkv(1, 1, 16, 112, false);
    test_qkv(14, 2, 64, 896, true);
    test_qkv(3, 3, 80, 240, true);
    test_qkv(12, 2, 128, 1536, true);
    test_qkv(32, 8, 64, 2048, false);
    test_qkv(7, 1, 30, 3584, true);
    group_end("step: queries, keys and values");
    test_begin(112, 16);
    test_begin(896, 64);
    test_begin(8192, 128);
    group_end("step: begin");
}
