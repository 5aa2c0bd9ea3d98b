/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A streaming reader of CSV as RFC 4180 has it: quotes, line ends inside quotes, CRLF or LF, a byte
 * order mark.  It keeps one row in memory, whatever the file's size. */

#ifndef CORE_ANALYSIS_CSV_H
#define CORE_ANALYSIS_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/* A row longer than this is no row of measurements. */
#define CSV_ROW_MAX ((size_t)1 << 20)

struct csv_field {
    char *text; /* inside the reader's buffer: 8 bytes behind it may be read, and the first of them,
                   a comma, line end or NUL, be written */
    size_t len;
};

enum csv_result {
    CSV_ROW,
    CSV_BAD, /* no row: reader.problem says why; reading goes on behind it */
    CSV_END,
    CSV_FAILED /* the file cannot be read; err is set */
};

struct csv_reader {
    struct csv_field *fields; /* of the last row; valid until the next call */
    size_t field_count;
    size_t line;         /* where the last row began, from 1 */
    bool ended;          /* the last row had a line end behind it */
    bool has_nul;        /* there are NUL bytes in it */
    const char *problem; /* of the last CSV_BAD */
    /* the rest is csv.c's own */
    const char *path;
    int fd;
    char *buffer;
    size_t capacity, start, fill, field_capacity, next_line;
    bool eof;
};

/* Opens path, which the caller keeps until csv_close().  0 or -1. */
int csv_open(struct csv_reader *r, const char *path, struct err *e);
void csv_close(struct csv_reader *r);

/* About how many rows there are, by the file's size and the length of what was read so far; 0: not
 * known. */
size_t csv_count_rows(const struct csv_reader *r);

/* The next row; empty lines are passed over. */
enum csv_result csv_next(struct csv_reader *r, struct err *e);

/* A number as the C locale writes it, the whole field, spaces around it allowed.  false for
 * anything else, and for what is not finite. */
bool csv_number(const struct csv_field *f, double *ret);

#endif
