/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Numbers inside the sentences of findings. */

#ifndef PLUGINS_ANALYSIS_FIGURE_H
#define PLUGINS_ANALYSIS_FIGURE_H

struct figure {
    char text[32];
};

/* Four significant digits without an exponent, as people write them: 0.05231, 12.5, 1527, 13490.
 * Very large and very small ones get an exponent after all. */
struct figure figure(double x);

/* A duration given in ms, with its unit: "12.5 ms", "4.721 s", "7.9 min". */
struct figure figure_ms(double ms);

#endif
