/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Inline helpers over <ctxmark/plugin.h>.  Nothing here is part of the binary contract: it is
 * compiled into the plugin. */

#ifndef CTXMARK_UTIL_H
#define CTXMARK_UTIL_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include <ctxmark/plugin.h>

#if defined(__GNUC__)
#define CTXMARK_PRINTF(at, first) __attribute__((format(printf, at, first), unused))
#else
#define CTXMARK_PRINTF(at, first)
#endif

/* host->fail() with a printf format. */
static int32_t ctxmark_failf(const struct ctxmark_host *h, int32_t status, const char *format, ...)
    CTXMARK_PRINTF(3, 4);
static int32_t ctxmark_failf(const struct ctxmark_host *h, int32_t status, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return h->fail(h, status, text);
}

/* host->log() with a printf format. */
static void ctxmark_logf(const struct ctxmark_host *h, uint32_t level, const char *format, ...)
    CTXMARK_PRINTF(3, 4);
static void ctxmark_logf(const struct ctxmark_host *h, uint32_t level, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    h->log(h, level, text);
}

/* A fact that is a number, e.g. ("layers", 24, "", "model"). */
static inline void ctxmark_fact_number(const struct ctxmark_host *h, const char *key, double value,
                                       const char *unit, const char *provenance)
{
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    f.is_number = 1;
    f.number = value;
    f.unit = unit;
    f.provenance = provenance;
    h->fact_set(h, key, &f);
}

/* A fact in words, e.g. ("attention", "flash", "core"). */
static inline void ctxmark_fact_text(const struct ctxmark_host *h, const char *key,
                                     const char *value, const char *provenance)
{
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    f.number = NAN;
    f.text = value;
    f.provenance = provenance;
    h->fact_set(h, key, &f);
}

/* Table values. */
static inline struct ctxmark_value ctxmark_number(double x)
{
    struct ctxmark_value v = {x, NULL};
    return v;
}

static inline struct ctxmark_value ctxmark_text(const char *text)
{
    struct ctxmark_value v = {0.0, text};
    return v;
}

/* SplitMix64 (Steele, Lea, Flood 2014): a well-mixed 64-bit function of its argument.  With a
 * counter as argument it is a counter-based generator. */
static inline uint64_t ctxmark_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
