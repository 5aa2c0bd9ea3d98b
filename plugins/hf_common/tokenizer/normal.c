/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "plugins/hf_common/tokenizer/internal.h"

#define FIRST_CHANGED 0x300 /* no text below changes: the first combining mark */
#define DECOMPOSED_MAX 32   /* of one character: more than any has */

/* Characters of the text so far, decomposed. */
struct normal {
    utf8proc_int32_t *chars; /* with room for DECOMPOSED_MAX more */
    size_t count, capacity;
};

struct mark {
    utf8proc_int32_t c;
    int class;
    size_t order;
};

static int mark_compare(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* A run of combining marks in canonical order.  Sorted, since a run may be as long as the text. */
static int marks_order(utf8proc_int32_t *chars, size_t count)
{
    bool ordered = true;
    for (size_t i = 1; i < count && ordered; i++)
        ordered = utf8proc_get_property(chars[i - 1])->combining_class <=
                  utf8proc_get_property(chars[i])->combining_class;
    if (ordered)
        return 0;
    struct mark *marks = calloc(count, sizeof *marks);
    if (!marks)
        return -1;
    for (size_t i = 0; i < count; i++)
        marks[i] = (struct mark){chars[i], utf8proc_get_property(chars[i])->combining_class, i};
    qsort(marks, count, sizeof *marks, mark_compare);
    for (size_t i = 0; i < count; i++)
        chars[i] = marks[i].c;
    free(marks);
    return 0;
}

static int normal_order(struct normal *n)
{
    size_t first = 0;
    for (size_t i = 0; i <= n->count; i++) {
        if (i < n->count && utf8proc_get_property(n->chars[i])->combining_class != 0)
            continue;
        if (i - first > 1 && marks_order(n->chars + first, i - first) != 0)
            return -1;
        first = i + 1;
    }
    return 0;
}

static int normal_make_room(struct normal *n)
{
    if (n->count + DECOMPOSED_MAX <= n->capacity)
        return 0;
    size_t capacity = n->capacity * 2 + 4 * DECOMPOSED_MAX;
    utf8proc_int32_t *chars = realloc(n->chars, capacity * sizeof *chars);
    if (!chars)
        return -1;
    n->chars = chars;
    n->capacity = capacity;
    return 0;
}

static int normal_decompose(struct normal *n, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t bytes;
        int32_t c = utf8_first(text + at, length - at, &bytes);
        if (normal_make_room(n) != 0)
            return -1;
        int boundary = 0;
        utf8proc_ssize_t count = utf8proc_decompose_char(c, n->chars + n->count, DECOMPOSED_MAX,
                                                         UTF8PROC_DECOMPOSE, &boundary);
        if (count < 0 || count > DECOMPOSED_MAX)
            return -1;
        n->count += (size_t)count;
        at += bytes;
    }
    return 0;
}

/* Appends valid UTF-8 in normal form; *ret_length grows.  The caller made room: composing never
 * makes a text longer than thrice its bytes. */
static int normal_append(struct normal *n, const char *text, size_t length, char *out,
                         size_t *ret_length)
{
    n->count = 0;
    if (normal_decompose(n, text, length) != 0 || normal_order(n) != 0)
        return -1;
    utf8proc_ssize_t count = utf8proc_normalize_utf32(n->chars, (utf8proc_ssize_t)n->count,
                                                      UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (count < 0)
        return -1;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        *ret_length += utf8_put(n->chars[i], out + *ret_length);
    return 0;
}

/* The length of the beginning that is as it should be, up to the character before the first one
 * that may change it. */
static size_t unchanged_length(const char *text, size_t length)
{
    size_t before = 0;
    for (size_t at = 0; at < length;) {
        size_t n;
        int32_t c = utf8_first(text + at, length - at, &n);
        if (c >= FIRST_CHANGED)
            return before;
        before = at;
        at += n;
    }
    return length;
}

char *normal_form_c(const char *text, size_t length, size_t *ret_length, struct hf_err *e)
{
    struct normal n = {0};
    size_t used = 0;
    int result = 0;
    char *out = length < SIZE_MAX / 4 ? malloc(length * 3 + 1) : NULL;
    for (size_t at = 0; out && at < length && result == 0;) {
        size_t valid = utf8_valid_length(text + at, length - at);
        size_t same = unchanged_length(text + at, valid);
        memcpy(out + used, text + at, same);
        used += same;
        result = normal_append(&n, text + at + same, valid - same, out, &used);
        at += valid;
        if (at < length)
            out[used++] = text[at++];
    }
    free(n.chars);
    if (!out || result != 0) {
        hf_err_memory(e, length * 3);
        free(out);
        return NULL;
    }
    *ret_length = used;
    return out;
}
