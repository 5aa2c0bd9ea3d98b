/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The measured rows, and groups of them. */

#ifndef ANALYSIS_GROUPS_H
#define ANALYSIS_GROUPS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

/* Columns that analyzers read; one that is not there reads as unknown. */
struct rows {
    uint64_t count;
    int32_t ok, oom, measured, warmup; /* codes of these words in status and phase; -2: not there */
    struct ctxmark_column run, model, backend, mode, phase, status, note, error;
    struct ctxmark_column context, concurrency, launch, rep, seq, latency, tokens_per_s;
    struct ctxmark_column prompt_tokens, cached_tokens, generated_tokens, load_ms;
    struct ctxmark_column peak_memory, memory_limit, spilled;
};

void rows_get(struct rows *r, const struct ctxmark_host *h);

/* NaN, NULL: unknown. */
static inline double rows_number(const struct ctxmark_column *c, uint64_t row)
{
    return c->number ? c->number[row] : NAN;
}
static inline int32_t rows_code(const struct ctxmark_column *c, uint64_t row)
{
    return c->code ? c->code[row] : -1;
}
const char *rows_text(const struct ctxmark_column *c, uint64_t row);
bool rows_text_is(const struct ctxmark_column *c, uint64_t row, const char *text);

/* Tokens per second of a row: as recorded, else prompt tokens (nominal where unknown) over a
 * prefill's latency, generated tokens over that of any other mode. */
double rows_rate(const struct rows *r, uint64_t row);

/* Which rows go into groups. */
bool rows_is_usable(const struct rows *r, uint64_t row); /* ok, measured, with a latency */
bool rows_is_warmup(const struct rows *r, uint64_t row); /* ok, warm-up, with a latency */
bool rows_is_ok(const struct rows *r, uint64_t row);     /* ok and measured */
bool rows_is_measured(const struct rows *r, uint64_t row);

#define GROUP_MODE 1u
#define GROUP_CONTEXT 2u
#define GROUP_LAUNCH 4u
#define GROUP_CELL (GROUP_MODE | GROUP_CONTEXT)

/* Rows of one run, model, backend and concurrency; of one mode, context length and launch where
 * groups are by them (NULL and NaN otherwise). */
struct group {
    const char *run, *model, *backend, *mode;
    double concurrency; /* NaN if there is only one in the data */
    double context, launch;
    const uint32_t *rows; /* [count] in the file's order */
    size_t count;
};

struct groups {
    struct group *items; /* by run, model, backend, mode (prefill, decode, e2e), context, ... */
    size_t count;
    size_t largest; /* most rows in one */
    uint32_t *rows;
};

/* 0, or -1: out of memory, or more than 2^32 rows. */
int groups_make(struct groups *g, const struct rows *r, unsigned by,
                bool (*keep)(const struct rows *r, uint64_t row));
void groups_free(struct groups *g);

/* Copies the group's known values of a column; returns how many there are. */
size_t group_values(const struct group *g, const struct ctxmark_column *c, double *ret);

/* The number of groups from `first` on that belong to the same run, model, backend and
 * concurrency (and mode). */
size_t groups_series(const struct groups *g, size_t first);

#endif
