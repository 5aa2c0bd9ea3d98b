/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/imported.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/cold.h"
#include "core/run/rows.h"

/* As the core tags its own: over the repetitions of a cell in one launch. */
#define COLD_RATIO 2.0

static bool same_cell(const struct imported_test *a, const struct imported_test *b)
{
    return a->context == b->context && a->launch == b->launch &&
           strcmp(a->backend, b->backend) == 0 && strcmp(a->model, b->model) == 0;
}

static size_t sample_count(const struct imported_test *t)
{
    return json_array_size(json_object_get(t->test, "samples_ns"));
}

static double sample_ms(const struct imported_test *t, size_t i)
{
    return 1e-6 * json_number_value(json_array_get(json_object_get(t->test, "samples_ns"), i));
}

/* ---- cold tags */

/* firsts[t]: number of the first sample of test t.  Tags the cell that test `first` begins. */
static int tag_cell(const struct imported *m, size_t first, const size_t *firsts,
                    struct cold_repetition *series, bool *ret_cold, bool *seen)
{
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        for (size_t t = first; t < m->count; t++) {
            const struct imported_test *test = &m->tests[t];
            if (!same_cell(test, &m->tests[first]))
                continue;
            seen[t] = true;
            for (size_t i = 0; i < sample_count(test); i++, at++)
                if (pass == 0) /* what decodes says nothing about the start of a request */
                    series[n++] = (struct cold_repetition){
                        .latency_ms = strcmp(test->mode, "decode") == 0 ? NAN : sample_ms(test, i)};
                else
                    ret_cold[firsts[t] + i] = series[at].cold;
        }
        if (pass == 0 && cold_mark(series, n, COLD_RATIO) < 0)
            return -1;
    }
    return 0;
}

static int tag_cold(const struct imported *m, const size_t *firsts, size_t rows, bool *ret_cold)
{
    struct cold_repetition *series = calloc(rows + 1, sizeof *series);
    bool *seen = calloc(m->count + 1, sizeof *seen);
    int done = series && seen ? 0 : -1;
    for (size_t t = 0; done == 0 && t < m->count; t++)
        if (!seen[t])
            done = tag_cell(m, t, firsts, series, ret_cold, seen);
    free(series);
    free(seen);
    return done;
}

/* ---- rows */

static void field_text(struct buf *b, const char *text)
{
    buf_putc(b, ',');
    buf_csv(b, text);
}

static void field_number(struct buf *b, double x)
{
    buf_putc(b, ',');
    buf_number(b, x);
}

/* In the order of record_header. */
static void put_row(struct buf *b, const char *run_id, const struct imported_test *t, size_t seq,
                    size_t rep, bool cold)
{
    const char *time = json_string_value(json_object_get(t->test, "test_time"));
    bool prefill = strcmp(t->mode, "prefill") == 0, decode = strcmp(t->mode, "decode") == 0;
    double prompt = json_number_value(json_object_get(t->test, "n_prompt")),
           generated = json_number_value(json_object_get(t->test, "n_gen"));
    double ms = sample_ms(t, rep), rate = 1000 * (prefill ? prompt : generated) / ms;
    buf_csv(b, run_id);
    buf_printf(b, ",%zu,%lld", seq, (long long)t->launch);
    field_text(b, rep == 0 && time ? time : ""); /* when the others began is not told */
    field_text(b, t->backend);
    field_text(b, "llama-bench");
    field_text(b, t->model);
    field_number(b, t->params_m);
    buf_printf(b, ",%lld,%s,measured,%zu,0,1,%d,ok,%.6f,", (long long)t->context, t->mode, rep,
               cold, ms);
    field_number(b, rate);
    field_number(b, decode ? NAN : prompt);
    buf_putc(b, ','); /* cached_tokens */
    field_number(b, prefill ? NAN : generated);
    buf_puts(b, ",,,,,,,,,,,,,,\n"); /* ttft_ms ... error */
}

int imported_rows(const struct imported *m, const char *run_id, struct buf *to, size_t *ret_rows,
                  struct err *e)
{
    size_t rows = 0, *firsts = calloc(m->count + 1, sizeof *firsts);
    for (size_t t = 0; firsts && t < m->count; t++) {
        firsts[t] = rows;
        rows += sample_count(&m->tests[t]);
    }
    bool *cold = calloc(rows + 1, sizeof *cold);
    int done = firsts && cold && tag_cold(m, firsts, rows, cold) == 0 ? 0 : err_memory(e);
    if (done == 0)
        buf_printf(to, "%s\n", record_header);
    for (size_t t = 0; done == 0 && t < m->count; t++)
        for (size_t i = 0; i < sample_count(&m->tests[t]); i++)
            put_row(to, run_id, &m->tests[t], firsts[t] + i, i, cold[firsts[t] + i]);
    free(firsts);
    free(cold);
    if (done == 0 && !buf_ok(to))
        done = err_memory(e);
    if (done == 0)
        *ret_rows = rows;
    return done;
}
