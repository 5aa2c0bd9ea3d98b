/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The kernels over vectors of LANES floats.  Included once per instruction set by kernels_*.c,
 * which define LANES, KERNELS, KERNELS_NAME, vec, ivec and vec_load_half(). */

/* Short loops over registers: an array of vectors stays in registers only when unrolled. */
#define UNROLL _Pragma("GCC unroll 4")

/* The lanes p[0 .. n - 1], n < LANES, and zeros. */
static inline vec vec_load_half_part(const uint16_t *p, int64_t n)
{
    uint16_t lanes[LANES] = {0};
    memcpy(lanes, p, (size_t)n * sizeof *p);
    return vec_load_half(lanes);
}

static void half_to_float(float *out, const uint16_t *x, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(out + i, vec_load_half(x + i));
    if (i < n)
        vec_store_part(out + i, vec_load_half_part(x + i, n - i), n - i);
}

/* One row after the other, so that the weights are one stream, which the processor fetches ahead by
 * itself: twice as fast from memory as several rows at once.  Four sums hide the latency of the
 * additions. */
static float dot_half(const uint16_t *w, const float *x, int64_t cols)
{
    vec total[4] = {{0}};
    int64_t c = 0;
    for (; c + 4 * LANES <= cols; c += 4 * LANES) {
        UNROLL
        for (int j = 0; j < 4; j++)
            total[j] += vec_load_half(w + c + j * LANES) * vec_load(x + c + j * LANES);
    }
    for (; c + LANES <= cols; c += LANES)
        total[0] += vec_load_half(w + c) * vec_load(x + c);
    if (c < cols)
        total[1] += vec_load_half_part(w + c, cols - c) * vec_load_part(x + c, cols - c);
    return vec_sum((total[0] + total[1]) + (total[2] + total[3]));
}

static void gemv_half(float *y, const uint16_t *w, const float *x, int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++)
        y[r] = dot_half(w + r * cols, x, cols);
}

static void rms_norm(float *y, const float *x, const uint16_t *w, int64_t n, float eps)
{
    vec squares = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        squares += vec_load(x + i) * vec_load(x + i);
    if (i < n) {
        vec rest = vec_load_part(x + i, n - i);
        squares += rest * rest;
    }
    float f = 1.0f / sqrtf(vec_sum(squares) / (float)n + eps);
    for (i = 0; i + LANES <= n; i += LANES)
        vec_store(y + i, vec_load(x + i) * f * vec_load_half(w + i));
    if (i < n)
        vec_store_part(y + i, vec_load_part(x + i, n - i) * f * vec_load_half_part(w + i, n - i),
                       n - i);
}

static inline vec vec_silu(vec x)
{
    return x / (1.0f + vec_exp(-x));
}

static void silu_mul(float *gate, const float *up, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(gate + i, vec_silu(vec_load(gate + i)) * vec_load(up + i));
    if (i < n)
        vec_store_part(gate + i,
                       vec_silu(vec_load_part(gate + i, n - i)) * vec_load_part(up + i, n - i),
                       n - i);
}

static void rope(float *x, const float *cosine, const float *sine, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vec c = vec_load(cosine + i), s = vec_load(sine + i);
        vec low = vec_load(x + i), high = vec_load(x + n + i);
        vec_store(x + i, low * c - high * s);
        vec_store(x + n + i, high * c + low * s);
    }
    for (; i < n; i++) {
        float low = x[i], high = x[n + i];
        x[i] = low * cosine[i] - high * sine[i];
        x[n + i] = high * cosine[i] + low * sine[i];
    }
}

static float row_max(const float *s, int64_t n)
{
    float m = s[0];
    int64_t i = 0;
    if (n >= LANES) {
        vec v = vec_load(s);
        for (i = LANES; i + LANES <= n; i += LANES)
            v = vec_max(v, vec_load(s + i));
        m = vec_max_lane(v);
    }
    for (; i < n; i++)
        m = s[i] > m ? s[i] : m;
    return m;
}

static float softmax_piece(float *s, int64_t n, float *max, float *sum)
{
    float m = row_max(s, n);
    m = m > *max ? m : *max;
    vec total = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vec p = vec_exp(vec_load(s + i) - m);
        vec_store(s + i, p);
        total += p;
    }
    float rest = 0.0f;
    if (i < n) {
        vec_store_part(s + i, vec_exp(vec_load_part(s + i, n - i) - m), n - i);
        for (; i < n; i++)
            rest += s[i];
    }
    float factor = expf(*max - m);
    *max = m;
    *sum = *sum * factor + vec_sum(total) + rest;
    return factor;
}

static void scale(float *x, float f, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(x + i, vec_load(x + i) * f);
    for (; i < n; i++)
        x[i] *= f;
}

static void add(float *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(y + i, vec_load(y + i) + vec_load(x + i));
    for (; i < n; i++)
        y[i] += x[i];
}

static float dot(const float *a, const float *b, int64_t n)
{
    vec total = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        total += vec_load(a + i) * vec_load(b + i);
    if (i < n)
        total += vec_load_part(a + i, n - i) * vec_load_part(b + i, n - i);
    return vec_sum(total);
}

static void scores(float *s, const float *q, const float *k, int64_t count, int64_t n, float f)
{
    for (int64_t t = 0; t < count; t++)
        s[t] = f * dot(q, k + t * n, n);
}

/* `at` .. at + 4 * LANES - 1 of the output, in registers over all t. */
static void weighted_sum_4(float *o, const float *p, const float *v, int64_t count, int64_t n)
{
    vec total[4] = {{0}};
    for (int64_t t = 0; t < count; t++)
        UNROLL
    for (int j = 0; j < 4; j++)
        total[j] += p[t] * vec_load(v + t * n + j * LANES);
    UNROLL
    for (int j = 0; j < 4; j++)
        vec_store(o + j * LANES, total[j]);
}

static void weighted_sum_1(float *o, const float *p, const float *v, int64_t count, int64_t n)
{
    vec even = {0}, odd = {0};
    int64_t t = 0;
    for (; t + 2 <= count; t += 2) {
        even += p[t] * vec_load(v + t * n);
        odd += p[t + 1] * vec_load(v + (t + 1) * n);
    }
    if (t < count)
        even += p[t] * vec_load(v + t * n);
    vec_store(o, even + odd);
}

static void weighted_sum(float *o, const float *p, const float *v, int64_t count, int64_t n)
{
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        weighted_sum_4(o + i, p, v + i, count, n);
    for (; i + LANES <= n; i += LANES)
        weighted_sum_1(o + i, p, v + i, count, n);
    for (; i < n; i++) {
        float total = 0.0f;
        for (int64_t t = 0; t < count; t++)
            total += p[t] * v[t * n + i];
        o[i] = total;
    }
}

static float sum(const float *x, int64_t n)
{
    vec total[4] = {{0}};
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        UNROLL
    for (int j = 0; j < 4; j++)
        total[j] += vec_load(x + i + j * LANES);
    float rest = 0.0f;
    for (; i < n; i++)
        rest += x[i];
    return vec_sum(total[0] + total[1] + total[2] + total[3]) + rest;
}

const struct cpu_kernels KERNELS = {
    .name = KERNELS_NAME,
    .half_to_float = half_to_float,
    .gemv_half = gemv_half,
    .rms_norm = rms_norm,
    .silu_mul = silu_mul,
    .rope = rope,
    .softmax_piece = softmax_piece,
    .scale = scale,
    .add = add,
    .scores = scores,
    .weighted_sum = weighted_sum,
    .sum = sum,
};
