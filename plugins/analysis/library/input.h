/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What an analyzer of series works on, from its first line to its last: rows, series, and memory
 * that is freed with them. */

#ifndef ANALYSIS_INPUT_H
#define ANALYSIS_INPUT_H

#include "groups.h"
#include "series.h"

#define INPUT_MOST 16 /* arrays */

struct input {
    const struct ctxmark_host *h;
    struct rows rows;
    struct series_set set;
    void *arrays[INPUT_MOST];
    size_t array_count;
    bool failed; /* an array could not be had */
};

/* Reads the rows and makes their series, calls work() and frees all.  work() returns 0, or -1: out
 * of memory.  Returns what an analyzer's analyze() is to return. */
int32_t input_analyze(const struct ctxmark_host *h, int (*work)(struct input *in));

/* Room for count + 1 elements, zeroed, freed after work(); NULL, and in->failed set: out of
 * memory. */
void *input_array(struct input *in, size_t count, size_t size);

#endif
