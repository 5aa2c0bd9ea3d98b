/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/tokenizer/internal.h"

/* ---------------------------------------------------------------- ids */

void hf_ids_free(struct hf_ids *ids)
{
    free(ids->ids);
    memset(ids, 0, sizeof *ids);
}

int hf_ids_add(struct hf_ids *ids, int32_t id, struct hf_err *e)
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity * 2 + 16;
        int32_t *more = realloc(ids->ids, capacity * sizeof *more);
        if (!more)
            return hf_err_memory(e, capacity * sizeof *more);
        ids->ids = more;
        ids->capacity = capacity;
    }
    ids->ids[ids->count++] = id;
    return 0;
}

/* ---------------------------------------------------------------- encoding */

struct encoding {
    const struct hf_tokenizer *t;
    struct merger merger;
    struct hf_ids *ids;
    struct hf_err *e;
};

static int encoding_add_piece(void *arg, const char *piece, size_t length)
{
    struct encoding *c = arg;
    return merger_run(&c->merger, &c->t->vocabulary, piece, length, c->ids, c->e);
}

/* Text without added tokens, normalised: stretches of UTF-8, and what is none between them. */
static int encoding_add_stretches(struct encoding *c, const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        size_t valid = utf8_valid_length(text + at, length - at), begin = at + valid;
        if (splitter_run(&c->t->splitter, text + at, valid, encoding_add_piece, c, c->e) != 0)
            return -1;
        for (at = begin; at < length && utf8_valid_length(text + at, length - at) == 0;)
            at++;
        if (at > begin && encoding_add_piece(c, text + begin, at - begin) != 0)
            return -1;
    }
    return 0;
}

static int encoding_add_plain(struct encoding *c, const char *text, size_t length)
{
    if (!c->t->splitter.add_prefix_space || length == 0 || text[0] == ' ')
        return encoding_add_stretches(c, text, length);
    char *spaced = malloc(length + 1);
    if (!spaced)
        return hf_err_memory(c->e, length + 1);
    spaced[0] = ' ';
    memcpy(spaced + 1, text, length);
    int result = encoding_add_stretches(c, spaced, length + 1);
    free(spaced);
    return result;
}

typedef int encoding_rest(struct encoding *c, const char *text, size_t length);

/* Added tokens become ids; what lies between them goes to `rest`. */
static int encoding_cut(struct encoding *c, const struct matcher *m, const char *text,
                        size_t length, encoding_rest *rest)
{
    size_t at = 0;
    struct match found;
    while (matcher_next(m, text, length, at, &found)) {
        if (found.begin > at && rest(c, text + at, found.begin - at) != 0)
            return -1;
        if (hf_ids_add(c->ids, found.id, c->e) != 0)
            return -1;
        at = found.end;
    }
    return length > at ? rest(c, text + at, length - at) : 0;
}

static int encoding_add_normalised(struct encoding *c, const char *text, size_t length)
{
    size_t normal_length = length;
    char *normal = NULL;
    if (c->t->normal_form_c) {
        normal = normal_form_c(text, length, &normal_length, c->e);
        if (!normal)
            return -1;
    }
    int result = encoding_cut(c, &c->t->normalised, normal ? normal : text, normal_length,
                              encoding_add_plain);
    free(normal);
    return result;
}

int hf_tokenizer_encode(const struct hf_tokenizer *t, const char *text, size_t length,
                        struct hf_ids *ids, struct hf_err *e)
{
    struct encoding c = {.t = t, .ids = ids, .e = e};
    int result = encoding_cut(&c, &t->raw, text, length, encoding_add_normalised);
    merger_free(&c.merger);
    return result;
}

/* ---------------------------------------------------------------- what it holds */

const char *hf_tokenizer_piece(const struct hf_tokenizer *t, int32_t id, size_t *ret_length)
{
    if (id < 0 || id >= t->vocabulary.count || t->vocabulary.tokens[id].kind == TOKEN_NONE)
        return NULL;
    *ret_length = t->vocabulary.tokens[id].length;
    return t->vocabulary.tokens[id].bytes;
}

const struct hf_ids *hf_tokenizer_prefix(const struct hf_tokenizer *t)
{
    return &t->prefix;
}

const struct hf_ids *hf_tokenizer_suffix(const struct hf_tokenizer *t)
{
    return &t->suffix;
}

const struct hf_ids *hf_tokenizer_ordinary(const struct hf_tokenizer *t)
{
    return &t->ordinary;
}

int32_t hf_tokenizer_size(const struct hf_tokenizer *t)
{
    return t->vocabulary.count;
}

void hf_tokenizer_free(struct hf_tokenizer *t)
{
    if (!t)
        return;
    vocabulary_free(&t->vocabulary);
    splitter_free(&t->splitter);
    matcher_free(&t->raw);
    matcher_free(&t->normalised);
    hf_ids_free(&t->prefix);
    hf_ids_free(&t->suffix);
    hf_ids_free(&t->ordinary);
    free(t);
}
