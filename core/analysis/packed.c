/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/packed.h"

#include <math.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/utf8.h"

bool packed_begin(const json_t *table, struct wire_reader *ret, uint32_t *ret_rows)
{
    const json_t *rows = json_object_get(table, "rows");
    const char *bytes = json_string_value(rows);
    if (!bytes)
        return false;
    *ret = (struct wire_reader){.p = bytes, .end = bytes + json_string_length(rows)};
    return wire_take_array(ret, ret_rows);
}

size_t packed_count(const json_t *table)
{
    struct wire_reader r;
    uint32_t rows;
    return packed_begin(table, &r, &rows) ? rows : 0;
}

static bool is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_character(text + i, len - i);
        if (!n)
            return false;
    }
    return true;
}

static bool table_is_sound(const json_t *table)
{
    struct wire_reader r;
    struct wire_plain v;
    uint32_t rows, values;
    size_t columns = json_array_size(json_object_get(table, "columns"));
    if (!packed_begin(table, &r, &rows))
        return false;
    for (uint32_t row = 0; row < rows; row++) {
        if (!wire_take_array(&r, &values) || values != columns)
            return false;
        for (uint32_t i = 0; i < values; i++)
            if (!wire_take_plain(&r, &v) || (v.type == JSON_REAL && !isfinite(v.number)) ||
                (v.type == JSON_STRING && !is_utf8(v.text, v.len)))
                return false;
    }
    return r.p == r.end;
}

bool packed_is_sound(const json_t *tables)
{
    size_t i;
    json_t *table;
    bool sound = true;
    json_array_foreach(tables, i, table) sound = sound && table_is_sound(table);
    return sound;
}

int packed_expand_tables(json_t *tables)
{
    size_t i;
    json_t *table;
    json_array_foreach(tables, i, table)
    {
        const json_t *rows = json_object_get(table, "rows");
        json_t *list = wire_read(json_string_value(rows), json_string_length(rows));
        if (json_object_set_new(table, "rows", list) < 0)
            return -1;
    }
    return 0;
}

int packed_expand(json_t *analysis, struct err *e)
{
    return packed_expand_tables(json_object_get(analysis, "tables")) < 0 ? err_memory(e) : 0;
}

/* --- as text */

static void write_plain(struct buf *b, const struct wire_plain *v)
{
    if (v->type == JSON_INTEGER)
        buf_integer(b, v->whole);
    else if (v->type == JSON_REAL)
        json_write_real(b, v->number);
    else if (v->type == JSON_STRING)
        json_write_string(b, v->text, v->len);
    else
        buf_puts(b, v->type == JSON_NULL ? "null" : v->type == JSON_TRUE ? "true" : "false");
}

static void write_rows(struct buf *b, const json_t *table)
{
    struct wire_reader r;
    struct wire_plain v;
    uint32_t rows, values;
    buf_putc(b, '[');
    if (!packed_begin(table, &r, &rows))
        rows = 0;
    for (uint32_t row = 0; row < rows && wire_take_array(&r, &values); row++) {
        buf_puts(b, row ? ",\n    [" : "\n    [");
        for (uint32_t i = 0; i < values && wire_take_plain(&r, &v); i++) {
            if (i)
                buf_puts(b, ", ");
            write_plain(b, &v);
        }
        buf_putc(b, ']');
    }
    buf_puts(b, rows ? "\n   ]" : "]");
}

static void write_table(struct buf *b, const json_t *table)
{
    const char *key;
    json_t *member;
    bool first = true;
    buf_putc(b, '{');
    json_object_foreach((json_t *)table, key, member)
    {
        json_write_key(b, key, 3, first);
        first = false;
        if (strcmp(key, "rows") == 0)
            write_rows(b, table);
        else
            json_write_part(b, member, 3);
    }
    buf_puts(b, "\n  }");
}

static void write_tables(struct buf *b, const json_t *tables)
{
    size_t i;
    json_t *table;
    buf_putc(b, '[');
    json_array_foreach(tables, i, table)
    {
        buf_puts(b, i ? ",\n  " : "\n  ");
        write_table(b, table);
    }
    buf_puts(b, json_array_size(tables) ? "\n ]" : "]");
}

void packed_write(struct buf *b, const json_t *analysis)
{
    const char *key;
    json_t *member;
    bool first = true;
    buf_putc(b, '{');
    json_object_foreach((json_t *)analysis, key, member)
    {
        json_write_key(b, key, 1, first);
        first = false;
        if (strcmp(key, "tables") == 0)
            write_tables(b, member);
        else
            json_write_part(b, member, 1);
    }
    buf_puts(b, "\n}\n");
}
