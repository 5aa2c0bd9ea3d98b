/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/prompt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define SAMPLE_WORDS 256
#define TRIES 6
#define CLOSE_ENOUGH 2

static const char space[] = " \t\r\n\f\v";

/* ---- the user's text */

/* Adds `count` words of text, from its start and again when it ends, a blank before each. */
static void add_text_words(struct ollama_text *t, const char *text, int64_t count)
{
    const char *at = text;
    while (count > 0 && !t->failed) {
        at += strspn(at, space);
        size_t n = strcspn(at, space);
        if (n == 0 && at == text + strspn(text, space))
            return; /* no word in it at all */
        if (n == 0) {
            at = text;
            continue;
        }
        ollama_text_add(t, " ", 1);
        ollama_text_add(t, at, n);
        at += n;
        count--;
    }
}

char *ollama_prompt_make(const struct ollama_words *w, const struct ollama_recipe *r,
                         const char *text, uint64_t seed, uint64_t nonce)
{
    struct ollama_text t = {0};
    ollama_text_add(&t, "", 0);
    ollama_words_add_nonce(w, &t, nonce, r->tokens - w->base);
    if (text)
        add_text_words(&t, text, r->text_words);
    ollama_words_add(w, &t, ctxmark_mix(seed ^ ctxmark_mix(nonce)), r->filler);
    if (!t.failed)
        return t.data;
    free(t.data);
    return NULL;
}

/* ---- recipes */

/* Tokens of the nonce in a prompt of that many. */
static int64_t nonce_tokens(const struct ollama_words *w, int64_t tokens)
{
    struct ollama_text t = {0};
    int64_t n = ollama_words_add_nonce(w, &t, 0, tokens - w->base);
    free(t.data);
    return n;
}

void ollama_recipe_plain(const struct ollama_words *w, int64_t tokens,
                         struct ollama_recipe *ret_recipe)
{
    int64_t filler = tokens - w->base - nonce_tokens(w, tokens);
    *ret_recipe = (struct ollama_recipe){tokens, 0, filler > 0 ? filler : 0, 0.0};
}

struct fit {
    const struct ollama_words *words;
    ollama_count_fn count;
    void *arg;
    const char *text;
    uint64_t seed, nonce;
    struct ollama_err *e;
};

static int measure(struct fit *f, const struct ollama_recipe *r, int64_t *ret_tokens)
{
    char *prompt = ollama_prompt_make(f->words, r, f->text, f->seed, ++f->nonce);
    if (!prompt)
        return ollama_err_memory(f->e);
    int result = f->count(f->arg, prompt, ret_tokens, f->e);
    free(prompt);
    return result;
}

/* What a word of the text costs on average, from a sample. */
static int sample_text(struct fit *f, struct ollama_recipe *r)
{
    int64_t without, with;
    struct ollama_recipe sample = *r;
    sample.filler = 0;
    sample.text_words = 0;
    if (measure(f, &sample, &without) < 0)
        return -1;
    sample.text_words = SAMPLE_WORDS;
    if (measure(f, &sample, &with) < 0)
        return -1;
    r->tokens_per_word = (double)(with - without) / SAMPLE_WORDS;
    if (r->tokens_per_word > 0.0)
        return 0;
    return ollama_err_set(f->e, CTXMARK_INVALID, "the prompt text has no words");
}

/* Sets the share of the text: as much as fits, with a little room that words of ours fill. */
static void share_text(struct ollama_recipe *r, int64_t room)
{
    double words = ((double)room - (double)(room / 64) - 16.0) / r->tokens_per_word;
    r->text_words = words > 0.0 ? (int64_t)words : 0;
    r->filler = room - (int64_t)((double)r->text_words * r->tokens_per_word);
}

/* Moves towards the right length after a prompt had `got` tokens. */
static void correct(struct ollama_recipe *r, int64_t got)
{
    r->filler += r->tokens - got;
    if (r->filler >= 0)
        return;
    int64_t fewer = (int64_t)((double)-r->filler / r->tokens_per_word) + 8;
    r->text_words -= fewer < r->text_words ? fewer : r->text_words;
    r->filler += (int64_t)((double)fewer * r->tokens_per_word);
}

int ollama_recipe_fit(const struct ollama_words *w, ollama_count_fn count, void *arg,
                      const char *text, uint64_t seed, uint64_t nonce, int64_t tokens,
                      struct ollama_recipe *ret_recipe, struct ollama_err *e)
{
    struct fit f = {w, count, arg, text, seed, nonce, e};
    struct ollama_recipe r;
    int64_t got = 0;
    ollama_recipe_plain(w, tokens, &r);
    r.tokens_per_word = 1.0;
    if (text && sample_text(&f, &r) < 0)
        return -1;
    if (text)
        share_text(&r, r.filler);
    for (int i = 0; i < TRIES; i++) {
        if (measure(&f, &r, &got) < 0)
            return -1;
        if (got >= tokens - CLOSE_ENOUGH && got <= tokens + CLOSE_ENOUGH) {
            *ret_recipe = r;
            return 0;
        }
        correct(&r, got);
    }
    return ollama_err_set(e, CTXMARK_ERROR,
                          "no prompt of %" PRId64 " tokens could be made: after %d tries it has "
                          "%" PRId64,
                          tokens, TRIES, got);
}
