/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/numbers.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How far to shift for a suffix; -1: no suffix. */
static int suffix_bits(char c)
{
    if (c == 'k' || c == 'K')
        return 10;
    if (c == 'M')
        return 20;
    return c == 'G' ? 30 : -1;
}

enum number_result number_whole(const char *text, size_t len, int64_t *ret)
{
    size_t i = 0;
    bool negative = len && text[0] == '-', too_large = false;
    if (len && (text[0] == '-' || text[0] == '+'))
        i++;
    size_t first = i;
    int64_t value = 0;
    for (; i < len && is_digit(text[i]); i++)
        too_large |= __builtin_mul_overflow(value, INT64_C(10), &value) ||
                     __builtin_add_overflow(value, (int64_t)(text[i] - '0'), &value);
    if (i == first)
        return NUMBER_NOT;
    if (i < len && suffix_bits(text[i]) > 0)
        too_large |= __builtin_mul_overflow(value, INT64_C(1) << suffix_bits(text[i++]), &value);
    if (i != len)
        return NUMBER_NOT;
    if (too_large)
        return NUMBER_RANGE;
    *ret = negative ? -value : value;
    return NUMBER_OK;
}

static size_t skip_digits(const char *text, size_t i)
{
    while (is_digit(text[i]))
        i++;
    return i;
}

/* strtod() also takes hexadecimal, infinities and blanks: the form is checked first. */
static bool looks_decimal(const char *text)
{
    size_t i = text[0] == '-' || text[0] == '+';
    size_t after = skip_digits(text, i), digits = after - i;
    i = after;
    if (text[i] == '.') {
        after = skip_digits(text, i + 1);
        digits += after - i - 1;
        i = after;
    }
    if (!digits)
        return false;
    if (text[i] == 'e' || text[i] == 'E') {
        i++;
        if (text[i] == '-' || text[i] == '+')
            i++;
        after = skip_digits(text, i);
        if (after == i)
            return false;
        i = after;
    }
    return text[i] == '\0';
}

enum number_result number_real(const char *text, double *ret)
{
    if (!looks_decimal(text))
        return NUMBER_NOT;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0)
        return NUMBER_RANGE;
    double value = strtod_l(text, NULL, c);
    freelocale(c);
    if (!isfinite(value))
        return NUMBER_RANGE;
    *ret = value;
    return NUMBER_OK;
}

/* --- lists and ranges */

struct range {
    int64_t first, last, step;
    bool multiply;
};

static const char *range_problem = "is no number and no range such as 512-32768*2";

/* Index of the first of `set` in text, len if there is none; the first character does not count,
 * so that a sign is no range. */
static size_t find_any(const char *text, size_t len, const char *set)
{
    for (size_t i = 1; i < len; i++)
        if (strchr(set, text[i]))
            return i;
    return len;
}

/* Reads FIRST-LAST[+STEP|*FACTOR]; `dash` is where its '-' is. */
static const char *range_parse(const char *text, size_t len, size_t dash, struct range *r)
{
    const char *rest = text + dash + 1;
    size_t rest_len = len - dash - 1, op = find_any(rest, rest_len, "+*");
    *r = (struct range){.step = 1, .multiply = op < rest_len && rest[op] == '*'};
    if (!is_digit(rest[0]) || number_whole(text, dash, &r->first) ||
        number_whole(rest, op, &r->last))
        return range_problem;
    if (op < rest_len && number_whole(rest + op + 1, rest_len - op - 1, &r->step))
        return range_problem;
    if (r->first < 0)
        return "is a range from a negative number; write the numbers one by one";
    if (r->first > r->last)
        return "is a range whose first number is above its last; swap them";
    if (r->step < 1 || (r->multiply && (r->step < 2 || r->first < 1)))
        return "is a range that never gets on; a step must be at least 1, a factor at least 2";
    return NULL;
}

static const char *numbers_push(struct numbers *n, int64_t value)
{
    if (n->count == NUMBERS_MOST)
        return "makes more than 1000 values; use a larger step";
    n->v[n->count++] = value;
    return NULL;
}

static const char *range_expand(struct numbers *n, const struct range *r)
{
    for (int64_t v = r->first; v <= r->last;) {
        const char *problem = numbers_push(n, v);
        if (problem)
            return problem;
        if (r->multiply ? __builtin_mul_overflow(v, r->step, &v)
                        : __builtin_add_overflow(v, r->step, &v))
            break;
    }
    return NULL;
}

static const char *numbers_add_one(struct numbers *n, const char *text, size_t len)
{
    int64_t value;
    enum number_result got = number_whole(text, len, &value);
    if (got == NUMBER_OK)
        return numbers_push(n, value);
    if (got == NUMBER_RANGE)
        return "is too large";
    size_t dash = find_any(text, len, "-");
    struct range r;
    const char *problem = dash == len ? range_problem : range_parse(text, len, dash, &r);
    return problem ? problem : range_expand(n, &r);
}

const char *numbers_add(struct numbers *n, const char *text)
{
    for (;;) {
        text += strspn(text, " ");
        size_t len = strcspn(text, ","), used = len;
        while (used && text[used - 1] == ' ')
            used--;
        const char *problem = numbers_add_one(n, text, used);
        if (problem || !text[len])
            return problem;
        text += len + 1;
    }
}
