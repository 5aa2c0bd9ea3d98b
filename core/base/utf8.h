/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Text from plugins and servers goes into files that must be UTF-8. */

#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the well-formed character (Unicode, table 3-7) at p, of which `left` bytes are there; 0
 * if there is none. */
size_t utf8_character(const char *p, size_t left);

/* Replaces each byte that belongs to no character by '?', in place; drops a character that was cut
 * off at the end. */
void utf8_mend(char *text);

#endif
