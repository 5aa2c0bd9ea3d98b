/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/hf_common/tokenizer/internal.h"

#define PAIR_EMPTY UINT64_MAX

/* ---------------------------------------------------------------- tokens by their bytes */

static uint64_t bytes_hash(const char *bytes, size_t length)
{
    uint64_t h = length, word = 0;
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        h = ctxmark_mix(h ^ word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return ctxmark_mix(h ^ word);
}

/* The slot where these bytes are, or where they belong. */
static int32_t *vocabulary_slot(const struct vocabulary *v, const char *bytes, size_t length)
{
    size_t at = (size_t)bytes_hash(bytes, length) & v->slot_mask;
    for (;; at = (at + 1) & v->slot_mask) {
        int32_t id = v->slots[at];
        if (id < 0)
            return &v->slots[at];
        const struct token *t = &v->tokens[id];
        if (t->length == length && memcmp(t->bytes, bytes, length) == 0)
            return &v->slots[at];
    }
}

int32_t vocabulary_find(const struct vocabulary *v, const char *bytes, size_t length)
{
    return *vocabulary_slot(v, bytes, length);
}

/* ---------------------------------------------------------------- pairs */

static struct pair *pair_slot(const struct vocabulary *v, uint64_t key)
{
    size_t at = (size_t)ctxmark_mix(key) & v->pair_mask;
    while (v->pairs[at].key != PAIR_EMPTY && v->pairs[at].key != key)
        at = (at + 1) & v->pair_mask;
    return &v->pairs[at];
}

const struct pair *vocabulary_pair(const struct vocabulary *v, int32_t left, int32_t right)
{
    const struct pair *p = pair_slot(v, (uint64_t)(uint32_t)left << 32 | (uint32_t)right);
    return p->key == PAIR_EMPTY ? NULL : p;
}

/* ---------------------------------------------------------------- reading */

/* At least twice as many slots as entries, a power of two; less one. */
static size_t mask_for(size_t entries)
{
    size_t slots = 16;
    while (slots < 2 * entries)
        slots *= 2;
    return slots - 1;
}

static int token_set(struct token *t, const char *bytes, size_t length, enum token_kind kind,
                     struct hf_err *e)
{
    char *copy = malloc(length + 1);
    if (!copy)
        return hf_err_memory(e, length + 1);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    free(t->bytes);
    *t = (struct token){copy, (uint32_t)length, kind};
    return 0;
}

int vocabulary_grow(struct vocabulary *v, int32_t count, struct hf_err *e)
{
    if (count <= v->count)
        return 0;
    struct token *tokens = realloc(v->tokens, (size_t)count * sizeof *tokens);
    if (!tokens)
        return hf_err_memory(e, (size_t)count * sizeof *tokens);
    memset(tokens + v->count, 0, (size_t)(count - v->count) * sizeof *tokens);
    v->tokens = tokens;
    v->count = count;
    return 0;
}

static int vocabulary_allocate(struct vocabulary *v, const struct reader *r, size_t tokens,
                               size_t merges)
{
    v->slot_mask = mask_for(tokens);
    v->pair_mask = mask_for(merges);
    v->slots = malloc((v->slot_mask + 1) * sizeof *v->slots);
    v->pairs = malloc((v->pair_mask + 1) * sizeof *v->pairs);
    if (!v->slots || !v->pairs)
        return hf_err_memory(r->e, (v->slot_mask + v->pair_mask) * sizeof *v->pairs);
    memset(v->slots, 0xff, (v->slot_mask + 1) * sizeof *v->slots);
    for (size_t i = 0; i <= v->pair_mask; i++)
        v->pairs[i].key = PAIR_EMPTY;
    return 0;
}

/* One entry of the vocabulary.  A text outside the byte-level alphabet can be met as an added token
 * only. */
static int vocabulary_add(struct vocabulary *v, const struct reader *r, const char *text,
                          const json_t *value)
{
    json_int_t id = json_integer_value(value);
    size_t length = strlen(text);
    struct token *t = &v->tokens[id];
    if (t->kind != TOKEN_NONE)
        return hf_err_set(r->e,
                          "%s: model.vocab: the id %d is given twice, the second time to "
                          "'%.60s'",
                          r->path, (int)id, text);
    char *bytes = malloc(length + 1);
    if (!bytes)
        return hf_err_memory(r->e, length + 1);
    int count = alphabet_decode(text, length, bytes);
    int result = count > 0 ? token_set(t, bytes, (size_t)count, TOKEN_BYTES, r->e)
                           : token_set(t, text, length, TOKEN_ADDED, r->e);
    free(bytes);
    if (result == 0 && count > 0)
        *vocabulary_slot(v, t->bytes, t->length) = (int32_t)id;
    return result;
}

/* Makes room for all ids. */
static int vocabulary_make_room(struct vocabulary *v, const struct reader *r, json_t *vocab)
{
    const char *text;
    json_t *value;
    json_int_t largest = 0;
    json_object_foreach(vocab, text, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id >= TOKENIZER_IDS_MAX)
            return hf_err_set(r->e, "%s: model.vocab: the id of '%.60s' must lie in 0 .. %d",
                              r->path, text, TOKENIZER_IDS_MAX - 1);
        largest = id > largest ? id : largest;
    }
    return vocabulary_grow(v, (int32_t)largest + 1, r->e);
}

static int merge_error(const struct reader *r, size_t rank, const char *why)
{
    return hf_err_set(r->e, "%s: model.merges: entry %zu %s", r->path, rank + 1, why);
}

/* The id of one side of a merge, written in the byte-level alphabet; -1: there is none. */
static int32_t merge_side(const struct vocabulary *v, const char *text, size_t length, char *bytes,
                          size_t *used)
{
    int n = alphabet_decode(text, length, bytes + *used);
    int32_t id = n > 0 ? vocabulary_find(v, bytes + *used, (size_t)n) : -1;
    *used += n > 0 ? (size_t)n : 0;
    return id;
}

static int merge_add(struct vocabulary *v, const struct reader *r, size_t rank, const char *left,
                     size_t left_length, const char *right)
{
    size_t right_length = strlen(right), used = 0;
    char *bytes = malloc(left_length + right_length + 1);
    if (!bytes)
        return hf_err_memory(r->e, left_length + right_length + 1);
    int32_t a = merge_side(v, left, left_length, bytes, &used);
    int32_t b = merge_side(v, right, right_length, bytes, &used);
    int32_t id = a >= 0 && b >= 0 ? vocabulary_find(v, bytes, used) : -1;
    free(bytes);
    if (id < 0)
        return merge_error(r, rank, "joins or makes a token that is not in the vocabulary");
    uint64_t key = (uint64_t)(uint32_t)a << 32 | (uint32_t)b;
    *pair_slot(v, key) = (struct pair){key, (int32_t)rank, id};
    return 0;
}

/* "a b" or ["a", "b"]. */
static int merge_read(struct vocabulary *v, const struct reader *r, size_t rank, const json_t *m)
{
    const char *left = json_string_value(m), *right = left ? strchr(left, ' ') : NULL;
    if (right)
        return strchr(right + 1, ' ')
                   ? merge_error(r, rank, "has more than one space")
                   : merge_add(v, r, rank, left, (size_t)(right - left), right + 1);
    left = json_string_value(json_array_get(m, 0));
    right = json_string_value(json_array_get(m, 1));
    if (!left || !right || json_array_size(m) != 2)
        return merge_error(r, rank, "is neither \"LEFT RIGHT\" nor [\"LEFT\", \"RIGHT\"]");
    return merge_add(v, r, rank, left, strlen(left), right);
}

static int vocabulary_read_entries(struct vocabulary *v, const struct reader *r, json_t *vocab,
                                   const json_t *merges)
{
    const char *text;
    json_t *value;
    size_t i;
    json_object_foreach(vocab, text, value)
    {
        if (vocabulary_add(v, r, text, value) != 0)
            return -1;
    }
    json_array_foreach(merges, i, value)
    {
        if (merge_read(v, r, i, value) != 0)
            return -1;
    }
    for (int b = 0; b < 256; b++) {
        char byte = (char)b;
        v->byte_ids[b] = vocabulary_find(v, &byte, 1);
    }
    return 0;
}

int vocabulary_read(struct vocabulary *v, const struct reader *r, const json_t *model)
{
    json_t *vocab = json_object_get(model, "vocab"), *merges = json_object_get(model, "merges");
    if (json_object_size(vocab) == 0 || !json_is_array(merges))
        return hf_err_set(r->e, "%s: model.vocab or model.merges is missing", r->path);
    if (json_array_size(merges) > TOKENIZER_IDS_MAX)
        return hf_err_set(r->e, "%s: model.merges has more than %d entries", r->path,
                          TOKENIZER_IDS_MAX);
    if (vocabulary_make_room(v, r, vocab) != 0 ||
        vocabulary_allocate(v, r, json_object_size(vocab), json_array_size(merges)) != 0)
        return -1;
    return vocabulary_read_entries(v, r, vocab, merges);
}

int vocabulary_set_added(struct vocabulary *v, int32_t id, const char *content, struct hf_err *e)
{
    struct token *t = &v->tokens[id];
    /* Its bytes are those by which the vocabulary finds it: only what it counts as changes. */
    if (t->kind != TOKEN_NONE) {
        t->kind = TOKEN_ADDED;
        return 0;
    }
    return token_set(t, content, strlen(content), TOKEN_ADDED, e);
}

void vocabulary_free(struct vocabulary *v)
{
    for (int32_t i = 0; i < v->count; i++)
        free(v->tokens[i].bytes);
    free(v->tokens);
    free(v->slots);
    free(v->pairs);
}
