/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A repetition: the prompts, the requests, what came of them. */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/ollama/figures.h"
#include "plugins/ollama/generate.h"
#include "plugins/ollama/ollama.h"

/* Ollama gives up after this many equal tokens. */
#define EQUAL_TOKENS 30

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

static int32_t give_result(struct ollama *p, const struct ctxmark_request *q,
                           const struct ollama_generation *g, int64_t attempts,
                           const struct ctxmark_emit *emit)
{
    struct ctxmark_result r = CTXMARK_RESULT_INIT;
    struct ollama_err e = g->call.err;
    struct ollama_notes notes;
    r.request = g->request;
    ollama_put_memory(p, q, &r);
    if (g->call.failed || check_final(p, q, g, &r.notes, &e) < 0) {
        r.status = e.status;
        r.error = e.text;
        if (g->finished)
            r.prompt_tokens = g->final.prompt_count;
    } else {
        ollama_put_figures(p, q, g, &notes, &r);
        ollama_give_metrics(p, g, emit, attempts);
        p->ended++;
        p->ended_short += (r.notes & CTXMARK_NOTE_SHORT) != 0;
    }
    emit->result(emit, &r);
    return r.status;
}

/* ---- the repetition */

static int32_t check_request(struct ollama *p, const struct ctxmark_request *q)
{
    const struct ctxmark_host *h = p->host;
    struct ollama_err e = {CTXMARK_OK, ""};
    p->seed = q->seed;
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

/* Tokens of the whole group per second, from the first request's leaving to the last one's end. */
static void give_aggregate(const struct ollama_generation *all, uint32_t count,
                           const struct ctxmark_emit *emit)
{
    int64_t first = INT64_MAX, last = 0, tokens = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!all[i].finished || all[i].final.eval_count == CTXMARK_UNKNOWN)
            return; /* of a group that is not whole there is no such figure */
        first = all[i].call.sent_ns < first ? all[i].call.sent_ns : first;
        last = all[i].end_ns > last ? all[i].end_ns : last;
        tokens += all[i].final.eval_count;
    }
    for (uint32_t i = 0; i < count; i++) {
        emit->metric(emit, i, OLLAMA_METRIC_GROUP, (double)(last - first) * 1e-6);
        emit->metric(emit, i, OLLAMA_METRIC_GROUP_RATE,
                     (double)tokens * 1e9 / (double)(last - first));
    }
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
        give_aggregate(all, q->concurrency, emit);
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
