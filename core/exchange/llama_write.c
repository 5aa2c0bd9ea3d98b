/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/llama_bench.h"

#include "core/base/json.h"

#define SEPARATOR(i) ((i) ? ", " : "")

/* ---- values */

/* The value as llama-bench prints it, without quotes. */
static void put_plain(struct buf *b, const json_t *value)
{
    if (json_is_string(value))
        buf_puts(b, json_string_value(value));
    else if (json_is_boolean(value))
        buf_putc(b, json_is_true(value) ? '1' : '0');
    else if (json_is_integer(value))
        buf_printf(b, "%lld", (long long)json_integer_value(value));
    else
        buf_printf(b, "%f", json_number_value(value));
}

/* Releases differ in what is a flag and what an integer: an imported test may have either. */
static void put_json(struct buf *b, const json_t *value, enum llama_type type)
{
    if (json_is_string(value))
        json_write_text(b, json_string_value(value));
    else if (type == LLAMA_FLAG)
        buf_puts(b, json_is_true(value) || json_integer_value(value) ? "true" : "false");
    else
        put_plain(b, value);
}

/* In quotes that are doubled inside. */
static void put_quoted(struct buf *b, const json_t *value, char quote)
{
    struct buf plain = {0};
    put_plain(&plain, value);
    buf_putc(b, quote);
    for (const char *p = buf_text(&plain); *p; p++) {
        if (*p == quote)
            buf_putc(b, quote);
        buf_putc(b, *p);
    }
    buf_putc(b, quote);
    b->failed = b->failed || plain.failed;
    buf_free(&plain);
}

static const json_t *value_of(const json_t *test, size_t field)
{
    return json_object_get(test, llama_fields[field].name);
}

/* ---- JSON */

static void put_samples(struct buf *b, const json_t *samples)
{
    size_t i;
    json_t *x;
    buf_puts(b, "[ ");
    json_array_foreach((json_t *)samples, i, x)
    {
        buf_puts(b, SEPARATOR(i));
        if (json_is_integer(x))
            put_plain(b, x);
        else
            buf_printf(b, "%.6g", json_number_value(x));
    }
    buf_puts(b, " ]");
}

/* `before` stands before each member, `after` behind it. */
static void put_object(struct buf *b, const json_t *test, const char *before, const char *after)
{
    for (size_t i = 0; i < llama_field_count; i++) {
        buf_printf(b, "%s\"%s\": ", before, llama_fields[i].name);
        put_json(b, value_of(test, i), llama_fields[i].type);
        buf_printf(b, ",%s", after);
    }
    buf_printf(b, "%s\"samples_ns\": ", before);
    put_samples(b, json_object_get(test, "samples_ns"));
    buf_printf(b, ",%s%s\"samples_ts\": ", after, before);
    put_samples(b, json_object_get(test, "samples_ts"));
}

static void write_json(struct buf *b, const json_t *tests)
{
    size_t i;
    json_t *test;
    buf_puts(b, "[\n");
    json_array_foreach((json_t *)tests, i, test)
    {
        buf_puts(b, i ? ",\n  {\n" : "  {\n");
        put_object(b, test, "    ", "\n");
        buf_puts(b, "\n  }");
    }
    buf_puts(b, "\n]\n");
}

static void write_jsonl(struct buf *b, const json_t *tests)
{
    size_t i;
    json_t *test;
    json_array_foreach((json_t *)tests, i, test)
    {
        buf_putc(b, '{');
        put_object(b, test, "", " ");
        buf_puts(b, "}\n");
    }
}

/* ---- CSV and SQL: without the samples */

static void put_names(struct buf *b, const char *between)
{
    for (size_t i = 0; i < llama_field_count; i++)
        buf_printf(b, "%s%s", i ? between : "", llama_fields[i].name);
}

static void put_values(struct buf *b, const json_t *test, const char *between, char quote)
{
    for (size_t i = 0; i < llama_field_count; i++) {
        buf_puts(b, i ? between : "");
        put_quoted(b, value_of(test, i), quote);
    }
}

static void write_csv(struct buf *b, const json_t *tests)
{
    size_t i;
    json_t *test;
    put_names(b, ",");
    buf_putc(b, '\n');
    json_array_foreach((json_t *)tests, i, test)
    {
        put_values(b, test, ",", '"');
        buf_putc(b, '\n');
    }
}

static void write_sql(struct buf *b, const json_t *tests)
{
    static const char *const types[] = {
        [LLAMA_TEXT] = "TEXT",
        [LLAMA_INTEGER] = "INTEGER",
        [LLAMA_FLAG] = "INTEGER",
        [LLAMA_REAL] = "REAL",
    };
    size_t i;
    json_t *test;
    buf_puts(b, "CREATE TABLE IF NOT EXISTS llama_bench (\n");
    for (size_t k = 0; k < llama_field_count; k++)
        buf_printf(b, "  %s %s%s\n", llama_fields[k].name, types[llama_fields[k].type],
                   k + 1 < llama_field_count ? "," : "");
    buf_puts(b, ");\n\n");
    json_array_foreach((json_t *)tests, i, test)
    {
        buf_puts(b, "INSERT INTO llama_bench (");
        put_names(b, ", ");
        buf_puts(b, ") VALUES (");
        put_values(b, test, ", ", '\'');
        buf_puts(b, ");\n");
    }
}

void llama_write(struct buf *to, enum llama_form form, const json_t *tests)
{
    static void (*const writers[])(struct buf *, const json_t *) = {
        [LLAMA_JSON] = write_json,
        [LLAMA_JSONL] = write_jsonl,
        [LLAMA_CSV] = write_csv,
        [LLAMA_SQL] = write_sql,
    };
    writers[form](to, tests);
}
