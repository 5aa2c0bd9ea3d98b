/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Texts, each once, numbered in the order of their appearance. */

#ifndef CORE_ANALYSIS_DICTIONARY_H
#define CORE_ANALYSIS_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#define DICTIONARY_RECENT 8

struct dictionary {
    char *bytes; /* all texts, each with its NUL */
    size_t byte_count, byte_capacity;
    uint64_t *offsets; /* [count] where each begins in bytes */
    size_t count, capacity;
    int32_t *slots; /* hash table of numbers, -1: free */
    size_t slot_count;
    int32_t last; /* the number given last: most rows repeat the row before */
    int32_t expected[DICTIONARY_RECENT]; /* what came behind one before: modes take turns */
};

/* The number of text[len]; bytes that are not UTF-8 are kept as U+FFFD.  -1: out of memory. */
int32_t dictionary_add(struct dictionary *d, const char *text, size_t len);
/* The same for a text that is probably new: it is not looked for, so that texts may repeat. */
int32_t dictionary_append(struct dictionary *d, const char *text, size_t len);
void dictionary_free(struct dictionary *d);

#endif
