/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Hugging Face's tokenizer.json, for byte-level BPE: text to token ids and back.
 *
 * Encoding does what the library `tokenizers` does, in its order: added tokens are cut out of the
 * text, the rest is normalised (NFC or not at all), added tokens that ask for normalised text are
 * cut out of that, the rest is split by regular expressions, and each piece's bytes are merged by
 * the ranks of the merges (Sennrich et al. 2016, "Neural machine translation of rare words with
 * subword units").  Bytes that are no UTF-8, which that library does not take, make pieces of their
 * own.  Time is linear in the text's length, and n log n in that of a piece. */

#ifndef HF_COMMON_TOKENIZER_TOKENIZER_H
#define HF_COMMON_TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/hf_common/error.h"

struct hf_tokenizer;

/* Token ids that grow; all zero is empty. */
struct hf_ids {
    int32_t *ids; /* [count] */
    size_t count, capacity;
};

void hf_ids_free(struct hf_ids *ids);
/* 0, or -1: out of memory. */
int hf_ids_add(struct hf_ids *ids, int32_t id, struct hf_err *e);

/* Reads the tokenizer.json at `path`.  0, or -1 with file and reason: a kind of tokenizer that is
 * not supported is named. */
int hf_tokenizer_load(const char *path, struct hf_tokenizer **ret_tokenizer, struct hf_err *e);
void hf_tokenizer_free(struct hf_tokenizer *t);

/* Appends the ids of text[length], any bytes, to `ids`; what the post-processor would put around
 * them is left out.  0, or -1 (ids may then hold a part). */
int hf_tokenizer_encode(const struct hf_tokenizer *t, const char *text, size_t length,
                        struct hf_ids *ids, struct hf_err *e);

/* The bytes of one token, the tokenizer's own, and their number; NULL: there is no such id.  A
 * token may be a part of a character. */
const char *hf_tokenizer_piece(const struct hf_tokenizer *t, int32_t id, size_t *ret_length);

/* What the post-processor puts before and after a text, such as the beginning-of-sequence token. */
const struct hf_ids *hf_tokenizer_prefix(const struct hf_tokenizer *t);
const struct hf_ids *hf_tokenizer_suffix(const struct hf_tokenizer *t);

/* Ids that stand for bytes of text, ascending: all but added and special tokens. */
const struct hf_ids *hf_tokenizer_ordinary(const struct hf_tokenizer *t);

/* The largest id, and one more. */
int32_t hf_tokenizer_size(const struct hf_tokenizer *t);

#endif
