/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Merges within one piece: a heap of the pairs that can be merged, by rank and then by place, over
 * a linked list of what the piece consists of. */

#include "config.h"

#include <stdlib.h>

#include "plugins/hf_common/tokenizer/internal.h"

/* A token that is there so far; id -1: merged into the one before it. */
struct symbol {
    int32_t id;
    int32_t previous, next; /* -1: none */
};

/* "The symbol at `at` and its next one make `id`": outdated once they do not any more. */
struct candidate {
    int32_t rank, at, id;
};

void merger_free(struct merger *m)
{
    free(m->symbols);
    free(m->heap);
}

/* Each merge of n symbols adds at most two candidates to the first n - 1. */
static int merger_make_room(struct merger *m, size_t length, struct hf_err *e)
{
    if (length <= m->capacity)
        return 0;
    size_t capacity = length < 64 ? 64 : length * 2;
    if (length > INT32_MAX / 4)
        return hf_err_set(e, "a word of %zu bytes is more than a tokenizer can take", length);
    free(m->symbols);
    free(m->heap);
    m->symbols = malloc(capacity * sizeof *m->symbols);
    m->heap = malloc(3 * capacity * sizeof *m->heap);
    m->capacity = m->symbols && m->heap ? capacity : 0;
    return m->capacity ? 0 : hf_err_memory(e, capacity * sizeof *m->heap * 3);
}

static bool candidate_before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void heap_push(struct merger *m, struct candidate c)
{
    size_t i = m->heap_count++;
    while (i > 0 && candidate_before(&c, &m->heap[(i - 1) / 2])) {
        m->heap[i] = m->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    m->heap[i] = c;
}

static struct candidate heap_pop(struct merger *m)
{
    struct candidate first = m->heap[0], last = m->heap[--m->heap_count];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < m->heap_count) {
        if (child + 1 < m->heap_count && candidate_before(&m->heap[child + 1], &m->heap[child]))
            child++;
        if (!candidate_before(&m->heap[child], &last))
            break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = last;
    return first;
}

/* Adds the pair that begins at `at`, if there is one that can be merged. */
static void merger_propose(struct merger *m, const struct vocabulary *v, int32_t at)
{
    if (at < 0 || m->symbols[at].next < 0)
        return;
    const struct pair *p =
        vocabulary_pair(v, m->symbols[at].id, m->symbols[m->symbols[at].next].id);
    if (p)
        heap_push(m, (struct candidate){p->rank, at, p->id});
}

static void merger_apply(struct merger *m, const struct vocabulary *v, const struct candidate *c)
{
    struct symbol *left = &m->symbols[c->at];
    if (left->id < 0 || left->next < 0)
        return;
    struct symbol *right = &m->symbols[left->next];
    const struct pair *p = vocabulary_pair(v, left->id, right->id);
    if (!p || p->id != c->id)
        return;
    left->id = p->id;
    left->next = right->next;
    right->id = -1;
    if (left->next >= 0)
        m->symbols[left->next].previous = c->at;
    merger_propose(m, v, left->previous);
    merger_propose(m, v, c->at);
}

/* The piece's bytes as tokens; returns how many. */
static size_t merger_begin(struct merger *m, const struct vocabulary *v, const char *piece,
                           size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        int32_t id = v->byte_ids[(unsigned char)piece[i]];
        id = id < 0 ? v->unknown : id;
        if (id < 0)
            continue;
        m->symbols[count] = (struct symbol){id, (int32_t)count - 1, (int32_t)count + 1};
        count++;
    }
    if (count > 0)
        m->symbols[count - 1].next = -1;
    m->heap_count = 0;
    for (size_t i = 0; i + 1 < count; i++)
        merger_propose(m, v, (int32_t)i);
    return count;
}

int merger_run(struct merger *m, const struct vocabulary *v, const char *piece, size_t length,
               struct hf_ids *ids, struct hf_err *e)
{
    int32_t whole = v->whole_first ? vocabulary_find(v, piece, length) : -1;
    if (whole >= 0)
        return hf_ids_add(ids, whole, e);
    if (merger_make_room(m, length, e) != 0)
        return -1;
    size_t count = merger_begin(m, v, piece, length);
    while (m->heap_count > 0) {
        struct candidate c = heap_pop(m);
        merger_apply(m, v, &c);
    }
    for (int32_t i = count > 0 ? 0 : -1; i >= 0; i = m->symbols[i].next)
        if (hf_ids_add(ids, m->symbols[i].id, e) != 0)
            return -1;
    return 0;
}
