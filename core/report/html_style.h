/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef CORE_REPORT_HTML_STYLE_H
#define CORE_REPORT_HTML_STYLE_H

/* The page's rules: one column on a phone, two of figures on a desk, light, dark and paper. */
extern const char html_style[];

#endif
