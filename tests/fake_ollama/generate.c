/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* POST /api/generate: what is asked, whether it can be done, and what it will take. */

#include "config.h"

#include "tests/fake_ollama/fake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

struct question {
    json_t *json;
    const char *model, *prompt;
    struct fake_load load;
    int64_t num_predict;
    bool streaming, truncate, endless;
    double keep_alive_s;
};

static int64_t option(const json_t *options, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(options, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static const char *const integer_options[] = {"num_ctx",    "num_predict", "num_gpu",
                                              "num_thread", "num_batch",   "seed"};

/* The name of an option that should be an integer and is none; NULL: all are. */
static const char *wrong_option(const json_t *options)
{
    for (size_t i = 0; i < sizeof integer_options / sizeof *integer_options; i++) {
        const json_t *v = json_object_get(options, integer_options[i]);
        if (v && !json_is_number(v))
            return integer_options[i];
    }
    return NULL;
}

/* In seconds; false: a text without a unit, which is refused. */
static bool read_keep_alive(const json_t *v, double *ret_s)
{
    *ret_s = 300.0;
    if (!v || json_is_null(v))
        return true;
    if (json_is_number(v)) {
        *ret_s = json_number_value(v);
        return true;
    }
    char *end = NULL;
    const char *text = json_string_value(v);
    double x = text ? strtod(text, &end) : 0.0;
    if (!text || end == text)
        return false;
    *ret_s = x * (*end == 'h' ? 3600.0 : *end == 'm' ? 60.0 : 1.0);
    return *end || x == 0.0;
}

static void read_question(struct question *a)
{
    const json_t *options = json_object_get(a->json, "options");
    const json_t *stream = json_object_get(a->json, "stream");
    const char *prompt = json_string_value(json_object_get(a->json, "prompt"));
    const char *model = json_string_value(json_object_get(a->json, "model"));
    a->prompt = prompt ? prompt : "";
    a->model = model ? model : "";
    a->streaming = !json_is_false(stream);
    a->truncate = !json_is_false(json_object_get(a->json, "truncate"));
    a->endless = json_object_get(a->json, "format") != NULL;
    a->num_predict = option(options, "num_predict", 128);
    a->load.num_ctx = option(options, "num_ctx", 4096);
    a->load.num_ctx = a->load.num_ctx < 4 ? 4 : a->load.num_ctx;
    if (a->load.num_ctx > config.context_limit)
        a->load.num_ctx = config.context_limit;
    if (config.give_context && a->load.num_ctx > config.give_context)
        a->load.num_ctx = config.give_context;
    a->load.num_gpu = option(options, "num_gpu", -1);
    a->load.num_thread = option(options, "num_thread", 0);
    a->load.num_batch = option(options, "num_batch", 512);
}

/* ---- the rules of length */

static int answer_too_long(struct MHD_Connection *c, int64_t tokens, int64_t num_ctx)
{
    char text[400];
    if (!fake_version_at_least(30, 0))
        return fake_answer_error(c, 400, "the input length exceeds the context length");
    snprintf(text, sizeof text,
             "{\"error\":{\"code\":400,\"message\":\"request (%" PRId64
             " tokens) exceeds the available context size (%" PRId64
             " tokens), try increasing it\",\"type\":\"exceed_context_size_error\","
             "\"n_prompt_tokens\":%" PRId64 ",\"n_ctx\":%" PRId64 "}}",
             tokens, num_ctx, tokens, num_ctx);
    return fake_answer_error(c, 400, text);
}

/* How much of the prompt is left by the version's rule of cutting it. */
static void cut_prompt(struct fake_prompt *p, int64_t num_ctx)
{
    bool new_rule = fake_version_at_least(30, 0);
    if (p->count > num_ctx - new_rule)
        p->count = new_rule ? num_ctx / 2 + 3 : num_ctx;
}

static int answer_memory(struct MHD_Connection *c)
{
    if (fake_version_at_least(30, 0))
        return fake_answer_error(c, 500,
                                 "llama-server process has terminated: exit status 1: "
                                 "ggml_aligned_malloc: insufficient memory (attempted to allocate "
                                 "59060.00 MB)");
    return fake_answer_error(c, 500,
                             "model requires more system memory (57.2 GiB) than is available "
                             "(21.7 GiB)");
}

/* ---- the plan */

/* The last batch of 512 alone, as 0.12.5 and 0.12.6 report it. */
static int64_t reported_prompt_ns(const struct fake_job *j, int64_t batch)
{
    int64_t evaluated = j->prompt_tokens - j->cached;
    if (config.minor != 12 || config.patch < 5 || config.patch > 6 || evaluated <= batch)
        return fake_cost_prefill(j->cached, evaluated);
    int64_t last = evaluated % batch ? evaluated % batch : batch;
    return fake_cost_prefill(j->prompt_tokens - last, last);
}

static enum fake_fault fault_for(int64_t tokens)
{
    return tokens >= config.fault_from ? config.fault : FAULT_NONE;
}

static int run_job(struct MHD_Connection *c, const struct question *a, struct fake_prompt prompt,
                   int64_t start_ns, int64_t load_ns)
{
    struct fake_job j = {.prompt_tokens = prompt.count,
                         .max_new = a->num_predict,
                         .new_tokens = a->num_predict,
                         .start_ns = start_ns,
                         .load_ns = load_ns,
                         .streaming = a->streaming,
                         .fault = fault_for(prompt.count)};
    uint64_t mark =
        prompt.count > 1 ? prompt.tokens[1] ^ (prompt.tokens[prompt.count / 2] >> 7) : 0;
    snprintf(j.model, sizeof j.model, "%s", a->model);
    if (config.eos_every && !a->endless && mark % (uint64_t)config.eos_every == 0 &&
        config.eos_at < j.new_tokens) {
        j.new_tokens = config.eos_at;
        j.stopped = true;
    }
    j.cached = fake_engine_lookup(prompt);
    int64_t true_ns = fake_cost_prefill(j.cached, j.prompt_tokens - j.cached);
    j.prompt_ns = reported_prompt_ns(&j, a->load.num_batch);
    j.first_ns = fake_now_ns() + config.wait_ns + true_ns;
    fake_sleep_until(j.first_ns);
    return fake_stream(c, &j);
}

static int generate(struct MHD_Connection *c, const struct question *a, int64_t start_ns)
{
    if (!fake_engine_enter())
        return fake_answer_error(c, 503,
                                 "server busy, please try again.  maximum pending requests "
                                 "exceeded");
    int64_t load_ns = fake_engine_load(&a->load);
    if (load_ns < 0) {
        fake_engine_leave();
        return answer_memory(c);
    }
    fake_sleep_until(fake_now_ns() + load_ns);
    fake_engine_keep(a->keep_alive_s);
    if (!a->prompt[0]) {
        fake_engine_leave();
        if (a->keep_alive_s == 0.0)
            fake_engine_unload();
        return fake_answer_json(c, 200,
                                json_pack("{s:s, s:s, s:s, s:b, s:s}", "model", a->model,
                                          "created_at", "2026-11-23T04:06:31.212889893Z",
                                          "response", "", "done", 1, "done_reason",
                                          a->keep_alive_s == 0.0 ? "unload" : "load"));
    }
    struct fake_prompt prompt = fake_tokenize(a->prompt);
    int64_t limit = a->load.num_ctx - fake_version_at_least(30, 0);
    if (prompt.count > limit && !a->truncate) {
        fake_engine_leave();
        free(prompt.tokens);
        return answer_too_long(c, prompt.count, a->load.num_ctx);
    }
    cut_prompt(&prompt, a->load.num_ctx);
    return run_job(c, a, prompt, start_ns, load_ns);
}

int fake_generate(struct MHD_Connection *c, struct fake_request *q)
{
    char text[256];
    struct question a = {.json = json_loadb(q->body ? q->body : "", q->length, 0, NULL)};
    if (!q->length || !json_is_object(a.json)) {
        json_decref(a.json);
        return fake_answer_error(c, 400, q->length ? "unexpected EOF" : "missing request body");
    }
    read_question(&a);
    const char *wrong = wrong_option(json_object_get(a.json, "options"));
    int r;
    if (strcmp(a.model, config.model) != 0) {
        snprintf(text, sizeof text, "model '%s' not found", a.model);
        r = fake_answer_error(c, 404, text);
    } else if (wrong) {
        snprintf(text, sizeof text, "option \"%s\" must be of type integer", wrong);
        r = fake_answer_error(c, 500, text);
    } else if (!read_keep_alive(json_object_get(a.json, "keep_alive"), &a.keep_alive_s)) {
        r = fake_answer_error(c, 400, "time: missing unit in duration");
    } else if (config.fault == FAULT_BUSY && a.prompt[0]) {
        r = fake_answer_error(c, 503,
                              "server busy, please try again.  maximum pending requests exceeded");
    } else {
        r = generate(c, &a, q->received_ns);
    }
    json_decref(a.json);
    return r;
}
