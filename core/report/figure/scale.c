/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/value.h"

static void widen(struct scale *s, double value)
{
    if (!isfinite(value) || (s->logarithmic && value <= 0))
        return;
    if (!(s->low <= value))
        s->low = value;
    if (!(s->high >= value))
        s->high = value;
}

static void hold_data(struct scale *s, const struct figure *f, bool vertical)
{
    for (size_t i = 0; i < f->series_count; i++)
        for (size_t k = 0; k < f->series[i].count; k++) {
            const struct figure_point *p = &f->series[i].at[k];
            if (!figure_shows(f, p))
                continue;
            widen(s, vertical ? p->y : p->x);
            if (vertical && (f->series[i].band || f->series[i].points)) {
                widen(s, p->low);
                widen(s, p->high);
            }
        }
    for (size_t i = 0; i < f->limit_count; i++)
        if (f->limits[i].vertical != vertical)
            widen(s, f->limits[i].value);
}

struct scale scale_make(const struct figure *f, bool vertical, double from, double to)
{
    struct scale s = {NAN, NAN, from, to, vertical ? f->y.logarithmic : f->x.logarithmic};
    hold_data(&s, f, vertical);
    if (!isfinite(s.low))
        s.low = s.high = 1;
    if (s.logarithmic) {
        double room = fmax(0.05 * log(s.high / s.low), s.high > s.low ? 0.05 : 0.5);
        s.low /= exp(room);
        s.high *= exp(room);
        return s;
    }
    if (vertical && s.low > 0 && s.low < 0.7 * s.high)
        s.low = 0;
    double room = s.high > s.low ? 0.05 * (s.high - s.low) : fmax(1, fabs(s.low)) * 0.5;
    s.low -= s.low == 0 ? 0 : room;
    s.high += room;
    return s;
}

double scale_at(const struct scale *s, double value)
{
    double share = s->logarithmic ? log(value / s->low) / log(s->high / s->low)
                                  : (value - s->low) / (s->high - s->low);
    return s->from + share * (s->to - s->from);
}

struct ticks {
    const struct scale *s;
    const char *unit;
    struct tick *ticks;
    size_t count;
};

static void add_tick(struct ticks *t, double value)
{
    struct buf b = {0};
    if (t->count == TICK_MOST || value < t->s->low * (1 - 1e-9) - 1e-300 ||
        value > t->s->high * (1 + 1e-9))
        return;
    if (*t->unit)
        value_with_unit(&b, value, t->unit);
    else
        value_number(&b, value);
    struct tick *tick = &t->ticks[t->count++];
    tick->value = value;
    snprintf(tick->label, sizeof tick->label, "%s", buf_text(&b));
    buf_free(&b);
}

/* Powers of `base`, of which every n-th so that there are few. */
static void add_powers(struct ticks *t, double base)
{
    int first = (int)ceil(log(t->s->low) / log(base) - 1e-9);
    int last = (int)floor(log(t->s->high) / log(base) + 1e-9);
    int step = (last - first) / 8 + 1;
    for (int k = first; k <= last; k++)
        if (k % step == 0)
            add_tick(t, pow(base, k));
}

/* 1, 2, 5, 10, ... where less than two decades are seen. */
static void add_decades(struct ticks *t)
{
    static const double steps[] = {1, 2, 5};
    double decades = log10(t->s->high / t->s->low);
    if (decades >= 2.2) {
        add_powers(t, 10);
        return;
    }
    int first = (int)floor(log10(t->s->low));
    for (int k = first; k <= first + 4; k++)
        for (size_t i = 0; i < 3; i++)
            add_tick(t, steps[i] * pow(10, k));
}

/* Steps of 1, 2 or 5 times a power of ten, about five of them. */
static void add_linear(struct ticks *t)
{
    double span = t->s->high - t->s->low, raw = span / 5, power = pow(10, floor(log10(raw)));
    double step = raw / power < 1.5 ? power : raw / power < 3.5 ? 2 * power : 5 * power;
    if (raw / power >= 7.5)
        step = 10 * power;
    for (double k = ceil(t->s->low / step); k * step <= t->s->high && t->count < TICK_MOST; k++)
        add_tick(t, k == 0 ? 0 : k * step);
}

static bool has_tick(const struct ticks *t, double value)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->ticks[i].value == value)
            return true;
    return false;
}

static int compare_ticks(const void *a, const void *b)
{
    const struct tick *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Where the points are; false: they are at too many places. */
static bool add_places(struct ticks *t, const struct figure *f)
{
    for (size_t i = 0; i < f->series_count; i++)
        for (size_t k = 0; f->series[i].points && k < f->series[i].count; k++) {
            const struct figure_point *p = &f->series[i].at[k];
            if (!figure_shows(f, p) || has_tick(t, p->x))
                continue;
            if (t->count == TICK_MOST)
                return false;
            add_tick(t, p->x);
        }
    qsort(t->ticks, t->count, sizeof *t->ticks, compare_ticks);
    return true;
}

/* Whether every `stride`-th label stands clear of the one before. */
static bool are_apart(const struct ticks *t, size_t stride, double apart, double width)
{
    for (size_t i = stride; i < t->count; i += stride) {
        double gap =
            fabs(scale_at(t->s, t->ticks[i].value) - scale_at(t->s, t->ticks[i - stride].value));
        if (gap < apart + width * (double)strlen(t->ticks[i].label))
            return false;
    }
    return true;
}

/* Leaves out labels that would touch the one before: every second one, or more. */
static void thin(struct ticks *t, double apart, double width)
{
    size_t stride = 1, kept = 0;
    while (stride < t->count && !are_apart(t, stride, apart, width))
        stride++;
    for (size_t i = 0; i < t->count; i += stride)
        t->ticks[kept++] = t->ticks[i];
    t->count = kept;
}

bool scale_ticks_have_unit(const struct figure_axis *a)
{
    return strcmp(a->unit, "ms") == 0 || strcmp(a->unit, "MiB") == 0;
}

size_t scale_ticks(const struct scale *s, const struct figure *f, bool vertical, double apart,
                   double width, struct tick *ret)
{
    const struct figure_axis *a = vertical ? &f->y : &f->x;
    struct ticks t = {s, vertical && scale_ticks_have_unit(a) ? a->unit : "", ret, 0};
    bool done = !vertical && a->at_data && add_places(&t, f);
    if (!done) {
        t.count = 0;
        if (!s->logarithmic || s->high < 3 * s->low)
            add_linear(&t);
        else if (strcmp(a->unit, "MiB") == 0 || a->at_data)
            add_powers(&t, 2);
        else
            add_decades(&t);
    }
    thin(&t, apart, width);
    return t.count;
}
