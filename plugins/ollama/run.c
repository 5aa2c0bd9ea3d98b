/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A repetition: the prompts, the requests, what came of them. */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/ollama/generate.h"
#include "plugins/ollama/ollama.h"

/* Ollama gives up after this many equal tokens. */
#define EQUAL_TOKENS 30
/* Tokens from a cache that are nothing to speak of: a begin-of-text, a first word by chance. */
#define CACHED_TOKENS 16

/* ---- the prompt */

static uint64_t nonce_of(const struct ctxmark_request *q, uint32_t request, int64_t attempt)
{
    uint64_t nonce = q->nonce + request;
    return attempt ? ctxmark_mix(nonce ^ ctxmark_mix((uint64_t)attempt)) : nonce;
}

static int make_generation(struct ollama *p, const struct ctxmark_request *q, uint32_t request,
                           int64_t attempt, const struct ctxmark_emit *emit,
                           struct ollama_generation *g, struct ollama_err *e)
{
    char *made = q->text ? NULL
                         : ollama_prompt_make(&p->words, &p->recipe, q->seed_text, q->seed,
                                              nonce_of(q, request, attempt));
    if (!q->text && !made)
        return ollama_err_memory(e);
    int r =
        ollama_generation_init(g, p, q->text ? q->text : made, q->max_new_tokens, request, emit, e);
    free(made);
    return r;
}

/* ---- what a generation came to */

/* Ended before N tokens in a way that another prompt may not. */
static bool is_short(const struct ollama_generation *g)
{
    if (g->call.failed)
        return false;
    return !g->finished || g->final.eval_count < g->max_new_tokens;
}

static int check_end(const struct ollama_generation *g, struct ollama_err *e)
{
    if (g->finished)
        return 0;
    if (g->equal_pieces >= EQUAL_TOKENS)
        return ollama_err_set(e, CTXMARK_ERROR,
                              "Ollama gave up without its figures after %" PRId64
                              " tokens: it does so when %d equal ones follow each other",
                              g->pieces, EQUAL_TOKENS);
    if (g->pieces && g->pieces + 4 >= g->max_new_tokens)
        return ollama_err_set(e, CTXMARK_ERROR,
                              "Ollama ended without its figures after %" PRId64 " of %" PRId64
                              " tokens, as it does when the last one is part of a character",
                              g->pieces, g->max_new_tokens);
    return ollama_err_set(e, CTXMARK_ERROR,
                          "the stream ended without Ollama's closing line (\"done\":true) after "
                          "%" PRId64 " tokens",
                          g->pieces);
}

/* Whether all that must be there is, and nothing was cut. */
static int check_final(const struct ollama *p, const struct ctxmark_request *q,
                       const struct ollama_generation *g, uint32_t *notes, struct ollama_err *e)
{
    const struct ollama_final *f = &g->final;
    if (check_end(g, e) < 0)
        return -1;
    if (f->eval_count == CTXMARK_UNKNOWN || f->eval_count == 0)
        return ollama_err_set(e, CTXMARK_ERROR,
                              "Ollama's closing line has no eval_count: nothing was generated");
    if (f->prompt_count == CTXMARK_UNKNOWN)
        return ollama_err_set(e, CTXMARK_ERROR,
                              "Ollama's closing line has no prompt_eval_count: this version leaves "
                              "it out of a prompt from its cache");
    int64_t slack = q->prompt_tokens / 50 > 2 ? q->prompt_tokens / 50 : 2;
    if (q->text || f->prompt_count >= q->prompt_tokens - slack)
        return 0;
    *notes |= CTXMARK_NOTE_TRUNCATED;
    return ollama_err_set(e, CTXMARK_ERROR,
                          "Ollama cut the prompt: it evaluated %" PRId64 " tokens of %" PRId64
                          " (num_ctx %" PRId64 ")",
                          f->prompt_count, q->prompt_tokens, p->num_ctx);
}

/* The time of one decode step; 0: not known. */
static int64_t step_ns(const struct ollama_final *f)
{
    return f->eval_ns == CTXMARK_UNKNOWN || f->eval_count < 2 ? 0
                                                              : f->eval_ns / (f->eval_count - 1);
}

/* By what the server says, else by its time. */
static bool was_cached(struct ollama *p, const struct ctxmark_request *q,
                       const struct ollama_final *f)
{
    if (f->cached_count != CTXMARK_UNKNOWN)
        return f->cached_count > CACHED_TOKENS || f->cached_count * 2 > f->prompt_count;
    if (f->prompt_ns == CTXMARK_UNKNOWN)
        return false;
    bool cached = ollama_cached_detect(&p->cached, f->prompt_count, f->prompt_ns, step_ns(f));
    if (!cached && q->concurrency == 1)
        ollama_cached_learn(&p->cached, f->prompt_count, f->prompt_ns,
                            q->cache_policy == CTXMARK_CACHE_REUSE);
    return cached;
}

/* ---- reporting */

static void give_ms(const struct ctxmark_emit *emit, uint32_t request, enum ollama_metric m,
                    int64_t ns)
{
    if (ns != CTXMARK_UNKNOWN)
        emit->metric(emit, request, m, (double)ns * 1e-6);
}

static void give_number(const struct ctxmark_emit *emit, uint32_t request, enum ollama_metric m,
                        int64_t value)
{
    if (value != CTXMARK_UNKNOWN)
        emit->metric(emit, request, m, (double)value);
}

static int64_t zero_if_unknown(int64_t x)
{
    return x == CTXMARK_UNKNOWN ? 0 : x;
}

static void give_metrics(const struct ollama *p, const struct ollama_generation *g,
                         const struct ctxmark_emit *emit, int64_t attempts)
{
    const struct ollama_final *f = &g->final;
    uint32_t r = g->request;
    int64_t known = zero_if_unknown(f->load_ns) + zero_if_unknown(f->prompt_ns);
    give_ms(emit, r, OLLAMA_METRIC_TOTAL, f->total_ns);
    give_ms(emit, r, OLLAMA_METRIC_LOAD, f->load_ns);
    give_ms(emit, r, OLLAMA_METRIC_PROMPT, f->prompt_ns);
    give_ms(emit, r, OLLAMA_METRIC_EVAL, f->eval_ns);
    if (f->total_ns != CTXMARK_UNKNOWN && f->prompt_ns != CTXMARK_UNKNOWN)
        give_ms(emit, r, OLLAMA_METRIC_RESIDUAL, f->total_ns - known - zero_if_unknown(f->eval_ns));
    if (g->first_ns != CTXMARK_UNKNOWN && f->prompt_ns != CTXMARK_UNKNOWN)
        give_ms(emit, r, OLLAMA_METRIC_TTFT_GAP, g->first_ns - g->call.sent_ns - known);
    give_number(emit, r, OLLAMA_METRIC_LINES, g->pieces);
    give_number(emit, r, OLLAMA_METRIC_ATTEMPTS, attempts);
    give_number(emit, r, OLLAMA_METRIC_SIZE, p->loaded.size);
    give_number(emit, r, OLLAMA_METRIC_VRAM, p->loaded.size_vram);
    give_number(emit, r, OLLAMA_METRIC_CONTEXT, p->loaded.context_length);
    give_number(emit, r, OLLAMA_METRIC_OTHERS, p->loaded.others);
}

/* The server's account of its buffers.  It has them for num_ctx, whatever a prompt needs of that:
 * only with a load for each context does it say what the context takes.  Weights and cache outside
 * the GPU are an offload, where it uses a GPU at all. */
static void put_memory(const struct ollama *p, struct ctxmark_result *r)
{
    const struct ollama_loaded *l = &p->loaded;
    if (p->settings.context_per_cell)
        r->peak_memory_bytes = l->size;
    if (l->size == CTXMARK_UNKNOWN || l->size_vram == CTXMARK_UNKNOWN || l->size_vram <= 0)
        return;
    r->spilled_bytes = l->size > l->size_vram ? l->size - l->size_vram : 0;
    r->spill_kind = r->spilled_bytes ? "offload" : NULL;
}

static void put_figures(struct ollama *p, const struct ctxmark_request *q,
                        const struct ollama_generation *g, struct ctxmark_result *r)
{
    const struct ollama_final *f = &g->final;
    r->prompt_tokens = f->prompt_count;
    r->cached_tokens = f->cached_count;
    r->generated_tokens = f->eval_count;
    r->load_ns = f->load_ns;
    r->device_e2e_ns = f->total_ns;
    r->device_decode_ns = f->eval_count > 1 ? f->eval_ns : CTXMARK_UNKNOWN;
    if (ollama_version_last_batch(&p->version))
        r->note = "last-batch-timing";
    else
        r->device_prefill_ns = f->prompt_ns;
    if (f->eval_count < q->max_new_tokens)
        r->notes |= CTXMARK_NOTE_SHORT;
    if (f->load_ns != CTXMARK_UNKNOWN && f->load_ns > OLLAMA_RELOAD_NS)
        r->notes |= CTXMARK_NOTE_RELOADED;
    if (was_cached(p, q, f))
        r->notes |= CTXMARK_NOTE_CACHED;
}

static int32_t give_result(struct ollama *p, const struct ctxmark_request *q,
                           const struct ollama_generation *g, int64_t attempts,
                           const struct ctxmark_emit *emit)
{
    struct ctxmark_result r = CTXMARK_RESULT_INIT;
    struct ollama_err e = g->call.err;
    r.request = g->request;
    put_memory(p, &r);
    if (g->call.failed || check_final(p, q, g, &r.notes, &e) < 0) {
        r.status = e.status;
        r.error = e.text;
        if (g->finished)
            r.prompt_tokens = g->final.prompt_count;
    } else {
        put_figures(p, q, g, &r);
        give_metrics(p, g, emit, attempts);
    }
    emit->result(emit, &r);
    return r.status;
}

/* ---- the repetition */

static int32_t check_request(struct ollama *p, const struct ctxmark_request *q)
{
    const struct ctxmark_host *h = p->host;
    struct ollama_err e = {CTXMARK_OK, ""};
    if (q->tokens)
        return h->fail(h, CTXMARK_UNSUPPORTED, "Ollama takes prompts as text, not as token ids");
    if (q->logit_position_count)
        return h->fail(h, CTXMARK_UNSUPPORTED, "Ollama gives no logits");
    /* A text to build prompts from comes with the first request; and a request may be none of the
     * plan's. */
    int64_t tokens = q->text ? p->max_prompt : q->prompt_tokens;
    bool ready = q->text ? p->num_ctx > 0 : ollama_cell_ready(p, tokens, q->seed_text);
    if (!ready &&
        ollama_cell_prepare(p, tokens, q->max_new_tokens, q->text ? NULL : q->seed_text, &e) < 0)
        return h->fail(h, e.status, e.text);
    return CTXMARK_OK;
}

/* One request at a time: a short one is repeated with another start of its prompt.  start() makes
 * the host forget what came before. */
static int32_t run_one(struct ollama *p, const struct ctxmark_request *q,
                       const struct ctxmark_emit *emit)
{
    struct ollama_generation g, *list[] = {&g};
    struct ollama_err e;
    bool may_repeat = !q->text && q->cache_policy == CTXMARK_CACHE_BUST;
    int64_t attempt = 0;
    for (;; attempt++) {
        if (make_generation(p, q, 0, attempt, emit, &g, &e) < 0)
            return p->host->fail(p->host, e.status, e.text);
        ollama_generations_run(p, list, 1);
        if (!is_short(&g) || !may_repeat || attempt >= p->settings.short_retries)
            break;
        ollama_generation_free(&g);
    }
    give_result(p, q, &g, attempt + 1, emit);
    ollama_generation_free(&g);
    return CTXMARK_OK;
}

static int32_t run_group(struct ollama *p, const struct ctxmark_request *q,
                         const struct ctxmark_emit *emit)
{
    struct ollama_err e = {CTXMARK_OK, ""};
    uint32_t made = 0;
    struct ollama_generation *all = calloc(q->concurrency, sizeof *all);
    struct ollama_generation **list = calloc(q->concurrency, sizeof *list);
    int r = all && list ? 0 : ollama_err_memory(&e);
    while (r == 0 && made < q->concurrency) {
        list[made] = &all[made];
        r = make_generation(p, q, made, 0, emit, &all[made], &e);
        made += r == 0;
    }
    if (r == 0) {
        ollama_generations_run(p, list, q->concurrency);
        for (uint32_t i = 0; i < q->concurrency; i++)
            give_result(p, q, &all[i], 1, emit);
    }
    for (uint32_t i = 0; i < made; i++)
        ollama_generation_free(&all[i]);
    free(all);
    free(list);
    return r == 0 ? CTXMARK_OK : p->host->fail(p->host, e.status, e.text);
}

int32_t ollama_run(struct ollama *p, const struct ctxmark_request *q,
                   const struct ctxmark_emit *emit)
{
    int32_t status = check_request(p, q);
    if (status != CTXMARK_OK)
        return status;
    return q->concurrency == 1 ? run_one(p, q, emit) : run_group(p, q, emit);
}
