/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Tests of llama-bench as repetitions of cells. */

#ifndef CORE_EXCHANGE_IMPORTED_H
#define CORE_EXCHANGE_IMPORTED_H

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* One test that is a cell of ours. */
struct imported_test {
    char *backend; /* `backends`, and the settings in which the file's tests differ */
    char *model;   /* `model_type`, and the file where two models of it are there */
    const char *mode;
    json_int_t context, launch; /* the same test again is another launch */
    double params_m;            /* NaN: unknown */
    const json_t *test;         /* as read; borrowed */
};

struct imported {
    struct imported_test *tests;
    size_t count;
    json_t *left_out;   /* [text]: tests that are none of ours, by name */
    json_t *deviations; /* [{"test", "stddev_ns", "of_samples_ns"}]: where they disagree by 1 % */
};

/* items: as llama_read() gives them, and outlives ret.  0 or -1. */
int imported_make(struct imported *ret, const json_t *items, struct err *e);
void imported_free(struct imported *m);

/* Mean and standard deviation (n - 1) of the samples in nanoseconds; 0 for a single one, as
 * llama-bench has it. */
void imported_moments(const json_t *samples, double *ret_mean, double *ret_sd);

/* metrics.csv with a row for each sample; *ret_rows is their number.  0 or -1. */
int imported_rows(const struct imported *m, const char *run_id, struct buf *to, size_t *ret_rows,
                  struct err *e);

/* manifest.json, but for `analyzers`.  path: the file, sha256: of it.  NULL: out of memory. */
json_t *imported_manifest(const struct imported *m, const char *run_id, const char *experiment,
                          const char *path, const char *sha256, size_t rows, struct err *e);

#endif
