/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A tokenizer's parts among themselves. */

#ifndef HF_COMMON_TOKENIZER_INTERNAL_H
#define HF_COMMON_TOKENIZER_INTERNAL_H

#include <jansson.h>

#include "plugins/hf_common/tokenizer/tokenizer.h"

#define TOKENIZER_IDS_MAX (1 << 22) /* far above any vocabulary of today */
#define TOKENIZER_STEPS_MAX 8

/* What a file is read with, for the errors. */
struct reader {
    const json_t *root;
    const char *path;
    struct hf_err *e;
};

/* ---------------------------------------------------------------- vocabulary.c */

enum token_kind { TOKEN_NONE, TOKEN_BYTES, TOKEN_ADDED };

struct token {
    char *bytes; /* [length], and a NUL that does not count */
    uint32_t length;
    enum token_kind kind;
};

struct pair {
    uint64_t key; /* left id << 32 | right id; PAIR_EMPTY: a free slot */
    int32_t rank, id;
};

struct vocabulary {
    struct token *tokens; /* [count], by id */
    int32_t count;
    int32_t *slots; /* [slot_mask + 1]: ids by a hash of their bytes, -1 free */
    size_t slot_mask;
    struct pair *pairs; /* [pair_mask + 1] */
    size_t pair_mask;
    int32_t byte_ids[256]; /* the token of each single byte; -1: none */
    int32_t unknown;       /* stands for bytes without a token; -1: they are left out */
    bool whole_first;      /* a piece that is a token is not merged (ignore_merges) */
};

/* Reads model.vocab and model.merges. */
int vocabulary_read(struct vocabulary *v, const struct reader *r, const json_t *model);
void vocabulary_free(struct vocabulary *v);

/* -1: there is no such token. */
int32_t vocabulary_find(const struct vocabulary *v, const char *bytes, size_t length);
/* What two tokens become; NULL: they stay two. */
const struct pair *vocabulary_pair(const struct vocabulary *v, int32_t left, int32_t right);
/* Makes room for ids below `count`. */
int vocabulary_grow(struct vocabulary *v, int32_t count, struct hf_err *e);
/* Makes `id`, which there is room for, an added token that is written as `content`. */
int vocabulary_set_added(struct vocabulary *v, int32_t id, const char *content, struct hf_err *e);

/* ---------------------------------------------------------------- alphabet.c */

/* The byte-level alphabet: a character for each byte, so that tokens can be written as text.  The
 * bytes that `text` spells; their number, or -1 where a character is none of the alphabet. */
int alphabet_decode(const char *text, size_t length, char *bytes);

/* ---------------------------------------------------------------- merge.c */

struct symbol;
struct candidate;

/* Memory that is used again from piece to piece; all zero at first. */
struct merger {
    struct symbol *symbols;
    struct candidate *heap;
    size_t capacity, heap_count;
};

void merger_free(struct merger *m);
/* Appends the ids of one piece. */
int merger_run(struct merger *m, const struct vocabulary *v, const char *piece, size_t length,
               struct hf_ids *ids, struct hf_err *e);

/* ---------------------------------------------------------------- split.c */

struct splitter {
    void *steps[TOKENIZER_STEPS_MAX]; /* compiled expressions, one after the other */
    int count;
    bool add_prefix_space;
};

/* Reads pre_tokenizer. */
int splitter_read(struct splitter *s, const struct reader *r);
void splitter_free(struct splitter *s);

typedef int piece_sink(void *arg, const char *piece, size_t length);

/* Gives the pieces of text[length], valid UTF-8, to sink in their order.  0, or -1. */
int splitter_run(const struct splitter *s, const char *text, size_t length, piece_sink *sink,
                 void *arg, struct hf_err *e);

/* ---------------------------------------------------------------- expression.c */

/* A regular expression in Oniguruma's words, as tokenizer.json has them, in PCRE2's.  A new string
 * to free(), or NULL. */
char *expression_translate(const char *pattern, const struct reader *r);

/* ---------------------------------------------------------------- normal.c */

/* text[length] (any bytes) in Unicode's normal form C: a new string to free(), or NULL.  Bytes that
 * are no UTF-8 stay as they are. */
char *normal_form_c(const char *text, size_t length, size_t *ret_length, struct hf_err *e);

/* ---------------------------------------------------------------- added.c */

struct added_token {
    char *content; /* normalised where the matcher is for normalised text */
    size_t length;
    int32_t id;
    bool single_word, left_strip, right_strip;
};

/* Tokens that are looked for in the text itself. */
struct matcher {
    struct added_token *tokens; /* [count], sorted by content */
    size_t count;
};

void matcher_free(struct matcher *m);
int matcher_add(struct matcher *m, const struct added_token *t, struct hf_err *e);
void matcher_sort(struct matcher *m);

struct match {
    size_t begin, end; /* of the match with what it strips */
    int32_t id;
};

/* The first match in text[from .. length - 1], the longest where several begin there; false: none
 * is left. */
bool matcher_next(const struct matcher *m, const char *text, size_t length, size_t from,
                  struct match *ret_match);

/* ---------------------------------------------------------------- utf8.c */

/* The length of the valid UTF-8 that text[length] begins with. */
size_t utf8_valid_length(const char *text, size_t length);
/* The first character of valid UTF-8, and its length. */
int32_t utf8_first(const char *text, size_t length, size_t *ret_bytes);
/* Appends a character at out[0 .. 3]; returns its length. */
size_t utf8_put(int32_t c, char *out);
/* Unicode's White_Space. */
bool utf8_is_space(int32_t c);

/* ---------------------------------------------------------------- the whole */

struct hf_tokenizer {
    struct vocabulary vocabulary;
    struct splitter splitter;
    struct matcher raw, normalised; /* added tokens by the text that they are looked for in */
    bool normal_form_c;
    struct hf_ids prefix, suffix, ordinary;
};

#endif
