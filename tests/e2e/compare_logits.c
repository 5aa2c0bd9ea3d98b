/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: compare_logits GOT EXPECTED TOLERANCE
 *
 * GOT is what `ctxmark try --logits` wrote, EXPECTED a reference's expected.safetensors: largest
 * difference of the logits relative to the largest logit, and greedy tokens, which may differ only
 * where the reference's own gap to the runner-up is below that error: TOLERANCE times the largest
 * logit.  Exit status 0: within. */

#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct file {
    char *data;
    json_t *header;
    const char *tensors; /* where the data begins */
};

static int file_open(struct file *f, const char *path)
{
    FILE *in = fopen(path, "rb");
    long size = -1;
    if (in && fseek(in, 0, SEEK_END) == 0)
        size = ftell(in);
    f->data = size > 8 ? malloc((size_t)size) : NULL;
    if (!f->data)
        return -1;
    rewind(in);
    size_t n = fread(f->data, 1, (size_t)size, in);
    fclose(in);
    uint64_t len;
    memcpy(&len, f->data, sizeof len);
    if (n != (size_t)size || len > (uint64_t)size - 8)
        return -1;
    f->header = json_loadb(f->data + 8, len, 0, NULL);
    f->tensors = f->data + 8 + len;
    return f->header ? 0 : -1;
}

/* The data of a tensor; its number of elements (of 4 bytes) in *ret_count. */
static const void *tensor(const struct file *f, const char *name, size_t *ret_count)
{
    const json_t *offsets = json_object_get(json_object_get(f->header, name), "data_offsets");
    json_int_t from = json_integer_value(json_array_get(offsets, 0));
    json_int_t to = json_integer_value(json_array_get(offsets, 1));
    *ret_count = (size_t)(to - from) / 4;
    return offsets ? f->tensors + from : NULL;
}

static double logit_error(const struct file *got, const struct file *expected, double *ret_largest)
{
    size_t n, m;
    const float *a = tensor(got, "logits", &n), *b = tensor(expected, "logits_first_last", &m);
    double worst = 0, largest = 0;
    if (!a || !b || n != m || n == 0)
        return INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isnan(a[i]))
            return INFINITY;
        worst = fmax(worst, fabs((double)a[i] - b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    *ret_largest = largest;
    return worst / largest;
}

/* Number of equal greedy tokens; -1: one differs where it must not. */
static int greedy_agree(const struct file *got, const struct file *expected, double error)
{
    size_t n, m, g;
    const int32_t *a = tensor(got, "greedy_tokens", &n), *b = tensor(expected, "greedy_tokens", &m);
    const float *gap = tensor(expected, "greedy_gap", &g);
    if (!a || !b || !gap || n != m || g != m)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return gap[i] < error ? (int)i : -1; /* from here on the texts part */
    return (int)n;
}

static void file_close(struct file *f)
{
    json_decref(f->header);
    free(f->data);
}

int main(int argc, char **argv)
{
    struct file got = {0}, expected = {0};
    if (argc != 4 || file_open(&got, argv[1]) < 0 || file_open(&expected, argv[2]) < 0) {
        fprintf(stderr, "usage: compare_logits GOT EXPECTED TOLERANCE\n");
        return 2;
    }
    double largest = 0, tolerance = strtod(argv[3], NULL);
    double error = logit_error(&got, &expected, &largest);
    int agree = greedy_agree(&got, &expected, tolerance * largest);
    file_close(&got);
    file_close(&expected);
    printf("largest relative logit error %.2e, greedy tokens equal: %d\n", error, agree);
    return error <= tolerance && agree >= 0 ? 0 : 1;
}
