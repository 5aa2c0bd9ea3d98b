/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/tensors.h"
#include "core/plugin/host.h"
#include "core/plugin/load.h"
#include "core/run/collect.h"
#include "core/run/telemetry.h"
#include "core/run/worker.h"

struct session {
    json_t *start; /* the "start" message: options and keys live in it */
    const struct ctxmark_plugin *plugin;
    const struct ctxmark_backend *ops;
    struct host host;
    void *self;
    bool open, loaded;
};

static void on_terminate(int signal_number)
{
    (void)signal_number;
    host_cancel = 1;
}

/* ---- answers */

static json_t *answer(const struct session *s, int32_t status)
{
    const char *reason = s->host.reason;
    if (status != CTXMARK_OK && !reason[0])
        reason = "the plugin gives no reason";
    json_t *text = json_string(status == CTXMARK_OK ? "" : reason);
    return json_pack("{s:i, s:o}", "status", (int)status, "reason",
                     text ? text : json_string("the plugin's reason is not UTF-8"));
}

static json_t *answer_error(const char *text)
{
    json_t *reason = json_string(text);
    return json_pack("{s:i, s:o}", "status", (int)CTXMARK_ERROR, "reason",
                     reason ? reason : json_string("an error text is not UTF-8"));
}

static int64_t member(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void add_store(struct session *s, json_t *reply)
{
    if (s->host.kv_changed)
        json_object_set(reply, "kv", s->host.kv);
    s->host.kv_changed = false;
}

/* ---- start: open, load, limits, describe */

static int32_t call_load(struct session *s, int64_t *ret_ns)
{
    const json_t *m = json_object_get(s->start, "model");
    struct ctxmark_model model = {
        .size = sizeof model,
        .max_concurrency = (uint32_t)member(m, "max_concurrency", 1),
        .name = json_string_value(json_object_get(m, "name")),
        .max_prompt_tokens = member(m, "max_prompt_tokens", 0),
        .max_new_tokens = member(m, "max_new_tokens", 1),
    };
    int64_t before = clock_now_ns();
    int32_t status = s->ops->load(s->self, &model);
    *ret_ns = clock_now_ns() - before;
    return status;
}

/* Facts that a callback set, taken over into the reply.  A backend without measured limits can
 * still measure: that is worth a warning, not a failure. */
static void add_facts(struct session *s, json_t *reply, const char *key,
                      int32_t (*callback)(void *self))
{
    host_begin(&s->host);
    if (!callback)
        return;
    if (callback(s->self) != CTXMARK_OK)
        log_warning("%s: %s could not be told: %s", s->host.label, key,
                    s->host.reason[0] ? s->host.reason : "no reason given");
    json_object_set_new(reply, key, json_copy(s->host.facts));
}

static json_t *finish_start(struct session *s)
{
    int64_t load_ns = 0;
    host_begin(&s->host);
    int32_t status = call_load(s, &load_ns);
    if (status != CTXMARK_OK) {
        json_t *reply = answer(s, status);
        json_object_set_new(reply, "stage", json_string("load"));
        return reply;
    }
    s->loaded = true;
    json_t *reply = answer(s, CTXMARK_OK);
    json_object_set_new(reply, "load_ns", json_integer(load_ns));
    if (!json_is_true(json_object_get(s->start, "without_limits")))
        add_facts(s, reply, "limits", s->ops->limits);
    add_facts(s, reply, "facts", s->ops->describe);
    return reply;
}

static json_t *do_start(struct session *s, const json_t *message)
{
    struct err e;
    s->start = json_incref((json_t *)message);
    if (plugin_load(json_string_value(json_object_get(message, "plugin")),
                    json_string_value(json_object_get(message, "sha256")), PLUGIN_BIND_NOW,
                    &s->plugin, &e) < 0)
        return answer_error(e.text);
    s->ops = s->plugin->backend;
    if (!s->ops)
        return answer_error("the plugin is no backend");
    host_init(&s->host, s->plugin->name, json_object_get(message, "options"),
              json_object_get(message, "model_keys"));
    json_object_update(s->host.kv, json_object_get(message, "kv"));
    host_begin(&s->host);
    int32_t status = s->ops->open(&s->host.table, &s->self);
    s->open = status == CTXMARK_OK;
    if (s->open && !json_is_true(json_object_get(message, "only_open")))
        return finish_start(s);
    json_t *reply = answer(s, status);
    json_object_set_new(reply, "stage", json_string("open"));
    return reply;
}

/* ---- estimate, prepare */

static struct ctxmark_cell read_cell(const json_t *message)
{
    const json_t *c = json_object_get(message, "cell");
    return (struct ctxmark_cell){
        .size = sizeof(struct ctxmark_cell),
        .concurrency = (uint32_t)member(c, "concurrency", 1),
        .context_length = member(c, "context_length", 1),
        .max_new_tokens = member(c, "max_new_tokens", 1),
        .cache_policy = (uint32_t)member(c, "cache_policy", CTXMARK_CACHE_BUST),
        .seed = (uint64_t)member(c, "seed", 0),
    };
}

static json_t *do_prepare(struct session *s, const json_t *message)
{
    struct ctxmark_cell cell = read_cell(message);
    host_begin(&s->host);
    return answer(s, s->ops->prepare ? s->ops->prepare(s->self, &cell) : CTXMARK_OK);
}

static json_t *do_estimate(struct session *s, const json_t *message)
{
    struct ctxmark_cell cell = read_cell(message);
    const json_t *m = json_object_get(s->start, "model");
    struct ctxmark_model model = {.size = sizeof model,
                                  .max_concurrency = cell.concurrency,
                                  .name = json_string_value(json_object_get(m, "name")),
                                  .max_prompt_tokens = member(m, "max_prompt_tokens", 0),
                                  .max_new_tokens = cell.max_new_tokens};
    struct ctxmark_estimate estimate = {
        .size = sizeof estimate, .peak_bytes = CTXMARK_UNKNOWN, .limit_bytes = CTXMARK_UNKNOWN};
    host_begin(&s->host);
    if (!s->ops->estimate)
        return answer_error("the backend cannot estimate its memory");
    json_t *reply = answer(s, s->ops->estimate(s->self, &model, &cell, &estimate));
    if (estimate.peak_bytes >= 0)
        json_object_set_new(reply, "peak_bytes", json_integer(estimate.peak_bytes));
    if (estimate.limit_bytes >= 0)
        json_object_set_new(reply, "limit_bytes", json_integer(estimate.limit_bytes));
    return reply;
}

/* ---- run */

/* The integers of a JSON array as a new array of int64; NULL: none, or out of memory. */
static int64_t *read_integers(const json_t *array)
{
    size_t n = json_array_size(array);
    int64_t *list = n ? calloc(n, sizeof *list) : NULL;
    for (size_t i = 0; list && i < n; i++)
        list[i] = json_integer_value(json_array_get(array, i));
    return list;
}

static int32_t *read_ids(const json_t *array)
{
    size_t n = json_array_size(array);
    int32_t *list = n ? calloc(n, sizeof *list) : NULL;
    for (size_t i = 0; list && i < n; i++)
        list[i] = (int32_t)json_integer_value(json_array_get(array, i));
    return list;
}

/* Owns the arrays of a request that came as a message. */
struct run_input {
    struct ctxmark_request request;
    int32_t *tokens;
    int64_t *positions;
};

static void read_request(const json_t *r, struct run_input *in)
{
    const json_t *positions = json_object_get(r, "logit_positions");
    in->tokens = read_ids(json_object_get(r, "tokens"));
    in->positions = read_integers(positions);
    in->request = (struct ctxmark_request){
        .size = sizeof in->request,
        .concurrency = (uint32_t)member(r, "concurrency", 1),
        .prompt_tokens = member(r, "prompt_tokens", 0),
        .max_new_tokens = member(r, "max_new_tokens", 1),
        .cache_policy = (uint32_t)member(r, "cache_policy", CTXMARK_CACHE_BUST),
        .seed = (uint64_t)member(r, "seed", 0),
        .nonce = (uint64_t)member(r, "nonce", 0),
        .tokens = in->tokens,
        .text = json_string_value(json_object_get(r, "text")),
        .seed_text = json_string_value(json_object_get(r, "seed_text")),
        .logit_positions = in->positions,
        .logit_position_count = in->positions ? json_array_size(positions) : 0,
        .warmup = (uint32_t)member(r, "warmup", 0),
        .failures = (uint32_t)member(r, "failures", 0),
        .repetition = member(r, "repetition", 0),
        .launch = member(r, "launch", 0),
    };
}

/* The logits that came, with the positions they belong to, as a safetensors file. */
static int write_logits(const struct collect *c, const char *path, struct err *e)
{
    uint64_t n = c->asked->logit_position_count;
    for (uint64_t i = 0; i < n; i++)
        if (!c->logits_given || !c->logits_given[i])
            return err_set(e, "the backend gave no logits for position %lld",
                           (long long)c->asked->logit_positions[i]);
    int32_t *positions = calloc(n + 1, sizeof *positions);
    if (!positions)
        return err_memory(e);
    for (uint64_t i = 0; i < n; i++)
        positions[i] = (int32_t)c->asked->logit_positions[i];
    struct tensor tensors[] = {
        {"greedy_tokens", TENSOR_I32, {c->requests[0].id_count}, 1, c->requests[0].ids},
        {"logit_positions", TENSOR_I32, {n}, 1, positions},
        {"logits", TENSOR_F32, {n, c->vocabulary}, 2, c->logits},
    };
    int r = tensors_write(path, tensors, 3, e);
    free(positions);
    return r;
}

static json_t *finish_run(struct session *s, struct collect *c, int32_t status,
                          const char *logits_path)
{
    struct err e;
    if (c->failed)
        return answer_error("out of memory while collecting what the backend reports");
    if (status == CTXMARK_OK)
        collect_check(c);
    if (c->fault[0])
        return answer_error(c->fault);
    if (status == CTXMARK_OK && (status = collect_status(c)) != CTXMARK_OK)
        host_keep_reason(&s->host, c->requests[0].error);
    json_t *reply = answer(s, status);
    json_object_set_new(reply, "results", collect_to_json(c));
    if (status == CTXMARK_OK && logits_path && write_logits(c, logits_path, &e) < 0) {
        json_decref(reply);
        return answer_error(e.text);
    }
    return reply;
}

static json_t *do_run(struct session *s, const json_t *message)
{
    struct run_input in;
    struct collect c;
    struct telemetry before;
    struct err e;
    const json_t *r = json_object_get(message, "request");
    read_request(r, &in);
    json_t *reply;
    if (in.request.concurrency < 1 || in.request.max_new_tokens < 1 ||
        collect_init(&c, s->plugin, &in.request, &e) < 0) {
        reply = answer_error("a request that cannot be run");
    } else {
        host_begin(&s->host);
        telemetry_begin(&before);
        collect_enter(&c);
        int32_t status = s->ops->run(s->self, &in.request, &c.emit);
        collect_leave(&c);
        reply = finish_run(s, &c, status, json_string_value(json_object_get(r, "logits_path")));
        telemetry_end(&before, reply);
        collect_free(&c);
    }
    free(in.tokens);
    free(in.positions);
    return reply;
}

/* ---- the loop */

static json_t *serve(struct session *s, const json_t *message)
{
    const char *what = json_string_value(json_object_get(message, "do"));
    if (!what)
        what = "";
    if (strcmp(what, "start") == 0 && !s->start)
        return do_start(s, message);
    if (strcmp(what, "estimate") == 0 && s->open)
        return do_estimate(s, message);
    if (strcmp(what, "prepare") == 0 && s->loaded)
        return do_prepare(s, message);
    if (strcmp(what, "run") == 0 && s->loaded)
        return do_run(s, message);
    return answer_error("a message out of order");
}

static void finish(struct session *s)
{
    if (s->loaded && s->ops->unload)
        s->ops->unload(s->self);
    if (s->open && s->ops->close)
        s->ops->close(s->self);
    json_decref(s->start);
}

int worker_child_main(void)
{
    struct session s = {0};
    struct err e;
    json_t *message;
    struct sigaction act = {.sa_handler = on_terminate};
    sigaction(SIGTERM, &act, NULL);
    while (message_receive(CHILD_SOCKET_FD, 0, -1, &message, &e) == MESSAGE_OK) {
        const char *what = json_string_value(json_object_get(message, "do"));
        bool stop = what && strcmp(what, "stop") == 0;
        host_cancel = 0; /* one that came after the last answer was meant for what is over */
        json_t *reply = stop ? NULL : serve(&s, message);
        if (reply)
            add_store(&s, reply);
        int sent = reply ? message_send(CHILD_SOCKET_FD, reply, &e) : -1;
        json_decref(reply);
        json_decref(message);
        if (sent < 0)
            break;
    }
    finish(&s);
    /* A thread that the plugin left running must not keep the process, nor run into destructors. */
    fflush(NULL);
    _exit(0);
}
