/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/wire.h"

#include <math.h>
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
    TAG_OBJECT,
    TAG_BYTES /* as a text, but not UTF-8 */
};

static void write_tagged(struct buf *b, char tag, const void *value, size_t n)
{
    char bytes[16];
    bytes[0] = tag;
    memcpy(bytes + 1, value, n);
    buf_add(b, bytes, 1 + n);
}

static void write_count(struct buf *b, char tag, size_t count)
{
    uint32_t n = (uint32_t)count;
    write_tagged(b, tag, &n, sizeof n);
}

void wire_begin_object(struct buf *b, size_t members)
{
    write_count(b, TAG_OBJECT, members);
}

void wire_key(struct buf *b, const char *key)
{
    uint32_t n = (uint32_t)strlen(key) + 1;
    buf_add(b, &n, sizeof n);
    buf_add(b, key, n);
}

void wire_begin_array(struct buf *b, size_t items)
{
    write_count(b, TAG_ARRAY, items);
}

void wire_null(struct buf *b)
{
    buf_putc(b, TAG_NULL);
}

void wire_flag(struct buf *b, bool flag)
{
    buf_putc(b, flag ? TAG_TRUE : TAG_FALSE);
}

void wire_integer(struct buf *b, json_int_t whole)
{
    write_tagged(b, TAG_INTEGER, &whole, sizeof whole);
}

void wire_real(struct buf *b, double number)
{
    write_tagged(b, TAG_REAL, &number, sizeof number);
}

void wire_text(struct buf *b, const char *text, size_t len)
{
    write_count(b, TAG_STRING, len);
    buf_add(b, text, len);
}

size_t wire_begin_bytes(struct buf *b)
{
    write_count(b, TAG_BYTES, 0);
    return b->len;
}

void wire_end_bytes(struct buf *b, size_t begun)
{
    if (!buf_ok(b))
        return;
    if (b->len - begun > UINT32_MAX) {
        b->failed = true;
        return;
    }
    uint32_t n = (uint32_t)(b->len - begun);
    memcpy(b->data + begun - sizeof n, &n, sizeof n);
}

static void write_object(struct buf *b, const json_t *object)
{
    const char *key;
    json_t *member;
    wire_begin_object(b, json_object_size(object));
    json_object_foreach((json_t *)object, key, member)
    {
        wire_key(b, key);
        wire_write(b, member);
    }
}

void wire_write(struct buf *b, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(b, v);
        break;
    case JSON_ARRAY:
        wire_begin_array(b, json_array_size(v));
        for (size_t i = 0; i < json_array_size(v); i++)
            wire_write(b, json_array_get(v, i));
        break;
    case JSON_STRING:
        wire_text(b, json_string_value(v), json_string_length(v));
        break;
    case JSON_INTEGER:
        wire_integer(b, json_integer_value(v));
        break;
    case JSON_REAL:
        wire_real(b, json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        wire_flag(b, json_is_true(v));
        break;
    case JSON_NULL:
        wire_null(b);
        break;
    }
}

static json_t *read_value(struct wire_reader *r);

static int take(struct wire_reader *r, void *ret, size_t n)
{
    if ((size_t)(r->end - r->p) < n)
        return -1;
    memcpy(ret, r->p, n);
    r->p += n;
    return 0;
}

/* A count of things that take at least one byte each. */
static int take_count(struct wire_reader *r, uint32_t *ret)
{
    return take(r, ret, sizeof *ret) < 0 || *ret > (size_t)(r->end - r->p) ? -1 : 0;
}

static json_t *read_array(struct wire_reader *r)
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
static const char *take_key(struct wire_reader *r)
{
    uint32_t len;
    if (take_count(r, &len) < 0 || !len || r->p[len - 1])
        return NULL;
    r->p += len;
    return r->p - len;
}

static json_t *read_object(struct wire_reader *r)
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

static json_t *read_string(struct wire_reader *r, char tag)
{
    uint32_t len;
    if (take_count(r, &len) < 0)
        return NULL;
    r->p += len;
    return tag == TAG_BYTES ? json_stringn_nocheck(r->p - len, len) : json_stringn(r->p - len, len);
}

static json_t *read_tagged(struct wire_reader *r, char tag)
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
    case TAG_BYTES:
        return read_string(r, tag);
    case TAG_ARRAY:
        return read_array(r);
    case TAG_OBJECT:
        return read_object(r);
    default:
        return NULL;
    }
}

static json_t *read_value(struct wire_reader *r)
{
    char tag;
    if (r->depth >= DEPTH_MAX || take(r, &tag, 1) < 0)
        return NULL;
    r->depth++;
    json_t *value = read_tagged(r, tag);
    r->depth--;
    return value;
}

bool wire_take_array(struct wire_reader *r, uint32_t *ret_items)
{
    char tag;
    return take(r, &tag, 1) == 0 && tag == TAG_ARRAY && take_count(r, ret_items) == 0;
}

static bool take_text(struct wire_reader *r, struct wire_plain *ret)
{
    uint32_t len;
    if (take_count(r, &len) < 0)
        return false;
    ret->text = r->p;
    ret->len = len;
    r->p += len;
    return true;
}

bool wire_take_plain(struct wire_reader *r, struct wire_plain *ret)
{
    char tag;
    *ret = (struct wire_plain){.type = JSON_NULL, .number = NAN};
    if (take(r, &tag, 1) < 0)
        return false;
    switch (tag) {
    case TAG_NULL:
        return true;
    case TAG_FALSE:
    case TAG_TRUE:
        ret->type = tag == TAG_TRUE ? JSON_TRUE : JSON_FALSE;
        ret->number = tag == TAG_TRUE;
        return true;
    case TAG_INTEGER:
        ret->type = JSON_INTEGER;
        if (take(r, &ret->whole, sizeof ret->whole) < 0)
            return false;
        ret->number = (double)ret->whole;
        return true;
    case TAG_REAL:
        ret->type = JSON_REAL;
        return take(r, &ret->number, sizeof ret->number) == 0;
    case TAG_STRING:
        ret->type = JSON_STRING;
        return take_text(r, ret);
    default:
        return false;
    }
}

json_t *wire_read(const char *bytes, size_t n)
{
    struct wire_reader r = {bytes, bytes + n, 0};
    json_t *value = read_value(&r);
    if (value && r.p != r.end) {
        json_decref(value);
        return NULL;
    }
    return value;
}
