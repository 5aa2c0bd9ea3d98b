/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/tokenizer/internal.h"

/* GPT-2's: printable characters of Latin-1 stand for themselves, the other bytes in their order for
 * the characters from U+0100 on. */
#define SHIFTED 0x100
#define SHIFTED_COUNT 68

static bool byte_is_itself(int32_t b)
{
    return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xff && b != 0xad);
}

/* -1: c is not of the alphabet. */
static int byte_of(int32_t c)
{
    if (c < SHIFTED)
        return c >= 0 && byte_is_itself(c) ? c : -1;
    if (c >= SHIFTED + SHIFTED_COUNT)
        return -1;
    int left = c - SHIFTED;
    for (int b = 0; b < 256; b++)
        if (!byte_is_itself(b) && left-- == 0)
            return b;
    return -1;
}

int alphabet_decode(const char *text, size_t length, char *bytes)
{
    int count = 0;
    for (size_t at = 0; at < length;) {
        size_t n;
        int b = byte_of(utf8_first(text + at, length - at, &n));
        if (b < 0)
            return -1;
        bytes[count++] = (char)b;
        at += n;
    }
    return count;
}
