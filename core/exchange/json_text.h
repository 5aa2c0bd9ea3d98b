/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Places in JSON text, which a parsed value no longer has: so that a message about a value can say
 * where it stands. */

#ifndef CORE_EXCHANGE_JSON_TEXT_H
#define CORE_EXCHANGE_JSON_TEXT_H

#include <stddef.h>

struct json_text {
    const char *name; /* of the file, for messages */
    const char *text;
    size_t size;
};

/* 1-based; the column counts bytes. */
struct json_place {
    size_t line, column;
};

struct json_place json_text_place(const struct json_text *t, size_t at);

/* Where the next byte that is no white space stands, from `at` on; t->size: nowhere. */
size_t json_text_skip(const struct json_text *t, size_t at);

/* Behind the object or array that begins at `at`; t->size if it does not end. */
size_t json_text_end(const struct json_text *t, size_t at);

/* Where the value of member `key` of the object text[from .. to) stands; `from` if it has none. */
size_t json_text_member(const struct json_text *t, size_t from, size_t to, const char *key);

#endif
