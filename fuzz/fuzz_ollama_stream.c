/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The stream of an Ollama server: the first byte says where it is cut, the rest is the stream. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/ollama/generate.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TOKENS 20

static int64_t now_ns(const struct ctxmark_host *h)
{
    (void)h;
    return 1;
}

static int32_t never_cancelled(const struct ctxmark_host *h)
{
    (void)h;
    return 0;
}

static const struct ctxmark_host host = {
    .size = sizeof host, .now_ns = now_ns, .cancelled = never_cancelled};

/* ---- one line */

/* With a blank behind it, a line is read the general way, and means the same. */
static void check_line(const char *line, size_t length)
{
    struct ollama_reply a, b;
    struct ollama_err ea = {0, ""}, eb = {0, ""};
    char *longer = malloc(length + 1);
    REQUIRE(longer);
    memcpy(longer, line, length);
    longer[length] = ' ';
    int ra = ollama_reply_parse(line, length, &a, &ea);
    int rb = ollama_reply_parse(longer, length + 1, &b, &eb);
    REQUIRE(ra == rb && ea.status == eb.status);
    REQUIRE(ra == 0 || (ea.text[0] && !strchr(ea.text, '\n')));
    if (ra == 0) {
        REQUIRE(a.done == b.done && a.text_bytes == b.text_bytes);
        REQUIRE(memcmp(a.text, b.text, a.text_bytes) == 0);
        ollama_reply_free(&a);
        ollama_reply_free(&b);
    }
    free(longer);
}

static void check_lines(const char *data, size_t size)
{
    while (size) {
        const char *lf = memchr(data, '\n', size);
        size_t n = lf ? (size_t)(lf - data) : size;
        check_line(data, n);
        data += n + (lf != NULL);
        size -= n + (lf != NULL);
    }
}

/* ---- the whole stream */

static int feed(struct ollama_generation *g, const char *data, size_t size, size_t step)
{
    int r = 0;
    for (size_t at = 0; at < size && r >= 0; at += step)
        r = g->call.on_data(&g->call, data + at, size - at < step ? size - at : step);
    return r < 0 ? -1 : 0;
}

static void check_figure(int64_t x)
{
    REQUIRE(x == CTXMARK_UNKNOWN || x >= 0);
}

static void check_generation(const struct ollama_generation *g, int r)
{
    const struct ollama_final *f = &g->final;
    REQUIRE(g->pieces <= MOST_TOKENS && g->reported >= g->pieces && g->equal_pieces <= g->pieces);
    REQUIRE(r == 0 || (g->call.err.status != CTXMARK_OK && g->call.err.text[0]));
    REQUIRE(g->reported <= MOST_TOKENS || f->eval_count == CTXMARK_UNKNOWN || f->eval_count < 1);
    if (!g->finished)
        return;
    check_figure(f->total_ns);
    check_figure(f->load_ns);
    check_figure(f->prompt_ns);
    check_figure(f->eval_ns);
    check_figure(f->prompt_count);
    check_figure(f->cached_count);
    REQUIRE(f->eval_count == CTXMARK_UNKNOWN ||
            (f->eval_count >= 0 && f->eval_count <= MOST_TOKENS));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct ollama p = {
        .host = &host, .tag = "tiny", .num_ctx = 1024, .settings.keep_alive = "5m"};
    const char *data = (const char *)bytes + 1;
    struct ollama_generation whole, cut;
    struct ollama_err e = {0, ""};
    char text[64];
    if (size < 1)
        return 0;
    check_lines(data, size - 1);
    ollama_error_text(data, size - 1, text, sizeof text);
    REQUIRE(strlen(text) < sizeof text && !strchr(text, '\n'));
    REQUIRE(ollama_generation_init(&whole, &p, "a", MOST_TOKENS, 0, NULL, &e) == 0);
    REQUIRE(ollama_generation_init(&cut, &p, "a", MOST_TOKENS, 0, NULL, &e) == 0);
    int a = feed(&whole, data, size - 1, size), b = feed(&cut, data, size - 1, 1 + bytes[0] % 37);
    check_generation(&whole, a);
    REQUIRE(a == b && whole.pieces == cut.pieces && whole.finished == cut.finished);
    REQUIRE(whole.reported == cut.reported && whole.equal_pieces == cut.equal_pieces);
    ollama_generation_free(&whole);
    ollama_generation_free(&cut);
    return 0;
}
