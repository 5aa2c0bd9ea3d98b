/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Texts for a tokenizer with every byte, special tokens and the expression of Llama 3: any bytes
 * come back, and a text in normal form C is not changed by bringing it into that form. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/hf_common/tokenizer/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPRESSION                                                                                 \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| "         \
    "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"

/* The byte-level alphabet: a printable character stands for itself, others begin at U+0100. */
static size_t put_vocabulary(char *out, size_t size)
{
    size_t n = 0;
    int shifted = 0x100;
    for (int b = 0; b < 256; b++) {
        bool shown = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
        n += (size_t)snprintf(out + n, size - n, "\"\\u%04x\":%d,", shown ? b : shifted++, b);
    }
    return n;
}

static const struct hf_tokenizer *tokenizer(void)
{
    static struct hf_tokenizer *t;
    static char json[16384];
    struct hf_err e = {""};
    if (t)
        return t;
    size_t n = (size_t)snprintf(json, sizeof json, "{\"model\":{\"type\":\"BPE\",\"vocab\":{");
    n += put_vocabulary(json + n, sizeof json - n);
    n += (size_t)snprintf(
        json + n, sizeof json - n,
        "\"th\":256,\"the\":257,\"aa\":258,\"aaaa\":259},\"merges\":[\"t h\",\"th e\",\"a a\",\"aa "
        "aa\"]},\"added_tokens\":[{\"id\":260,\"content\":\"<|a|>\",\"normalized\":false},"
        "{\"id\":261,\"content\":\"<|ab|>\",\"normalized\":true}],\"pre_tokenizer\":{\"type\":"
        "\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"%s\"},"
        "\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
        "\"use_regex\":false}]}}",
        EXPRESSION);
    REQUIRE(n < sizeof json);
    scratch_write("tokenizer.json", json, n);
    REQUIRE(hf_tokenizer_load("tokenizer.json", &t, &e) == 0);
    return t;
}

static void check_round_trip(const char *text, size_t length)
{
    const struct hf_tokenizer *t = tokenizer();
    struct hf_err e = {""};
    struct hf_ids ids = {0};
    size_t at = 0, n = 0;
    REQUIRE(hf_tokenizer_encode(t, text, length, &ids, &e) == 0);
    for (size_t i = 0; i < ids.count; i++, at += n) {
        const char *piece = hf_tokenizer_piece(t, ids.ids[i], &n);
        REQUIRE(piece && n <= length - at && memcmp(piece, text + at, n) == 0);
    }
    REQUIRE(at == length);
    hf_ids_free(&ids);
}

static void check_normal_form(const char *text, size_t length)
{
    struct hf_err e = {""};
    size_t once_length = 0, twice_length = 0;
    char *once = normal_form_c(text, length, &once_length, &e);
    REQUIRE(once && once_length <= 3 * length);
    char *twice = normal_form_c(once, once_length, &twice_length, &e);
    REQUIRE(twice && twice_length == once_length && memcmp(once, twice, once_length) == 0);
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_round_trip((const char *)data, size);
    check_normal_form((const char *)data, size);
    return 0;
}
