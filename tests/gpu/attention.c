/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The kernels of attention against plain C, over odd sizes. */

#include "config.h"

#include "tests/gpu/attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/half.h"
#include "tests/gpu/support.h"

#define TOLERANCE 2e-3f /* probabilities are rounded to float16 on their way */
#define HALF_ONE 0x3c00

static const int token_counts[] = {1, 2, 3, 127, 128, 129};
static const int dims[] = {16, 30, 48, 64, 80, 96, 128, 192, 256};
static const struct heads {
    int heads, kv_heads;
} head_counts[] = {{1, 1}, {7, 1}, {14, 2}, {16, 16}, {24, 2}};

/* A layer's input: queries in rows of q, k and v; a cache; what a plain attention makes of them. */
struct problem {
    int tokens, from, heads, kv_heads, dim, window, capacity;
    int step; /* of the tokens whose attention is worked out; 0: all */
    int rise; /* by how much more than 1 the first key is larger than the last; 0: all alike */
    uint16_t *qkv, *keys, *values;
    float *qkv_f, *keys_f, *values_f;
    float *expected; /* [tokens][heads][dim] */
};

/* Keys grow towards the first, and so do scores, of either sign. */
static void keys_rise(struct problem *p)
{
    for (int i = 0; i < p->kv_heads * p->capacity * p->dim; i++) {
        int key = i / p->dim % p->capacity;
        float by = 1.0f + (float)p->rise * (float)(p->capacity - key) / (float)p->capacity;
        p->keys[i] = hf_float_to_half(p->keys_f[i] * by);
        p->keys_f[i] = hf_half_to_float(p->keys[i]);
    }
}

static void problem_make(struct problem *p)
{
    size_t row = (size_t)((p->heads + 2 * p->kv_heads) * p->dim);
    size_t cache = (size_t)(p->kv_heads * p->capacity * p->dim);
    p->qkv = halves_random(50, (size_t)p->tokens * row, 1.0f, &p->qkv_f);
    p->keys = halves_random(51, cache, 1.0f, &p->keys_f);
    if (p->rise > 0)
        keys_rise(p);
    p->values = halves_random(52, cache, 1.0f, &p->values_f);
    p->expected = malloc((size_t)(p->tokens * p->heads * p->dim) * sizeof *p->expected);
}

static void problem_free(struct problem *p)
{
    free(p->qkv), free(p->keys), free(p->values), free(p->expected);
    free(p->qkv_f), free(p->keys_f), free(p->values_f);
}

/* One head of one query. */
static void attend(const struct problem *p, int token, int head)
{
    const int d = p->dim, at = p->from + token, kv = head / (p->heads / p->kv_heads);
    const int first = p->window > 0 && at - p->window + 1 > 0 ? at - p->window + 1 : 0;
    const float *q = p->qkv_f + token * (p->heads + 2 * p->kv_heads) * d + head * d;
    float *out = p->expected + (token * p->heads + head) * d;
    float *s = malloc((size_t)(at + 1) * sizeof *s), most = -INFINITY, sum = 0.0f;
    for (int j = first; j <= at; j++) {
        const float *k = p->keys_f + (kv * p->capacity + j) * d;
        s[j] = 0.0f;
        for (int i = 0; i < d; i++)
            s[j] += q[i] * k[i];
        s[j] /= sqrtf((float)d);
        most = fmaxf(most, s[j]);
    }
    memset(out, 0, (size_t)d * sizeof *out);
    for (int j = first; j <= at; j++) {
        const float *v = p->values_f + (kv * p->capacity + j) * d, w = expf(s[j] - most);
        sum += w;
        for (int i = 0; i < d; i++)
            out[i] += w * v[i];
    }
    for (int i = 0; i < d; i++)
        out[i] /= sum;
    free(s);
}

static int problem_step(const struct problem *p)
{
    return p->step > 0 ? p->step : 1;
}

static void problem_solve(struct problem *p)
{
    for (int t = 0; t < p->tokens; t += problem_step(p))
        for (int h = 0; h < p->heads; h++)
            attend(p, t, h);
}

/* The tokens that were not worked out are right if they are numbers. */
static void problem_skip(struct problem *p, const uint16_t *got)
{
    const size_t row = (size_t)(p->heads * p->dim);
    for (int t = 0; t < p->tokens; t++)
        for (size_t i = 0; t % problem_step(p) != 0 && i < row; i++) {
            float f = hf_half_to_float(got[(size_t)t * row + i]);
            p->expected[(size_t)t * row + i] = isfinite(f) ? f : 0.0f;
        }
}

static void test_flash(struct problem *p)
{
    struct hf_err e;
    size_t row = (size_t)((p->heads + 2 * p->kv_heads) * p->dim);
    size_t cache = (size_t)(p->kv_heads * p->capacity * p->dim);
    size_t count = (size_t)(p->tokens * p->heads * p->dim);
    uint16_t *got = malloc(count * 2);
    problem_make(p);
    problem_solve(p);
    struct gpu_attention a = {
        .q = device_array(p->qkv, (size_t)p->tokens * row * 2),
        .keys = device_array(p->keys, cache * 2),
        .values = device_array(p->values, cache * 2),
        .out = device_array(NULL, count * 2),
        .q_stride = (int64_t)row,
        .capacity = p->capacity,
        .from = p->from,
        .tokens = p->tokens,
        .heads = p->heads,
        .kv_heads = p->kv_heads,
        .head_dim = p->dim,
        .window = p->window,
        .scale = 1.0f / sqrtf((float)p->dim),
        .in_device = true,
    };
    must(gpu_attention(&kernels, &a, stream, &e), &e);
    device_read(got, a.out, count * 2);
    problem_skip(p, got);
    expect_halves(got, p->expected, count, TOLERANCE,
                  "%d tokens from %d, %d heads over %d, size %d, window %d, rise %d", p->tokens,
                  p->from, p->heads, p->kv_heads, p->dim, p->window, p->rise);
    device_free(a.q);
    device_free(a.keys);
    device_free(a.values);
    device_free(a.out);
    free(got);
    problem_free(p);
}

static void test_decode(struct problem *p, int splits)
{
    struct hf_err e;
    struct gpu_sequence s = {.position = p->from};
    size_t cache = (size_t)(p->kv_heads * p->capacity * p->dim);
    size_t count = (size_t)(p->heads * p->dim);
    uint16_t *got = malloc(count * 2);
    problem_make(p);
    problem_solve(p);
    struct gpu_decode_attention a = {
        .q = device_array(p->qkv, count * 2),
        .keys = device_array(p->keys, cache * 2),
        .values = device_array(p->values, cache * 2),
        .partial = device_array(NULL, (size_t)(splits * p->heads * (p->dim + 2)) * 4),
        .out = device_array(NULL, count * 2),
        .sequence = device_array(&s, sizeof s),
        .capacity = p->capacity,
        .splits = splits,
        .heads = p->heads,
        .kv_heads = p->kv_heads,
        .head_dim = p->dim,
        .window = p->window,
        .scale = 1.0f / sqrtf((float)p->dim),
    };
    must(gpu_decode_attention(&kernels, &a, stream, &e), &e);
    device_read(got, a.out, count * 2);
    expect_halves(got, p->expected, count, TOLERANCE,
                  "position %d, %d heads over %d, size %d, window %d, %d splits", p->from, p->heads,
                  p->kv_heads, p->dim, p->window, splits);
    device_free(a.q);
    device_free(a.keys);
    device_free(a.values);
    device_free(a.partial);
    device_free(a.out);
    device_free(a.sequence);
    free(got);
    problem_free(p);
}

/* The clusters together, by the product that does so, with the unit matrix. */
static void clusters_add(const struct gpu_attend *a, int dim, uint16_t *ret_out)
{
    struct hf_err e;
    const int count = a->heads * dim;
    uint16_t *unit = calloc((size_t)(count * count), sizeof *unit),
             *zeros = calloc((size_t)count, 2);
    for (int i = 0; i < count; i++)
        unit[i * count + i] = HALF_ONE;
    struct gpu_stream s = {
        .product = {.x = a->out,
                    .weights = device_array(unit, (size_t)(count * count) * 2),
                    .out = device_array(zeros, (size_t)count * 2),
                    .rows = count,
                    .cols = count},
        .sequence = a->sequence,
        .weight = a->weight,
        .heads = a->heads,
        .head_dim = dim,
        .clusters = a->clusters,
        .window = a->window,
    };
    must(gpu_stream(&kernels, GPU_STREAM_OUT, &s, stream, &e), &e);
    device_read(ret_out, s.product.out, (size_t)count * 2);
    device_free(s.product.weights);
    device_free(s.product.out);
    free(unit), free(zeros);
}

/* Twice, in the two ways that there are to start what follows and to put the clusters together. */
static void test_attend(struct problem *p, int splits)
{
    struct hf_err e;
    struct gpu_sequence s = {.position = p->from};
    size_t cache = (size_t)(p->kv_heads * p->capacity * p->dim);
    size_t count = (size_t)(p->heads * p->dim);
    int clusters = gpu_attend_clusters(&kernels, p->heads, p->dim, p->capacity, splits);
    uint16_t *got = malloc(count * 2);
    problem_make(p);
    problem_solve(p);
    struct gpu_attend a = {
        .q = device_array(p->qkv, count * 2),
        .keys = device_array(p->keys, cache * 2),
        .values = device_array(p->values, cache * 2),
        .out = device_array(NULL, (size_t)clusters * count * 2),
        .weight = device_array(NULL, (size_t)(clusters * p->heads) * 8),
        .sequence = device_array(&s, sizeof s),
        .capacity = p->capacity,
        .clusters = clusters,
        .heads = p->heads,
        .kv_heads = p->kv_heads,
        .window = p->window,
        .scale = 1.0f / sqrtf((float)p->dim),
    };
    for (int i = 0; i < 2; i++) {
        kernels.way.late = i;
        kernels.way.parts = 1 + i;
        must(gpu_attend(&kernels, p->dim, &a, stream, &e), &e);
        clusters_add(&a, p->dim, got);
        expect_halves(
            got, p->expected, count, TOLERANCE,
            "tensor cores: position %d, %d heads over %d, size %d, window %d, %d clusters, %d",
            p->from, p->heads, p->kv_heads, p->dim, p->window, clusters, i);
    }
    device_free(a.q);
    device_free(a.keys);
    device_free(a.values);
    device_free(a.out);
    device_free(a.weight);
    device_free(a.sequence);
    free(got);
    problem_free(p);
}

void attend_tests(void)
{
    static const int positions[] = {0, 1, 15, 16, 17, 127, 128, 255, 256, 257, 700, 5000};
    static const int splits[] = {1, 5, 64};
    for (size_t t = 0; t < COUNT(positions); t++)
        for (size_t h = 0; h < COUNT(head_counts); h++)
            for (int dim = 64; dim <= 128; dim += 64)
                for (int window = 0; window <= 300; window += 300) {
                    struct problem p = {.tokens = 1,
                                        .from = positions[t],
                                        .heads = head_counts[h].heads,
                                        .kv_heads = head_counts[h].kv_heads,
                                        .dim = dim,
                                        .window = window,
                                        .capacity = positions[t] + 1 + (int)(h % 3)};
                    test_attend(&p, splits[(t + h + (size_t)dim / 64) % COUNT(splits)]);
                }
    group_end("attention of one token on tensor cores");
}

static void rope_reference(float *head, const float *weight, const float *frequencies, int dim,
                           int position)
{
    double squares = 0.0;
    for (int i = 0; weight && i < dim; i++)
        squares += (double)head[i] * head[i];
    float scale = (float)(1.0 / sqrt(squares / dim + 1e-6));
    for (int i = 0; weight && i < dim; i++)
        head[i] *= scale * weight[i];
    for (int i = 0; i < dim / 2; i++) {
        float angle = (float)position * frequencies[i], a = head[i], b = head[i + dim / 2];
        head[i] = a * cosf(angle) - b * sinf(angle);
        head[i + dim / 2] = b * cosf(angle) + a * sinf(angle);
    }
}

/* The expected state of qkv, keys and values, in place. */
static void rope_solve(struct problem *p, const float *q_norm, const float *k_norm,
                       const float *frequencies)
{
    const int d = p->dim, all = p->heads + 2 * p->kv_heads;
    for (int t = 0; t < p->tokens; t++)
        for (int h = 0; h < all; h++) {
            float *head = p->qkv_f + (t * all + h) * d;
            int kv = (h - p->heads) % p->kv_heads, at = p->from + t;
            if (h < p->heads) {
                rope_reference(head, q_norm, frequencies, d, at);
                continue;
            }
            float *cache = h < p->heads + p->kv_heads ? p->keys_f : p->values_f;
            float *to = cache + (kv * p->capacity + at) * d;
            memcpy(to, head, (size_t)d * sizeof *to);
            if (h < p->heads + p->kv_heads)
                rope_reference(to, k_norm, frequencies, d, at);
        }
}

static void test_rope(struct problem *p, bool norm, bool from_device)
{
    struct hf_err e;
    struct gpu_sequence s = {.position = p->from};
    size_t row = (size_t)((p->heads + 2 * p->kv_heads) * p->dim), count = (size_t)p->tokens * row;
    size_t cache = (size_t)(p->kv_heads * p->capacity * p->dim);
    float *qn, *kn, *frequencies = malloc((size_t)p->dim * sizeof *frequencies);
    uint16_t *q_norm = halves_random(60, (size_t)p->dim, 1.0f, &qn);
    uint16_t *k_norm = halves_random(61, (size_t)p->dim, 1.0f, &kn);
    problem_make(p);
    for (int i = 0; i < p->dim / 2; i++)
        frequencies[i] = powf(10000.0f, -2.0f * (float)i / (float)p->dim);
    struct gpu_rope r = {
        .qkv = device_array(p->qkv, count * 2),
        .keys = device_array(p->keys, cache * 2),
        .values = device_array(p->values, cache * 2),
        .frequencies = device_array(frequencies, (size_t)p->dim / 2 * sizeof *frequencies),
        .q_norm = norm ? device_array(q_norm, (size_t)p->dim * 2) : 0,
        .k_norm = norm ? device_array(k_norm, (size_t)p->dim * 2) : 0,
        .sequence = from_device ? device_array(&s, sizeof s) : 0,
        .capacity = p->capacity,
        .from = from_device ? -1 : p->from,
        .heads = p->heads,
        .kv_heads = p->kv_heads,
        .head_dim = p->dim,
        .epsilon = 1e-6f,
    };
    must(gpu_rope(&kernels, &r, p->tokens, stream, &e), &e);
    rope_solve(p, norm ? qn : NULL, norm ? kn : NULL, frequencies);
    device_read(p->qkv, r.qkv, count * 2);
    device_read(p->keys, r.keys, cache * 2);
    device_read(p->values, r.values, cache * 2);
    expect_halves(p->qkv, p->qkv_f, count, TOLERANCE,
                  "queries: %d tokens from %d, %d heads, size %d", p->tokens, p->from, p->heads,
                  p->dim);
    expect_halves(p->keys, p->keys_f, cache, TOLERANCE, "keys: %d tokens from %d, size %d",
                  p->tokens, p->from, p->dim);
    expect_halves(p->values, p->values_f, cache, 0.0f, "values: %d tokens from %d, size %d",
                  p->tokens, p->from, p->dim);
    device_free(r.qkv);
    device_free(r.keys);
    device_free(r.values);
    device_free(r.frequencies);
    if (norm) {
        device_free(r.q_norm);
        device_free(r.k_norm);
    }
    if (from_device)
        device_free(r.sequence);
    free(q_norm), free(k_norm), free(qn), free(kn), free(frequencies);
    problem_free(p);
}

/* Masks, then rows of scores to probabilities; both types. */
static void test_softmax(int queries, int from, int heads, int window, bool half)
{
    struct hf_err e;
    const int keys = from + queries, stride = (keys + 7) / 8 * 8;
    size_t count = (size_t)(heads * queries * stride);
    float *f, *expected = calloc(count, sizeof *expected), *wide = malloc(count * sizeof *wide);
    uint16_t *scores = halves_random(70, count, 2.0f, &f), *narrow = malloc(count * 2);
    uint8_t *masked = malloc(count);
    for (int h = 0; h < heads; h++)
        for (int i = 0; i < queries; i++) {
            const float *in = f + (h * queries + i) * stride;
            float *out = expected + (h * queries + i) * stride, sum = 0.0f;
            int at = from + i, first = window > 0 && at - window + 1 > 0 ? at - window + 1 : 0;
            for (int j = first; j <= at; j++)
                sum += expf(in[j]);
            for (int j = first; j <= at; j++)
                out[j] = expf(in[j]) / sum;
        }
    size_t width = half ? 2 : 4;
    struct gpu_mask m = {device_array(NULL, (size_t)(queries * stride) * width),
                         stride,
                         queries,
                         keys,
                         from,
                         window};
    struct gpu_softmax p = {
        .scores = device_array(half ? (void *)scores : (void *)f, count * width),
        .mask = m.mask,
        .wide = device_array(expected, count * 4),
        .narrow = device_array(expected, count * 2),
        .masked = device_array(expected, count),
        .stride = stride,
        .queries = queries,
        .keys = keys,
    };
    must(gpu_mask(&kernels, half ? GPU_MASK_HALF : GPU_MASK_FLOAT, &m, stream, &e), &e);
    must(gpu_softmax(&kernels, half ? GPU_SOFTMAX_HALF : GPU_SOFTMAX_FLOAT, &p, heads, stream, &e),
         &e);
    device_read(wide, p.wide, count * 4);
    expect_floats(wide, expected, count, half ? 1e-3f : 1e-5f, "%d queries from %d, window %d",
                  queries, from, window);
    if (half) {
        must(gpu_softmax(&kernels, GPU_NARROW, &p, heads, stream, &e), &e);
        device_read(narrow, p.narrow, count * 2);
        for (size_t i = 0; i < count; i++)
            narrow[i] = (int)(i % (size_t)stride) < keys ? narrow[i] : 0;
        expect_halves(narrow, expected, count, 1e-3f, "%d queries from %d, float16", queries, from);
    } else {
        bool right = true;
        device_read(masked, p.masked, count);
        for (size_t i = 0; i < count; i++)
            if ((int)(i % (size_t)stride) < keys)
                right = right && (masked[i] != 0) == (expected[i] == 0.0f);
        expect_true(right, "%d queries from %d: the bytes of what is masked", queries, from);
    }
    device_free(m.mask);
    device_free(p.scores);
    device_free(p.wide);
    device_free(p.narrow);
    device_free(p.masked);
    free(f), free(expected), free(wide), free(scores), free(narrow), free(masked);
}

/* Every count of tokens with every head size; heads, start and window go through theirs. */
static struct problem problem_number(size_t t, size_t d, size_t h)
{
    static const int starts[] = {0, 131, 5};
    const size_t n = t * COUNT(dims) + d + h;
    struct problem p = {.tokens = token_counts[t],
                        .from = starts[n % COUNT(starts)],
                        .heads = head_counts[h].heads,
                        .kv_heads = head_counts[h].kv_heads,
                        .dim = dims[d],
                        .window = n % 4 == 1 ? 50 : 0};
    p.capacity = p.from + p.tokens + (int)(n % 3);
    return p;
}

/* Around the tiles of 64, 128 and 192 of the kernels for the sizes that models have; with enough
 * heads and tokens that each of them is chosen. */
void tiles_tests(void)
{
    static const int counts[] = {63, 64, 65, 191, 192, 193, 255, 257, 385, 700};
    static const int starts[] = {0, 1, 127, 128, 500};
    for (size_t t = 0; t < COUNT(counts); t++)
        for (size_t f = 0; f < COUNT(starts); f++)
            for (int dim = 64; dim <= 128; dim += 64) {
                struct problem p = {.tokens = counts[t], .from = starts[f], .dim = dim, .step = 21};
                const struct heads *h = &head_counts[(t + f) % COUNT(head_counts)];
                p.heads = h->heads;
                p.kv_heads = h->kv_heads;
                p.capacity = p.from + p.tokens + (int)(t % 3);
                test_flash(&p);
            }
    group_end("flash attention around its tiles");
    for (int dim = 64; dim <= 128; dim += 64) {
        struct problem p = {.tokens = 6401, .from = 77, .heads = 16, .kv_heads = 2, .dim = dim};
        p.capacity = p.from + p.tokens + 3;
        p.step = 128;
        test_flash(&p);
    }
    group_end("flash attention of a long prompt");
    for (int dim = 64; dim <= 128; dim += 64)
        for (int rise = 3; rise <= 300; rise *= 10) {
            struct problem p = {.tokens = 700, .from = 5, .heads = 2, .kv_heads = 1, .dim = dim};
            p.capacity = p.from + p.tokens;
            p.rise = rise;
            test_flash(&p);
            p.tokens = 6401;
            p.heads = 16;
            p.capacity = p.from + p.tokens;
            p.step = 300;
            test_flash(&p);
        }
    group_end("flash attention whose scores rise by more than float16 and float32 hold");
}

void attention_tests(void)
{
    static const int positions[] = {0, 1, 2, 126, 127, 128, 700};
    static const int splits[] = {1, 5, 64};
    for (size_t t = 0; t < COUNT(token_counts); t++)
        for (size_t d = 0; d < COUNT(dims); d++) {
            struct problem p = problem_number(t, d, (t + d) % COUNT(head_counts));
            test_rope(&p, d % 2 == 0, p.tokens == 1);
        }
    group_end("rotary positions and the cache");
    for (size_t t = 0; t < COUNT(token_counts); t++)
        for (int from = 0; from < 20; from += 13) {
            test_softmax(token_counts[t], from, 3, 0, true);
            test_softmax(token_counts[t], from, 3, 9, true);
            test_softmax(token_counts[t], from, 3, 0, false);
            test_softmax(token_counts[t], from, 3, 9, false);
        }
    /* Rows beyond what shared memory holds. */
    test_softmax(2, 70000, 1, 0, true);
    test_softmax(2, 70000, 1, 0, false);
    group_end("masks and softmax");
    for (size_t t = 0; t < COUNT(token_counts); t++)
        for (size_t d = 0; d < COUNT(dims); d++)
            for (size_t h = 0; h < COUNT(head_counts); h++) {
                struct problem p = problem_number(t, d, h);
                test_flash(&p);
            }
    struct problem longer = {.tokens = 700, .heads = 2, .kv_heads = 1, .dim = 64, .capacity = 700};
    test_flash(&longer);
    group_end("flash attention");
    for (size_t t = 0; t < COUNT(positions); t++)
        for (size_t d = 0; d < COUNT(dims); d++)
            for (size_t h = 0; h < COUNT(head_counts); h++) {
                struct problem p = problem_number(0, d, h);
                p.from = positions[t];
                p.capacity = p.from + 3;
                test_decode(&p, splits[(t + d + h) % COUNT(splits)]);
            }
    group_end("attention of one token");
}
