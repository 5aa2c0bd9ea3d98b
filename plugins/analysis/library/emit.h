/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tables out of arrays of plain structs, findings in printf's words, plots point by point. */

#ifndef ANALYSIS_EMIT_H
#define ANALYSIS_EMIT_H

#include <stdbool.h>
#include <stddef.h>

#include <ctxmark/plugin.h>

#include "groups.h"

/* One member of a struct (a double, or a const char * for text) as a column. */
struct field {
    const char *name;
    uint32_t type, role; /* CTXMARK_TEXT ..., CTXMARK_ROLE_* */
    const char *unit, *definition;
    size_t offset;
    bool optional; /* no column where no row knows it */
};

/* FIELD(struct row, mean, NUMBER, VALUE, "ms", "arithmetic mean") */
#define FIELD(row, member, type_, role_, unit_, definition_)                                       \
    {                                                                                              \
#member, CTXMARK_##type_, CTXMARK_ROLE_##role_, unit_, definition_, offsetof(row, member), \
            false                                                                                  \
    }
#define FIELD_OPTIONAL(row, member, type_, role_, unit_, definition_)                              \
    {                                                                                              \
#member, CTXMARK_##type_, CTXMARK_ROLE_##role_, unit_, definition_, offsetof(row, member), \
            true                                                                                   \
    }

/* What a row is about: the first member, `keys`, of every row struct. */
struct keys {
    const char *run, *model, *backend, *mode;
    double context_length, concurrency, launch;
};

struct keys keys_of(const struct group *g);

#define KEY_FIELD_(row, member, type_, unit_, definition_)                                         \
    {                                                                                              \
#member, CTXMARK_##type_, CTXMARK_ROLE_KEY, unit_, definition_,                            \
            offsetof(row, keys.member), true                                                       \
    }
#define KEY_FIELDS(row)                                                                            \
    KEY_FIELD_(row, run, TEXT, "", "the run it was measured in"),                                  \
        KEY_FIELD_(row, model, TEXT, "", "model, as the config names it"),                         \
        KEY_FIELD_(row, backend, TEXT, "", "backend, as the config names it"),                     \
        KEY_FIELD_(row, mode, TEXT, "",                                                            \
                   "prefill: prompt to first token; decode: the tokens after it; e2e: the whole "  \
                   "request"),                                                                     \
        KEY_FIELD_(row, context_length, INTEGER, "tokens", "nominal length of the prompt"),        \
        KEY_FIELD_(row, concurrency, INTEGER, "", "requests in flight at once"),                   \
        KEY_FIELD_(row, launch, INTEGER, "", "start of the worker process, from 0")

struct table {
    const char *name, *title, *section;
    int32_t order;
    const struct field *fields;
    size_t field_count;
};

#define TABLE(name, title, section, order, fields)                                                 \
    {                                                                                              \
        name, title, section, order, fields, sizeof(fields) / sizeof *(fields)                     \
    }

/* rows[count], each of row_size bytes.  No table for no rows. */
void table_emit(const struct ctxmark_host *h, const struct table *t, const void *rows,
                size_t row_size, size_t count);

/* A finding that rests on one row (row -1: on all) of a table of this analyzer; table NULL: on
 * none; column NULL: on the whole row. */
void finding_emit(const struct ctxmark_host *h, uint32_t severity, const char *id,
                  const char *table, int64_t row, const char *column, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* A plot of lines with an interval at each point, put together point by point. */
struct line {
    char *name;
    const char *group;
    double *x, *y, *low, *high;
    size_t count, capacity;
    uint32_t kind; /* CTXMARK_SERIES_*; 0: points and a line */
};

struct lines {
    struct line *items;
    size_t count, capacity;
    bool failed; /* out of memory: nothing is emitted */
};

/* Adds a point to the line of that name, made when it is new. */
void lines_add(struct lines *l, const char *name, const char *group, double x, double y, double low,
               double high);
/* Draws the line of that name, if there is one, as CTXMARK_SERIES_*. */
void lines_draw_as(struct lines *l, const char *name, uint32_t kind);
/* Emits all lines as one plot, where there are any (p: all but the series), and frees them. */
void lines_emit(const struct ctxmark_host *h, struct lines *l, struct ctxmark_plot p);

#endif
