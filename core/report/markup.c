/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/markup.h"

#include <string.h>

#include "core/base/utf8.h"

/* Characters that would change how text around them is read: C1 controls, marks and embeddings of
 * direction (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), and U+FFFE, U+FFFF, which XML
 * forbids. */
static bool is_harmful(const unsigned char *p, size_t n)
{
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (n != 3)
        return false;
    unsigned c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
    return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c >= 0xfffe;
}

void markup_text(struct buf *out, const char *text)
{
    size_t left = strlen(text), n;
    for (const char *p = text; left; p += n, left -= n) {
        unsigned char c = (unsigned char)*p;
        n = utf8_character(p, left);
        if (n == 0) {
            buf_putc(out, '?');
            n = 1;
        } else if (n > 1) {
            if (is_harmful((const unsigned char *)p, n))
                buf_putc(out, ' ');
            else
                buf_add(out, p, n);
        } else if (c == '<')
            buf_puts(out, "&lt;");
        else if (c == '>')
            buf_puts(out, "&gt;");
        else if (c == '&')
            buf_puts(out, "&amp;");
        else if (c == '"')
            buf_puts(out, "&quot;");
        else if (c == '\'')
            buf_puts(out, "&#39;");
        else
            buf_putc(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}
