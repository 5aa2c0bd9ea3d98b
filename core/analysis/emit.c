/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/emit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/packed.h"
#include "core/base/err.h"
#include "core/base/wire.h"

/* Copies what a plugin passed, which may be older and shorter, or newer and longer, than ours. */
#define TAKE(to, from)                                                                             \
    do {                                                                                           \
        memset(&(to), 0, sizeof(to));                                                              \
        memcpy(&(to), (from), (from)->size < sizeof(to) ? (from)->size : sizeof(to));              \
    } while (0)

static const char *const type_names[] = {"", "number", "integer", "flag", "text"};
static const char *const role_names[] = {"", "key", "value", "low", "high", "note", "detail"};
static const char *const severity_names[] = {"", "info", "notice", "warning", "error"};
static const char *const series_names[] = {"", "points", "line", "both", "band"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint32_t index_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 1; name && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (uint32_t)i;
    return 0;
}

const char *column_type_name(uint32_t type)
{
    return type < COUNT(type_names) ? type_names[type] : "";
}

uint32_t column_type_from_name(const char *name)
{
    return index_of(type_names, COUNT(type_names), name);
}

uint32_t column_role_from_name(const char *name)
{
    return index_of(role_names, COUNT(role_names), name);
}

int emitted_init(struct emitted *m, const char *analyzer)
{
    *m = (struct emitted){.analyzer = analyzer,
                          .tables = json_array(),
                          .findings = json_array(),
                          .plots = json_array()};
    if (m->tables && m->findings && m->plots)
        return 0;
    emitted_free(m);
    return -1;
}

static void free_rows(struct emitted *m)
{
    for (size_t i = 0; m->rows && i < json_array_size(m->tables); i++) {
        buf_free(&m->rows[i].bytes);
        free(m->rows[i].types);
    }
    free(m->rows);
    m->rows = NULL;
    m->rows_capacity = 0;
}

void emitted_free(struct emitted *m)
{
    free_rows(m);
    json_decref(m->tables);
    json_decref(m->findings);
    json_decref(m->plots);
    *m = (struct emitted){0};
}

int emitted_unpack(struct emitted *m)
{
    struct buf b = {0};
    emitted_write_tables(m, &b);
    json_t *whole = buf_ok(&b) ? wire_read(b.data, b.len) : NULL;
    buf_free(&b);
    if (!whole || packed_expand_tables(whole) < 0) {
        json_decref(whole);
        return -1;
    }
    free_rows(m);
    json_decref(m->tables);
    m->tables = whole;
    return 0;
}

static bool is_name(const char *name)
{
    return name && *name >= 'a' && *name <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* Statistics are known by names such as F and R2. */
static bool is_column_name(const char *name)
{
    return name && *name >= 'a' && *name <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
               '\0';
}

static void refuse(struct emitted *m, const char *what, const char *name, const char *why)
{
    m->refused++;
    log_warning("%s: %s '%s' left out: %s", m->analyzer, what, name ? name : "", why);
}

static json_t *find_named(const json_t *array, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) if (strcmp(json_string_value(json_object_get(item, "name")),
                                                  name) == 0) return item;
    return NULL;
}

/* NULL, or what is wrong with the column. */
static const char *column_problem(const struct ctxmark_table_column *c, const json_t *before)
{
    if (!is_column_name(c->name))
        return "a column's name is not [a-z][a-zA-Z0-9_]*";
    if (find_named(before, c->name))
        return "two columns have one name";
    if (c->type < CTXMARK_NUMBER || c->type > CTXMARK_TEXT)
        return "a column has no known type";
    if (c->role < CTXMARK_ROLE_KEY || c->role > CTXMARK_ROLE_DETAIL)
        return "a column has no known role";
    return NULL;
}

static const char *add_columns(json_t *columns, const struct ctxmark_table *t)
{
    size_t stride = t->column_stride;
    for (uint32_t i = 0; i < t->column_count; i++) {
        struct ctxmark_table_column c = {0};
        memcpy(&c, (const char *)t->columns + i * stride, stride < sizeof c ? stride : sizeof c);
        const char *problem = column_problem(&c, columns);
        if (problem)
            return problem;
        json_t *column =
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", c.name, "type", type_names[c.type],
                      "unit", c.unit ? c.unit : "", "role", role_names[c.role], "definition",
                      c.definition ? c.definition : "");
        if (!column || json_array_append_new(columns, column) < 0)
            return "a column's text is not UTF-8";
    }
    return NULL;
}

static const char *table_problem(const struct emitted *m, const struct ctxmark_table *t)
{
    if (!is_name(t->name))
        return "its name is not [a-z][a-z0-9_]*";
    if (find_named(m->tables, t->name))
        return "there is a table of that name already";
    if (!is_name(t->section))
        return "its section is not [a-z][a-z0-9_]*";
    if (!t->title || !*t->title)
        return "it has no title";
    return t->column_count && t->columns ? NULL : "it has no columns";
}

/* Place for the rows of one more table; NULL: out of memory. */
static struct emitted_rows *next_rows(struct emitted *m, const struct ctxmark_table *t)
{
    size_t count = json_array_size(m->tables), stride = t->column_stride;
    if (count == m->rows_capacity) {
        size_t n = m->rows_capacity ? m->rows_capacity * 2 : 8;
        struct emitted_rows *rows = realloc(m->rows, n * sizeof *rows);
        if (!rows)
            return NULL;
        m->rows = rows;
        m->rows_capacity = n;
    }
    struct emitted_rows *r = &m->rows[count];
    *r = (struct emitted_rows){.column_count = t->column_count,
                               .types = malloc(t->column_count * sizeof *r->types)};
    for (uint32_t i = 0; r->types && i < t->column_count; i++)
        r->types[i] =
            ((const struct ctxmark_table_column *)((const char *)t->columns + i * stride))->type;
    return r->types ? r : NULL;
}

int32_t emit_table_begin(struct emitted *m, const struct ctxmark_table *table)
{
    struct ctxmark_table t;
    if (!table)
        return -1;
    TAKE(t, table);
    json_t *columns = json_array();
    const char *problem = table_problem(m, &t);
    if (!problem)
        problem = add_columns(columns, &t);
    if (problem) {
        refuse(m, "table", t.name, problem);
        json_decref(columns);
        return -1;
    }
    struct emitted_rows *rows = next_rows(m, &t);
    json_t *made = json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "analyzer", m->analyzer, "name",
                             t.name, "title", t.title, "section", t.section, "order", (int)t.order,
                             "columns", columns);
    if (!rows || !made || json_array_append_new(m->tables, made) < 0) {
        refuse(m, "table", t.name, rows ? "its title is not UTF-8" : "out of memory");
        if (rows)
            free(rows->types);
        return -1;
    }
    return (int32_t)json_array_size(m->tables) - 1;
}

/* A number that counts as an integer, and fits into a JSON integer of any reader. */
static bool is_whole(uint32_t type, double x)
{
    return type == CTXMARK_INTEGER && x == rint(x) && fabs(x) <= 9007199254740992.0;
}

/* Numbers that JSON can hold; null for the others, which are unknown. */
static json_t *number_value(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static void put_number(struct buf *b, uint32_t type, double x)
{
    if (!isfinite(x))
        wire_null(b);
    else if (type == CTXMARK_FLAG)
        wire_flag(b, x != 0);
    else if (is_whole(type, x))
        wire_integer(b, (json_int_t)x);
    else
        wire_real(b, x);
}

/* false: not UTF-8, or out of memory. */
static bool put_text(struct buf *b, const char *text)
{
    if (!text) {
        wire_null(b);
        return true;
    }
    json_t *checked = json_string(text);
    if (checked)
        wire_text(b, text, json_string_length(checked));
    json_decref(checked);
    return checked != NULL;
}

static bool put_row(struct emitted_rows *rows, const struct ctxmark_value *values)
{
    size_t begin = rows->bytes.len;
    bool sound = true;
    wire_begin_array(&rows->bytes, rows->column_count);
    for (size_t i = 0; sound && i < rows->column_count; i++)
        if (rows->types[i] == CTXMARK_TEXT)
            sound = put_text(&rows->bytes, values[i].text);
        else
            put_number(&rows->bytes, rows->types[i], values[i].number);
    if (sound)
        rows->count++;
    else
        rows->bytes.len = begin;
    return sound;
}

void emit_table_row(struct emitted *m, int32_t table, const struct ctxmark_value *values,
                    uint32_t value_count)
{
    const json_t *t = table >= 0 ? json_array_get(m->tables, (size_t)table) : NULL;
    if (!t) {
        refuse(m, "row of table", "", "there is no such table");
        return;
    }
    struct emitted_rows *rows = &m->rows[table];
    const char *name = json_string_value(json_object_get(t, "name"));
    if (value_count != rows->column_count || !values)
        refuse(m, "row of table", name, "it does not have as many values as the table has columns");
    else if (!put_row(rows, values))
        refuse(m, "row of table", name, "one of its texts is not UTF-8");
}

void emitted_write_tables(const struct emitted *m, struct buf *b)
{
    size_t i;
    json_t *table, *member;
    const char *key;
    wire_begin_array(b, json_array_size(m->tables));
    json_array_foreach(m->tables, i, table)
    {
        const struct emitted_rows *rows = &m->rows[i];
        wire_begin_object(b, json_object_size(table) + 1);
        json_object_foreach(table, key, member)
        {
            wire_key(b, key);
            wire_write(b, member);
        }
        wire_key(b, "rows");
        size_t begun = wire_begin_bytes(b);
        wire_begin_array(b, rows->count);
        buf_add(b, rows->bytes.data, rows->bytes.len);
        wire_end_bytes(b, begun);
        b->failed = b->failed || rows->bytes.failed;
    }
}

/* The tables it names are looked up when all of them are there. */
static json_t *evidence_list(const struct emitted *m, const struct ctxmark_finding *f)
{
    json_t *list = json_array();
    size_t stride = f->evidence_stride;
    for (uint32_t i = 0; f->evidence && i < f->evidence_count; i++) {
        struct ctxmark_evidence v = {0};
        memcpy(&v, (const char *)f->evidence + i * stride, stride < sizeof v ? stride : sizeof v);
        json_t *one =
            json_pack("{s:s, s:s, s:o, s:s?}", "analyzer", v.analyzer ? v.analyzer : m->analyzer,
                      "table", v.table ? v.table : "", "row",
                      v.row < 0 ? json_null() : json_integer(v.row), "column", v.column);
        if (json_array_append_new(list, one) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

void emit_finding(struct emitted *m, const struct ctxmark_finding *finding)
{
    struct ctxmark_finding f;
    if (!finding)
        return;
    TAKE(f, finding);
    if (!is_name(f.id))
        refuse(m, "finding", f.id, "its id is not [a-z][a-z0-9_]*");
    else if (f.severity < CTXMARK_SEVERITY_INFO || f.severity > CTXMARK_SEVERITY_ERROR)
        refuse(m, "finding", f.id, "it has no known severity");
    else if (!f.text || !*f.text)
        refuse(m, "finding", f.id, "it has no text");
    else if (json_array_append_new(m->findings,
                                   json_pack("{s:s, s:s, s:s, s:s, s:o}", "analyzer", m->analyzer,
                                             "id", f.id, "severity", severity_names[f.severity],
                                             "text", f.text, "evidence", evidence_list(m, &f))) < 0)
        refuse(m, "finding", f.id, "its text is not UTF-8");
}

static json_t *number_list(const double *x, uint32_t count)
{
    if (!x)
        return json_null();
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, number_value(x[i]));
    return list;
}

static json_t *series_list(const struct ctxmark_plot *p)
{
    json_t *list = json_array();
    for (uint32_t i = 0; p->series && i < p->series_count; i++) {
        struct ctxmark_series s = {0};
        size_t stride = p->series_stride;
        memcpy(&s, (const char *)p->series + i * stride, stride < sizeof s ? stride : sizeof s);
        bool sound = s.name && s.kind >= CTXMARK_SERIES_POINTS && s.kind <= CTXMARK_SERIES_BAND &&
                     (s.count == 0 || (s.x && (s.y || (s.low && s.high))));
        json_t *one =
            !sound ? NULL
                   : json_pack("{s:s, s:s?, s:s, s:o, s:o, s:o, s:o}", "name", s.name, "group",
                               s.group, "kind", series_names[s.kind], "x",
                               number_list(s.x, s.count), "y", number_list(s.y, s.count), "low",
                               number_list(s.low, s.count), "high", number_list(s.high, s.count));
        if (json_array_append_new(list, one) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *limit_list(const struct ctxmark_plot *p)
{
    json_t *list = json_array();
    for (uint32_t i = 0; p->limits && i < p->limit_count; i++) {
        struct ctxmark_limit_line l = {0};
        size_t stride = p->limit_stride;
        memcpy(&l, (const char *)p->limits + i * stride, stride < sizeof l ? stride : sizeof l);
        json_t *one = json_pack("{s:s, s:s, s:o}", "name", l.name ? l.name : "", "axis",
                                l.vertical ? "x" : "y", "value", number_value(l.value));
        if (json_array_append_new(list, one) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *axis_object(const struct ctxmark_axis *a)
{
    return json_pack("{s:s, s:s, s:b}", "label", a->label ? a->label : "", "unit",
                     a->unit ? a->unit : "", "logarithmic", a->logarithmic != 0);
}

void emit_plot(struct emitted *m, const struct ctxmark_plot *plot)
{
    struct ctxmark_plot p;
    if (!plot)
        return;
    TAKE(p, plot);
    if (!is_name(p.name) || !is_name(p.section)) {
        refuse(m, "plot", p.name, "its name or section is not [a-z][a-z0-9_]*");
        return;
    }
    if (find_named(m->plots, p.name)) {
        refuse(m, "plot", p.name, "there is a plot of that name already");
        return;
    }
    json_t *made =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "analyzer", m->analyzer, "name",
                  p.name, "title", p.title ? p.title : p.name, "section", p.section, "order",
                  (int)p.order, "x", axis_object(&p.x), "y", axis_object(&p.y), "series",
                  series_list(&p), "limits", limit_list(&p));
    if (json_array_append_new(m->plots, made) < 0)
        refuse(m, "plot", p.name, "a series has no name, kind or values, or a text is not UTF-8");
}
