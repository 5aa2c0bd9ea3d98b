/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* tokenizer.json, and behind a line "--- text" what it is to encode: ids must be the tokenizer's
 * own, and where every byte has a token and nothing is normalised, added or put before the text,
 * they decode to it. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/hf_common/tokenizer/internal.h"

#include <stdlib.h>
#include <string.h>

/* Nothing but the merges stands between a text and its ids. */
static bool is_lossless(const struct hf_tokenizer *t)
{
    for (int b = 0; b < 256; b++)
        if (t->vocabulary.byte_ids[b] < 0)
            return false;
    return !t->normal_form_c && !t->splitter.add_prefix_space && t->raw.count == 0 &&
           t->normalised.count == 0;
}

static void check_ids(const struct hf_tokenizer *t, const struct hf_ids *ids, const char *text,
                      size_t length)
{
    size_t at = 0, n = 0;
    bool lossless = is_lossless(t);
    for (size_t i = 0; i < ids->count; i++, at += n) {
        const char *piece = hf_tokenizer_piece(t, ids->ids[i], &n);
        REQUIRE(piece && ids->ids[i] < hf_tokenizer_size(t));
        if (lossless)
            REQUIRE(n <= length - at && memcmp(piece, text + at, n) == 0);
    }
    if (lossless)
        REQUIRE(at == length);
}

static void check_text(const struct hf_tokenizer *t, const char *text, size_t length)
{
    struct hf_err e = {""};
    struct hf_ids ids = {0};
    if (hf_tokenizer_encode(t, text, length, &ids, &e) == 0)
        check_ids(t, &ids, text, length);
    else
        REQUIRE(e.text[0]); /* an expression that takes too many steps */
    hf_ids_free(&ids);
}

static void check_tokenizer(const struct hf_tokenizer *t)
{
    const struct hf_ids *ordinary = hf_tokenizer_ordinary(t);
    size_t n;
    REQUIRE(ordinary->count > 0 && ordinary->ids[ordinary->count - 1] < hf_tokenizer_size(t));
    for (size_t i = 0; i < hf_tokenizer_prefix(t)->count; i++)
        REQUIRE(hf_tokenizer_piece(t, hf_tokenizer_prefix(t)->ids[i], &n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_err e = {""};
    struct hf_tokenizer *t;
    size_t first = size, second = input_split(data, size, "--- text\n", &first);
    scratch_write("tokenizer.json", data, first);
    if (hf_tokenizer_load("tokenizer.json", &t, &e) != 0) {
        REQUIRE(e.text[0]);
        return 0;
    }
    check_tokenizer(t);
    check_text(t, (const char *)data + second, size - second);
    hf_tokenizer_free(t);
    return 0;
}
