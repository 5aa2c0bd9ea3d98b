/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/dictionary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_text(const char *text, size_t len)
{
    uint64_t h = len, part;
    for (; len >= sizeof part; text += sizeof part, len -= sizeof part) {
        memcpy(&part, text, sizeof part);
        h = (h ^ part) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    part = 0;
    for (size_t i = 0; i < len; i++)
        part = part << 8 | (unsigned char)text[i];
    h = (h ^ part) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

static inline uint64_t word_at(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* memcmp() == 0 for short texts, of which there are millions: without a call. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
    size_t i = 0;
    if (n < sizeof(uint64_t)) {
        while (i < n && a[i] == b[i])
            i++;
        return i == n;
    }
    for (; i + sizeof(uint64_t) < n; i += sizeof(uint64_t))
        if (word_at(a + i) != word_at(b + i))
            return false;
    return word_at(a + n - sizeof(uint64_t)) == word_at(b + n - sizeof(uint64_t));
}

static bool is_text(const struct dictionary *d, int32_t id, const char *text, size_t len)
{
    const char *have = d->bytes + d->offsets[id];
    size_t next = (size_t)id + 1 < d->count ? d->offsets[id + 1] : d->byte_count;
    return next - d->offsets[id] == len + 1 && same_bytes(have, text, len);
}

static size_t find_slot(const struct dictionary *d, const char *text, size_t len)
{
    size_t i = hash_text(text, len) & (d->slot_count - 1);
    while (d->slots[i] >= 0 && !is_text(d, d->slots[i], text, len))
        i = (i + 1) & (d->slot_count - 1);
    return i;
}

/* At most half full, so that searches stay short. */
static int grow_slots(struct dictionary *d)
{
    if (d->count * 2 < d->slot_count)
        return 0;
    size_t n = d->slot_count ? d->slot_count * 2 : 16;
    int32_t *slots = malloc(n * sizeof *slots);
    if (!slots)
        return -1;
    memset(slots, 0xff, n * sizeof *slots);
    free(d->slots);
    d->slots = slots;
    d->slot_count = n;
    for (size_t id = 0; id < d->count; id++) {
        const char *text = d->bytes + d->offsets[id];
        size_t i = hash_text(text, strlen(text)) & (n - 1);
        while (slots[i] >= 0)
            i = (i + 1) & (n - 1);
        slots[i] = (int32_t)id;
    }
    return 0;
}

static int reserve(struct dictionary *d, size_t len)
{
    if (d->count == d->capacity) {
        size_t n = d->capacity ? d->capacity * 2 : 16;
        uint64_t *offsets = realloc(d->offsets, n * sizeof *offsets);
        if (!offsets)
            return -1;
        d->offsets = offsets;
        d->capacity = n;
    }
    if (d->byte_capacity - d->byte_count <= len) {
        size_t n = (d->byte_capacity + len + 1) * 2;
        char *bytes = realloc(d->bytes, n);
        if (!bytes)
            return -1;
        d->bytes = bytes;
        d->byte_capacity = n;
    }
    return d->count < INT32_MAX ? 0 : -1;
}

/* Bytes of the well-formed UTF-8 character at p, 0 if there is none (Unicode, table 3-7). */
static size_t character_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 4;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
        return 0;
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static bool is_utf8(const char *text, size_t len)
{
    uint64_t part;
    for (size_t i = 0, n; i < len; i += n) {
        n = sizeof part; /* of ASCII at once */
        if (len - i >= n && (memcpy(&part, text + i, n), !(part & UINT64_C(0x8080808080808080))))
            continue;
        n = character_length((const unsigned char *)text + i, len - i);
        if (!n)
            return false;
    }
    return true;
}

/* A copy with U+FFFD for each byte that belongs to no character. */
static char *mend_utf8(const char *text, size_t len, size_t *ret_len)
{
    char *out = malloc(len * 3 + 1);
    size_t k = 0;
    for (size_t i = 0; out && i < len;) {
        size_t n = character_length((const unsigned char *)text + i, len - i);
        memcpy(out + k, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
        k += n ? n : 3;
        i += n ? n : 1;
    }
    *ret_len = k;
    return out;
}

static int32_t put_text(struct dictionary *d, const char *text, size_t len)
{
    if (reserve(d, len) < 0)
        return -1;
    d->offsets[d->count] = d->byte_count;
    memcpy(d->bytes + d->byte_count, text, len);
    d->bytes[d->byte_count + len] = '\0';
    d->byte_count += len + 1;
    return (int32_t)d->count++;
}

static int32_t put_new(struct dictionary *d, const char *text, size_t len)
{
    if (grow_slots(d) < 0)
        return -1;
    size_t slot = find_slot(d, text, len);
    if (d->slots[slot] >= 0)
        return d->slots[slot];
    int32_t id = put_text(d, text, len);
    if (id >= 0)
        d->slots[slot] = id;
    return id;
}

/* Puts the text, mended if need be. */
static int32_t put_sound(struct dictionary *d, const char *text, size_t len,
                         int32_t (*put)(struct dictionary *d, const char *text, size_t len))
{
    if (is_utf8(text, len))
        return put(d, text, len);
    size_t n;
    char *mended = mend_utf8(text, len, &n);
    int32_t id = mended ? put(d, mended, n) : -1;
    free(mended);
    return id;
}

/* The number of a text that is the same as in the row before, or follows on it as it did before;
 * -1: neither. */
static int32_t guess(const struct dictionary *d, const char *text, size_t len)
{
    if (!d->count)
        return -1;
    if (is_text(d, d->last, text, len))
        return d->last;
    int32_t expected = d->expected[d->last % DICTIONARY_RECENT];
    return is_text(d, expected, text, len) ? expected : -1;
}

static int32_t take(struct dictionary *d, int32_t id)
{
    if (id >= 0) {
        d->expected[d->last % DICTIONARY_RECENT] = id;
        d->last = id;
    }
    return id;
}

int32_t dictionary_add(struct dictionary *d, const char *text, size_t len)
{
    int32_t id = guess(d, text, len);
    if (id >= 0)
        return d->last = id;
    if (d->slot_count)
        id = d->slots[find_slot(d, text, len)];
    return take(d, id >= 0 ? id : put_sound(d, text, len, put_new));
}

int32_t dictionary_append(struct dictionary *d, const char *text, size_t len)
{
    int32_t id = guess(d, text, len);
    return id >= 0 ? (d->last = id) : take(d, put_sound(d, text, len, put_text));
}

void dictionary_free(struct dictionary *d)
{
    free(d->bytes);
    free(d->offsets);
    free(d->slots);
    *d = (struct dictionary){0};
}
