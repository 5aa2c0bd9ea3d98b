/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/analysis/csv_scan.h"

#define CSV_BUFFER ((size_t)256 << 10)

/* Bytes behind what was read that a block may reach into, or that end the last field. */
#define CSV_MARGIN (CSV_BLOCK + 1)

int csv_open(struct csv_reader *r, const char *path, struct err *e)
{
    *r = (struct csv_reader){.path = path, .fd = -1, .next_line = 1, .capacity = CSV_BUFFER};
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0)
        return err_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    r->buffer = calloc(1, r->capacity + CSV_MARGIN);
    r->field_capacity = 64;
    r->fields = malloc(r->field_capacity * sizeof *r->fields);
    if (r->buffer && r->fields)
        return 0;
    csv_close(r);
    return err_memory(e);
}

void csv_close(struct csv_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->buffer);
    free(r->fields);
    *r = (struct csv_reader){.fd = -1};
}

size_t csv_count_rows(const struct csv_reader *r)
{
    struct stat st;
    size_t rows = r->next_line - 1;
    if (!r->start || !rows || fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    return (size_t)((double)st.st_size / (double)r->start * (double)rows);
}

/* Makes room behind what is there: moves it to the front, and grows the buffer if it is full. */
static int make_room(struct csv_reader *r, struct err *e)
{
    memmove(r->buffer, r->buffer + r->start, r->fill - r->start);
    r->fill -= r->start;
    r->start = 0;
    if (r->fill < r->capacity)
        return 0;
    char *bigger = realloc(r->buffer, r->capacity * 2 + CSV_MARGIN);
    if (!bigger)
        return err_memory(e);
    r->buffer = bigger;
    r->capacity *= 2;
    return 0;
}

static int refill(struct csv_reader *r, struct err *e)
{
    if (make_room(r, e) < 0)
        return -1;
    ssize_t n;
    do
        n = read(r->fd, r->buffer + r->fill, r->capacity - r->fill);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set(e, "%s: cannot be read: %s", r->path, strerror(errno));
    r->eof = n == 0;
    r->fill += (size_t)n;
    return 0;
}

static void skip_mark(struct csv_reader *r)
{
    if (r->next_line == 1 && r->start == 0 && r->fill >= 3 &&
        memcmp(r->buffer, "\xef\xbb\xbf", 3) == 0)
        r->start = 3;
}

/* What a scan for the end of the row found. */
enum scan { SCAN_END, SCAN_MORE, SCAN_STRAY };

/* From inside a quoted field to behind its closing quote. */
static const char *scan_quoted(const char *p, const char *end, size_t *lines)
{
    while (p < end) {
        if (*p == '\n')
            ++*lines;
        if (*p++ != '"')
            continue;
        if (p < end && *p == '"')
            p++;
        else
            return p;
    }
    return NULL;
}

/* Finds the end of the row at start: *ret_end is its line end (or the end of the file). */
static enum scan scan_row(const struct csv_reader *r, size_t *ret_end, size_t *ret_lines)
{
    const char *p = r->buffer + r->start, *end = r->buffer + r->fill;
    *ret_lines = 0;
    for (;;) {
        if (p < end && *p == '"') {
            p = scan_quoted(p + 1, end, ret_lines);
            if (!p)
                return r->eof ? SCAN_STRAY : SCAN_MORE;
            if (p < end && *p != ',' && *p != '\n' && *p != '\r')
                return SCAN_STRAY;
        }
        while (p < end && *p != ',' && *p != '\n')
            p++;
        if (p == end)
            break;
        if (*p++ == '\n') {
            *ret_end = (size_t)(p - 1 - r->buffer);
            return SCAN_END;
        }
    }
    *ret_end = r->fill;
    return r->eof ? SCAN_END : SCAN_MORE;
}

/* Passes over the rest of one line, in pieces where it is long. */
static enum csv_result drop_line(struct csv_reader *r, const char *problem, struct err *e)
{
    r->problem = problem;
    r->line = r->next_line;
    for (;;) {
        char *nl = memchr(r->buffer + r->start, '\n', r->fill - r->start);
        if (nl) {
            r->start = (size_t)(nl - r->buffer) + 1;
            r->next_line++;
            return CSV_BAD;
        }
        r->start = r->fill;
        if (r->eof)
            return CSV_BAD;
        if (refill(r, e) < 0)
            return CSV_FAILED;
    }
}

/* Doubled quotes become one; returns the new length. */
static size_t unquote(char *text, size_t len)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            i++;
        text[out++] = text[i];
    }
    return out;
}

static int add_field(struct csv_reader *r, char *text, size_t len, struct err *e)
{
    if (r->field_count == r->field_capacity) {
        struct csv_field *more = realloc(r->fields, r->field_capacity * 2 * sizeof *more);
        if (!more)
            return err_memory(e);
        r->fields = more;
        r->field_capacity *= 2;
    }
    r->fields[r->field_count++] = (struct csv_field){text, len};
    return 0;
}

/* Cuts the row [p, end) into its fields, in place. */
static int split_row(struct csv_reader *r, char *p, char *end, struct err *e)
{
    r->field_count = 0;
    for (;;) {
        char *text = p;
        size_t len, lines = 0;
        if (p < end && *p == '"') {
            p = (char *)scan_quoted(p + 1, end, &lines);
            text++;
            len = unquote(text, (size_t)(p - 1 - text));
        } else {
            char *comma = memchr(p, ',', (size_t)(end - p));
            p = comma ? comma : end;
            len = (size_t)(p - text);
        }
        bool last = p >= end;
        text[len] = '\0';
        if (add_field(r, text, len, e) < 0)
            return -1;
        if (last)
            return 0;
        p++;
    }
}

/* The row [start, end): its fields, or nothing for an empty line. */
static int take_row(struct csv_reader *r, size_t end, size_t lines, struct err *e)
{
    char *p = r->buffer + r->start, *stop = r->buffer + end;
    r->ended = end < r->fill;
    r->line = r->next_line;
    r->next_line += lines + 1;
    r->start = r->ended ? end + 1 : end;
    r->field_count = 0;
    if (stop > p && stop[-1] == '\r')
        stop--;
    r->has_nul = memchr(p, '\0', (size_t)(stop - p)) != NULL;
    return p == stop ? 0 : split_row(r, p, stop, e);
}

/* The n fields of a row that a newline ended; an empty line has none. */
static void end_plain_row(struct csv_reader *r, size_t n)
{
    struct csv_field *last = &r->fields[n - 1];
    r->start = (size_t)(last->text + last->len + 1 - r->buffer);
    if (last->len && last->text[last->len - 1] == '\r')
        last->len--;
    r->field_count = n == 1 && !last->len ? 0 : n;
    r->ended = true;
    r->has_nul = false;
    r->line = r->next_line++;
}

/* Cuts the row at start as long as it is a plain one: whole in the buffer, without quotes and NUL
 * bytes, and of no more fields than there is room for.  false: nothing was done. */
static bool take_plain_row(struct csv_reader *r)
{
    char *text = r->buffer + r->start, *fill = r->buffer + r->fill;
    size_t n = 0;
    for (char *block = text; block < fill; block += CSV_BLOCK)
        for (uint64_t found = csv_scan(block); found; found &= found - 1) {
            char *p = block + __builtin_ctzll(found);
            if (p >= fill || *p == '"' || !*p || n == r->field_capacity)
                return false;
            r->fields[n++] = (struct csv_field){text, (size_t)(p - text)};
            text = p + 1;
            if (*p == '\n') {
                end_plain_row(r, n);
                return true;
            }
        }
    return false;
}

enum csv_result csv_next(struct csv_reader *r, struct err *e)
{
    for (;;) {
        if (r->start < r->fill && take_plain_row(r)) {
            if (r->field_count)
                return CSV_ROW;
            continue;
        }
        size_t end, lines;
        if (r->start == r->fill) {
            if (r->eof)
                return CSV_END;
            if (refill(r, e) < 0)
                return CSV_FAILED;
            skip_mark(r);
            continue;
        }
        enum scan s = scan_row(r, &end, &lines);
        if (s == SCAN_STRAY)
            return drop_line(r, "a quote that is never closed, or text behind a closing quote", e);
        if (s == SCAN_MORE && r->fill - r->start > CSV_ROW_MAX)
            return drop_line(r, "a row longer than 1 MiB", e);
        if (s == SCAN_MORE) {
            if (refill(r, e) < 0)
                return CSV_FAILED;
            skip_mark(r);
            continue;
        }
        if (take_row(r, end, lines, e) < 0)
            return CSV_FAILED;
        if (r->field_count)
            return CSV_ROW;
    }
}
