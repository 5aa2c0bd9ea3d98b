/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "findings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_NAMES 6
#define TEXT_SIZE 4096

struct said {
    struct saying what;
    int64_t row;
    double weight;
    size_t first; /* index of the first of its kind */
    char *label, *text;
};

__attribute__((format(printf, 2, 0))) static struct label make_label(const char *name,
                                                                     const char *format, va_list ap)
{
    struct label l;
    char more[128];
    vsnprintf(more, sizeof more, format, ap);
    snprintf(l.text, sizeof l.text, "%.180s%s%s%s", name, *more ? " (" : "", more,
             *more ? ")" : "");
    return l;
}

struct label label_named(const char *name, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    struct label l = make_label(name, format, ap);
    va_end(ap);
    return l;
}

struct label label_of(const struct keys *k, const char *format, ...)
{
    char name[192];
    va_list ap;
    snprintf(name, sizeof name, "%.80s on %.80s", k->model ? k->model : "?",
             k->backend ? k->backend : "?");
    va_start(ap, format);
    struct label l = make_label(name, format, ap);
    va_end(ap);
    return l;
}

static bool grow(struct findings *f)
{
    size_t n = f->capacity ? f->capacity * 2 : 16;
    struct said *items = realloc(f->items, n * sizeof *items);
    if (!items)
        return false;
    f->items = items;
    f->capacity = n;
    return true;
}

static size_t find_first(const struct findings *f, const struct saying *what)
{
    size_t i = 0;
    while (i < f->count && (f->items[i].what.severity != what->severity ||
                            strcmp(f->items[i].what.id, what->id) != 0))
        i++;
    return i;
}

void findings_say(struct findings *f, const struct saying *what, int64_t row, double weight,
                  const char *label, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    struct said s = {
        *what,         row,         isnan(weight) ? -INFINITY : weight, find_first(f, what),
        strdup(label), strdup(text)};
    if (!s.label || !s.text || (f->count == f->capacity && !grow(f))) {
        free(s.label);
        free(s.text);
        f->failed = true;
        return;
    }
    f->items[f->count++] = s;
}

/* By kind in the order of their first, within a kind the largest weight first. */
static int compare_said(const void *left, const void *right)
{
    const struct said *x = left, *y = right;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static size_t add(char *text, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static size_t add(char *text, size_t at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = at < TEXT_SIZE ? vsnprintf(text + at, TEXT_SIZE - at, format, ap) : 0;
    va_end(ap);
    return at + (n > 0 ? (size_t)n : 0);
}

static void tell(const struct said *s, size_t count, char *text)
{
    size_t at = add(text, 0, "%s", s->text);
    for (size_t i = 1; i < count && i <= MOST_NAMES; i++)
        at = add(text, at, "%s%s", i == 1 ? " Likewise: " : "; ", s[i].label);
    if (count > MOST_NAMES + 1)
        at = add(text, at, "; and %zu more", count - MOST_NAMES - 1);
    if (count > 1)
        add(text, at, ".");
}

static void emit(const struct ctxmark_host *h, const struct said *s, size_t count)
{
    char *text = malloc(TEXT_SIZE);
    struct ctxmark_evidence *evidence = calloc(count, sizeof *evidence);
    for (size_t i = 0; evidence && i < count; i++)
        evidence[i] = (struct ctxmark_evidence){NULL, s[i].what.table, s[i].row, s[i].what.column};
    if (text && evidence) {
        tell(s, count, text);
        struct ctxmark_finding f = {.size = sizeof f,
                                    .severity = s->what.severity,
                                    .id = s->what.id,
                                    .text = text,
                                    .evidence = evidence,
                                    .evidence_count = (uint32_t)count,
                                    .evidence_stride = sizeof *evidence};
        h->finding(h, &f);
    }
    free(text);
    free(evidence);
}

void findings_emit(const struct ctxmark_host *h, struct findings *f)
{
    if (f->count)
        qsort(f->items, f->count, sizeof *f->items, compare_said);
    for (size_t i = 0, n; i < f->count; i += n) {
        for (n = 1; i + n < f->count && f->items[i + n].first == f->items[i].first;)
            n++;
        emit(h, &f->items[i], n);
    }
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].label);
        free(f->items[i].text);
    }
    free(f->items);
    *f = (struct findings){0};
}
