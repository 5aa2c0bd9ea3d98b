/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A CSV file in memory, as RFC 4180 has it: quotes, line ends inside quotes, CRLF or LF, a byte
 * order mark.  Rows are split in place, so that their fields live as long as the text. */

#ifndef REPLAY_CSV_H
#define REPLAY_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define REPLAY_CSV_FIELDS 256

struct replay_csv {
    char *fields[REPLAY_CSV_FIELDS]; /* of the last row, NUL-terminated, inside the text */
    size_t field_count;
    size_t line;         /* where the last row began, from 1 */
    bool ended;          /* the last row had a line end behind it */
    const char *problem; /* of the last REPLAY_CSV_BAD */
    /* the rest is csv.c's own */
    char *next, *end;
    size_t next_line;
};

enum replay_csv_result { REPLAY_CSV_ROW, REPLAY_CSV_BAD, REPLAY_CSV_END };

/* Begins with text[length], which must have room for one more byte and is written over. */
void replay_csv_open(struct replay_csv *c, char *text, size_t length);

/* The next row; empty lines are passed over.  After REPLAY_CSV_BAD reading cannot go on. */
enum replay_csv_result replay_csv_next(struct replay_csv *c);

/* A number as the C locale writes it, the whole field, blanks around it allowed.  An empty field
 * and "nan" are NaN, which means unknown.  false for anything else, and for the infinite. */
bool replay_csv_number(const char *field, double *ret);

#endif
