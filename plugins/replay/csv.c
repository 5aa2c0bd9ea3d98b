/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/replay/csv.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void replay_csv_open(struct replay_csv *c, char *text, size_t length)
{
    bool marked = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    *c = (struct replay_csv){
        .next = text + (marked ? 3 : 0), .end = text + length, .line = 1, .next_line = 1};
    text[length] = '\0';
}

static enum replay_csv_result bad(struct replay_csv *c, const char *problem)
{
    c->problem = problem;
    return REPLAY_CSV_BAD;
}

/* From behind an opening quote to behind the closing one; what is between is moved to *out, which
 * ends behind it.  NULL: the text ends before. */
static char *take_quoted(struct replay_csv *c, char *p, char **out)
{
    for (; p < c->end; p++) {
        if (*p == '"' && p[1] != '"')
            return p + 1;
        p += *p == '"';
        c->next_line += *p == '\n';
        *(*out)++ = *p;
    }
    return NULL;
}

/* Ends the field at `out` and moves on behind its separator at p; true: it was the row's last. */
static bool end_field(struct replay_csv *c, char *p, char *out)
{
    char separator = p < c->end ? *p : '\0';
    if (separator == '\r' && p + 1 < c->end)
        separator = *++p;
    *out = '\0';
    c->next = p < c->end ? p + 1 : c->end;
    if (separator == ',')
        return false;
    c->ended = separator == '\n';
    c->next_line += c->ended;
    return true;
}

static bool at_line_end(const struct replay_csv *c, const char *p)
{
    return p == c->end || *p == '\n' || (*p == '\r' && (p + 1 == c->end || p[1] == '\n'));
}

/* One field into c->fields.  A text that ends inside quotes is taken for torn, not for bad, as long
 * as the field has not run over line ends. */
static enum replay_csv_result take_field(struct replay_csv *c, bool *ret_last)
{
    char *p = c->next, *out = p;
    if (c->field_count == REPLAY_CSV_FIELDS)
        return bad(c, "too many columns");
    c->fields[c->field_count++] = p;
    if (*p == '"') {
        size_t before = c->next_line;
        p = take_quoted(c, p + 1, &out);
        if (!p && c->next_line > before)
            return bad(c, "a quote that is never closed");
        if (!p)
            p = c->end;
        if (*p != ',' && !at_line_end(c, p))
            return bad(c, "text behind a closing quote");
    } else {
        while (*p != ',' && !at_line_end(c, p))
            p++;
        out = p;
    }
    *ret_last = end_field(c, p, out);
    return REPLAY_CSV_ROW;
}

enum replay_csv_result replay_csv_next(struct replay_csv *c)
{
    bool last = false;
    do {
        if (c->next >= c->end)
            return REPLAY_CSV_END;
        c->line = c->next_line;
        c->field_count = 0;
        for (last = false; !last;)
            if (take_field(c, &last) == REPLAY_CSV_BAD)
                return REPLAY_CSV_BAD;
    } while (c->field_count == 1 && !c->fields[0][0]);
    return REPLAY_CSV_ROW;
}

/* ---- numbers */

static locale_t c_locale(void)
{
    static locale_t made;
    if (!made)
        made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return made;
}

bool replay_csv_number(const char *field, double *ret)
{
    char *end;
    field += strspn(field, " ");
    size_t length = strlen(field);
    while (length && field[length - 1] == ' ')
        length--;
    if (length == 0 || (length == 3 && strncasecmp(field, "nan", 3) == 0)) {
        *ret = NAN;
        return true;
    }
    /* Neither hexadecimal numbers nor "inf", which strtod also takes. */
    locale_t c = c_locale();
    if (strspn(field, "0123456789+-.eE") < length || !c)
        return false;
    double x = strtod_l(field, &end, c);
    if (end != field + length || !isfinite(x))
        return false;
    *ret = x;
    return true;
}
