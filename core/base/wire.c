/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/wire.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 64

/* One byte each; behind it a double, an integer, the length and bytes of a text, or the number of
 * members, each with its key (an object; its NUL counts) and value. */
enum tag {
    TAG_NULL,
    TAG_FALSE,
    TAG_TRUE,
    TAG_INTEGER,
    TAG_REAL,
    TAG_STRING,
    TAG_ARRAY,
    TAG_OBJECT
};

static void write_tagged(struct buf *b, char tag, const void *value, size_t n)
{
    buf_putc(b, tag);
    buf_add(b, value, n);
}

static void write_count(struct buf *b, size_t count)
{
    uint32_t n = (uint32_t)count;
    buf_add(b, &n, sizeof n);
}

static void write_text(struct buf *b, const char *text, size_t len)
{
    write_count(b, len);
    buf_add(b, text, len);
}

static void write_object(struct buf *b, const json_t *object)
{
    const char *key;
    json_t *member;
    buf_putc(b, TAG_OBJECT);
    write_count(b, json_object_size(object));
    json_object_foreach((json_t *)object, key, member)
    {
        write_text(b, key, strlen(key) + 1);
        wire_write(b, member);
    }
}

void wire_write(struct buf *b, const json_t *v)
{
    json_int_t whole = json_integer_value(v);
    double number = json_is_real(v) ? json_real_value(v) : 0;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(b, v);
        break;
    case JSON_ARRAY:
        buf_putc(b, TAG_ARRAY);
        write_count(b, json_array_size(v));
        for (size_t i = 0; i < json_array_size(v); i++)
            wire_write(b, json_array_get(v, i));
        break;
    case JSON_STRING:
        buf_putc(b, TAG_STRING);
        write_text(b, json_string_value(v), json_string_length(v));
        break;
    case JSON_INTEGER:
        write_tagged(b, TAG_INTEGER, &whole, sizeof whole);
        break;
    case JSON_REAL:
        write_tagged(b, TAG_REAL, &number, sizeof number);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        buf_putc(b, json_is_true(v) ? TAG_TRUE : TAG_FALSE);
        break;
    case JSON_NULL:
        buf_putc(b, TAG_NULL);
        break;
    }
}

struct reader {
    const char *p, *end;
    int depth;
};

static json_t *read_value(struct reader *r);

static int take(struct reader *r, void *ret, size_t n)
{
    if ((size_t)(r->end - r->p) < n)
        return -1;
    memcpy(ret, r->p, n);
    r->p += n;
    return 0;
}

/* A count of things that take at least one byte each. */
static int take_count(struct reader *r, uint32_t *ret)
{
    return take(r, ret, sizeof *ret) < 0 || *ret > (size_t)(r->end - r->p) ? -1 : 0;
}

static json_t *read_array(struct reader *r)
{
    uint32_t n;
    json_t *array = take_count(r, &n) == 0 ? json_array() : NULL;
    for (uint32_t i = 0; array && i < n; i++)
        if (json_array_append_new(array, read_value(r)) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* A key, with its NUL, inside the bytes; NULL: there is none. */
static const char *take_key(struct reader *r)
{
    uint32_t len;
    if (take_count(r, &len) < 0 || !len || r->p[len - 1])
        return NULL;
    r->p += len;
    return r->p - len;
}

static json_t *read_object(struct reader *r)
{
    uint32_t n;
    json_t *object = take_count(r, &n) == 0 ? json_object() : NULL;
    for (uint32_t i = 0; object && i < n; i++) {
        const char *key = take_key(r);
        if (!key || json_object_set_new(object, key, read_value(r)) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *read_string(struct reader *r)
{
    uint32_t len;
    if (take_count(r, &len) < 0)
        return NULL;
    r->p += len;
    return json_stringn(r->p - len, len);
}

static json_t *read_tagged(struct reader *r, char tag)
{
    json_int_t whole;
    double number;
    switch (tag) {
    case TAG_NULL:
        return json_null();
    case TAG_FALSE:
        return json_false();
    case TAG_TRUE:
        return json_true();
    case TAG_INTEGER:
        return take(r, &whole, sizeof whole) == 0 ? json_integer(whole) : NULL;
    case TAG_REAL:
        return take(r, &number, sizeof number) == 0 ? json_real(number) : NULL;
    case TAG_STRING:
        return read_string(r);
    case TAG_ARRAY:
        return read_array(r);
    case TAG_OBJECT:
        return read_object(r);
    default:
        return NULL;
    }
}

static json_t *read_value(struct reader *r)
{
    char tag;
    if (r->depth >= DEPTH_MAX || take(r, &tag, 1) < 0)
        return NULL;
    r->depth++;
    json_t *value = read_tagged(r, tag);
    r->depth--;
    return value;
}

json_t *wire_read(const char *bytes, size_t n)
{
    struct reader r = {bytes, bytes + n, 0};
    json_t *value = read_value(&r);
    if (value && r.p != r.end) {
        json_decref(value);
        return NULL;
    }
    return value;
}
