/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Facts about the model, from /api/show, /api/tags and /api/ps. */

#include "config.h"

#include <math.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/ollama/ollama.h"

static double number_of(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void set_number(const struct ollama *p, const char *key, double x, const char *unit,
                       const char *provenance)
{
    if (isfinite(x))
        ctxmark_fact_number(p->host, key, x, unit, provenance);
}

static void set_text(const struct ollama *p, const char *key, const char *text,
                     const char *provenance)
{
    if (text && text[0])
        ctxmark_fact_text(p->host, key, text, provenance);
}

/* A figure of the architecture: "llama.block_count". */
static double shape(const struct ollama *p, const char *name)
{
    char key[160];
    const json_t *info = json_object_get(p->show, "model_info");
    const char *arch = json_string_value(json_object_get(info, "general.architecture"));
    snprintf(key, sizeof key, "%s.%s", arch ? arch : "", name);
    return number_of(json_object_get(info, key));
}

/* Elements of a tensor; 0: there is none. */
static double tensor_elements(const struct ollama *p, const char *name)
{
    size_t i, k;
    json_t *tensor, *extent;
    json_array_foreach(json_object_get(p->show, "tensors"), i, tensor)
    {
        const char *its = json_string_value(json_object_get(tensor, "name"));
        double n = 1.0;
        if (!its || strcmp(its, name) != 0)
            continue;
        json_array_foreach(json_object_get(tensor, "shape"), k, extent) n *= number_of(extent);
        return n;
    }
    return 0.0;
}

static void describe_parameters(const struct ollama *p, double vocabulary, double hidden)
{
    double all = number_of(
        json_object_get(json_object_get(p->show, "model_info"), "general.parameter_count"));
    double embeddings =
        tensor_elements(p, "token_embd.weight") + tensor_elements(p, "output.weight");
    if (embeddings == 0.0)
        embeddings = vocabulary * hidden;
    set_number(p, "parameters", all, "", "model");
    set_number(p, "parameters_without_embeddings", all - embeddings, "", "model");
    if (p->file_bytes != CTXMARK_UNKNOWN && all > 0.0)
        set_number(p, "weight_bytes_per_element", (double)p->file_bytes / all, "B", "measured");
}

static void describe_shape(const struct ollama *p)
{
    static const struct {
        const char *key, *name;
    } same[] = {
        {"layers", "block_count"},
        {"hidden_size", "embedding_length"},
        {"intermediate_size", "feed_forward_length"},
        {"heads", "attention.head_count"},
        {"kv_heads", "attention.head_count_kv"},
        {"max_position_embeddings", "context_length"},
        {"rope_theta", "rope.freq_base"},
    };
    double hidden = shape(p, "embedding_length"), heads = shape(p, "attention.head_count");
    double head = shape(p, "attention.key_length"), window = shape(p, "attention.sliding_window");
    double vocabulary = shape(p, "vocab_size");
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        set_number(p, same[i].key, shape(p, same[i].name), "", "model");
    if (!isfinite(vocabulary) && tensor_elements(p, "token_embd.weight") > 0.0)
        vocabulary = tensor_elements(p, "token_embd.weight") / hidden;
    set_number(p, "head_size", isfinite(head) ? head : hidden / heads, "", "model");
    set_number(p, "vocabulary", vocabulary, "", "model");
    set_number(p, "window", isfinite(window) ? window : 0.0, "tokens", "model");
    describe_parameters(p, vocabulary, hidden);
}

void ollama_describe(const struct ollama *p)
{
    const json_t *details = json_object_get(p->show, "details");
    const json_t *info = json_object_get(p->show, "model_info");
    const struct ollama_loaded *l = &p->loaded;
    describe_shape(p);
    /* OLLAMA_KV_CACHE_TYPE of the server may say otherwise; the default is f16. */
    set_number(p, "kv_bytes_per_element", 2.0, "B", "table");
    set_text(p, "architecture", json_string_value(json_object_get(info, "general.architecture")),
             "model");
    set_text(p, "quantisation", json_string_value(json_object_get(details, "quantization_level")),
             "model");
    set_text(p, "logits", "last", "core");
    set_text(p, "weights", "file", "model");
    set_text(p, "model_digest", p->digest, "measured");
    set_text(p, "server_version", p->version.text, "measured");
    set_text(p, "server_prompt_cache",
             ollama_version_host_cache(&p->version) ? "device and host memory" : "device memory",
             "table");
    if (ollama_version_last_batch(&p->version))
        set_text(p, "server_prefill_time", "last batch of 512 tokens only", "table");
    /* With a load for each context there is none yet; the metric server_context tells each. */
    if (p->num_ctx > 0)
        set_number(p, "num_ctx", (double)p->num_ctx, "tokens", "core");
    if (l->size != CTXMARK_UNKNOWN)
        set_number(p, "server_memory_bytes", (double)l->size, "B", "measured");
    if (l->size_vram != CTXMARK_UNKNOWN)
        set_number(p, "server_vram_bytes", (double)l->size_vram, "B", "measured");
    if (l->context_length != CTXMARK_UNKNOWN)
        set_number(p, "server_context", (double)l->context_length, "tokens", "measured");
}
