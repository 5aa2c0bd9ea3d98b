/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Results as llama.cpp's llama-bench prints them: one JSON object for each test, with the fields of
 * llama_fields[] and the samples behind them.
 *
 * How its tests stand to ours:
 *   pp P         n_prompt P, n_gen 0             prefill at context P
 *   tg N @ d D   n_prompt 0, n_gen N, n_depth D  decode of N tokens behind a context of D
 *   pp P+tg N    n_prompt P, n_gen N             e2e at context P
 * A prompt behind a filled context (n_prompt and n_depth both above 0) is none of ours. */

#ifndef CORE_EXCHANGE_LLAMA_BENCH_H
#define CORE_EXCHANGE_LLAMA_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct frame;

enum llama_type { LLAMA_TEXT, LLAMA_INTEGER, LLAMA_FLAG, LLAMA_REAL };

struct llama_field {
    const char *name;
    enum llama_type type;
    bool required;         /* a test that lacks it cannot be read */
    bool setting;          /* how it was run, not what was run or measured */
    const char *otherwise; /* what is written where it is not known: a null pairs with nothing */
};

/* In the order of llama-bench's own output.  `use_mmap` is what older releases have in the place of
 * `load_mode`: readers of either find theirs. */
extern const struct llama_field llama_fields[];
extern const size_t llama_field_count;

/* NULL: no such field. */
const struct llama_field *llama_field_find(const char *name);

/* ---- reading */

/* A test of a file: {"line": where its object begins, "test": the object as it stands there}.
 * Returns a new array of them, at least one, each with all required fields, all known fields of
 * their types, n_depth (0 where an older release has none) and `samples_ns` of positive integers.
 * NULL: e says FILE:LINE:COLUMN, what, and how to mend it. */
json_t *llama_read(const char *path, struct err *e);
/* The same from memory; `name` is for messages. */
json_t *llama_parse(const char *name, const char *text, size_t size, struct err *e);

/* ---- writing */

/* The tests that a run's rows make: an array of objects with all fields of llama_fields[],
 * `samples_ns` and `samples_ts`; one for each backend, model, launch, context and mode.  Failures
 * and what llama-bench has no form for are left out, and named on stderr.  manifest: of the run, or
 * NULL.  label: the build_commit to write, or NULL: eight digits made from the run's id (an
 * imported run keeps its own).  NULL: e says why. */
json_t *llama_tests(const struct frame *frame, const json_t *manifest, const char *label,
                    struct err *e);

enum llama_form { LLAMA_JSON, LLAMA_JSONL, LLAMA_CSV, LLAMA_SQL };

/* Appends the tests in one of llama-bench's forms. */
void llama_write(struct buf *to, enum llama_form form, const json_t *tests);

#endif
