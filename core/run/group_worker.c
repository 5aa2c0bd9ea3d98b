/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/group.h"

#include <math.h>
#include <string.h>

#include <ctxmark/util.h>

#include "core/plugin/host.h"
#include "core/run/manifest.h"

/* ---- messages to the worker */

int64_t group_new_tokens(const struct config *c)
{
    /* Without decode and e2e rows, generating more than the first token would be time for nothing.
     */
    return c->modes[MODE_DECODE] || c->modes[MODE_E2E] ? c->max_new_tokens : 1;
}

static int64_t most_concurrency(const struct group *g)
{
    int64_t most = 1;
    for (size_t i = 0; i < g->plan->cell_count; i++)
        if (g->cells[i].cell.concurrency > most)
            most = g->cells[i].cell.concurrency;
    return most;
}

static int64_t longest_context(const struct group *g)
{
    int64_t most = 1;
    for (size_t i = 0; i < g->plan->cell_count; i++)
        if (g->cells[i].cell.context_length > most)
            most = g->cells[i].cell.context_length;
    return most;
}

static json_t *start_message(struct group *g)
{
    const struct descriptor *d = g->backend->descriptor;
    json_t *model = json_pack("{s:s, s:I, s:I, s:I}", "name", g->model->name, "max_prompt_tokens",
                              (json_int_t)longest_context(g), "max_new_tokens",
                              (json_int_t)group_new_tokens(g->run->config), "max_concurrency",
                              (json_int_t)most_concurrency(g));
    json_t *store = json_object_get(g->run->store, d->name);
    bool limited = json_object_get(g->run->limited, g->backend->name) != NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:o, s:b, s:O?}", "do", "start", "plugin",
                     d->path, "sha256", d->sha256, "name", g->backend->name, "options",
                     g->backend->options, "model_keys", g->plan->model_keys, "model", model,
                     "without_limits", limited, "kv", store);
}

static int cache_policy(const struct config *c)
{
    return c->prompt_reuse ? (int)CTXMARK_CACHE_REUSE : (int)CTXMARK_CACHE_BUST;
}

json_t *group_prepare_message(const struct group *g, const struct cell_state *s)
{
    const struct config *c = g->run->config;
    json_t *cell =
        json_pack("{s:I, s:I, s:I, s:i, s:I}", "context_length", (json_int_t)s->cell.context_length,
                  "max_new_tokens", (json_int_t)group_new_tokens(c), "concurrency",
                  (json_int_t)s->cell.concurrency, "cache_policy", cache_policy(c), "seed",
                  (json_int_t)c->seed);
    return json_pack("{s:s, s:o}", "do", "prepare", "cell", cell);
}

/* Differs in every request of every run; under `reuse` it is the cell's own. */
static uint64_t nonce_of(const struct group *g, const struct cell_state *s, int64_t seq)
{
    const struct config *c = g->run->config;
    if (c->prompt_reuse)
        return ctxmark_mix(c->seed ^ ctxmark_mix((uint64_t)s->index));
    /* A concurrent group uses the 2^20 numbers from here on. */
    return (ctxmark_mix(g->run->nonce ^ ctxmark_mix((uint64_t)seq)) >> 20) << 20;
}

json_t *group_run_message(const struct group *g, const struct cell_state *s, int64_t seq)
{
    const struct config *c = g->run->config;
    bool warmup = s->warmups < s->warmups_due;
    json_t *request = json_pack(
        "{s:I, s:I, s:I, s:i, s:I, s:I, s:s?, s:i, s:I, s:I, s:I}", "prompt_tokens",
        (json_int_t)s->cell.context_length, "max_new_tokens", (json_int_t)group_new_tokens(c),
        "concurrency", (json_int_t)s->cell.concurrency, "cache_policy", cache_policy(c), "seed",
        (json_int_t)c->seed, "nonce", (json_int_t)nonce_of(g, s, seq), "seed_text", c->prompt_text,
        "warmup", (int)warmup, "failures", (json_int_t)s->failures, "repetition",
        (json_int_t)(warmup ? s->warmups : s->measured), "launch", (json_int_t)g->plan->launch);
    return json_pack("{s:s, s:o}", "do", "run", "request", request);
}

/* ---- the worker */

void group_keep_store(struct group *g, const json_t *reply)
{
    json_t *store = json_object_get(reply, "kv");
    if (store)
        json_object_set(g->run->store, g->backend->descriptor->name, store);
}

/* Starts a worker and loads the model.  START_FAILED: status and why are for the rows. */
static enum start_result start_once(struct group *g, const char **ret_status, char *why,
                                    size_t size)
{
    json_t *reply;
    *ret_status = "error";
    progress_loading(&g->run->progress, g->backend->name, g->model->name);
    if (worker_spawn(&g->worker, g->err) < 0) {
        snprintf(why, size, "%s", g->err->text);
        return START_FAILED;
    }
    switch (worker_ask(&g->worker, start_message(g), g->run->config->timeout_s, &reply)) {
    case WORKER_ANSWERED:
        break;
    case WORKER_STOPPED:
        return START_STOPPED;
    case WORKER_DIED:
        *ret_status = "crashed";
        snprintf(why, size, "while the model was loaded, the backend's process was %s",
                 g->worker.end);
        return START_FAILED;
    default:
        *ret_status = "timeout";
        json_decref(reply);
        worker_stop(&g->worker);
        snprintf(why, size, "the model was not loaded within timeout_s = %g s",
                 g->run->config->timeout_s);
        return START_FAILED;
    }
    int32_t status = (int32_t)json_integer_value(json_object_get(reply, "status"));
    enum start_result result = START_OK;
    group_keep_store(g, reply);
    if (status == CTXMARK_OK) {
        g->load_ms = 1e-6 * json_number_value(json_object_get(reply, "load_ns"));
        manifest_add_start(g->run, g->backend, g->model, g->plan, reply);
    } else {
        *ret_status = host_status_name(status);
        snprintf(why, size, "%s", json_string_value(json_object_get(reply, "reason")));
        worker_stop(&g->worker);
        result = START_FAILED;
    }
    json_decref(reply);
    g->prepared = NULL;
    return result;
}

/* A process that dies while it loads takes all cells of its model with it: it gets a second chance,
 * in case it was killed from outside. */
enum start_result group_start_worker(struct group *g, const char **ret_status, char *why,
                                     size_t size)
{
    enum start_result r = start_once(g, ret_status, why, size);
    if (r != START_FAILED || strcmp(*ret_status, "crashed") != 0)
        return r;
    progress_clear(&g->run->progress);
    log_warning("%s, %s: %s; trying once more", g->backend->name, g->model->name, why);
    return start_once(g, ret_status, why, size);
}
