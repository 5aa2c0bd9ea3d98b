/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The report: one tree of blocks, made from analysis.json, the manifest and, for one figure, the
 * rows; and its views. */

#ifndef CORE_REPORT_REPORT_H
#define CORE_REPORT_REPORT_H

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/report/doc.h"
#include "core/report/figure/figure.h"

struct report {
    struct doc doc;
    struct figures figures;
};

/* Builds it.  manifest may be NULL (a bare CSV was analysed), metrics too (the CSV file of the
 * rows; without it there is no figure of repetitions in run order).  All arguments but metrics are
 * borrowed until report_free().  with_figures false: none at all.  0 or -1. */
int report_build(struct report *r, const json_t *analysis, const json_t *manifest,
                 const char *metrics, bool with_figures, struct err *e);
void report_free(struct report *r);

/* Its views.  Markdown names the figures' files under figures/, HTML holds them. */
void report_markdown(const struct report *r, struct buf *out);
void report_html(const struct report *r, struct buf *out);
/* For a terminal; figures are drawn by gnuplot, where there is one. */
struct report_terminal {
    unsigned width;      /* letters to a line */
    bool colour;         /* with the terminal's codes */
    const char *gnuplot; /* its path; "": it is not installed */
};

void report_term(const struct report *r, const struct report_terminal *terminal, struct buf *out);

/* The findings alone, most severe first, as plain lines for a terminal; at most `most` of them
 * (0: all) and a line that says how many more there are. */
void report_findings(const json_t *analysis, size_t most, struct buf *out);

#endif
