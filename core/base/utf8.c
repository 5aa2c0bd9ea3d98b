/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/utf8.h"

#include <stdbool.h>
#include <string.h>

/* How long the character is that begins with this byte; 0: none does. */
static size_t length_by_lead(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Are these n bytes the beginning of one? */
static bool begins_character(const unsigned char *p, size_t n)
{
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (n > 1 && (p[1] < low || p[1] > high))
        return false;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t utf8_character(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = left ? length_by_lead(p[0]) : 0;
    return n && n <= left && begins_character(p, n) ? n : 0;
}

void utf8_mend(char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n ? n : 1) {
        n = utf8_character(text + i, len - i);
        if (n)
            continue;
        size_t wanted = length_by_lead((unsigned char)text[i]);
        if (wanted > len - i && begins_character((const unsigned char *)text + i, len - i)) {
            text[i] = '\0';
            return;
        }
        text[i] = '?';
    }
}
