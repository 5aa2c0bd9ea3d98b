/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Every kernel against plain C, over odd sizes.  Those of attention are in attention.c, those of
 * decoding steps in step.c.
 *
 * usage: test_kernels [PART]     rows, products, argmax, weights, gemm, gate_up, attention, tiles,
 *                                attend or step */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_common/random.h"
#include "tests/gpu/attention.h"
#include "tests/gpu/step.h"
#include "tests/gpu/support.h"

#define HALF_TOLERANCE 1e-3f /* float16 keeps eleven bits */

static const int token_counts[] = {1, 2, 3, 127, 128, 129};
static const int widths[] = {8, 112, 113, 896, 2048};

static void test_embed(int tokens, int hidden)
{
    enum { ROWS = 50 };
    struct hf_err e;
    float *table_floats;
    uint16_t *table = halves_random(1, (size_t)(ROWS * hidden), 1.0f, &table_floats);
    size_t count = (size_t)(tokens * hidden);
    int32_t *ids = malloc((size_t)tokens * sizeof *ids);
    float *expected = malloc(count * sizeof *expected);
    uint16_t *got = malloc(count * sizeof *got);
    for (int t = 0; t < tokens; t++) {
        ids[t] = (t * 37 + 11) % ROWS;
        memcpy(expected + t * hidden, table_floats + ids[t] * hidden,
               (size_t)hidden * sizeof *expected);
    }
    struct gpu_embed p = {device_array(table, (size_t)(ROWS * hidden) * 2),
                          device_array(ids, (size_t)tokens * sizeof *ids),
                          device_array(NULL, count * 2), hidden};
    must(gpu_embed(&kernels, &p, tokens, stream, &e), &e);
    device_read(got, p.x, count * 2);
    expect_halves(got, expected, count, 0.0f, "%d tokens, width %d", tokens, hidden);
    device_free(p.table);
    device_free(p.tokens);
    device_free(p.x);
    free(table);
    free(table_floats);
    free(ids);
    free(expected);
    free(got);
}

static void norm_reference(const float *x, const float *weight, int n, float epsilon, float *out)
{
    double squares = 0.0;
    for (int i = 0; i < n; i++)
        squares += (double)x[i] * x[i];
    double scale = 1.0 / sqrt(squares / n + (double)epsilon);
    for (int i = 0; i < n; i++)
        out[i] = (float)(x[i] * scale * weight[i]);
}

static void test_norm(int tokens, int hidden)
{
    struct hf_err e;
    size_t count = (size_t)(tokens * hidden);
    float *xf, *wf, *expected = malloc(count * sizeof *expected);
    uint16_t *x = halves_random(2, count, 3.0f, &xf),
             *w = halves_random(3, (size_t)hidden, 1.0f, &wf);
    uint16_t *got = malloc(count * sizeof *got);
    for (int t = 0; t < tokens; t++)
        norm_reference(xf + t * hidden, wf, hidden, 1e-6f, expected + t * hidden);
    struct gpu_norm p = {device_array(x, count * 2),
                         device_array(w, (size_t)hidden * 2),
                         device_array(NULL, count * 2),
                         hidden,
                         1e-6f,
                         0};
    must(gpu_norm(&kernels, &p, tokens, stream, &e), &e);
    device_read(got, p.out, count * 2);
    expect_halves(got, expected, count, HALF_TOLERANCE, "%d tokens, width %d", tokens, hidden);
    device_free(p.x);
    device_free(p.weight);
    device_free(p.out);
    free(x);
    free(w);
    free(xf);
    free(wf);
    free(expected);
    free(got);
}

static void test_swiglu(int tokens, int inner)
{
    struct hf_err e;
    size_t count = (size_t)(tokens * 2 * inner);
    float *f;
    uint16_t *x = halves_random(4, count, 2.0f, &f);
    for (int t = 0; t < tokens; t++)
        for (int i = 0; i < inner; i++) {
            float *g = f + t * 2 * inner + i;
            *g = *g / (1.0f + expf(-*g)) * g[inner];
        }
    struct gpu_swiglu p = {device_array(x, count * 2), inner};
    must(gpu_swiglu(&kernels, &p, tokens, stream, &e), &e);
    device_read(x, p.gate_up, count * 2);
    expect_halves(x, f, count, HALF_TOLERANCE, "%d tokens, %d wide", tokens, inner);
    device_free(p.gate_up);
    free(x);
    free(f);
}

/* x normalised, W x + bias, as the kernel's kind says, in double. */
static void product_reference(enum gpu_kernel kernel, const float *x, const float *w,
                              const float *bias, int rows, int cols, float *out)
{
    int both = kernel == GPU_PRODUCT_SWIGLU ? 2 : 1;
    double *sums = malloc((size_t)(both * rows) * sizeof *sums);
    for (int r = 0; r < both * rows; r++) {
        sums[r] = bias ? bias[r] : 0.0;
        for (int c = 0; c < cols; c++)
            sums[r] += (double)w[r * cols + c] * x[c];
    }
    for (int r = 0; r < rows; r++) {
        if (kernel == GPU_PRODUCT_SWIGLU)
            out[r] = (float)(sums[r] / (1.0 + exp(-sums[r])) * sums[rows + r]);
        else
            out[r] = (float)(sums[r] + (kernel == GPU_PRODUCT_ADD ? out[r] : 0.0f));
    }
    free(sums);
}

static void test_product(enum gpu_kernel kernel, int rows, int cols, bool norm, bool biased)
{
    struct hf_err e;
    const bool wide = kernel == GPU_PRODUCT_LOGITS;
    size_t matrix = (size_t)rows * (size_t)cols * (kernel == GPU_PRODUCT_SWIGLU ? 2 : 1);
    float *xf, *nf, *wf, *bf, *of, *normed = malloc((size_t)cols * sizeof *normed);
    uint16_t *x = halves_random(5, (size_t)cols, 1.0f, &xf);
    uint16_t *n = halves_random(6, (size_t)cols, 1.0f, &nf);
    uint16_t *w = halves_random(7, matrix, 0.05f, &wf);
    uint16_t *b = halves_random(8, (size_t)rows, 1.0f, &bf);
    uint16_t *o = halves_random(9, (size_t)rows, 1.0f, &of);
    float *got = malloc((size_t)rows * sizeof *got);
    memcpy(normed, xf, (size_t)cols * sizeof *normed);
    if (norm)
        norm_reference(xf, nf, cols, 1e-5f, normed);
    product_reference(kernel, normed, wf, biased ? bf : NULL, rows, cols, of);
    struct gpu_product p = {device_array(x, (size_t)cols * 2),
                            norm ? device_array(n, (size_t)cols * 2) : 0,
                            device_array(w, matrix * 2),
                            biased ? device_array(b, (size_t)rows * 2) : 0,
                            kernel == GPU_PRODUCT_ADD ? device_array(o, (size_t)rows * 2)
                                                      : device_array(NULL, (size_t)rows * 4),
                            rows,
                            cols,
                            1e-5f};
    must(gpu_product(&kernels, kernel, &p, stream, &e), &e);
    device_read(wide ? (void *)got : (void *)o, p.out, (size_t)rows * (wide ? 4 : 2));
    if (wide)
        expect_floats(got, of, (size_t)rows, 1e-4f, "logits [%d][%d], norm %d", rows, cols, norm);
    else
        expect_halves(o, of, (size_t)rows, 2.0f * HALF_TOLERANCE, "kernel %d [%d][%d], norm %d",
                      (int)kernel, rows, cols, norm);
    device_free(p.x);
    device_free(p.weights);
    device_free(p.out);
    if (norm)
        device_free(p.norm);
    if (biased)
        device_free(p.bias);
    free(x), free(n), free(w), free(b), free(o), free(got), free(normed);
    free(xf), free(nf), free(wf), free(bf), free(of);
}

static void test_argmax(const float *logits, int count, int32_t expected, const char *what)
{
    struct hf_err e;
    struct gpu_sequence s = {.position = 41, .step = 1};
    int32_t tokens[3];
    struct gpu_argmax p = {device_array(logits, (size_t)count * sizeof *logits),
                           device_array(&s, sizeof s), device_array(NULL, sizeof tokens), count};
    must(gpu_argmax(&kernels, &p, stream, &e), &e);
    device_read(&s, p.sequence, sizeof s);
    device_read(tokens, p.tokens, sizeof tokens);
    expect_true(tokens[1] == expected && s.token == expected, "%s of %d: token %d, not %d", what,
                count, tokens[1], expected);
    expect_true(tokens[0] == -1 && tokens[2] == -1, "%s of %d: other tokens were written", what,
                count);
    expect_true(s.position == 42 && s.step == 2 && s.best == 0 && s.arrived == 0,
                "%s of %d: the sequence did not move on", what, count);
    device_free(p.logits);
    device_free(p.sequence);
    device_free(p.tokens);
}

static void test_argmaxes(void)
{
    static const int counts[] = {1, 2, 31, 1000, 1025, 151936};
    for (size_t i = 0; i < COUNT(counts); i++) {
        int n = counts[i], best = 0;
        float *f;
        free(halves_random(10 + i, (size_t)n, 1.0f, &f));
        for (int j = 1; j < n; j++)
            if (f[j] > f[best])
                best = j;
        test_argmax(f, n, best, "random logits");
        for (int j = 0; j < n; j++)
            f[j] = j % 7 == 3 ? -1.5f : -3.0f;
        test_argmax(f, n, n > 3 ? 3 : 0, "negative logits with ties");
        for (int j = 0; j < n; j++)
            f[j] = NAN;
        f[n - 1] = -INFINITY;
        f[n / 2] = -1e30f;
        test_argmax(f, n, n / 2, "logits with NaN");
        free(f);
    }
    group_end("argmax");
}

static void test_conversions(int count)
{
    struct hf_err e;
    uint32_t none = UINT32_MAX, overflow = none;
    float *f;
    uint16_t *halves = halves_random(20, (size_t)count, 100.0f, &f),
             *got = malloc((size_t)count * 2);
    uint16_t *narrow = malloc((size_t)count * 2);
    float *wide = malloc((size_t)count * sizeof *wide),
          *expected = malloc((size_t)count * sizeof *expected);
    for (int i = 0; i < count; i++) {
        wide[i] = f[i] * 1.0009765f;
        expected[i] = hf_half_to_float(hf_float_to_half(wide[i]));
        narrow[i] = (uint16_t)(hf_float_to_bits(f[i]) >> 16);
    }
    struct gpu_convert p = {device_array(wide, (size_t)count * 4),
                            device_array(NULL, (size_t)count * 2), device_array(&none, sizeof none),
                            (uint64_t)count, 5};
    must(gpu_convert(&kernels, GPU_CONVERT_FLOAT, &p, stream, &e), &e);
    device_read(got, p.out, (size_t)count * 2);
    device_read(&overflow, p.overflow, sizeof overflow);
    expect_halves(got, expected, (size_t)count, 0.0f, "%d of float32", count);
    expect_true(overflow == none, "an overflow was seen where there is none");
    device_free(p.in);
    for (int i = 0; i < count; i++)
        expected[i] = hf_bfloat16_to_float(narrow[i]);
    narrow[count - 1] = 0x4780; /* 65536 */
    p.in = device_array(narrow, (size_t)count * 2);
    must(gpu_convert(&kernels, GPU_CONVERT_BFLOAT16, &p, stream, &e), &e);
    device_read(got, p.out, (size_t)count * 2);
    device_read(&overflow, p.overflow, sizeof overflow);
    expect_halves(got, expected, (size_t)count - 1, 0.0f, "%d of bfloat16", count);
    expect_true(overflow == 5, "an overflow of tensor 5 was not seen");
    device_free(p.in);
    device_free(p.out);
    device_free(p.overflow);
    free(halves), free(got), free(narrow), free(wide), free(expected), free(f);
}

static void test_random(size_t count)
{
    struct hf_err e;
    uint16_t *table = malloc(HF_RANDOM_TABLE_SIZE * sizeof *table);
    uint16_t *expected = malloc(count * 2), *got = malloc(count * 2);
    hf_random_table(table);
    hf_random_fill(table, 99, 0, count, expected);
    struct gpu_random p = {device_array(table, HF_RANDOM_TABLE_SIZE * sizeof *table),
                           device_array(NULL, count * 2), 99, count};
    must(gpu_random(&kernels, &p, stream, &e), &e);
    device_read(got, p.out, count * 2);
    expect_true(memcmp(got, expected, count * 2) == 0, "%zu random weights", count);
    device_free(p.table);
    device_free(p.out);
    free(table), free(expected), free(got);
}

struct gemm_case {
    int rows, cols, inner, batch;
    bool inner_first, bias, add;
    enum gpu_type type;
};

static void gemm_reference(const struct gemm_case *c, const float *x, const float *w,
                           const float *bias, float *out)
{
    for (int b = 0; b < c->batch; b++)
        for (int r = 0; r < c->rows; r++)
            for (int k = 0; k < c->cols; k++) {
                double sum = 0.0;
                for (int i = 0; i < c->inner; i++)
                    sum += (double)x[(b * c->rows + r) * c->inner + i] *
                           w[c->inner_first ? i * c->cols + k : k * c->inner + i];
                float *o = &out[(b * c->rows + r) * c->cols + k];
                *o = (float)(0.5 * sum + (c->add ? *o : 0.0f) + (c->bias ? bias[k] : 0.0f));
            }
}

/* All of a batch have the same w, as the heads of one KV head do. */
static void test_gemm(const struct gemm_case *c)
{
    struct hf_err e;
    size_t nx = (size_t)(c->batch * c->rows * c->inner), nw = (size_t)(c->cols * c->inner);
    size_t no = (size_t)(c->batch * c->rows * c->cols), width = c->type == GPU_F16 ? 2 : 4;
    float *xf, *wf, *bf, *of, *got = malloc(no * 4);
    uint16_t *x = halves_random(30, nx, 1.0f, &xf), *w = halves_random(31, nw, 0.1f, &wf);
    uint16_t *b = halves_random(32, (size_t)c->cols, 1.0f, &bf),
             *o = halves_random(33, no, 1.0f, &of);
    const bool half = c->type == GPU_F16;
    struct gpu_gemm p = {
        .rows = c->rows,
        .cols = c->cols,
        .inner = c->inner,
        .batch = c->batch,
        .x = device_array(half ? (void *)x : (void *)xf, nx * width),
        .w = device_array(half ? (void *)w : (void *)wf, nw * width),
        .out = c->add ? device_array(half ? (void *)o : (void *)of, no * width)
                      : device_array(NULL, no * width),
        .bias = c->bias ? device_array(b, (size_t)c->cols * 2) : 0,
        .x_stride = c->inner,
        .w_stride = c->inner_first ? c->cols : c->inner,
        .out_stride = c->cols,
        .x_step = c->rows * c->inner,
        .out_step = c->rows * c->cols,
        .in = c->type,
        .to = c->type,
        .w_inner_first = c->inner_first,
        .alpha = 0.5f,
        .beta = c->add ? 1.0f : 0.0f,
    };
    gemm_reference(c, xf, wf, bf, of);
    must(gpu_blas_gemm(&blas, &p, stream, &e), &e);
    device_read(half ? (void *)o : (void *)got, p.out, no * width);
    if (half)
        expect_halves(o, of, no, 2.0f * HALF_TOLERANCE, "float16 %d x %d x %d, %d times", c->rows,
                      c->cols, c->inner, c->batch);
    else
        expect_floats(got, of, no, 1e-4f, "float32 %d x %d x %d, %d times", c->rows, c->cols,
                      c->inner, c->batch);
    device_free(p.x);
    device_free(p.w);
    device_free(p.out);
    if (c->bias)
        device_free(p.bias);
    free(x), free(w), free(b), free(o), free(xf), free(wf), free(bf), free(of), free(got);
}

static void test_gemms(void)
{
    static const struct gemm_case list[] = {
        {1, 8, 8, 1, false, false, false, GPU_F16},
        {3, 112, 128, 1, false, true, false, GPU_F16},
        {129, 352, 112, 1, false, false, true, GPU_F16},
        {128, 96, 64, 1, false, true, true, GPU_F16},
        {127, 127, 48, 7, false, false, false, GPU_F16},
        {129, 136, 64, 7, true, false, false, GPU_F16},
        {1, 48, 129, 3, true, false, false, GPU_F16},
        {5, 129, 80, 4, false, false, false, GPU_F32},
        {129, 80, 131, 4, true, false, false, GPU_F32},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        test_gemm(&list[i]);
    group_end("matrix products");
}

static void test_products(void)
{
    static const int rows[] = {1, 7, 8, 129, 1000};
    static const int cols[] = {8, 112, 113, 896, 4864};
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t c = 0; c < COUNT(cols); c++)
            for (int norm = 0; norm < 2; norm++) {
                test_product(GPU_PRODUCT_PLAIN, rows[r], cols[c], norm, !norm);
                test_product(GPU_PRODUCT_ADD, rows[r], cols[c], norm, norm);
                test_product(GPU_PRODUCT_LOGITS, rows[r], cols[c], norm, false);
                test_product(GPU_PRODUCT_SWIGLU, rows[r], cols[c], norm, false);
            }
    group_end("products of one token");
}

static void test_rows(void)
{
    for (size_t t = 0; t < COUNT(token_counts); t++)
        for (size_t w = 0; w < COUNT(widths); w++)
            test_embed(token_counts[t], widths[w]);
    group_end("embedding");
    for (size_t t = 0; t < COUNT(token_counts); t++)
        for (size_t w = 0; w < COUNT(widths); w++)
            test_norm(token_counts[t], widths[w]);
    group_end("RMSNorm");
    for (size_t t = 0; t < COUNT(token_counts); t++) {
        test_swiglu(token_counts[t], 2);
        test_swiglu(token_counts[t], 354);
        test_swiglu(token_counts[t], 4864);
    }
    group_end("SwiGLU");
}

static void test_weights(void)
{
    test_conversions(1);
    test_conversions(1001);
    test_conversions(100000);
    group_end("conversion of weights");
    test_random(3);
    test_random(100003);
    group_end("random weights");
}

/* The first half of an MLP in every way that this device has. */
static void test_gate_up(int tokens, int hidden, int intermediate)
{
    struct hf_err e;
    const size_t nx = (size_t)(tokens * hidden), nw = (size_t)(2 * intermediate * hidden);
    const size_t no = (size_t)(tokens * intermediate);
    float *xf, *wf, *expected = malloc(no * sizeof *expected);
    uint16_t *x = halves_random(40, nx, 1.0f, &xf), *w = halves_random(41, nw, 0.1f, &wf);
    uint16_t *got = malloc(no * sizeof *got);
    for (size_t i = 0; i < no; i++) {
        const float *row = xf + i / (size_t)intermediate * (size_t)hidden;
        const float *gate = wf + i % (size_t)intermediate * (size_t)hidden;
        float a = 0.0f, b = 0.0f;
        for (int c = 0; c < hidden; c++) {
            a += row[c] * gate[c];
            b += row[c] * gate[intermediate * hidden + c];
        }
        expected[i] = a / (1.0f + expf(-a)) * b;
    }
    struct gpu_gate_up_product p = {
        device_array(x, nx * 2), device_array(w, nw * 2), 0, tokens, hidden, intermediate};
    for (int way = 0; way < GPU_GATE_UP_WAYS; way++) {
        if (!gpu_gate_up_can(&kernels, way, &p))
            continue;
        p.out = device_array(NULL, no * 2);
        must(gpu_gate_up(&kernels, way, &p, stream, &e), &e);
        device_read(got, p.out, no * 2);
        expect_halves(got, expected, no, 2.0f * HALF_TOLERANCE, "way %d, %d tokens, %d to %d", way,
                      tokens, hidden, intermediate);
        device_free(p.out);
    }
    device_free(p.x);
    device_free(p.w);
    free(x), free(w), free(xf), free(wf), free(expected), free(got);
}

static void test_gate_ups(void)
{
    static const int tokens[] = {1, 63, 127, 128, 129, 257, 700};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        test_gate_up(tokens[i], 8, 64);
        test_gate_up(tokens[i], 200, 136);
        test_gate_up(tokens[i], 896, 600);
    }
    test_gate_up(4097, 256, 1096); /* more tiles than blocks */
    group_end("first half of an MLP in one kernel");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"rows", test_rows},        {"products", test_products}, {"argmax", test_argmaxes},
        {"weights", test_weights},  {"gemm", test_gemms},        {"attention", attention_tests},
        {"tiles", tiles_tests},     {"attend", attend_tests},    {"step", step_tests},
        {"gate_up", test_gate_ups},
    };
    device_open();
    for (size_t i = 0; i < COUNT(parts); i++)
        if (argc < 2 || strcmp(argv[1], parts[i].name) == 0)
            parts[i].run();
    device_close();
    return tests_end();
}
