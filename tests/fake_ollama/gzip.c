/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A body in gzip's format (RFC 1952) without compressing it: stored blocks only. */

#include "config.h"

#include "tests/fake_ollama/gzip.h"

#include <string.h>

static uint32_t crc32_of(const unsigned char *data, size_t length)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static size_t put(unsigned char *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> (8 * i));
    return (size_t)bytes;
}

size_t fake_gzip(const char *data, size_t length, unsigned char *ret_out)
{
    static const unsigned char head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    size_t n = sizeof head, done = 0;
    memcpy(ret_out, head, sizeof head);
    do {
        size_t block = length - done < 65535 ? length - done : 65535;
        ret_out[n++] = done + block == length;
        n += put(ret_out + n, (uint32_t)block, 2);
        n += put(ret_out + n, ~(uint32_t)block, 2);
        memcpy(ret_out + n, data + done, block);
        n += block;
        done += block;
    } while (done < length);
    n += put(ret_out + n, crc32_of((const unsigned char *)data, length), 4);
    n += put(ret_out + n, (uint32_t)length, 4);
    return n;
}
