/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/json_text.h"

#include <string.h>

struct json_place json_text_place(const struct json_text *t, size_t at)
{
    struct json_place p = {1, 1};
    for (size_t i = 0; i < at && i < t->size; i++) {
        p.column++;
        if (t->text[i] == '\n')
            p = (struct json_place){p.line + 1, 1};
    }
    return p;
}

size_t json_text_skip(const struct json_text *t, size_t at)
{
    while (at < t->size && t->text[at] && strchr(" \t\r\n", t->text[at]))
        at++;
    return at;
}

/* Behind the string whose opening quote is at `at`. */
static size_t string_end(const struct json_text *t, size_t at)
{
    for (at++; at < t->size && t->text[at] != '"'; at++)
        if (t->text[at] == '\\')
            at++;
    return at < t->size ? at + 1 : t->size;
}

size_t json_text_end(const struct json_text *t, size_t at)
{
    size_t depth = 0;
    while (at < t->size) {
        char c = t->text[at];
        if (c == '"') {
            at = string_end(t, at);
            continue;
        }
        depth += c == '{' || c == '[';
        if ((c == '}' || c == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return t->size;
}

size_t json_text_member(const struct json_text *t, size_t from, size_t to, const char *key)
{
    size_t depth = 0, len = strlen(key);
    for (size_t at = from; at < to;) {
        char c = t->text[at];
        if (c != '"') {
            depth += c == '{' || c == '[';
            depth -= (c == '}' || c == ']') && depth > 0;
            at++;
            continue;
        }
        size_t end = string_end(t, at), colon = json_text_skip(t, end);
        if (depth == 1 && colon < to && t->text[colon] == ':' && end - at == len + 2 &&
            memcmp(t->text + at + 1, key, len) == 0)
            return json_text_skip(t, colon + 1);
        at = end;
    }
    return from;
}
