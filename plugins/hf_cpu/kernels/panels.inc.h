/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The kernels over panels: a token is a lane, so nothing is ever summed across lanes.  Included by
 * the forms after vector.inc.h. */

#define PANEL (2 * LANES)

static void panel_norm(float *y, const float *x, const float *w, int64_t n, float eps)
{
    vec low = {0}, high = {0};
    for (int64_t i = 0; i < n; i++) {
        vec a = vec_load(x + i * PANEL), b = vec_load(x + i * PANEL + LANES);
        low += a * a;
        high += b * b;
    }
    float squares[PANEL];
    vec_store(squares, low);
    vec_store(squares + LANES, high);
    for (int t = 0; t < PANEL; t++)
        squares[t] = 1.0f / sqrtf(squares[t] / (float)n + eps);
    low = vec_load(squares);
    high = vec_load(squares + LANES);
    for (int64_t i = 0; i < n; i++) {
        vec_store(y + i * PANEL, vec_load(x + i * PANEL) * low * w[i]);
        vec_store(y + i * PANEL + LANES, vec_load(x + i * PANEL + LANES) * high * w[i]);
    }
}

static void panel_fill(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        vec_store(y + i * PANEL, vec_all(x[i]));
        vec_store(y + i * PANEL + LANES, vec_all(x[i]));
    }
}

static void panel_scale(float *y, const float *f, int64_t n)
{
    vec low = vec_load(f), high = vec_load(f + LANES);
    for (int64_t i = 0; i < n; i++) {
        vec_store(y + i * PANEL, vec_load(y + i * PANEL) * low);
        vec_store(y + i * PANEL + LANES, vec_load(y + i * PANEL + LANES) * high);
    }
}

/* Lanes t with row <= seen + t keep x, the others become -inf. */
static inline vec panel_mask(vec x, ivec lane, int64_t row, int64_t seen)
{
    ivec hidden = lane < (ivec){0} + (int32_t)(row - seen);
    return (vec)(((ivec)x & ~hidden) | ((ivec)vec_all(-INFINITY) & hidden));
}

/* One half of a panel: LANES tokens, of which the first is token `from`. */
static void half_softmax(float *s, int64_t n, int64_t seen, int from, float f, float *max,
                         float *sum, float *factor)
{
    int32_t count[LANES];
    for (int t = 0; t < LANES; t++)
        count[t] = from + t;
    ivec lane;
    memcpy(&lane, count, sizeof lane);
    const int64_t open = seen + from + 1 < 0 ? 0 : seen + from + 1 < n ? seen + from + 1 : n;
    vec old = vec_load(max), top = vec_all(-INFINITY);
    for (int64_t i = 0; i < open; i++)
        top = vec_max(top, vec_load(s + i * PANEL));
    for (int64_t i = open; i < n; i++) {
        vec x = panel_mask(vec_load(s + i * PANEL), lane, i, seen);
        vec_store(s + i * PANEL, x);
        top = vec_max(top, x);
    }
    top = vec_max(old, top * f);
    vec even = {0}, odd = {0};
    int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
        vec p = vec_exp(vec_load(s + i * PANEL) * f - top);
        vec q = vec_exp(vec_load(s + (i + 1) * PANEL) * f - top);
        vec_store(s + i * PANEL, p);
        vec_store(s + (i + 1) * PANEL, q);
        even += p;
        odd += q;
    }
    if (i < n) {
        vec p = vec_exp(vec_load(s + i * PANEL) * f - top);
        vec_store(s + i * PANEL, p);
        even += p;
    }
    vec shrink = vec_exp(old - top);
    vec_store(factor, shrink);
    vec_store(max, top);
    vec_store(sum, vec_load(sum) * shrink + even + odd);
}

static void panel_softmax(float *s, int64_t n, int64_t seen, float f, float *max, float *sum,
                          float *factor)
{
    half_softmax(s, n, seen, 0, f, max, sum, factor);
    half_softmax(s + LANES, n, seen, LANES, f, max + LANES, sum + LANES, factor + LANES);
}
