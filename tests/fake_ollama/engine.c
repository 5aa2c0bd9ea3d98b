/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/fake_ollama/fake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOST_PROMPTS 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static int running, waiting;
static bool loaded;
static struct fake_load load_options;
static int64_t expires_ns;
/* The slot's prompt first, then those in the host's memory. */
static struct fake_prompt prompts[HOST_PROMPTS];
static size_t prompt_count;

int64_t fake_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fake_sleep_until(int64_t at_ns)
{
    struct timespec t = {at_ns / 1000000000, at_ns % 1000000000};
    while (at_ns > fake_now_ns())
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

bool fake_version_at_least(int minor, int patch)
{
    return config.minor != minor ? config.minor > minor : config.patch >= patch;
}

/* ---- tokens */

static uint64_t hash(const char *text, size_t length)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return h;
}

/* Bytes of the token that begins here: a blank and a word, a piece of that, or one byte. */
static size_t token_length(const char *text)
{
    size_t word = (*text == ' ') + strcspn(text + (*text == ' '), " ");
    if (config.tokenizer == FAKE_LETTERS)
        return 1;
    return config.tokenizer == FAKE_PIECES && word > 4 ? 4 : word;
}

struct fake_prompt fake_tokenize(const char *text)
{
    struct fake_prompt p = {calloc(strlen(text) + 1, sizeof(uint64_t)), 0};
    if (!p.tokens)
        return p;
    if (config.bos)
        p.tokens[p.count++] = 1;
    for (size_t n; *text; text += n) {
        n = token_length(text);
        p.tokens[p.count++] = hash(text, n);
    }
    return p;
}

/* ---- cost */

int64_t fake_cost_prefill(int64_t first, int64_t count)
{
    double n = (double)count, f = (double)first;
    return (int64_t)(n * config.prefill_ns + config.prefill_ns_ctx * (n * f + n * (n - 1.0) / 2.0));
}

int64_t fake_cost_decode(int64_t context)
{
    return (int64_t)(config.decode_ns + config.decode_ns_ctx * (double)context);
}

/* ---- the model */

static void forget_prompts(void)
{
    for (size_t i = 0; i < prompt_count; i++)
        free(prompts[i].tokens);
    prompt_count = 0;
}

/* `own`: how many of the running requests are the one that asks. */
static bool still_loaded(int own)
{
    if (loaded && expires_ns >= 0 && fake_now_ns() > expires_ns && running == own) {
        loaded = false;
        forget_prompts();
    }
    return loaded;
}

static bool same_load(const struct fake_load *a, const struct fake_load *b)
{
    return a->num_ctx == b->num_ctx && a->num_gpu == b->num_gpu && a->num_thread == b->num_thread &&
           a->num_batch == b->num_batch;
}

int64_t fake_engine_load(const struct fake_load *want)
{
    int64_t ns = 1000000;
    pthread_mutex_lock(&lock);
    if (!still_loaded(1) || !same_load(want, &load_options)) {
        int64_t bytes = config.weight_bytes + want->num_ctx * config.kv_bytes;
        forget_prompts();
        loaded = config.memory_bytes == 0 || bytes <= config.memory_bytes;
        load_options = *want;
        ns = loaded ? config.load_ns : -1;
    }
    pthread_mutex_unlock(&lock);
    return ns;
}

void fake_engine_unload(void)
{
    pthread_mutex_lock(&lock);
    loaded = false;
    forget_prompts();
    pthread_mutex_unlock(&lock);
}

void fake_engine_keep(double seconds)
{
    pthread_mutex_lock(&lock);
    expires_ns = seconds < 0.0 ? -1 : fake_now_ns() + (int64_t)(seconds * 1e9);
    pthread_mutex_unlock(&lock);
}

bool fake_engine_loaded(struct fake_load *ret_load, double *ret_left_s)
{
    pthread_mutex_lock(&lock);
    bool is = still_loaded(0);
    *ret_load = load_options;
    *ret_left_s = expires_ns < 0 ? 1e9 : (double)(expires_ns - fake_now_ns()) * 1e-9;
    pthread_mutex_unlock(&lock);
    return is;
}

/* ---- slots */

bool fake_engine_enter(void)
{
    bool in = true;
    pthread_mutex_lock(&lock);
    if (running >= config.parallel && waiting >= config.max_queue)
        in = false;
    waiting += in;
    while (in && running >= config.parallel)
        pthread_cond_wait(&freed, &lock);
    waiting -= in;
    running += in;
    pthread_mutex_unlock(&lock);
    return in;
}

void fake_engine_leave(void)
{
    pthread_mutex_lock(&lock);
    running--;
    pthread_cond_signal(&freed);
    pthread_mutex_unlock(&lock);
}

/* ---- the prompt cache */

static int64_t common(const struct fake_prompt *a, const struct fake_prompt *b)
{
    int64_t n = 0;
    while (n < a->count && n < b->count && a->tokens[n] == b->tokens[n])
        n++;
    return n;
}

static void remember(struct fake_prompt prompt)
{
    size_t most = fake_version_at_least(30, 0) ? HOST_PROMPTS : 1;
    if (prompt_count == most)
        free(prompts[--prompt_count].tokens);
    memmove(prompts + 1, prompts, prompt_count * sizeof *prompts);
    prompts[0] = prompt;
    prompt_count++;
}

int64_t fake_engine_lookup(struct fake_prompt prompt)
{
    int64_t best = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; config.cache && i < prompt_count; i++) {
        int64_t n = common(&prompts[i], &prompt);
        best = n > best ? n : best;
    }
    best = best < prompt.count ? best : prompt.count - 1;
    remember(prompt);
    pthread_mutex_unlock(&lock);
    return best;
}
