/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void doc_release(struct doc *d)
{
    arena_free(&d->arena);
}

void *doc_alloc(struct doc *d, size_t size)
{
    void *p = d->failed ? NULL : arena_alloc(&d->arena, size);
    d->failed = d->failed || !p;
    return p;
}

char *doc_copy(struct doc *d, const char *text)
{
    size_t len = strlen(text);
    char *copy = doc_alloc(d, len + 1);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

__attribute__((format(printf, 2, 0))) static char *format_text(struct doc *d, const char *format,
                                                               va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = len < 0 ? NULL : doc_alloc(d, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

char *doc_format(struct doc *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_text(d, format, args);
    va_end(args);
    return text;
}

char *doc_take(struct doc *d, struct buf *b)
{
    char *text = buf_ok(b) ? doc_copy(d, buf_text(b)) : NULL;
    d->failed = d->failed || !buf_ok(b);
    buf_free(b);
    return text;
}

struct block *doc_block(struct doc *d, struct block *parent, enum block_kind kind, const char *id,
                        const char *title)
{
    struct block *b = parent ? doc_alloc(d, sizeof *b) : NULL;
    if (!b)
        return NULL;
    b->kind = kind;
    b->id = id ? doc_copy(d, id) : "";
    b->title = title ? doc_copy(d, title) : "";
    b->label = "";
    if (d->failed)
        return NULL;
    if (parent->last)
        parent->last->next = b;
    else
        parent->first = b;
    parent->last = b;
    return b;
}

static void append_span(struct doc *d, struct block *b, enum span_kind kind, const char *text,
                        const char *target)
{
    struct span *s = text ? doc_alloc(d, sizeof *s) : NULL;
    if (!s)
        return;
    *s = (struct span){.kind = kind, .text = text, .target = target};
    if (b->last_span)
        b->last_span->next = s;
    else
        b->spans = s;
    b->last_span = s;
}

void doc_span(struct doc *d, struct block *b, enum span_kind kind, const char *text,
              const char *target)
{
    if (b)
        append_span(d, b, kind, doc_copy(d, text), target ? doc_copy(d, target) : NULL);
}

void doc_text(struct doc *d, struct block *b, const char *format, ...)
{
    va_list args;
    if (!b)
        return;
    va_start(args, format);
    append_span(d, b, SPAN_TEXT, format_text(d, format, args), NULL);
    va_end(args);
}

struct block *doc_item(struct doc *d, struct block *parent, const char *label)
{
    struct block *b = doc_block(d, parent, BLOCK_ITEM, NULL, NULL);
    if (b && label)
        b->label = doc_copy(d, label);
    return d->failed ? NULL : b;
}

const char *member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}
