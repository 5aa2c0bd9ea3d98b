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

/* Which rows belong together, as core tells it in its tables `cells` and `cell_rows`; where it does
 * not (count NULL), each row is a cell by itself. */
struct cell_index {
    uint64_t cell_count;
    const double *begin, *count;          /* [cell_count] */
    const double *peak, *limit, *spilled; /* [cell_count] largest; NULL: unknown */
    const double *row;                    /* [rows] cell after cell */
    const double *latency;                /* [rows] ascending in each cell, unknown last */
};

/* Columns that analyzers read; one that is not there reads as unknown. */
struct rows {
    uint64_t count;
    int32_t ok, oom, measured, warmup; /* codes of these words in status and phase; -2: not there */
    int32_t prefill, decode, e2e;      /* and in mode */
    struct ctxmark_column run, model, backend, mode, phase, status, note, error;
    struct ctxmark_column context, concurrency, launch, rep, seq, latency, tokens_per_s;
    struct ctxmark_column prompt_tokens, cached_tokens, generated_tokens, load_ms;
    struct ctxmark_column peak_memory, memory_limit, spilled;
    struct cell_index cells;
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

/* Tokens per second of a row: as recorded, else prompt tokens (nominal where unknown) over a
 * prefill's latency, generated tokens over that of any other mode. */
double rows_rate(const struct rows *r, uint64_t row);

/* The first row of a cell, and how many it has. */
static inline uint64_t cell_first(const struct rows *r, uint64_t cell)
{
    return r->cells.count ? (uint64_t)r->cells.row[(uint64_t)r->cells.begin[cell]] : cell;
}
static inline size_t cell_size(const struct rows *r, uint64_t cell)
{
    return r->cells.count ? (size_t)r->cells.count[cell] : 1;
}

/* Which rows go into groups: the same answer for all rows of a cell. */
bool rows_is_usable(const struct rows *r, uint64_t row); /* ok, measured, with a latency */
bool rows_is_warmup(const struct rows *r, uint64_t row); /* ok, warm-up, with a latency */
bool rows_is_ok(const struct rows *r, uint64_t row);     /* ok and measured */
bool rows_is_measured(const struct rows *r, uint64_t row);

#define GROUP_MODE 1u
#define GROUP_CONTEXT 2u
#define GROUP_LAUNCH 4u
#define GROUP_CELL (GROUP_MODE | GROUP_CONTEXT)
#define GROUP_TOTALS 8u /* groups know their cells, but not their single rows */

/* Rows of one run, model, backend and concurrency; of one mode, context length and launch where
 * groups are by them (NULL and NaN otherwise). */
struct group {
    const char *run, *model, *backend, *mode;
    double concurrency; /* NaN if there is only one in the data */
    double context, launch;
    size_t count;            /* rows */
    const double *rows;      /* [count] their numbers in the file's order; see group_row() */
    const double *latencies; /* [count] ascending, unknown ones last; NULL: nobody sorted them */
    const uint32_t *cells;   /* [cell_count] see struct cell_index */
    size_t cell_count;
};

/* Number of the i-th row of a group. */
static inline uint32_t group_row(const struct group *g, size_t i)
{
    return (uint32_t)g->rows[i];
}

struct groups {
    struct group *items; /* by run, model, backend, mode (prefill, decode, e2e), context, ... */
    size_t count;
    size_t largest; /* most rows in one */
    double *rows;   /* of groups of several cells */
    uint32_t *cells;
};

/* 0, or -1: out of memory, or more than 2^32 rows. */
int groups_make(struct groups *g, const struct rows *r, unsigned by,
                bool (*keep)(const struct rows *r, uint64_t row));
void groups_free(struct groups *g);

/* Copies the group's known values of a column; returns how many there are. */
size_t group_values(const struct group *g, const struct ctxmark_column *c, double *ret);

/* The group's known latencies, ascending, *ret_n of them: as they are there already, or in
 * scratch[count]. */
const double *group_latencies(const struct group *g, const struct rows *r, double *scratch,
                              size_t *ret_n);
/* Their median; NaN: none is known. */
double group_median_latency(const struct group *g, const struct rows *r, double *scratch);

/* The number of groups from `first` on that belong to the same run, model, backend and
 * concurrency (and mode). */
size_t groups_series(const struct groups *g, size_t first);

#endif
