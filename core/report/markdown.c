/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/markdown.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void add_character(struct buf *out, char c)
{
    if (c == '<')
        buf_puts(out, "&lt;");
    else if (c == '>')
        buf_puts(out, "&gt;");
    else if (c == '&')
        buf_puts(out, "&amp;");
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        buf_putc(out, ' ');
    else {
        if (strchr("\\`*_{}[]|~$!", c))
            buf_putc(out, '\\');
        buf_putc(out, c);
    }
}

void markdown_text(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        /* ":" and "." in an address that a reader of the Markdown would turn into a link */
        if (strncmp(p, "://", 3) == 0) {
            buf_puts(out, "\\://");
            p += 2;
            continue;
        }
        add_character(out, *p);
    }
}

void markdown_number(struct buf *out, double x)
{
    double size = fabs(x);
    if (!isfinite(x))
        buf_puts(out, "\xe2\x80\x93");
    else if (size >= 999.95 && size < 1e7)
        buf_printf(out, "%.0f", x);
    else
        buf_printf(out, "%.4g", x);
}

void markdown_value(struct buf *out, const json_t *value)
{
    if (json_is_boolean(value))
        buf_puts(out, json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        buf_printf(out, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_real(value))
        markdown_number(out, json_real_value(value));
    else if (json_is_string(value))
        markdown_text(out, json_string_value(value));
    else
        buf_puts(out, "\xe2\x80\x93");
}
