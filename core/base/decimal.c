/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/decimal.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 17

const uint64_t decimal_powers[DECIMAL_POWERS] = {1u,
                                                 10u,
                                                 100u,
                                                 1000u,
                                                 10000u,
                                                 100000u,
                                                 1000000u,
                                                 10000000u,
                                                 100000000u,
                                                 1000000000u,
                                                 10000000000u,
                                                 100000000000u,
                                                 1000000000000u,
                                                 10000000000000u,
                                                 100000000000000u,
                                                 1000000000000000u,
                                                 10000000000000000u,
                                                 100000000000000000u,
                                                 1000000000000000000u,
                                                 10000000000000000000u};

static size_t print_unsigned(uint64_t x, char *text)
{
    char reversed[24];
    size_t n = 0;
    do
        reversed[n++] = (char)('0' + x % 10);
    while (x /= 10);
    for (size_t i = 0; i < n; i++)
        text[i] = reversed[n - 1 - i];
    text[n] = '\0';
    return n;
}

size_t decimal_print_integer(int64_t x, char text[DECIMAL_SIZE])
{
    if (x >= 0)
        return print_unsigned((uint64_t)x, text);
    text[0] = '-';
    return 1 + print_unsigned(-(uint64_t)x, text + 1);
}

/* digits / 10^decimals without zeros at its end. */
static size_t print_fixed(uint64_t digits, int decimals, char *text)
{
    while (decimals > 0 && digits % 10 == 0) {
        digits /= 10;
        decimals--;
    }
    char all[24];
    size_t n = print_unsigned(digits, all), at = 0,
           whole = n > (size_t)decimals ? n - (size_t)decimals : 0;
    if (!whole)
        text[at++] = '0';
    memcpy(text, all, whole);
    at += whole;
    if (decimals) {
        text[at++] = '.';
        for (size_t zeros = (size_t)decimals - (n - whole); zeros; zeros--)
            text[at++] = '0';
        memcpy(text + at, all + whole, n - whole);
        at += n - whole;
    }
    text[at] = '\0';
    return at;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

#define MANTISSA_BITS 53

static wide power_of_ten(int k)
{
    return k < 20 ? (wide)decimal_powers[k] : (wide)decimal_powers[19] * decimal_powers[k - 19];
}

/* x = mantissa 2^-scale, as DIGITS digits before the point and a rest:
 * x 10^decimals = whole + rest 2^-scale. */
struct scaled {
    uint64_t mantissa, whole;
    wide rest;
    int scale, decimals;
};

static void scale_by(struct scaled *s, int decimals)
{
    wide product = s->mantissa * power_of_ten(decimals);
    s->decimals = decimals;
    s->whole = (uint64_t)(product >> s->scale);
    s->rest = product - ((wide)s->whole << s->scale);
}

/* The whole digits rounded to a multiple of unit, ties to even.  false: they do not read back. */
static bool round_to(const struct scaled *s, uint64_t unit, uint64_t *ret)
{
    uint64_t count = s->whole / unit, left = s->whole % unit;
    wide off = ((wide)left << s->scale) + s->rest, all = (wide)unit << s->scale;
    bool up = off > all - off || (off == all - off && (count & 1));
    wide error = 2 * (up ? all - off : off), gap = power_of_ten(s->decimals);
    *ret = (count + up) * unit;
    return error < gap || (error == gap && !(s->mantissa & 1));
}

/* Numbers of everyday size by exact integers; 0: not one of these. */
static size_t print_everyday(double x, char *text)
{
    int exponent;
    struct scaled s = {0};
    double fraction = frexp(x, &exponent);
    if (!(x >= 1e-4 && x < 1e14) || fraction == 0.5) /* 0.5: the next double below is nearer */
        return 0;
    s.mantissa = (uint64_t)ldexp(fraction, MANTISSA_BITS);
    s.scale = MANTISSA_BITS - exponent;
    int magnitude = (int)floor((exponent - 1) * 0.30102999566398120);
    scale_by(&s, DIGITS - 1 - magnitude);
    if (s.whole >= decimal_powers[DIGITS])
        scale_by(&s, s.decimals - 1);
    uint64_t digits;
    for (uint64_t unit = 100; unit; unit /= 10)
        if (round_to(&s, unit, &digits))
            return print_fixed(digits, s.decimals, text);
    return 0;
}

#else
/* A processor without integers of 128 bits leaves all to libc. */
static size_t print_everyday(double x, char *text)
{
    (void)x;
    (void)text;
    return 0;
}
#endif

/* DIGITS correct digits, the first of which is that of 10^exponent. */
static uint64_t take_digits(double x, int *ret_exponent)
{
    char text[DECIMAL_SIZE];
    uint64_t digits = 0;
    const char *p = text;
    snprintf(text, sizeof text, "%.*e", DIGITS - 1, x);
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9') /* not what stands for the point */
            digits = digits * 10 + (uint64_t)(*p - '0');
    *ret_exponent = (int)strtol(p + 1, NULL, 10);
    return digits;
}

/* digits / 10^(DIGITS - 1) 10^exponent without zeros at its end. */
static size_t print_scientific(uint64_t digits, int exponent, char *text)
{
    size_t n = print_fixed(digits, DIGITS - 1, text);
    int written = snprintf(text + n, DECIMAL_SIZE - n, "e%+03d", exponent);
    return n + (size_t)written;
}

/* Whether a number that differs by `off` from x, in units of its last of DIGITS digits, reads back
 * as x, whose neighbours are `gap` away: yes, no, or too near to tell from so many digits. */
enum reading { READS_BACK, READS_OTHER, READS_UNKNOWN };

static enum reading judge(double off, double gap)
{
    const double doubt = 0.5 + 1e-9; /* the digits are themselves rounded */
    return 2 * (off + doubt) < gap   ? READS_BACK
           : 2 * (off - doubt) > gap ? READS_OTHER
                                     : READS_UNKNOWN;
}

/* Small numbers by one conversion of libc's, where that is enough; 0: it is not. */
static size_t print_small(double x, char *text)
{
    int exponent, unused;
    if (!(x >= DBL_MIN && x < 1e-5) || frexp(x, &unused) == 0.5)
        return 0;
    uint64_t digits = take_digits(x, &exponent), unit = 100;
    double gap = (nextafter(x, 1) - x) / x * (double)digits;
    for (; unit > 1; unit /= 10) {
        uint64_t below = digits % unit, off = below < unit - below ? below : unit - below;
        enum reading r = judge((double)off, gap);
        if (r == READS_OTHER)
            continue;
        if (r == READS_UNKNOWN || below == unit - below)
            return 0;
        digits += below < unit - below ? -below : unit - below;
        break;
    }
    return digits < decimal_powers[DIGITS] ? print_scientific(digits, exponent, text) : 0;
}

static size_t print_any(double x, char text[DECIMAL_SIZE])
{
    /* Fifteen digits are enough for most and lose nothing; subnormals have fewer to begin with. */
    for (int digits = fabs(x) < DBL_MIN ? 1 : 15; digits <= DIGITS; digits++) {
        snprintf(text, DECIMAL_SIZE, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    for (char *p = text; *p; p++)
        if (*p == ',')
            *p = '.';
    return strlen(text);
}

size_t decimal_print(double x, char text[DECIMAL_SIZE])
{
    if (fabs(x) < 1e14 && x == floor(x) && !signbit(x))
        return print_unsigned((uint64_t)x, text);
    size_t sign = x < 0, n = print_everyday(fabs(x), text + sign);
    if (!n)
        n = print_small(fabs(x), text + sign);
    if (!n)
        return print_any(x, text);
    if (sign)
        text[0] = '-';
    return n + sign;
}
