/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* ollama: models on an Ollama server, over HTTP.  How such a server misleads a benchmark, and what
 * is done about it, is told in ctxmark-ollama(7). */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

#include "plugins/ollama/ollama.h"

/* ---------------------------------------------------------------- options */

static const char *const context_choices[] = {"max", "cell", NULL};
static const char *const length_choices[] = {"off", "format", NULL};

static const struct ctxmark_option options[] = {
    {"ollama_url", CTXMARK_TYPE_TEXT, 0, "http://localhost:11434", 0, 0, NULL, NULL,
     "where the server is"},
    {"ollama_timeout_s", CTXMARK_TYPE_NUMBER, 0, "600", 0.001, 1e6, NULL, "s",
     "how long one request may take in all"},
    {"connect_timeout_s", CTXMARK_TYPE_NUMBER, 0, "5", 0.001, 1e6, NULL, "s",
     "how long making a connection may take"},
    {"load_timeout_s", CTXMARK_TYPE_NUMBER, 0, "600", 0.001, 1e6, NULL, "s",
     "how long loading the model may take"},
    {"first_byte_timeout_s", CTXMARK_TYPE_NUMBER, 0, "0", 0, 1e6, NULL, "s",
     "how long the first token may take; 0: as long as the whole request"},
    {"idle_timeout_s", CTXMARK_TYPE_NUMBER, 0, "60", 0, 1e6, NULL, "s",
     "how long a stream may stand still between two tokens; 0: as long as the whole request"},
    {"num_ctx", CTXMARK_TYPE_CHOICE, 0, "max", 0, 0, context_choices, NULL,
     "max: one load with room for the longest context; cell: a load for each context"},
    {"keep_alive", CTXMARK_TYPE_TEXT, 0, "30m", 0, 0, NULL, NULL,
     "how long the server keeps the model after a request: 30m, 1h, seconds, or -1 for ever"},
    {"force_length", CTXMARK_TYPE_CHOICE, 0, "off", 0, 0, length_choices, NULL,
     "format: answer by a JSON schema without an end, so that no model stops early"},
    {"short_retries", CTXMARK_TYPE_INT, 0, "3", 0, 100, NULL, NULL,
     "how often a generation that stops early is repeated with another prompt"},
    {"num_gpu", CTXMARK_TYPE_INT, 0, NULL, 0, 1e6, NULL, NULL,
     "layers on the GPU; unset: the server decides"},
    {"num_thread", CTXMARK_TYPE_INT, 0, NULL, 0, 1e6, NULL, NULL,
     "threads; unset: the server decides"},
    {"num_batch", CTXMARK_TYPE_INT, 0, NULL, 1, 1e6, NULL, NULL,
     "tokens of a prompt evaluated at once; unset: the server decides"},
    {"headers", CTXMARK_TYPE_TEXT, CTXMARK_OPT_LIST, NULL, 0, 0, NULL, NULL,
     "headers for every request, as 'Name: value'"},
    {"unix_socket", CTXMARK_TYPE_PATH, 0, NULL, 0, 0, NULL, NULL,
     "a socket to connect to in place of the URL's host and port"},
    {"ca_file", CTXMARK_TYPE_PATH, 0, NULL, 0, 0, NULL, NULL,
     "certificates to trust with https; unset: the system's"},
};

static const struct ctxmark_option model_keys[] = {
    {"ollama_tag", CTXMARK_TYPE_TEXT, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL,
     "the model's name on the server, as in 'ollama list'"},
};

/* In the order of enum ollama_metric. */
static const struct ctxmark_metric metrics[] = {
    {"server_total_ms", "ms", "the whole request as the server saw it (total_duration)"},
    {"server_load_ms", "ms", "until the model was ready for the request (load_duration)"},
    {"prompt_eval_ms", "ms", "evaluating what the cache did not have (prompt_eval_duration)"},
    {"eval_ms", "ms", "generating all tokens but the first (eval_duration)"},
    {"residual_ms", "ms", "total without load, prompt and generation: queue, tokenizing"},
    {"ttft_gap_ms", "ms", "time to the first token without load and prompt: queue, network"},
    {"stream_lines", "", "lines with text; fewer than tokens where characters were held back"},
    {"attempts", "", "requests sent until one was not cut short, this one included"},
    {"server_memory_bytes", "bytes", "the model's buffers as the server accounts for them"},
    {"server_vram_bytes", "bytes", "of those, on the GPU"},
    {"server_context", "tokens", "the context that the server really gives"},
    {"other_models", "", "other models that the server has in memory"},
    {"preload_ms", "ms", "loading the model before the cell, or finding it loaded, by this clock"},
    {"group_ms", "ms", "requests at once: from the first one's leaving to the last one's end"},
    {"group_tokens_per_s", "tok/s", "requests at once: all their tokens over group_ms"},
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---------------------------------------------------------------- settings */

static const char *option_text(const struct ctxmark_host *h, const char *name)
{
    return h->option_text(h, CTXMARK_SCOPE_PLUGIN, name, 0);
}

static double option_number(const struct ctxmark_host *h, const char *name, double otherwise)
{
    return h->option_number(h, CTXMARK_SCOPE_PLUGIN, name, 0, otherwise);
}

static int64_t option_known(const struct ctxmark_host *h, const char *name)
{
    return h->option_int(h, CTXMARK_SCOPE_PLUGIN, name, 0, CTXMARK_UNKNOWN);
}

static bool option_is(const struct ctxmark_host *h, const char *name, const char *value)
{
    const char *text = option_text(h, name);
    return text && strcmp(text, value) == 0;
}

static void read_settings(const struct ctxmark_host *h, struct ollama_settings *s)
{
    const char *keep_alive = option_text(h, "keep_alive");
    s->request.whole_s = option_number(h, "ollama_timeout_s", 600.0);
    s->request.first_byte_s = option_number(h, "first_byte_timeout_s", 0.0);
    s->request.idle_s = option_number(h, "idle_timeout_s", 60.0);
    s->load_s = option_number(h, "load_timeout_s", 600.0);
    s->context_per_cell = option_is(h, "num_ctx", "cell");
    s->format = option_is(h, "force_length", "format");
    s->short_retries = h->option_int(h, CTXMARK_SCOPE_PLUGIN, "short_retries", 0, 3);
    s->keep_alive = keep_alive ? keep_alive : "30m";
    s->num_gpu = option_known(h, "num_gpu");
    s->num_thread = option_known(h, "num_thread");
    s->num_batch = option_known(h, "num_batch");
}

static struct ollama_http *connect_server(const struct ctxmark_host *h, struct ollama_err *e)
{
    uint64_t n = h->option_count(h, CTXMARK_SCOPE_PLUGIN, "headers");
    const char **headers = calloc(n + 1, sizeof *headers);
    if (!headers) {
        ollama_err_memory(e);
        return NULL;
    }
    for (uint64_t i = 0; i < n; i++)
        headers[i] = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "headers", i);
    const char *url = option_text(h, "ollama_url");
    struct ollama_endpoint endpoint = {
        .url = url ? url : "http://localhost:11434",
        .unix_socket = option_text(h, "unix_socket"),
        .ca_file = option_text(h, "ca_file"),
        .headers = headers,
        .header_count = n,
        .connect_s = option_number(h, "connect_timeout_s", 5.0),
    };
    struct ollama_http *http = ollama_http_new(h, &endpoint, e);
    free(headers);
    return http;
}

/* ---------------------------------------------------------------- callbacks */

static int32_t plugin_fail(const struct ollama *p, const struct ollama_err *e)
{
    return p->host->fail(p->host, e->status, e->text);
}

static int32_t plugin_probe(const struct ctxmark_host *h)
{
    struct ollama_err e = {CTXMARK_OK, ""};
    struct ollama p = {.host = h};
    read_settings(h, &p.settings);
    p.http = connect_server(h, &e);
    if (!p.http || ollama_server_version(&p, &e) < 0)
        plugin_fail(&p, &e);
    ollama_http_free(p.http);
    return e.status;
}

static void forget_model(struct ollama *p)
{
    json_decref(p->show);
    free(p->recipe_text);
    p->show = NULL;
    p->recipe_text = NULL;
    p->recipe.tokens = 0;
    p->words_known = false;
    p->cached.count = 0;
    p->num_ctx = 0;
    p->loaded =
        (struct ollama_loaded){CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN};
    p->preload_ns = CTXMARK_UNKNOWN;
    p->seen_count = 0;
    p->ended = p->ended_short = 0;
}

static int32_t plugin_open(const struct ctxmark_host *h, void **ret_self)
{
    struct ollama_err e;
    struct ollama *p = calloc(1, sizeof *p);
    if (!p)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    p->host = h;
    forget_model(p);
    read_settings(h, &p->settings);
    p->http = connect_server(h, &e);
    if (!p->http) {
        free(p);
        return h->fail(h, e.status, e.text);
    }
    *ret_self = p;
    return CTXMARK_OK;
}

static int32_t plugin_load(void *self, const struct ctxmark_model *model)
{
    struct ollama *p = self;
    struct ollama_err e;
    p->tag = p->host->option_text(p->host, CTXMARK_SCOPE_MODEL, "ollama_tag", 0);
    p->max_prompt = model->max_prompt_tokens;
    p->max_new = model->max_new_tokens;
    if (!p->tag)
        return p->host->fail(p->host, CTXMARK_INVALID, "the model has no ollama_tag");
    if (ollama_server_version(p, &e) < 0 || ollama_server_model(p, &e) < 0)
        return plugin_fail(p, &e);
    /* With a load for each context, the first cell's comes with its prepare(). */
    if (!p->settings.context_per_cell && ollama_cell_load(p, p->max_prompt, p->max_new, &e) < 0)
        return plugin_fail(p, &e);
    return CTXMARK_OK;
}

static int32_t plugin_describe(void *self)
{
    ollama_describe(self);
    return CTXMARK_OK;
}

/* The text that prompts are built from comes with the first request: until then ours is meant. */
static int32_t plugin_prepare(void *self, const struct ctxmark_cell *cell)
{
    struct ollama *p = self;
    struct ollama_err e;
    p->seed = cell->seed;
    if (ollama_cell_prepare(p, cell->context_length, cell->max_new_tokens, p->recipe_text, &e) < 0)
        return plugin_fail(p, &e);
    return CTXMARK_OK;
}

static int32_t plugin_run(void *self, const struct ctxmark_request *request,
                          const struct ctxmark_emit *emit)
{
    return ollama_run(self, request, emit);
}

static void plugin_unload(void *self)
{
    struct ollama *p = self;
    if (p->ended_short)
        ctxmark_logf(p->host, CTXMARK_LOG_WARNING,
                     "%s: %" PRId64 " of %" PRId64 " generations ended before their last token",
                     p->tag, p->ended_short, p->ended);
    ollama_server_unload(p);
    forget_model(p);
}

static void plugin_close(void *self)
{
    struct ollama *p = self;
    forget_model(p);
    ollama_http_free(p->http);
    free(p);
}

/* ---------------------------------------------------------------- descriptor */

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities = CTXMARK_CAN_TEXT | CTXMARK_CAN_CONCURRENCY,
    .probe = plugin_probe,
    .open = plugin_open,
    .load = plugin_load,
    .describe = plugin_describe,
    .prepare = plugin_prepare,
    .run = plugin_run,
    .unload = plugin_unload,
    .close = plugin_close,
};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_BACKEND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "ollama",
    .version = "0.1.0",
    .summary = "models on an Ollama server, over HTTP",
    .license = "MIT",
    .options = options,
    .model_keys = model_keys,
    .metrics = metrics,
    .option_count = COUNT(options),
    .model_key_count = COUNT(model_keys),
    .metric_count = COUNT(metrics),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
