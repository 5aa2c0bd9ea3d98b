/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct figure figure(double x)
{
    struct figure f;
    double size = fabs(x);
    if (size >= 1000 && size < 1e12)
        snprintf(f.text, sizeof f.text, "%.0f", x);
    else if (size >= 1e-4 && size < 1000)
        snprintf(f.text, sizeof f.text, "%.*f", 3 - (int)floor(log10(size)), x);
    else
        snprintf(f.text, sizeof f.text, "%.4g", x);
    /* Zeros at a fraction's end say nothing. */
    size_t n = strlen(f.text);
    if (strchr(f.text, '.') && !strchr(f.text, 'e')) {
        while (f.text[n - 1] == '0')
            f.text[--n] = '\0';
        if (f.text[n - 1] == '.')
            f.text[n - 1] = '\0';
    }
    return f;
}

struct figure figure_ms(double ms)
{
    struct figure value = figure(ms < 1000 ? ms : ms < 180000 ? ms / 1000 : ms / 60000);
    struct figure f;
    snprintf(f.text, sizeof f.text, "%.20s %s", value.text,
             ms < 1000     ? "ms"
             : ms < 180000 ? "s"
                           : "min");
    return f;
}
