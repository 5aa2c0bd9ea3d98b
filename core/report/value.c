/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define DASH "\xe2\x80\x93"

void value_number(struct buf *out, double x)
{
    double size = fabs(x);
    if (!isfinite(x))
        buf_puts(out, DASH);
    else if (size >= 999.95 && size < 1e7)
        buf_printf(out, "%.0f", x);
    else
        buf_printf(out, "%.4g", x);
}

void value_text(struct buf *out, const json_t *value)
{
    if (json_is_boolean(value))
        buf_puts(out, json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        buf_printf(out, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_real(value))
        value_number(out, json_real_value(value));
    else if (json_is_string(value))
        buf_puts(out, json_string_value(value));
    else
        buf_puts(out, DASH);
}

void value_with_unit(struct buf *out, double x, const char *unit)
{
    static const struct {
        const char *from, *to;
        double least, divisor;
    } larger[] = {{"ms", "s", 1000, 1000}, {"MiB", "GiB", 1024, 1024}, {"KiB", "MiB", 1024, 1024}};
    for (size_t i = 0; i < sizeof larger / sizeof *larger; i++)
        if (strcmp(unit, larger[i].from) == 0 && fabs(x) >= larger[i].least) {
            x /= larger[i].divisor;
            unit = larger[i].to;
            break;
        }
    if (fabs(x) >= 1e6 || (x != 0 && fabs(x) < 1e-4))
        buf_printf(out, "%.3g", x);
    else if (fabs(x) >= 1000)
        buf_printf(out, "%.0f", x);
    else
        buf_printf(out, "%.4g", x);
    if (*unit)
        buf_printf(out, "%s%s", strcmp(unit, "%") == 0 ? "\xc2\xa0" : " ", unit);
}

void value_line(struct buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        /* C1 controls are U+0080 to U+009F: c2 80 to c2 9f */
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
            buf_putc(out, ' ');
            p++;
        } else {
            buf_putc(out, *p < 0x20 || *p == 0x7f ? ' ' : (char)*p);
        }
    }
}
