/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/tokenizer/internal.h"

/* White space in both is Unicode's White_Space, but PCRE2 counts U+180E as well, which Unicode took
 * out in version 6.3. */
#define SPACES "\\t-\\r \\x{85}\\p{Z}"

#define GROWTH 24 /* no character of a pattern becomes longer */

struct translation {
    const char *at;
    char *out;
    bool in_class;
    const struct reader *r;
};

static int translate_refuse(const struct translation *t, const char *what)
{
    return hf_err_set(t->r->e,
                      "%s: pre_tokenizer: the expression's part '%.12s' is not supported (%s)",
                      t->r->path, t->at, what);
}

static void translate_put(struct translation *t, const char *text, size_t length)
{
    memcpy(t->out, text, length);
    t->out += length;
}

static void translate_put_text(struct translation *t, const char *text)
{
    translate_put(t, text, strlen(text));
}

/* \p{Name} or \P{Name}, as it is. */
static int translate_property(struct translation *t)
{
    const char *end = t->at[2] == '{' ? strchr(t->at, '}') : NULL;
    if (!end || end - t->at > GROWTH)
        return translate_refuse(t, "a property is written \\p{NAME}");
    translate_put(t, t->at, (size_t)(end + 1 - t->at));
    t->at = end + 1;
    return 0;
}

static int translate_escape(struct translation *t)
{
    char c = t->at[1];
    if (c == 'p' || c == 'P')
        return translate_property(t);
    if (c == 's')
        translate_put_text(t, t->in_class ? SPACES : "[" SPACES "]");
    else if (c == 'S' && !t->in_class)
        translate_put_text(t, "[^" SPACES "]");
    else if (c == 'd')
        translate_put_text(t, "\\p{Nd}");
    else if (c == 'r' || c == 'n' || c == 't' || ispunct((unsigned char)c))
        translate_put(t, t->at, 2);
    else
        return translate_refuse(t, "an escape of unknown meaning");
    t->at += 2;
    return 0;
}

/* (?: (?i: (?= (?! (?<= (?<! (?> mean the same in both. */
static int translate_group(struct translation *t)
{
    static const char *const known[] = {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
    size_t length = 1;
    if (t->at[1] == '*')
        return translate_refuse(t, "a verb");
    if (t->at[1] == '?') {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (strncmp(t->at, known[i], strlen(known[i])) == 0)
                length = strlen(known[i]);
        if (length == 1)
            return translate_refuse(t, "a group of unknown kind");
    }
    translate_put(t, t->at, length);
    t->at += length;
    return 0;
}

static int translate_one(struct translation *t)
{
    char c = *t->at;
    if (c == '\\')
        return translate_escape(t);
    if (t->in_class && (c == '[' || strncmp(t->at, "&&", 2) == 0))
        return translate_refuse(t, "a set within a set");
    if (!t->in_class && c == '(')
        return translate_group(t);
    if (!t->in_class && (c == '^' || c == '$'))
        return translate_refuse(t, "an anchor");
    if (c == '[')
        t->in_class = true;
    else if (c == ']')
        t->in_class = false;
    translate_put(t, t->at++, 1);
    return 0;
}

char *expression_translate(const char *pattern, const struct reader *r)
{
    size_t length = strlen(pattern);
    char *out = length < 65536 ? malloc(length * GROWTH + 2 * GROWTH) : NULL;
    if (!out) {
        hf_err_set(r->e, "%s: pre_tokenizer: an expression of %zu bytes is too long", r->path,
                   length);
        return NULL;
    }
    struct translation t = {pattern, out, false, r};
    while (*t.at)
        if (translate_one(&t) != 0) {
            free(out);
            return NULL;
        }
    *t.out = '\0';
    return out;
}
