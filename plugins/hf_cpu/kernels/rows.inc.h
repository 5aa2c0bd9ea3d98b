/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The kernels over rows.  Included by the forms after vector.inc.h. */

#define LINE_BYTES 64
#define FETCH_AHEAD 1024 /* bytes */

/* LANES elements from x + i of a type that is a constant in every call. */
ALWAYS vec row_load(const void *x, int64_t i, const enum hf_dtype type)
{
    if (type == HF_F16)
        return vec_load_half((const uint16_t *)x + i);
    if (type == HF_BF16)
        return vec_load_bf16((const uint16_t *)x + i);
    return vec_load((const float *)x + i);
}

/* The first n < LANES of them, and zeros. */
ALWAYS vec row_load_part(const void *x, int64_t i, int64_t n, const enum hf_dtype type)
{
    const size_t bytes = hf_dtype_bytes(type);
    float lanes[LANES] = {0};
    memcpy(lanes, (const char *)x + (size_t)i * bytes, (size_t)n * bytes);
    return row_load(lanes, 0, type);
}

ALWAYS void row_widen(float *out, const void *x, int64_t n, const enum hf_dtype type)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(out + i, row_load(x, i, type));
    if (i < n)
        vec_store_part(out + i, row_load_part(x, i, n - i, type), n - i);
}

/* Asks for what will be multiplied soon: the processor's own fetching ahead leaves a part of the
 * bandwidth unused, since the widening fills its window of instructions.  Into the second-level
 * cache; nearer ones, or larger distances, are slower. */
ALWAYS void row_fetch(const char *at, const enum hf_dtype type)
{
    UNROLL
    for (size_t line = 0; line < 2 * LANES * hf_dtype_bytes(type); line += LINE_BYTES)
        __builtin_prefetch(at + FETCH_AHEAD + line, 0, 2);
}

/* The products of a row of each of `streams`, a constant in every call, with x. */
ALWAYS void row_dots(float *y, int64_t y_row, const char *const *w, const int streams,
                     const float *x, int64_t cols, const enum hf_dtype type)
{
    const int64_t size = (int64_t)hf_dtype_bytes(type);
    vec low[CPU_STREAMS_MAX], high[CPU_STREAMS_MAX];
    UNROLL
    for (int s = 0; s < streams; s++)
        low[s] = high[s] = (vec){0};
    int64_t i = 0;
    for (; i + 2 * LANES <= cols; i += 2 * LANES) {
        vec a = vec_load(x + i), b = vec_load(x + i + LANES);
        UNROLL
        for (int s = 0; s < streams; s++) {
            row_fetch(w[s] + i * size, type);
            low[s] += row_load(w[s], i, type) * a;
            high[s] += row_load(w[s], i + LANES, type) * b;
        }
    }
    for (; i < cols; i += LANES) {
        int64_t n = cols - i < LANES ? cols - i : LANES;
        vec part = vec_load_part(x + i, n);
        UNROLL
        for (int s = 0; s < streams; s++)
            low[s] += row_load_part(w[s], i, n, type) * part;
    }
    UNROLL
    for (int s = 0; s < streams; s++)
        y[s * y_row] = vec_sum(low[s] + high[s]);
}

ALWAYS void row_streams(float *y, const void *const *w, const int streams, const float *x,
                        int64_t rows, int64_t cols, const enum hf_dtype type)
{
    const int64_t bytes = cols * (int64_t)hf_dtype_bytes(type);
    const char *at[CPU_STREAMS_MAX];
    for (int s = 0; s < streams; s++)
        at[s] = w[s];
    for (int64_t r = 0; r < rows; r++) {
        row_dots(y + r, rows, at, streams, x, cols, type);
        for (int s = 0; s < streams; s++)
            at[s] += bytes;
    }
}

ALWAYS void row_gemv(float *y, const void *const *w, int streams, const float *x, int64_t rows,
                     int64_t cols, const enum hf_dtype type)
{
    switch (streams) {
    case 1:
        row_streams(y, w, 1, x, rows, cols, type);
        break;
    case 2:
        row_streams(y, w, 2, x, rows, cols, type);
        break;
    case 4:
        row_streams(y, w, 4, x, rows, cols, type);
        break;
    }
}

#define ROW_KERNELS(NAME, TYPE)                                                                    \
    static void widen_##NAME(float *out, const void *x, int64_t n)                                 \
    {                                                                                              \
        row_widen(out, x, n, TYPE);                                                                \
    }                                                                                              \
    static void gemv_##NAME(float *y, const void *const *w, int streams, const float *x,           \
                            int64_t rows, int64_t cols)                                            \
    {                                                                                              \
        row_gemv(y, w, streams, x, rows, cols, TYPE);                                              \
    }

ROW_KERNELS(half, HF_F16)
ROW_KERNELS(bf16, HF_BF16)
ROW_KERNELS(float, HF_F32)

static void narrow_half(uint16_t *out, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store_half(out + i, vec_load(x + i));
    if (i < n) {
        uint16_t lanes[LANES];
        vec_store_half(lanes, vec_load_part(x + i, n - i));
        memcpy(out + i, lanes, (size_t)(n - i) * sizeof *out);
    }
}

static void rms_norm(float *y, const float *x, const float *w, int64_t n, float eps)
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
        vec_store(y + i, vec_load(x + i) * f * vec_load(w + i));
    if (i < n)
        vec_store_part(y + i, vec_load_part(x + i, n - i) * f * vec_load_part(w + i, n - i), n - i);
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
