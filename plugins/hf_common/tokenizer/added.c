/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "plugins/hf_common/tokenizer/internal.h"

void matcher_free(struct matcher *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->tokens[i].content);
    free(m->tokens);
}

int matcher_add(struct matcher *m, const struct added_token *t, struct hf_err *e)
{
    struct added_token *tokens = realloc(m->tokens, (m->count + 1) * sizeof *tokens);
    if (!tokens)
        return hf_err_memory(e, (m->count + 1) * sizeof *tokens);
    m->tokens = tokens;
    m->tokens[m->count++] = *t;
    return 0;
}

static int token_compare(const void *a, const void *b)
{
    const struct added_token *x = a, *y = b;
    size_t n = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->content, y->content, n);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

void matcher_sort(struct matcher *m)
{
    if (m->count > 0)
        qsort(m->tokens, m->count, sizeof *m->tokens, token_compare);
}

/* The first token of first .. last - 1, which all agree before byte `at`, whose byte there is not
 * below `byte`.  A token that ends there comes first. */
static size_t lower_bound(const struct matcher *m, size_t first, size_t last, size_t at, int byte)
{
    while (first < last) {
        size_t middle = first + (last - first) / 2;
        const struct added_token *t = &m->tokens[middle];
        int found = t->length > at ? (unsigned char)t->content[at] : -1;
        if (found < byte)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

/* The longest token that text[length] begins with; NULL: none. */
static const struct added_token *longest_at(const struct matcher *m, const char *text,
                                            size_t length)
{
    const struct added_token *longest = NULL;
    size_t first = 0, last = m->count;
    for (size_t at = 0; at < length && first < last; at++) {
        int byte = (unsigned char)text[at];
        first = lower_bound(m, first, last, at, byte);
        last = lower_bound(m, first, last, at, byte + 1);
        if (first < last && m->tokens[first].length == at + 1)
            longest = &m->tokens[first];
    }
    return longest;
}

/* Where the character before `at` begins, and what it is; `from` is the text's start. */
static size_t character_before(const char *text, size_t from, size_t at, int32_t *ret_char)
{
    size_t begin = at - 1, n;
    while (begin > from && at - begin < 4 && ((unsigned char)text[begin] & 0xc0) == 0x80)
        begin--;
    *ret_char = utf8_first(text + begin, at - begin, &n);
    return begin;
}

/* Where the white space that ends at `at` begins. */
static size_t space_before(const char *text, size_t from, size_t at)
{
    int32_t c;
    while (at > from) {
        size_t begin = character_before(text, from, at, &c);
        if (!utf8_is_space(c))
            break;
        at = begin;
    }
    return at;
}

static size_t space_after(const char *text, size_t length, size_t at)
{
    size_t n;
    while (at < length && utf8_is_space(utf8_first(text + at, length - at, &n)))
        at += n;
    return at;
}

/* Letters in circles and squares, which Unicode calls alphabetic, but symbols. */
static bool is_letter_symbol(int32_t c)
{
    return (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) ||
           (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
}

/* Letters, marks, digits and connectors: what a regular expression calls a word. */
static bool is_word(int32_t c)
{
    if (c < 0)
        return false;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default:
        return c == 0x200c || c == 0x200d || is_letter_symbol(c);
    }
}

static bool stands_alone(const char *text, size_t length, const struct match *m)
{
    size_t n;
    int32_t before = -1, after = -1;
    if (m->begin > 0)
        character_before(text, 0, m->begin, &before);
    if (m->end < length)
        after = utf8_first(text + m->end, length - m->end, &n);
    return !is_word(before) && !is_word(after);
}

bool matcher_next(const struct matcher *m, const char *text, size_t length, size_t from,
                  struct match *ret_match)
{
    for (size_t at = from; at < length && m->count > 0; at++) {
        const struct added_token *t = longest_at(m, text + at, length - at);
        if (!t)
            continue;
        struct match found = {at, at + t->length, t->id};
        if (t->single_word && !stands_alone(text, length, &found)) {
            at = found.end - 1;
            continue;
        }
        if (t->left_strip)
            found.begin = space_before(text, from, found.begin);
        if (t->right_strip)
            found.end = space_after(text, length, found.end);
        *ret_match = found;
        return true;
    }
    return false;
}
