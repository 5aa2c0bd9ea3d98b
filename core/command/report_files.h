/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A report's views as files in a folder. */

#ifndef CORE_COMMAND_REPORT_FILES_H
#define CORE_COMMAND_REPORT_FILES_H

#include <jansson.h>

#include "core/base/err.h"

#define REPORT_MD 1u
#define REPORT_HTML 2u
#define REPORT_TERM 4u    /* to stdout */
#define REPORT_FIGURES 8u /* in them, and as files */
#define REPORT_ALL (REPORT_MD | REPORT_HTML | REPORT_FIGURES)

/* "md,html" as bits, without figures; 0: e says what is not known. */
unsigned report_formats(const char *names, struct err *e);

/* Writes report.md and report.html into the folder, with figures/NAME.svg beside them, and NAME.png
 * where rsvg-convert is installed; prints the view for a terminal.  What is missing for that is
 * said once, and no error.  metrics: CSV file of the rows; NULL: FOLDER/metrics.csv, where it is
 * there. manifest may be NULL.  0 or -1. */
int report_files(const char *folder, const json_t *analysis, const json_t *manifest,
                 const char *metrics, unsigned formats, struct err *e);

#endif
