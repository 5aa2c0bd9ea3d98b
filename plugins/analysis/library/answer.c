/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void add_words(char *text, size_t size,
                                                            const char *format, va_list ap)
{
    size_t len = strlen(text);
    vsnprintf(text + len, size - len, format, ap);
}

void answer_say(struct answer *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_words(a->text, sizeof a->text, format, ap);
    va_end(ap);
}

static void name_evidence(struct answer *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void name_evidence(struct answer *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_words(a->evidence_text, sizeof a->evidence_text, format, ap);
    va_end(ap);
}

static bool is_cited(const struct answer *a, const struct view *v, uint64_t row)
{
    for (uint32_t i = 0; i < a->evidence_count; i++)
        if (strcmp(a->evidence[i].analyzer, v->analyzer) == 0 &&
            strcmp(a->evidence[i].table, v->table) == 0 && a->evidence[i].row == (int64_t)row)
            return true;
    return false;
}

void answer_cite(struct answer *a, const struct view *v, uint64_t row, const char *column)
{
    if (a->evidence_count == ANSWER_EVIDENCE || row >= v->count || is_cited(a, v, row))
        return;
    const struct ctxmark_evidence *last =
        a->evidence_count ? &a->evidence[a->evidence_count - 1] : NULL;
    if (last && strcmp(last->analyzer, v->analyzer) == 0 && strcmp(last->table, v->table) == 0)
        name_evidence(a, ", %llu", (unsigned long long)row);
    else
        name_evidence(a, "%s%s.%s row %llu", last ? "; " : "", v->analyzer, v->table,
                      (unsigned long long)row);
    a->evidence[a->evidence_count++] =
        (struct ctxmark_evidence){v->analyzer, v->table, (int64_t)row, column};
}

void answer_emit(const struct ctxmark_host *h, const struct answer *a, uint32_t severity,
                 const char *id)
{
    char text[sizeof a->text];
    size_t n = strlen(a->text);
    if (!a->evidence_count)
        return;
    while (n && a->text[n - 1] == ' ')
        n--;
    memcpy(text, a->text, n);
    text[n] = '\0';
    struct ctxmark_finding f = {.size = sizeof f,
                                .severity = severity,
                                .id = id,
                                .text = text,
                                .evidence = a->evidence,
                                .evidence_count = a->evidence_count,
                                .evidence_stride = sizeof *a->evidence};
    h->finding(h, &f);
}
