/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Findings about single series or cells, put together: where the same is to be said of several, the
 * sentence is about the most telling one, and the others are named. */

#ifndef ANALYSIS_FINDINGS_H
#define ANALYSIS_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "emit.h"

/* What a sentence is: one finding is made of all that share severity and id. */
struct saying {
    uint32_t severity;
    const char *id, *table, *column; /* column NULL: whole rows are the evidence */
};

struct findings {
    struct said *items;
    size_t count, capacity;
    bool failed; /* out of memory: some are missing */
};

/* How a series is named where another one has the sentence. */
struct label {
    char text[320];
};

/* "llama3.2-1b on ollama (322 times)"; format "": without anything behind the name. */
struct label label_of(const struct keys *k, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same behind a name that is no series'. */
struct label label_named(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says it of one more: row of the table; weight, the largest of which makes the sentence (NaN: the
 * least). */
void findings_say(struct findings *f, const struct saying *what, int64_t row, double weight,
                  const char *label, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Emits them in the order in which each was first said, with the rows of all as evidence; frees. */
void findings_emit(const struct ctxmark_host *h, struct findings *f);

#endif
