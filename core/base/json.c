/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/decimal.h"

#define DEPTH_MAX 64

static void write_value(struct buf *b, const json_t *v, int depth);

static void new_line(struct buf *b, int depth)
{
    buf_putc(b, '\n');
    for (int i = 0; i < depth; i++)
        buf_putc(b, ' ');
}

void json_write_string(struct buf *b, const char *text, size_t n)
{
    size_t plain = 0; /* what stands as it is is added at once */
    buf_putc(b, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != 0x7f && c != '"' && c != '\\')
            continue;
        buf_add(b, text + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            buf_add(b, (char[]){'\\', (char)c}, 2);
        else if (c == '\n')
            buf_puts(b, "\\n");
        else
            buf_printf(b, "\\u%04x", c);
    }
    buf_add(b, text + plain, n - plain);
    buf_putc(b, '"');
}

void json_write_text(struct buf *b, const char *text)
{
    json_write_string(b, text, strlen(text));
}

static bool is_plain(const json_t *v)
{
    return !json_is_array(v) && !json_is_object(v);
}

static bool all_plain(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!is_plain(json_array_get(array, i)))
            return false;
    return true;
}

static void write_array(struct buf *b, const json_t *v, int depth)
{
    bool flat = all_plain(v);
    buf_putc(b, '[');
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i)
            buf_puts(b, flat ? ", " : ",");
        if (!flat)
            new_line(b, depth + 1);
        write_value(b, json_array_get(v, i), depth + 1);
    }
    if (!flat)
        new_line(b, depth);
    buf_putc(b, ']');
}

void json_write_key(struct buf *b, const char *key, int depth, bool first)
{
    if (!first)
        buf_putc(b, ',');
    new_line(b, depth);
    json_write_text(b, key);
    buf_puts(b, ": ");
}

static void write_object(struct buf *b, const json_t *v, int depth)
{
    const char *key;
    json_t *member;
    bool first = true;
    buf_putc(b, '{');
    json_object_foreach((json_t *)v, key, member)
    {
        json_write_key(b, key, depth + 1, first);
        first = false;
        write_value(b, member, depth + 1);
    }
    if (!first)
        new_line(b, depth);
    buf_putc(b, '}');
}

void json_write_real(struct buf *b, double x)
{
    char text[DECIMAL_SIZE];
    if (!isfinite(x)) {
        buf_puts(b, "null");
        return;
    }
    size_t n = decimal_print(x, text);
    buf_add(b, text, n);
    /* 3.0 stays a real when read back. */
    if (!memchr(text, '.', n) && !memchr(text, 'e', n))
        buf_add(b, ".0", 2);
}

static void write_value(struct buf *b, const json_t *v, int depth)
{
    if (depth > DEPTH_MAX) {
        buf_puts(b, "null");
        return;
    }
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(b, v, depth);
        break;
    case JSON_ARRAY:
        write_array(b, v, depth);
        break;
    case JSON_STRING:
        json_write_string(b, json_string_value(v), json_string_length(v));
        break;
    case JSON_INTEGER:
        buf_integer(b, json_integer_value(v));
        break;
    case JSON_REAL:
        json_write_real(b, json_real_value(v));
        break;
    case JSON_TRUE:
        buf_puts(b, "true");
        break;
    case JSON_FALSE:
        buf_puts(b, "false");
        break;
    case JSON_NULL:
        buf_puts(b, "null");
        break;
    }
}

void json_write_part(struct buf *b, const json_t *json, int depth)
{
    write_value(b, json, depth);
}

void json_write(struct buf *b, const json_t *json)
{
    write_value(b, json, 0);
    buf_putc(b, '\n');
}
