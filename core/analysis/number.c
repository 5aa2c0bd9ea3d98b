/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/csv.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten that a double holds exactly. */
static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Digits and at most one point, nothing else.  With at most 15 digits both the digits as an integer
 * and the power of ten are exact, so that one division rounds once: correctly (Clinger 1990). */
static bool plain_number(const char *p, const char *end, double *ret)
{
    uint64_t digits = 0;
    int count = 0, decimals = 0;
    bool point = false, negative = *p == '-';
    for (p += negative; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (*p < '0' || *p > '9' || ++count > 15)
            return false;
        digits = digits * 10 + (uint64_t)(*p - '0');
        decimals += point;
    }
    if (!count)
        return false;
    double x = (double)digits / exact_power[decimals];
    *ret = negative ? -x : x;
    return true;
}

static bool only_decimal(const char *p, const char *end)
{
    for (; p < end; p++)
        if (!strchr("0123456789+-.eE", *p) || !*p)
            return false;
    return true;
}

static locale_t c_locale(void)
{
    static locale_t made;
    if (!made)
        made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return made;
}

bool csv_number(const struct csv_field *f, double *ret)
{
    const char *p = f->text, *end = f->text + f->len;
    while (p < end && *p == ' ')
        p++;
    while (end > p && end[-1] == ' ')
        end--;
    if (p == end)
        return false;
    if (plain_number(p, end, ret))
        return true;
    /* Neither hexadecimal numbers nor "inf" and "nan", which strtod also takes. */
    locale_t c = c_locale();
    if (!only_decimal(p, end) || !c)
        return false;
    char *stop;
    double x = strtod_l(p, &stop, c);
    if (stop != end || !isfinite(x))
        return false;
    *ret = x;
    return true;
}
