/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/csv.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/decimal.h"

#if defined __SIZEOF_INT128__ && FLT_EVAL_METHOD == 0
#define MOST_DIGITS 19 /* as many always fit in 64 bits */
#define MANTISSA_BITS 53

/* Powers of ten that a double holds exactly. */
static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                     1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

__extension__ typedef unsigned __int128 wide;

static int leading_zeros(wide x)
{
    uint64_t high = (uint64_t)(x >> 64);
    return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

/* 2^k of a normal number; ldexp() minds all others too, which takes longer. */
static double power_of_two(int k)
{
    uint64_t bits = (uint64_t)(DBL_MAX_EXP - 1 + k) << (MANTISSA_BITS - 1);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* digits / 10^decimals rounded to nearest, ties to even: long division in integers, with at least
 * 63 bits of quotient, and what is left of it. */
__attribute__((noinline)) static double divide_exactly(uint64_t digits, int decimals)
{
    int scale = __builtin_clzll(digits);
    wide dividend = (wide)(digits << scale) << 64, quotient = dividend / decimal_powers[decimals];
    bool rest = quotient * decimal_powers[decimals] != dividend;
    int cut = 128 - leading_zeros(quotient) - MANTISSA_BITS;
    wide below = quotient & (((wide)1 << cut) - 1), half = (wide)1 << (cut - 1);
    uint64_t mantissa = (uint64_t)(quotient >> cut);
    mantissa += below > half || (below == half && (rest || (mantissa & 1)));
    return (double)mantissa * power_of_two(cut - scale - 64);
}

#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Takes up to eight digits at p, of at most `most` characters: returns how many there are.  Eight
 * bytes are looked at at once, first the pairs of digits made numbers, then the pairs of these. */
static unsigned take_eight(const char *p, size_t most, uint64_t *digits)
{
    uint64_t x, other;
    memcpy(&x, p, sizeof x);
    x ^= UINT64_C(0x3030303030303030);
    other = (x | (x + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
    size_t n = other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
    n = n < most ? n : most;
    if (!n)
        return 0;
    x <<= 64 - 8 * n; /* zeros in front of them */
    x = (x * 10 + (x >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x * 100 + (x >> 16)) & UINT64_C(0x0000ffff0000ffff);
    x = (x * 10000 + (x >> 32)) & UINT64_C(0xffffffff);
    *digits = *digits * decimal_powers[n] + x;
    return (unsigned)n;
}

static inline const char *take_digits(const char *p, const char *end, uint64_t *digits)
{
    unsigned n;
    do {
        n = take_eight(p, (size_t)(end - p), digits);
        p += n;
    } while (n == 8);
    return p;
}
#else
static const char *take_digits(const char *p, const char *end, uint64_t *digits)
{
    for (; p < end && (unsigned char)(*p - '0') < 10; p++)
        *digits = *digits * 10 + (uint64_t)(*p - '0');
    return p;
}
#endif

/* Digits and at most one point, nothing else, and not too many of them.  Where the digits as an
 * integer and the power of ten are both exact, one division rounds once: correctly (Clinger 1990).
 */
static inline bool plain_number(const char *p, const char *end, double *ret)
{
    uint64_t digits = 0;
    bool negative = *p == '-';
    p += negative;
    if (end - p > MOST_DIGITS + 1)
        return false;
    const char *first = p, *point = take_digits(p, end, &digits);
    long count = point - first, decimals = 0;
    if (point < end && *point == '.') {
        decimals = take_digits(point + 1, end, &digits) - (point + 1);
        count += decimals;
        point += 1 + decimals;
    }
    if (point != end || !count || count > MOST_DIGITS)
        return false;
    double x = (double)digits;
    if (digits >> MANTISSA_BITS)
        x = divide_exactly(digits, (int)decimals);
    else if (decimals)
        x /= exact_power[decimals];
    *ret = negative ? -x : x;
    return true;
}

#else
/* Without integers of 128 bits, or where a division rounds twice (x87), all is left to libc. */
static bool plain_number(const char *p, const char *end, double *ret)
{
    (void)p;
    (void)end;
    (void)ret;
    return false;
}
#endif

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

/* With spaces around it, an exponent, more digits. */
__attribute__((noinline)) static bool other_number(const struct csv_field *f, double *ret)
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

bool csv_number(const struct csv_field *f, double *ret)
{
    return (f->len && plain_number(f->text, f->text + f->len, ret)) || other_number(f, ret);
}
