/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Products of TILE_ROWS rows with a panel: every element of `a` meets a whole panel, and the sums
 * stay in registers over the depth (Goto and van de Geijn 2008, with the roles of the two sides as
 * the panels ask for).  Included by the forms after vector.inc.h. */

ALWAYS vec tile_load(const void *b, int64_t i, const bool half)
{
    return half ? vec_load_half((const uint16_t *)b + i) : vec_load((const float *)b + i);
}

ALWAYS void tile_begin(vec (*sum)[2], const int rows, const float *c, int64_t c_row, bool add)
{
    UNROLL_TILE
    for (int r = 0; r < rows; r++) {
        sum[r][0] = add ? vec_load(c + r * c_row) : (vec){0};
        sum[r][1] = add ? vec_load(c + r * c_row + LANES) : (vec){0};
    }
}

ALWAYS void tile_end(vec (*sum)[2], const int rows, float *c, int64_t c_row)
{
    UNROLL_TILE
    for (int r = 0; r < rows; r++) {
        vec_store(c + r * c_row, sum[r][0]);
        vec_store(c + r * c_row + LANES, sum[r][1]);
    }
}

/* `rows` and `half` are constants in every call, so that all is unrolled into registers. */
ALWAYS void tile_run(const struct cpu_tile *t, int64_t first, const int rows, const bool half)
{
    vec sum[TILE_ROWS][2];
    const float *a = t->a + first * t->a_row;
    float *c = t->c + first * t->c_row;
    const int64_t a_row = t->a_row, a_step = t->a_step, b_row = t->b_row, depth = t->depth;
    const void *b = t->b;
    const char *fetch = t->fetch;
    tile_begin(sum, rows, c, t->c_row, t->add);
    for (int64_t p = 0; p < depth; p++) {
        vec low = tile_load(b, p * b_row, half), high = tile_load(b, p * b_row + LANES, half);
        if (half)
            __builtin_prefetch(fetch + p * PANEL * (int64_t)sizeof(uint16_t), 0, 2);
        UNROLL_TILE
        for (int r = 0; r < rows; r++) {
            vec x = vec_all(a[r * a_row + p * a_step]);
            sum[r][0] += x * low;
            sum[r][1] += x * high;
        }
    }
    tile_end(sum, rows, c, t->c_row);
}

/* A case for each number of rows; those beyond TILE_ROWS are never taken. */
#define TILE_CASE(n, RUN, ...)                                                                     \
    case n:                                                                                        \
        RUN(t, first, n <= TILE_ROWS ? n : 1, ##__VA_ARGS__);                                      \
        break;
#define TILE_CASES(RUN, ...)                                                                       \
    TILE_CASE(1, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(2, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(3, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(4, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(5, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(6, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(7, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(8, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(9, RUN, ##__VA_ARGS__)                                                               \
    TILE_CASE(10, RUN, ##__VA_ARGS__)                                                              \
    TILE_CASE(11, RUN, ##__VA_ARGS__)                                                              \
    TILE_CASE(12, RUN, ##__VA_ARGS__)

static int64_t tile_count(int64_t rows, int64_t first)
{
    return rows - first < TILE_ROWS ? rows - first : TILE_ROWS;
}

static void product(const struct cpu_tile *t, int64_t rows)
{
    for (int64_t first = 0; first < rows; first += TILE_ROWS)
        switch (tile_count(rows, first)) {
            TILE_CASES(tile_run, false)
        }
}

static void product_half(const struct cpu_tile *t, int64_t rows)
{
    for (int64_t first = 0; first < rows; first += TILE_ROWS)
        switch (tile_count(rows, first)) {
            TILE_CASES(tile_run, true)
        }
}

#ifdef HAVE_DOT_BF16
/* Two steps of the depth at once: a pair of bfloat16 in each 32-bit lane. */
ALWAYS void tile_run_bf16(const struct cpu_tile_bf16 *t, int64_t first, const int rows)
{
    vec sum[TILE_ROWS][2];
    const uint16_t *a = t->a + first * t->a_row;
    float *c = t->c + first * t->c_row;
    const int64_t a_row = t->a_row;
    tile_begin(sum, rows, c, t->c_row, t->add);
    for (int64_t p = 0; p < t->depth; p += 2) {
        const uint16_t *b = t->b + p * 2 * LANES;
        UNROLL_TILE
        for (int r = 0; r < rows; r++) {
            sum[r][0] = vec_dot_bf16(sum[r][0], a + r * a_row + p, b);
            sum[r][1] = vec_dot_bf16(sum[r][1], a + r * a_row + p, b + 2 * LANES);
        }
    }
    tile_end(sum, rows, c, t->c_row);
}

static void product_bf16(const struct cpu_tile_bf16 *t, int64_t rows)
{
    for (int64_t first = 0; first < rows; first += TILE_ROWS)
        switch (tile_count(rows, first)) {
            TILE_CASES(tile_run_bf16)
        }
}

static void pack_bf16(uint16_t *out, const float *x, int64_t n)
{
    static const float zeros[2 * LANES];
    for (int64_t p = 0; p < n; p += 2) {
        const float *even = x + p * 2 * LANES, *odd = p + 1 < n ? even + 2 * LANES : zeros;
        for (int t = 0; t < 2; t++)
            vec_pair_bf16(out + (p + t) * 2 * LANES, vec_load(even + t * LANES),
                          vec_load(odd + t * LANES));
    }
}
#endif
