/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "input.h"

#include <stdlib.h>

int32_t input_analyze(const struct ctxmark_host *h, int (*work)(struct input *in))
{
    struct input in = {.h = h};
    rows_get(&in.rows, h);
    int done = series_make(&in.set, &in.rows, h);
    if (done == 0)
        done = work(&in);
    for (size_t i = 0; i < in.array_count; i++)
        free(in.arrays[i]);
    series_free(&in.set);
    return done == 0 ? CTXMARK_OK : h->fail(h, CTXMARK_ERROR, "out of memory");
}

void *input_array(struct input *in, size_t count, size_t size)
{
    void *array = in->array_count < INPUT_MOST ? calloc(count + 1, size) : NULL;
    if (array)
        in->arrays[in->array_count++] = array;
    else
        in->failed = true;
    return array;
}
