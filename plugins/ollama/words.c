/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

/* Short and frequent, so that most tokenizers have one token for each. */
static const char *const words[OLLAMA_WORDS] = {
    "the",  "of",   "and",  "to",   "in",   "is",    "for",   "that", "on",     "with",  "as",
    "was",  "he",   "it",   "by",   "are",  "at",    "be",    "this", "have",   "from",  "or",
    "had",  "not",  "but",  "what", "all",  "were",  "we",    "when", "your",   "can",   "there",
    "an",   "each", "she",  "do",   "how",  "if",    "will",  "up",   "other",  "about", "out",
    "many", "then", "them", "so",   "some", "her",   "would", "make", "like",   "him",   "into",
    "time", "has",  "look", "two",  "more", "write", "go",    "see",  "number",
};

/* ---- text */

void ollama_text_add(struct ollama_text *t, const char *bytes, size_t length)
{
    if (t->failed || length > SIZE_MAX / 4 - t->length) {
        t->failed = true;
        return;
    }
    if (t->length + length + 1 > t->capacity) {
        size_t want =
            t->capacity * 2 > t->length + length + 1 ? t->capacity * 2 : t->length + length + 256;
        char *bigger = realloc(t->data, want);
        if (!bigger) {
            t->failed = true;
            return;
        }
        t->data = bigger;
        t->capacity = want;
    }
    memcpy(t->data + t->length, bytes, length);
    t->length += length;
    t->data[t->length] = '\0';
}

static void add_word(struct ollama_text *t, unsigned index)
{
    ollama_text_add(t, " ", 1);
    ollama_text_add(t, words[index], strlen(words[index]));
}

/* ---- learning */

struct lesson {
    ollama_count_fn count;
    void *arg;
    struct ollama_words *words;
    struct ollama_err *e;
};

/* Tokens of `times` times the words first .. last - 1. */
static int ask(const struct lesson *l, unsigned first, unsigned last, unsigned times,
               int64_t *ret_tokens)
{
    struct ollama_text t = {0};
    for (unsigned k = 0; k < times; k++)
        for (unsigned i = first; i < last; i++)
            add_word(&t, i);
    int r = t.failed ? ollama_err_memory(l->e) : l->count(l->arg, t.data, ret_tokens, l->e);
    free(t.data);
    return r;
}

static int fail_sense(const struct lesson *l)
{
    return ollama_err_set(l->e, CTXMARK_ERROR,
                          "the server's token counts make no sense (prompt_eval_count): a longer "
                          "prompt does not have more tokens");
}

/* The words first .. last - 1 are known to have `tokens` together: halves them until each is known.
 */
static int learn_range(const struct lesson *l, unsigned first, unsigned last, int64_t tokens)
{
    int64_t n = (int64_t)last - first, left;
    if (tokens < n)
        return fail_sense(l);
    if (tokens == n || n == 1) {
        for (unsigned i = first; i < last; i++)
            l->words->cost[i] = (int)(tokens / n);
        return 0;
    }
    unsigned middle = first + (last - first) / 2;
    if (ask(l, first, middle, 1, &left) < 0)
        return -1;
    left -= l->words->base;
    if (learn_range(l, first, middle, left) < 0)
        return -1;
    return learn_range(l, middle, last, tokens - left);
}

int ollama_words_learn(ollama_count_fn count, void *arg, struct ollama_words *ret_words,
                       struct ollama_err *e)
{
    struct lesson l = {count, arg, ret_words, e};
    int64_t once, twice, all;
    /* Eight words, so that what a tokenizer does with a prompt's first one stays in the base. */
    if (ask(&l, 0, 8, 1, &once) < 0 || ask(&l, 0, 8, 2, &twice) < 0)
        return -1;
    ret_words->base = once - (twice - once);
    if (twice <= once || ret_words->base < 0)
        return fail_sense(&l);
    if (ask(&l, 0, OLLAMA_WORDS, 1, &all) < 0)
        return -1;
    return learn_range(&l, 0, OLLAMA_WORDS, all - ret_words->base);
}

/* ---- keeping */

void ollama_words_write(const struct ollama_words *w, char *ret_text, size_t size)
{
    size_t n = 0;
    for (int i = -1; i < OLLAMA_WORDS && n < size; i++) {
        int wrote = i < 0 ? snprintf(ret_text, size, "%" PRId64, w->base)
                          : snprintf(ret_text + n, size - n, " %d", w->cost[i]);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
}

int ollama_words_read(const char *text, struct ollama_words *ret_words)
{
    struct ollama_words w;
    char *end;
    w.base = strtoll(text, &end, 10);
    bool good = end != text && w.base >= 0;
    for (int i = 0; good && i < OLLAMA_WORDS; i++) {
        const char *at = end;
        w.cost[i] = (int)strtol(at, &end, 10);
        good = end != at && w.cost[i] >= 1;
    }
    if (!good || *end)
        return -1;
    *ret_words = w;
    return 0;
}

/* ---- prompts */

static int least_cost(const struct ollama_words *w)
{
    int least = w->cost[0];
    for (int i = 1; i < OLLAMA_WORDS; i++)
        least = w->cost[i] < least ? w->cost[i] : least;
    return least;
}

/* The words that cost `cost`, as indices. */
static unsigned words_of_cost(const struct ollama_words *w, int cost, unsigned ret[OLLAMA_WORDS])
{
    unsigned n = 0;
    for (unsigned i = 0; i < OLLAMA_WORDS; i++)
        if (w->cost[i] == cost)
            ret[n++] = i;
    return n;
}

int64_t ollama_words_add_nonce(const struct ollama_words *w, struct ollama_text *t, uint64_t nonce,
                               int64_t most)
{
    unsigned cheap[OLLAMA_WORDS];
    int cost = least_cost(w);
    unsigned n = words_of_cost(w, cost, cheap);
    uint64_t bits = ctxmark_mix(nonce);
    int64_t used = 0;
    for (int k = 0; k < OLLAMA_NONCE_WORDS && used + cost <= most; k++, used += cost) {
        add_word(t, cheap[bits % n]);
        bits = n > 1 ? bits / n : bits;
        if (bits == 0)
            bits = ctxmark_mix(nonce ^ (uint64_t)(k + 1));
    }
    return used;
}

#define SMALL 64

/* Ends a text with at most `tokens` < SMALL tokens: the largest sum of costs that fits. */
static int64_t add_rest(const struct ollama_words *w, struct ollama_text *t, int tokens)
{
    int last[SMALL] = {0}; /* the word that a sum ends with, plus 1; 0: no such sum */
    int best = 0;
    for (int sum = 1; sum <= tokens; sum++)
        for (int i = 0; i < OLLAMA_WORDS && !last[sum]; i++)
            if (w->cost[i] == sum || (w->cost[i] < sum && last[sum - w->cost[i]])) {
                last[sum] = i + 1;
                best = sum;
            }
    for (int sum = best; sum > 0; sum -= w->cost[last[sum] - 1])
        add_word(t, (unsigned)(last[sum] - 1));
    return best;
}

int64_t ollama_words_add(const struct ollama_words *w, struct ollama_text *t, uint64_t seed,
                         int64_t tokens)
{
    int64_t left = tokens;
    for (uint64_t k = 0; left >= SMALL; k++) {
        unsigned i = (unsigned)(ctxmark_mix(seed + k) % OLLAMA_WORDS);
        if (w->cost[i] > SMALL / 2)
            i = 0;
        if (w->cost[i] > left)
            break;
        add_word(t, i);
        left -= w->cost[i];
    }
    if (left > 0 && left < SMALL)
        left -= add_rest(w, t, (int)left);
    return tokens - left;
}
