/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Everything but generating: /api/version, /api/tags, /api/show, /api/ps. */

#include "config.h"

#include "tests/fake_ollama/fake.h"

#include <string.h>
#include <time.h>

#include <microhttpd.h>

static json_t *details(void)
{
    return json_pack("{s:s, s:s, s:s, s:[s], s:s, s:s}", "parent_model", "", "format", "gguf",
                     "family", "llama", "families", "llama", "parameter_size", "5.33M",
                     "quantization_level", "F16");
}

static json_t *named(void)
{
    char name[160];
    snprintf(name, sizeof name, "%s%s", config.model, strchr(config.model, ':') ? "" : ":latest");
    return json_pack("{s:s, s:s, s:s, s:o}", "name", name, "model", name, "digest",
                     "abd2be23c6b541ce402aaad2f4ed257b89112831141c15f07307a7b6e5f2a1c0", "details",
                     details());
}

static int answer_tags(struct MHD_Connection *c)
{
    json_t *model = named();
    json_object_set_new(model, "size", json_integer(10715723));
    return fake_answer_json(c, 200, json_pack("{s:[o]}", "models", model));
}

static int answer_ps(struct MHD_Connection *c)
{
    struct fake_load load;
    double left_s;
    char expires[40];
    if (!fake_engine_loaded(&load, &left_s))
        return fake_answer_json(c, 200, json_pack("{s:[]}", "models"));
    time_t at = time(NULL) + (time_t)left_s;
    struct tm utc;
    strftime(expires, sizeof expires, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &utc));
    int64_t size = config.weight_bytes + load.num_ctx * config.kv_bytes;
    int64_t vram = size < config.vram_bytes ? size : config.vram_bytes;
    json_t *model = named();
    json_object_set_new(model, "size", json_integer(size));
    json_object_set_new(model, "size_vram", json_integer(vram));
    json_object_set_new(model, "context_length", json_integer(load.num_ctx));
    json_object_set_new(model, "expires_at", json_string(expires));
    return fake_answer_json(c, 200, json_pack("{s:[o]}", "models", model));
}

static json_t *model_info(void)
{
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:i, s:i, s:I, s:i, s:i, s:f, s:i, s:b, s:n}", "general.architecture",
        "llama", "general.parameter_count", 5328128, "llama.attention.head_count", 4,
        "llama.attention.head_count_kv", 2, "llama.attention.key_length", 64, "llama.block_count",
        6, "llama.context_length", (json_int_t)config.context_limit, "llama.embedding_length", 256,
        "llama.feed_forward_length", 704, "llama.rope.freq_base", 500000.0, "llama.vocab_size",
        1760, "tokenizer.ggml.add_bos_token", (int)config.bos, "tokenizer.ggml.tokens");
}

static int answer_show(struct MHD_Connection *c, const struct fake_request *q)
{
    char text[256];
    json_t *question = json_loadb(q->body ? q->body : "", q->length, 0, NULL);
    const char *name = json_string_value(json_object_get(question, "model"));
    bool known = name && strcmp(name, config.model) == 0;
    snprintf(text, sizeof text, "model '%s:latest' not found", name ? name : "");
    json_decref(question);
    if (!known)
        return fake_answer_error(c, 404, text);
    json_t *tensors = json_pack("[{s:s, s:s, s:[i, i]}, {s:s, s:s, s:[i, i]}]", "name",
                                "output.weight", "type", "F16", "shape", 256, 1760, "name",
                                "token_embd.weight", "type", "F16", "shape", 256, 1760);
    return fake_answer_json(c, 200,
                            json_pack("{s:o, s:o, s:o, s:[s]}", "details", details(), "model_info",
                                      model_info(), "tensors", tensors, "capabilities",
                                      "completion"));
}

int fake_meta(struct MHD_Connection *c, const struct fake_request *q)
{
    if (config.fault == FAULT_HTML)
        return fake_answer_text(c, 200, "text/html", "<html><body>It works!</body></html>");
    if (config.fault == FAULT_REDIRECT && strcmp(q->path, "/api/version") == 0)
        return fake_answer_text(c, 301, "text/html", "");
    if (strcmp(q->path, "/api/version") == 0)
        return fake_answer_json(c, 200, json_pack("{s:s}", "version", config.version));
    if (strcmp(q->path, "/api/tags") == 0)
        return answer_tags(c);
    if (strcmp(q->path, "/api/ps") == 0)
        return answer_ps(c);
    if (strcmp(q->path, "/api/show") == 0)
        return answer_show(c, q);
    return fake_answer_text(c, 404, "text/plain", "404 page not found");
}
