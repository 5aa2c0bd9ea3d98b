/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A sentence that is put together from rows of other analyzers' tables, with the rows it rests on.
 */

#ifndef ANALYSIS_ANSWER_H
#define ANALYSIS_ANSWER_H

#include <stddef.h>

#include "views.h"

#define ANSWER_EVIDENCE 16

struct answer {
    const char *verdict; /* one of the three below; NULL: not judged */
    char text[1600];
    char evidence_text[400]; /* "scaling.fits 9, 20; regimes.regimes 6" */
    struct ctxmark_evidence evidence[ANSWER_EVIDENCE];
    uint32_t evidence_count;
};

#define VERDICT_SUPPORTED "supported"
#define VERDICT_NOT_SUPPORTED "not supported"
#define VERDICT_NOT_MEASURABLE "not measurable here"

/* Adds words. */
void answer_say(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a row (and column, or NULL) that the words rest on; beyond ANSWER_EVIDENCE none is added. */
void answer_cite(struct answer *a, const struct view *v, uint64_t row, const char *column);
/* Emits it as a finding; without evidence it is not emitted. */
void answer_emit(const struct ctxmark_host *h, const struct answer *a, uint32_t severity,
                 const char *id);

#endif
