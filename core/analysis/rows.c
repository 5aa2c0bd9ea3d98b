/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/rows.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/csv.h"

#define LOGGED_LINES 5

#define NO_COLUMN SIZE_MAX

struct known_column {
    const char *name;
    uint32_t type;
    bool required;
    const char *otherwise; /* text of a field that is empty or not there */
    const char *alias;
};

static const struct known_column known_columns[] = {
    {"run", CTXMARK_TEXT, false, NULL, NULL},
    {"run_id", CTXMARK_TEXT, false, NULL, NULL},
    {"seq", CTXMARK_INTEGER, false, NULL, NULL},
    {"launch", CTXMARK_INTEGER, false, NULL, NULL},
    {"time_utc", CTXMARK_TEXT, false, NULL, NULL},
    {"backend", CTXMARK_TEXT, true, NULL, NULL},
    {"plugin", CTXMARK_TEXT, false, NULL, NULL},
    {"model", CTXMARK_TEXT, true, NULL, NULL},
    {"params_m", CTXMARK_NUMBER, false, NULL, NULL},
    {"context_length", CTXMARK_INTEGER, true, NULL, NULL},
    {"mode", CTXMARK_TEXT, true, NULL, NULL},
    {"phase", CTXMARK_TEXT, false, "measured", NULL},
    {"rep", CTXMARK_INTEGER, false, NULL, "repetition"},
    {"request", CTXMARK_INTEGER, false, NULL, NULL},
    {"concurrency", CTXMARK_INTEGER, false, NULL, NULL},
    {"cold", CTXMARK_FLAG, false, NULL, NULL},
    {"status", CTXMARK_TEXT, false, "ok", NULL},
    {"latency_ms", CTXMARK_NUMBER, true, NULL, NULL},
    {"device_ms", CTXMARK_NUMBER, false, NULL, NULL},
    {"tokens_per_s", CTXMARK_NUMBER, false, NULL, NULL},
    {"prompt_tokens", CTXMARK_INTEGER, false, NULL, NULL},
    {"cached_tokens", CTXMARK_INTEGER, false, NULL, NULL},
    {"generated_tokens", CTXMARK_INTEGER, false, NULL, NULL},
    {"ttft_ms", CTXMARK_NUMBER, false, NULL, NULL},
    {"load_ms", CTXMARK_NUMBER, false, NULL, NULL},
    {"peak_memory_mib", CTXMARK_NUMBER, false, NULL, "peak_vram_mb"},
    {"memory_limit_mib", CTXMARK_NUMBER, false, NULL, "memory_limit_mb"},
    {"spill", CTXMARK_TEXT, false, NULL, NULL},
    {"spilled_mib", CTXMARK_NUMBER, false, NULL, "spilled_mb"},
    {"foreign_cpu", CTXMARK_NUMBER, false, NULL, NULL},
    {"gpu_temp_c", CTXMARK_NUMBER, false, NULL, NULL},
    {"gpu_clock_mhz", CTXMARK_NUMBER, false, NULL, NULL},
    {"gpu_power_w", CTXMARK_NUMBER, false, NULL, NULL},
    {"energy_j", CTXMARK_NUMBER, false, NULL, NULL},
    {"throttle", CTXMARK_TEXT, false, NULL, NULL},
    {"note", CTXMARK_TEXT, false, NULL, NULL},
    {"error", CTXMARK_TEXT, false, NULL, NULL},
};

#define KNOWN_COUNT (sizeof known_columns / sizeof *known_columns)

/* A field of at most LAST_MOST bytes: its first and last eight, those that it lacks as zeros. */
#define LAST_MOST 16

struct last_field {
    uint64_t first, last;
    size_t len;   /* 0: there is none */
    double value; /* of a number */
};

/* A column that every row gets a value of. */
struct target {
    const struct known_column *known;
    const char *said; /* the caller's text, instead of the file's; NULL: none */
    size_t field;     /* NO_COLUMN: the file does not have it, `otherwise` is its value */
    size_t column;
    struct last_field before; /* most rows repeat most of the row before */
};

/* What of the file goes where. */
struct header {
    size_t field_count;
    size_t field_of[KNOWN_COUNT]; /* NO_COLUMN: the file does not have it */
    struct target targets[KNOWN_COUNT];
    size_t target_count;
    bool needs_line_end; /* ours: a last row without its line end was cut while it was written */
};

void rows_skip(struct rows *rows, const char *path, size_t line, const char *why)
{
    if (rows->skipped++ < LOGGED_LINES)
        log_warning("%s:%zu: skipped: %s", path, line, why);
}

static size_t known_index(const char *name)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(known_columns[i].name, name) == 0 ||
            (known_columns[i].alias && strcmp(known_columns[i].alias, name) == 0))
            return i;
    return NO_COLUMN;
}

static char *trim(const struct csv_field *f)
{
    char *text = f->text, *end = f->text + f->len;
    while (text < end && *text == ' ')
        text++;
    while (end > text && end[-1] == ' ')
        end--;
    *end = '\0'; /* instead of what ended the field */
    return text;
}

static int header_map(struct header *h, const struct csv_reader *r, struct err *e)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        h->field_of[i] = NO_COLUMN;
    h->field_count = r->field_count;
    for (size_t f = 0; f < r->field_count; f++) {
        const char *name = trim(&r->fields[f]);
        size_t i = known_index(name);
        if (i == NO_COLUMN) {
            log_debug("%s: column '%s' is none that ctxmark knows; it is not read", r->path, name);
            continue;
        }
        if (h->field_of[i] != NO_COLUMN)
            return err_set(e,
                           "%s:%zu: two columns hold %s (column %zu and %zu); remove or rename one",
                           r->path, r->line, known_columns[i].name, h->field_of[i] + 1, f + 1);
        h->field_of[i] = f;
    }
    return 0;
}

static int header_check(struct header *h, const struct csv_reader *r, struct err *e)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (known_columns[i].required && h->field_of[i] == NO_COLUMN)
            return err_set(e,
                           "%s:%zu: there is no column '%s'; the first line must name the columns, "
                           "among them model, backend, context_length, mode and latency_ms",
                           r->path, r->line, known_columns[i].name);
    h->needs_line_end = h->field_of[known_index("run_id")] != NO_COLUMN &&
                        h->field_of[known_index("seq")] != NO_COLUMN;
    return 0;
}

static const char *said_of(const struct rows *rows, size_t known)
{
    const struct rows_said *s = &rows->said;
    const char *name = known_columns[known].name;
    return strcmp(name, "run") == 0       ? s->run
           : strcmp(name, "backend") == 0 ? s->backend
           : strcmp(name, "model") == 0   ? s->model
                                          : NULL;
}

static int header_columns(struct header *h, struct rows *rows, struct err *e)
{
    struct columns *c = &rows->columns;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        /* A second run, and a rate that analyzers derive themselves, are there or not at all. */
        bool always = strcmp(known_columns[i].name, "run") != 0 &&
                      strcmp(known_columns[i].name, "tokens_per_s") != 0;
        if (!always && h->field_of[i] == NO_COLUMN && !said_of(rows, i))
            continue;
        int column = columns_find(c, known_columns[i].name);
        if (column < 0)
            column = columns_add(c, known_columns[i].name, known_columns[i].type);
        if (column < 0)
            return err_memory(e);
        const char *said = said_of(rows, i);
        if (h->field_of[i] != NO_COLUMN || known_columns[i].otherwise || said)
            h->targets[h->target_count++] =
                (struct target){&known_columns[i], said, h->field_of[i], (size_t)column, {0}};
    }
    return 0;
}

static int read_header(struct header *h, struct csv_reader *r, struct rows *rows, struct err *e)
{
    enum csv_result result = csv_next(r, e);
    if (result == CSV_FAILED)
        return -1;
    if (result == CSV_END)
        return err_set(e, "%s:1: the file is empty; it must begin with a line of column names",
                       r->path);
    if (result == CSV_BAD)
        return err_set(e, "%s:%zu: the line of column names cannot be read: %s", r->path, r->line,
                       r->problem);
    if (r->has_nul)
        return err_set(e,
                       "%s:%zu: NUL bytes in the line of column names; the file must be UTF-8 text",
                       r->path, r->line);
    if (header_map(h, r, e) < 0 || header_check(h, r, e) < 0)
        return -1;
    return header_columns(h, rows, e);
}

static void count_unreadable(struct rows *rows, const struct csv_reader *r, const char *name,
                             const struct csv_field *f)
{
    if (rows->unreadable++ < LOGGED_LINES)
        log_warning("%s:%zu: '%.*s' in column %s is no number%s; taken as unknown", r->path,
                    r->line, f->len < 40 ? (int)f->len : 40, f->text, name,
                    memchr(f->text, ',', f->len) ? " (decimals need a point, thousands no mark)"
                                                 : "");
}

static uint64_t eight_bytes(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

/* The text of a field that is not empty, without a value; len 0: it is too long. */
static struct last_field text_of(const struct csv_field *f)
{
    struct last_field n = {eight_bytes(f->text), 0, f->len, 0};
    if (f->len > LAST_MOST)
        n.len = 0;
    else if (f->len >= sizeof n.first)
        n.last = eight_bytes(f->text + f->len - sizeof n.last);
    else
        n.first &= (UINT64_C(1) << 8 * f->len) - 1;
    return n;
}

static bool same_text(const struct last_field *a, const struct last_field *b)
{
    return a->len && a->len == b->len && a->first == b->first && a->last == b->last;
}

/* The caller's text, or that of a field which is empty or not there; NULL: none. */
static int add_other_text(struct rows *rows, struct target *t, const char *text)
{
    t->before.len = 0;
    return text ? columns_set_text(&rows->columns, t->column, rows->columns.row_count - 1, text,
                                   strlen(text))
                : 0;
}

static int add_text(struct rows *rows, struct target *t, const struct csv_field *f)
{
    size_t row = rows->columns.row_count - 1;
    if (t->said || !f || !f->len)
        return add_other_text(rows, t, t->said ? t->said : t->known->otherwise);
    struct last_field n = text_of(f);
    if (same_text(&n, &t->before))
        return columns_repeat_text(&rows->columns, t->column, row);
    t->before = n;
    return columns_set_text(&rows->columns, t->column, row, f->text, f->len);
}

static int add_number(struct rows *rows, struct target *t, const struct csv_reader *r)
{
    const struct csv_field *f = &r->fields[t->field];
    if (!f->len)
        return 0;
    struct last_field n = text_of(f);
    if (same_text(&n, &t->before)) {
        n.value = t->before.value;
    } else if (csv_number(f, &n.value)) {
        t->before = n;
    } else {
        count_unreadable(rows, r, t->known->name, f);
        return 0;
    }
    return columns_set_number(&rows->columns, t->column, rows->columns.row_count - 1, n.value);
}

static int add_row(struct rows *rows, struct header *h, const struct csv_reader *r, struct err *e)
{
    int done = columns_add_row(&rows->columns);
    for (size_t i = 0; done == 0 && i < h->target_count; i++) {
        struct target *t = &h->targets[i];
        if (t->known->type == CTXMARK_TEXT)
            done = add_text(rows, t, t->field == NO_COLUMN ? NULL : &r->fields[t->field]);
        else
            done = add_number(rows, t, r);
    }
    return done < 0 ? err_memory(e) : 0;
}

/* NULL, or why the row just read cannot be used. */
static const char *row_problem(const struct header *h, const struct csv_reader *r)
{
    if (r->has_nul)
        return "NUL bytes in it";
    if (!r->ended && (h->needs_line_end || r->field_count != h->field_count))
        return "the last line was cut off";
    if (r->field_count < h->field_count)
        return "fewer fields than column names";
    if (r->field_count > h->field_count)
        return "more fields than column names";
    return NULL;
}

static int read_rows(struct csv_reader *r, struct rows *rows, struct err *e)
{
    struct header h = {0};
    if (read_header(&h, r, rows, e) < 0)
        return -1;
    for (;;) {
        enum csv_result result = csv_next(r, e);
        if (result == CSV_END)
            return 0;
        if (result == CSV_FAILED)
            return -1;
        const char *problem = result == CSV_BAD ? r->problem : row_problem(&h, r);
        if (!rows->columns.row_count)
            columns_expect_rows(&rows->columns, csv_count_rows(r));
        if (problem)
            rows_skip(rows, r->path, r->line, problem);
        else if (add_row(rows, &h, r, e) < 0)
            return -1;
    }
}

int rows_read_csv(struct rows *rows, const char *path, struct err *e)
{
    struct csv_reader r;
    if (csv_open(&r, path, e) < 0)
        return -1;
    int done = read_rows(&r, rows, e);
    csv_close(&r);
    if (done == 0 && columns_settle(&rows->columns) < 0)
        done = err_memory(e);
    if (done == 0 && rows->skipped > LOGGED_LINES)
        log_warning("%s: %zu lines skipped in all", path, rows->skipped);
    if (done == 0 && rows->unreadable > LOGGED_LINES)
        log_warning("%s: %zu fields taken as unknown in all", path, rows->unreadable);
    return done;
}
