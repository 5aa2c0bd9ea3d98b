/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* An analysis with something of everything, and hostile words in it. */

#ifndef TESTS_REPORT_SAMPLE_H
#define TESTS_REPORT_SAMPLE_H

#include <jansson.h>

#include "core/report/report.h"

typedef void sample_view(const struct report *, struct buf *);

/* A new reference. */
json_t *sample_analysis(void);
/* A view of it, or of another analysis; the caller's.  manifest may be NULL. */
char *sample_render(const json_t *manifest, sample_view *view);
char *sample_render_of(const json_t *analysis, const json_t *manifest, sample_view *view);

#endif
