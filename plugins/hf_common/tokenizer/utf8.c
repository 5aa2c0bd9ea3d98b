/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <utf8proc.h>

#include "plugins/hf_common/tokenizer/internal.h"

size_t utf8_valid_length(const char *text, size_t length)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    size_t at = 0;
    while (at < length) {
        utf8proc_int32_t c = bytes[at];
        utf8proc_ssize_t n = 1;
        if (c >= 0x80)
            n = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(length - at), &c);
        if (n < 1)
            break;
        at += (size_t)n;
    }
    return at;
}

int32_t utf8_first(const char *text, size_t length, size_t *ret_bytes)
{
    utf8proc_int32_t c = -1;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text,
                                          (utf8proc_ssize_t)(length < 4 ? length : 4), &c);
    *ret_bytes = n > 0 ? (size_t)n : 1;
    return c;
}

size_t utf8_put(int32_t c, char *out)
{
    return (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)out);
}

bool utf8_is_space(int32_t c)
{
    if ((c >= '\t' && c <= '\r') || c == ' ' || c == 0x85)
        return true;
    if (c < 0x80)
        return false;
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}
