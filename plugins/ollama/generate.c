/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/generate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the stream */

static uint64_t hash_piece(const char *text, size_t length)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return h;
}

/* When what is being taken was there.  Only the first of it: what follows may have come between
 * that and the reading. */
static int64_t take_time(struct ollama_generation *g)
{
    const struct ctxmark_host *h = g->owner->host;
    int64_t at = g->call.came_ns;
    g->call.came_ns = CTXMARK_UNKNOWN;
    return at == CTXMARK_UNKNOWN ? h->now_ns(h) : at;
}

static void report(struct ollama_generation *g, int64_t at_ns, int64_t count, const char *text,
                   size_t length)
{
    if (count <= 0)
        return;
    g->reported += count;
    if (!g->emit)
        return;
    g->emit->arrived(g->emit, g->request, at_ns);
    g->emit->tokens(g->emit, g->request, (uint64_t)count, NULL, text, length);
}

/* A line with text: one token at least.  More may stand behind it, because Ollama holds back a
 * character's first bytes; how many, only the closing line tells. */
static int take_piece(struct ollama_generation *g, const struct ollama_reply *r)
{
    if (r->text_bytes == 0)
        return 0;
    if (g->pieces == g->max_new_tokens)
        return ollama_err_set(&g->call.err, CTXMARK_ERROR,
                              "the server streams more than the %" PRId64 " tokens asked for",
                              g->max_new_tokens);
    g->last_ns = take_time(g);
    report(g, g->last_ns, 1, r->text, r->text_bytes);
    if (g->pieces++ == 0)
        g->first_ns = g->last_ns;
    uint64_t piece = hash_piece(r->text, r->text_bytes);
    g->equal_pieces = piece == g->last_piece ? g->equal_pieces + 1 : 1;
    g->last_piece = piece;
    return 0;
}

/* The closing line: what it counts beyond the pieces is there now. */
static int take_final(struct ollama_generation *g, const struct ollama_reply *r)
{
    int64_t count = r->final.eval_count;
    if (count != CTXMARK_UNKNOWN && count > g->max_new_tokens)
        return ollama_err_set(&g->call.err, CTXMARK_ERROR,
                              "the server's closing line is impossible: eval_count is %" PRId64
                              " where %" PRId64 " tokens were asked for",
                              count, g->max_new_tokens);
    if (r->text_bytes && take_piece(g, r) < 0)
        return -1;
    g->final = r->final;
    g->finished = true;
    g->end_ns = take_time(g);
    if (count != CTXMARK_UNKNOWN)
        report(g, g->end_ns, count - g->reported, NULL, 0);
    if (g->emit)
        g->emit->end(g->emit, g->request);
    return 0;
}

static int take_line(void *arg, const char *line, size_t length)
{
    struct ollama_generation *g = arg;
    struct ollama_reply r;
    if (g->finished)
        return 0;
    if (ollama_reply_parse(line, length, &r, &g->call.err) < 0)
        return -1;
    int result = r.done ? take_final(g, &r) : take_piece(g, &r);
    ollama_reply_free(&r);
    return result;
}

static int lines_outcome(struct ollama_generation *g, enum ollama_lines_result r)
{
    switch (r) {
    case OLLAMA_LINES_OK:
        return 0;
    case OLLAMA_LINES_LONG:
        return ollama_err_set(&g->call.err, CTXMARK_ERROR,
                              "the server sent a line of more than %zu bytes: it is not Ollama",
                              OLLAMA_LINE_MAX);
    case OLLAMA_LINES_MEMORY:
        return ollama_err_memory(&g->call.err);
    case OLLAMA_LINES_STOPPED:
        break;
    }
    return -1;
}

/* ---- the call */

static void on_start(struct ollama_call *c)
{
    struct ollama_generation *g = c->arg;
    if (g->emit)
        g->emit->start(g->emit, g->request);
}

/* Progress is a whole line: a server that drips bytes makes none. */
static int on_data(struct ollama_call *c, const char *data, size_t length)
{
    struct ollama_generation *g = c->arg;
    bool whole = memchr(data, '\n', length) != NULL;
    if (lines_outcome(g, ollama_lines_push(&g->lines, data, length, take_line, g)) < 0)
        return -1;
    return whole;
}

int ollama_generation_init(struct ollama_generation *g, const struct ollama *p, const char *prompt,
                           int64_t max_new_tokens, uint32_t request,
                           const struct ctxmark_emit *emit, struct ollama_err *e)
{
    memset(g, 0, sizeof *g);
    char *body = ollama_server_body(p, prompt, max_new_tokens);
    if (!body)
        return ollama_err_memory(e);
    g->owner = p;
    g->emit = emit;
    g->request = request;
    g->max_new_tokens = max_new_tokens;
    g->first_ns = g->last_ns = g->end_ns = CTXMARK_UNKNOWN;
    g->call = (struct ollama_call){.path = "/api/generate",
                                   .body = body,
                                   .body_bytes = strlen(body),
                                   .limits = p->settings.request,
                                   .whole_option = "ollama_timeout_s",
                                   .arg = g,
                                   .on_start = on_start,
                                   .on_data = on_data};
    return 0;
}

void ollama_generation_free(struct ollama_generation *g)
{
    free((char *)(uintptr_t)g->call.body);
    ollama_lines_free(&g->lines);
    memset(g, 0, sizeof *g);
}

void ollama_generations_run(const struct ollama *p, struct ollama_generation *list[], size_t count)
{
    struct ollama_call **calls = calloc(count, sizeof *calls);
    for (size_t i = 0; i < count; i++) {
        if (calls) {
            calls[i] = &list[i]->call;
            continue;
        }
        list[i]->call.failed = true;
        ollama_err_memory(&list[i]->call.err);
    }
    if (!calls)
        return;
    ollama_http_run(p->http, calls, count);
    for (size_t i = 0; i < count; i++) {
        struct ollama_generation *g = list[i];
        if (!g->call.failed && lines_outcome(g, ollama_lines_end(&g->lines, take_line, g)) < 0)
            g->call.failed = true;
    }
    free(calls);
}
