/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Before a cell is measured: the model loaded with room for it, the words' costs learnt, the recipe
 * of its prompts made. */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ctxmark/util.h>

#include "plugins/ollama/figures.h"
#include "plugins/ollama/generate.h"
#include "plugins/ollama/ollama.h"

/* Servers differ in whether num_ctx itself is still within. */
#define CONTEXT_ROOM 8
#define CONTEXT_LEAST 1024
#define SAMPLE_TOKENS 256

/* ---- counting */

/* One uncounted request for one token: how many tokens the server says the prompt has. */
static int count_tokens(void *arg, const char *text, int64_t *ret_tokens, struct ollama_err *e)
{
    struct ollama *p = arg;
    struct ollama_generation g;
    if (ollama_generation_init(&g, p, text, 1, 0, NULL, e) < 0)
        return -1;
    struct ollama_generation *list[] = {&g};
    ollama_generations_run(p, list, 1);
    int r = g.call.failed ? -1 : 0;
    *e = g.call.err;
    /* A generation that gave up without its closing line says no count; another prompt may. */
    if (r == 0 && (!g.finished || g.final.prompt_count == CTXMARK_UNKNOWN))
        r = ollama_err_set(e, CTXMARK_ERROR,
                           "Ollama does not say how many tokens a prompt has (prompt_eval_count)");
    if (r == 0)
        *ret_tokens = g.final.prompt_count;
    ollama_generation_free(&g);
    return r;
}

/* Different in each process and at each call. */
static uint64_t fresh_nonce(const struct ollama *p)
{
    uint64_t now = (uint64_t)p->host->now_ns(p->host);
    return ctxmark_mix(now ^ ctxmark_mix((uint64_t)getpid()));
}

/* ---- words */

static void words_key(const struct ollama *p, char *out, size_t size)
{
    snprintf(out, size, "ollama_words:%.16s", p->digest[0] ? p->digest : p->tag);
}

static bool recall_words(struct ollama *p)
{
    char key[64], text[1024];
    words_key(p, key, sizeof key);
    int64_t n = p->host->kv_get(p->host, key, text, sizeof text);
    return n > 0 && n < (int64_t)sizeof text && ollama_words_read(text, &p->words) == 0;
}

static void remember_words(const struct ollama *p)
{
    char key[64], text[1024];
    words_key(p, key, sizeof key);
    ollama_words_write(&p->words, text, sizeof text);
    p->host->kv_set(p->host, key, text);
}

/* One prompt that no cache can have: checks that the costs add up, and tells how long an evaluation
 * takes. */
static int take_sample(struct ollama *p, struct ollama_err *e)
{
    struct ollama_recipe r;
    struct ollama_generation g;
    ollama_recipe_plain(&p->words, SAMPLE_TOKENS, &r);
    uint64_t nonce = fresh_nonce(p);
    char *prompt = ollama_prompt_make(&p->words, &r, NULL, nonce, nonce);
    int result =
        prompt ? ollama_generation_init(&g, p, prompt, 1, 0, NULL, e) : ollama_err_memory(e);
    free(prompt);
    if (result < 0)
        return -1;
    struct ollama_generation *list[] = {&g};
    ollama_generations_run(p, list, 1);
    *e = g.call.err;
    result = g.call.failed ? -1 : 0;
    if (result == 0) {
        p->words_add_up = g.final.prompt_count == SAMPLE_TOKENS;
        if (ollama_prefill_ns(p, &g) != CTXMARK_UNKNOWN)
            ollama_cached_learn(&p->cached, SAMPLE_TOKENS, ollama_prefill_ns(p, &g), false);
    }
    ollama_generation_free(&g);
    return result;
}

static int learn_words(struct ollama *p, struct ollama_err *e)
{
    if (p->words_known)
        return 0;
    bool recalled = recall_words(p);
    if (!recalled && ollama_words_learn(count_tokens, p, &p->words, e) < 0)
        return -1;
    /* Twice: the first evaluation after a load is slow for other reasons. */
    if (take_sample(p, e) < 0 || take_sample(p, e) < 0)
        return -1;
    p->words_known = true;
    if (!recalled)
        remember_words(p);
    ctxmark_logf(p->host, CTXMARK_LOG_DEBUG,
                 "%s: prompts have %" PRId64 " tokens beside their words; the words' costs %s",
                 p->tag, p->words.base, p->words_add_up ? "add up" : "do not add up");
    return 0;
}

/* ---- loading */

static int check_room(const struct ollama *p, int64_t tokens, int64_t new_tokens,
                      struct ollama_err *e)
{
    int64_t most = p->loaded.context_length;
    if (most == CTXMARK_UNKNOWN)
        most = p->context_limit;
    if (most == CTXMARK_UNKNOWN || tokens + new_tokens < most)
        return 0;
    return ollama_err_set(e, CTXMARK_INVALID,
                          "a prompt of %" PRId64 " tokens and %" PRId64
                          " new ones do not fit into the context that Ollama gives %s: %" PRId64
                          " (num_ctx %" PRId64 " was asked for)",
                          tokens, new_tokens, p->tag, most, p->num_ctx);
}

int64_t ollama_cell_num_ctx(const struct ollama *p, int64_t tokens, int64_t new_tokens)
{
    int64_t want = tokens + new_tokens + CONTEXT_ROOM;
    want = want < CONTEXT_LEAST ? CONTEXT_LEAST : want;
    /* The server clamps to this by itself; asking for it keeps what is sent true. */
    return p->context_limit != CTXMARK_UNKNOWN && want > p->context_limit ? p->context_limit : want;
}

/* Contexts that come in turn would have the model loaded for each repetition. */
static void watch_order(struct ollama *p, int64_t tokens)
{
    size_t i = 0;
    while (i < p->seen_count && p->seen[i] != tokens)
        i++;
    if (i > 0 && i < p->seen_count && p->settings.context_per_cell) {
        p->settings.context_per_cell = false;
        ctxmark_logf(p->host, CTXMARK_LOG_WARNING,
                     "num_ctx: cell is for contexts one after the other (order: sequential): %s is "
                     "now loaded once, with room for the longest",
                     p->tag);
    }
    if (i == p->seen_count && i < OLLAMA_SEEN)
        p->seen_count++;
    i = i < OLLAMA_SEEN ? i : OLLAMA_SEEN - 1;
    memmove(p->seen + 1, p->seen, i * sizeof *p->seen);
    p->seen[0] = tokens;
}

static void warn_of_load(const struct ollama *p)
{
    const struct ollama_loaded *l = &p->loaded;
    if (l->others > 0)
        ctxmark_logf(p->host, CTXMARK_LOG_WARNING,
                     "%" PRId64 " other models are loaded on the server: they take memory and may "
                     "take time",
                     l->others);
    if (l->context_length != CTXMARK_UNKNOWN && l->context_length < p->num_ctx)
        ctxmark_logf(p->host, CTXMARK_LOG_WARNING,
                     "%s: the server gives a context of %" PRId64 " tokens where %" PRId64
                     " were asked for",
                     p->tag, l->context_length, p->num_ctx);
}

int ollama_cell_load(struct ollama *p, int64_t tokens, int64_t new_tokens, struct ollama_err *e)
{
    if (!p->settings.context_per_cell) {
        p->max_prompt = tokens > p->max_prompt ? tokens : p->max_prompt;
        p->max_new = new_tokens > p->max_new ? new_tokens : p->max_new;
        tokens = p->max_prompt;
        new_tokens = p->max_new;
    }
    p->num_ctx = ollama_cell_num_ctx(p, tokens, new_tokens);
    if (ollama_server_load(p, e) < 0 || learn_words(p, e) < 0)
        return -1;
    warn_of_load(p);
    return 0;
}

/* ---- recipes */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* FNV-1a, as a name for a text. */
static uint64_t hash_text(const char *text)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h;
}

static void recipe_key(const struct ollama *p, int64_t tokens, const char *text, char *out,
                       size_t size)
{
    snprintf(out, size, "ollama_recipe:%.16s:%" PRId64 ":%" PRIx64,
             p->digest[0] ? p->digest : p->tag, tokens, text ? hash_text(text) : 0);
}

static bool recall_recipe(const struct ollama *p, const char *key, int64_t tokens,
                          struct ollama_recipe *ret)
{
    char text[64];
    long long words, filler;
    if (p->host->kv_get(p->host, key, text, sizeof text) <= 0 ||
        sscanf(text, "%lld %lld", &words, &filler) != 2 || words < 0 || filler < 0)
        return false;
    *ret = (struct ollama_recipe){tokens, words, filler, 0.0};
    return true;
}

static int fit_recipe(struct ollama *p, int64_t tokens, const char *text, struct ollama_err *e)
{
    char key[128], value[64];
    uint64_t nonce = fresh_nonce(p);
    recipe_key(p, tokens, text, key, sizeof key);
    if (recall_recipe(p, key, tokens, &p->recipe))
        return 0;
    if (ollama_recipe_fit(&p->words, count_tokens, p, text, nonce, nonce, tokens, &p->recipe, e) <
        0)
        return -1;
    snprintf(value, sizeof value, "%" PRId64 " %" PRId64, p->recipe.text_words, p->recipe.filler);
    p->host->kv_set(p->host, key, value);
    return 0;
}

bool ollama_cell_ready(const struct ollama *p, int64_t tokens, const char *text)
{
    return p->recipe.tokens == tokens && same_text(p->recipe_text, text);
}

int ollama_cell_prepare(struct ollama *p, int64_t tokens, int64_t new_tokens, const char *text,
                        struct ollama_err *e)
{
    watch_order(p, tokens);
    if (ollama_cell_load(p, tokens, new_tokens, e) < 0 || check_room(p, tokens, new_tokens, e) < 0)
        return -1;
    if (ollama_cell_ready(p, tokens, text))
        return 0;
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return ollama_err_memory(e);
    free(p->recipe_text);
    p->recipe_text = copy;
    p->recipe.tokens = 0;
    if (text || !p->words_add_up)
        return fit_recipe(p, tokens, text, e);
    ollama_recipe_plain(&p->words, tokens, &p->recipe);
    return 0;
}
