/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: encode TOKENIZER.json
 *
 * For tests/data/tokenizers/make.py: reads texts (uint32 length, bytes) from standard input, and
 * writes of each its ids (uint32 count, int32 each) and what they decode to (uint32 length,
 * bytes). */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/hf_common/tokenizer/tokenizer.h"

static int write_ids(const struct hf_tokenizer *t, const struct hf_ids *ids)
{
    uint32_t count = (uint32_t)ids->count, bytes = 0;
    size_t n = 0;
    for (uint32_t i = 0; i < count; i++, bytes += (uint32_t)n)
        if (!hf_tokenizer_piece(t, ids->ids[i], &n))
            return -1;
    if (fwrite(&count, sizeof count, 1, stdout) != 1 ||
        fwrite(ids->ids, sizeof *ids->ids, count, stdout) != count ||
        fwrite(&bytes, sizeof bytes, 1, stdout) != 1)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        const char *piece = hf_tokenizer_piece(t, ids->ids[i], &n);
        if (fwrite(piece, 1, n, stdout) != n)
            return -1;
    }
    return 0;
}

/* 1: there was a text; 0: there was none; -1: it failed. */
static int encode_one(const struct hf_tokenizer *t, struct hf_err *e)
{
    uint32_t length;
    struct hf_ids ids = {0};
    if (fread(&length, sizeof length, 1, stdin) != 1)
        return 0;
    char *text = malloc((size_t)length + 1);
    int result = text && fread(text, 1, length, stdin) == length ? 0 : hf_err_set(e, "cut short");
    if (result == 0)
        result = hf_tokenizer_encode(t, text, length, &ids, e);
    if (result == 0 && write_ids(t, &ids) != 0)
        result = hf_err_set(e, "the ids could not be written");
    hf_ids_free(&ids);
    free(text);
    return result == 0 ? 1 : -1;
}

int main(int argc, char **argv)
{
    struct hf_err e = {"usage: encode TOKENIZER.json"};
    struct hf_tokenizer *t = NULL;
    int result = argc == 2 && hf_tokenizer_load(argv[1], &t, &e) == 0 ? 1 : -1;
    while (result == 1)
        result = encode_one(t, &e);
    hf_tokenizer_free(t);
    if (result < 0)
        fprintf(stderr, "%s\n", e.text);
    return result < 0;
}
