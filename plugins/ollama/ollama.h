/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The plugin's state: one server, one model of it. */

#ifndef OLLAMA_OLLAMA_H
#define OLLAMA_OLLAMA_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ctxmark/plugin.h>

#include "plugins/ollama/cached.h"
#include "plugins/ollama/http.h"
#include "plugins/ollama/prompt.h"
#include "plugins/ollama/version.h"
#include "plugins/ollama/words.h"

/* A load_duration above this is a reload: a model that is there is handed over in 1 to 7 ms. */
#define OLLAMA_RELOAD_NS INT64_C(50000000)

/* So many contexts are remembered to tell whether they come in turn. */
#define OLLAMA_SEEN 64

/* The options, as the config has them. */
struct ollama_settings {
    struct ollama_limits request; /* of a measured request */
    double load_s;
    bool context_per_cell; /* num_ctx: cell */
    bool format;           /* force_length: format */
    int64_t short_retries;
    const char *keep_alive;
    int64_t num_gpu, num_thread, num_batch; /* CTXMARK_UNKNOWN: the server's own */
};

/* What /api/ps says about the loaded model. */
struct ollama_loaded {
    int64_t size, size_vram; /* bytes; CTXMARK_UNKNOWN: not said */
    int64_t context_length;
    int64_t others; /* other models in memory */
};

struct ollama {
    const struct ctxmark_host *host;
    struct ollama_http *http;
    struct ollama_settings settings;
    struct ollama_version version;

    const char *tag; /* the model's name on the server; core's */
    char digest[80];
    int64_t file_bytes;    /* of the model; CTXMARK_UNKNOWN */
    json_t *show;          /* the answer of /api/show */
    int64_t context_limit; /* of the model; CTXMARK_UNKNOWN */
    int64_t max_prompt, max_new;

    int64_t num_ctx; /* asked for in every request */
    uint64_t seed;
    struct ollama_loaded loaded;
    int64_t preload_ns; /* the last load before a cell, by this machine's clock; CTXMARK_UNKNOWN */
    int64_t seen[OLLAMA_SEEN]; /* contexts that were prepared, the last one first */
    size_t seen_count;
    int64_t ended, ended_short; /* generations, and those that ended before their last token */
    struct ollama_words words;
    bool words_known;
    bool words_add_up; /* a sample had the length that the words' costs say */
    struct ollama_cached cached;

    struct ollama_recipe recipe; /* of the cell */
    char *recipe_text;           /* the user's text it was made with, or NULL */
};

/* ---- server.c: each 0, or -1 and *e */

int ollama_server_version(struct ollama *p, struct ollama_err *e);
/* /api/show and /api/tags: fills show, digest, file_bytes, context_limit. */
int ollama_server_model(struct ollama *p, struct ollama_err *e);
/* Loads the model with p->num_ctx, or keeps it loaded, and fills `loaded`. */
int ollama_server_load(struct ollama *p, struct ollama_err *e);
int ollama_server_loaded(struct ollama *p, struct ollama_err *e);
void ollama_server_unload(struct ollama *p);

/* The body of a request to /api/generate: allocated, NULL: out of memory. */
char *ollama_server_body(const struct ollama *p, const char *prompt, int64_t num_predict);

/* ---- cell.c */

/* Gets ready for prompts of `tokens` tokens made from `text` (NULL: words of ours) and `new_tokens`
 * more: the model loaded with room for them, the words' costs known, the recipe made. */
int ollama_cell_prepare(struct ollama *p, int64_t tokens, int64_t new_tokens, const char *text,
                        struct ollama_err *e);
/* Whether the recipe is the one for these. */
bool ollama_cell_ready(const struct ollama *p, int64_t tokens, const char *text);
/* Loads for `tokens` and `new_tokens` and learns the words; part of the above. */
int ollama_cell_load(struct ollama *p, int64_t tokens, int64_t new_tokens, struct ollama_err *e);

/* The num_ctx that makes room for that many; at most the model's own. */
int64_t ollama_cell_num_ctx(const struct ollama *p, int64_t tokens, int64_t new_tokens);

/* ---- describe.c */

void ollama_describe(const struct ollama *p);

/* ---- run.c */

enum ollama_metric {
    OLLAMA_METRIC_TOTAL,
    OLLAMA_METRIC_LOAD,
    OLLAMA_METRIC_PROMPT,
    OLLAMA_METRIC_EVAL,
    OLLAMA_METRIC_RESIDUAL,
    OLLAMA_METRIC_TTFT_GAP,
    OLLAMA_METRIC_LINES,
    OLLAMA_METRIC_ATTEMPTS,
    OLLAMA_METRIC_SIZE,
    OLLAMA_METRIC_VRAM,
    OLLAMA_METRIC_CONTEXT,
    OLLAMA_METRIC_OTHERS,
    OLLAMA_METRIC_PRELOAD,
    OLLAMA_METRIC_GROUP,
    OLLAMA_METRIC_GROUP_RATE,
};

int32_t ollama_run(struct ollama *p, const struct ctxmark_request *q,
                   const struct ctxmark_emit *emit);

#endif
