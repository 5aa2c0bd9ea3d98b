/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/figures.h"

#include <stdio.h>
#include <string.h>

/* Tokens from a cache that are nothing to speak of: a begin-of-text, a first word by chance. */
#define CACHED_TOKENS 16
/* How far a prompt may be from the length asked for. */
#define EXACT_TOKENS 2
/* A first token that comes this much later than by the server's account is worth a word: what
 * tokenizing and keeping a prompt take was seen to be up to 60 ms. */
#define GAP_TIMES 2
#define GAP_NS INT64_C(100000000)

/* ---- time */

/* The time of one decode step; 0: not known. */
static int64_t step_ns(const struct ollama_final *f)
{
    return f->eval_ns == CTXMARK_UNKNOWN || f->eval_count < 2 ? 0
                                                              : f->eval_ns / (f->eval_count - 1);
}

/* From the request's leaving to its first token, less a load; CTXMARK_UNKNOWN: no token came. */
static int64_t waited_ns(const struct ollama_generation *g)
{
    if (g->first_ns == CTXMARK_UNKNOWN)
        return CTXMARK_UNKNOWN;
    int64_t load = g->final.load_ns == CTXMARK_UNKNOWN ? 0 : g->final.load_ns;
    return g->first_ns - g->call.sent_ns - load;
}

int64_t ollama_prefill_ns(const struct ollama *p, const struct ollama_generation *g)
{
    return ollama_version_last_batch(&p->version) ? waited_ns(g) : g->final.prompt_ns;
}

/* By what the server says, else by its time. */
static bool was_cached(struct ollama *p, const struct ctxmark_request *q,
                       const struct ollama_generation *g)
{
    const struct ollama_final *f = &g->final;
    int64_t ns = ollama_prefill_ns(p, g);
    if (f->cached_count != CTXMARK_UNKNOWN)
        return f->cached_count > CACHED_TOKENS || f->cached_count * 2 > f->prompt_count;
    if (ns == CTXMARK_UNKNOWN)
        return false;
    bool cached = ollama_cached_detect(&p->cached, f->prompt_count, ns, step_ns(f));
    if (!cached && q->concurrency == 1)
        ollama_cached_learn(&p->cached, f->prompt_count, ns,
                            q->cache_policy == CTXMARK_CACHE_REUSE);
    return cached;
}

/* ---- notes */

static void add_note(struct ollama_notes *n, const char *word)
{
    size_t used = strlen(n->text);
    snprintf(n->text + used, sizeof n->text - used, "%s%s", used ? " " : "", word);
}

/* With requests at once they wait for each other, and the first token is late for that alone. */
static bool has_gap(const struct ctxmark_request *q, const struct ollama_generation *g)
{
    int64_t waited = waited_ns(g), told = g->final.prompt_ns;
    return q->concurrency == 1 && waited != CTXMARK_UNKNOWN && told != CTXMARK_UNKNOWN &&
           waited > GAP_TIMES * told + GAP_NS;
}

static bool is_exact(const struct ctxmark_request *q, const struct ollama_final *f)
{
    int64_t off = f->prompt_count - q->prompt_tokens;
    return q->text || (off <= EXACT_TOKENS && off >= -EXACT_TOKENS);
}

static void put_notes(struct ollama *p, const struct ctxmark_request *q,
                      const struct ollama_generation *g, struct ollama_notes *n,
                      struct ctxmark_result *r)
{
    const struct ollama_final *f = &g->final;
    if (f->eval_count < q->max_new_tokens)
        r->notes |= CTXMARK_NOTE_SHORT;
    if (f->load_ns != CTXMARK_UNKNOWN && f->load_ns > OLLAMA_RELOAD_NS)
        r->notes |= CTXMARK_NOTE_RELOADED;
    if (was_cached(p, q, g))
        r->notes |= CTXMARK_NOTE_CACHED;
    n->text[0] = '\0';
    if (ollama_version_last_batch(&p->version))
        add_note(n, "last-batch-timing");
    else if (has_gap(q, g))
        add_note(n, "ttft-gap");
    if (!is_exact(q, f))
        add_note(n, "inexact-prompt");
    r->note = n->text[0] ? n->text : NULL;
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

void ollama_give_metrics(const struct ollama *p, const struct ollama_generation *g,
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
    give_ms(emit, r, OLLAMA_METRIC_PRELOAD, p->preload_ns);
}

/* The server's account of its buffers.  It has them for num_ctx, whatever a prompt needs of that:
 * it says what the context takes only where the model was loaded for just that context.  Weights
 * and cache outside the GPU are an offload, where it uses a GPU at all. */
void ollama_put_memory(const struct ollama *p, const struct ctxmark_request *q,
                       struct ctxmark_result *r)
{
    const struct ollama_loaded *l = &p->loaded;
    if (!q->text && ollama_cell_num_ctx(p, q->prompt_tokens, q->max_new_tokens) == p->num_ctx)
        r->peak_memory_bytes = l->size;
    if (l->size == CTXMARK_UNKNOWN || l->size_vram == CTXMARK_UNKNOWN || l->size_vram <= 0)
        return;
    r->spilled_bytes = l->size > l->size_vram ? l->size - l->size_vram : 0;
    r->spill_kind = r->spilled_bytes ? "offload" : NULL;
}

void ollama_put_figures(struct ollama *p, const struct ctxmark_request *q,
                        const struct ollama_generation *g, struct ollama_notes *n,
                        struct ctxmark_result *r)
{
    const struct ollama_final *f = &g->final;
    r->prompt_tokens = f->prompt_count;
    r->cached_tokens = f->cached_count;
    r->generated_tokens = f->eval_count;
    r->load_ns = f->load_ns;
    r->device_e2e_ns = f->total_ns;
    r->device_decode_ns = f->eval_count > 1 ? f->eval_ns : CTXMARK_UNKNOWN;
    if (!ollama_version_last_batch(&p->version))
        r->device_prefill_ns = f->prompt_ns;
    put_notes(p, q, g, n, r);
}
