/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/model_config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_common/json.h"
#include "plugins/hf_common/path.h"

/* Far above any model of today, low enough that no product of them overflows an int64. */
#define SIZE_MAX_WIDTH (INT64_C(1) << 18)
#define SIZE_MAX_MLP (INT64_C(1) << 20)
#define SIZE_MAX_LAYERS 1024
#define SIZE_MAX_HEADS 1024
#define SIZE_MAX_HEAD_DIM 1024
#define SIZE_MAX_VOCAB (INT64_C(1) << 22)

/* What transformers takes where a config says nothing.  0: what the sizes give. */
struct family {
    const char *name, *architecture;
    int64_t max_positions, kv_heads, head_dim, sliding_window;
    bool window_is_a_choice; /* use_sliding_window decides, and is false by default */
    bool qkv_bias;           /* always there; else attention_bias decides */
    bool no_bias;            /* never there */
    bool qk_norm;
};

static const struct family families[] = {
    {.name = "llama", .architecture = "LlamaForCausalLM", .max_positions = 2048},
    {.name = "mistral",
     .architecture = "MistralForCausalLM",
     .max_positions = 131072,
     .kv_heads = 8,
     .sliding_window = 4096,
     .no_bias = true},
    {.name = "qwen2",
     .architecture = "Qwen2ForCausalLM",
     .max_positions = 32768,
     .kv_heads = 32,
     .sliding_window = 4096,
     .window_is_a_choice = true,
     .qkv_bias = true},
    {.name = "qwen3",
     .architecture = "Qwen3ForCausalLM",
     .max_positions = 32768,
     .kv_heads = 32,
     .head_dim = 128,
     .sliding_window = 4096,
     .window_is_a_choice = true,
     .qk_norm = true},
};

#define MAX_WINDOW_LAYERS                                                                          \
    28 /* Qwen's: layers from this one on have the window, where it is used                        \
        */

/* What is being read, for the errors. */
struct reader {
    const json_t *root;
    const char *path;
    const struct family *family;
    struct hf_err *e;
};

static int config_read_family(struct reader *r, struct hf_config *c)
{
    const char *type = NULL;
    if (hf_json_text(r->root, r->path, "model_type", &type, r->e) != 0)
        return -1;
    const char *architecture =
        json_string_value(json_array_get(json_object_get(r->root, "architectures"), 0));
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        bool by_type = type && strcmp(type, families[i].name) == 0;
        bool by_name = architecture && strcmp(architecture, families[i].architecture) == 0;
        if ((by_type || !type) && (by_name || !architecture) && (by_type || by_name)) {
            snprintf(c->model_type, sizeof c->model_type, "%s", families[i].name);
            r->family = &families[i];
            return 0;
        }
    }
    return hf_err_set(r->e,
                      "%s: architecture %s (model_type %s) is not supported; supported are "
                      "LlamaForCausalLM (llama), MistralForCausalLM (mistral), Qwen2ForCausalLM "
                      "(qwen2) and Qwen3ForCausalLM (qwen3)",
                      r->path, architecture ? architecture : "unknown", type ? type : "unknown");
}

static int config_read_sizes(const struct reader *r, struct hf_config *c)
{
    c->max_positions = r->family->max_positions;
    c->head_dim = r->family->head_dim;
    if (!json_object_get(r->root, "num_key_value_heads"))
        c->kv_heads = r->family->kv_heads; /* null is as many as heads */
    const struct {
        const char *key;
        int64_t max, *value;
        bool required;
    } sizes[] = {
        {"hidden_size", SIZE_MAX_WIDTH, &c->hidden_size, true},
        {"num_hidden_layers", SIZE_MAX_LAYERS, &c->layers, true},
        {"num_attention_heads", SIZE_MAX_HEADS, &c->heads, true},
        {"num_key_value_heads", SIZE_MAX_HEADS, &c->kv_heads, false},
        {"head_dim", SIZE_MAX_HEAD_DIM, &c->head_dim, false},
        {"intermediate_size", SIZE_MAX_MLP, &c->intermediate_size, true},
        {"vocab_size", SIZE_MAX_VOCAB, &c->vocab_size, true},
        {"max_position_embeddings", HF_POSITIONS_MAX, &c->max_positions, false},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (hf_json_int(r->root, r->path, sizes[i].key, 1, sizes[i].max, sizes[i].value, r->e) != 0)
            return -1;
        if (sizes[i].required && *sizes[i].value == 0)
            return hf_err_set(r->e, "%s: %s is missing", r->path, sizes[i].key);
    }
    return 0;
}

static int config_check_heads(const struct reader *r, struct hf_config *c)
{
    if (c->kv_heads == 0)
        c->kv_heads = c->heads;
    if (c->heads % c->kv_heads != 0)
        return hf_err_set(r->e,
                          "%s: num_attention_heads (%lld) is no multiple of num_key_value_heads "
                          "(%lld)",
                          r->path, (long long)c->heads, (long long)c->kv_heads);
    if (c->head_dim == 0 && c->hidden_size % c->heads != 0)
        return hf_err_set(r->e,
                          "%s: hidden_size (%lld) is no multiple of num_attention_heads (%lld), "
                          "and there is no head_dim",
                          r->path, (long long)c->hidden_size, (long long)c->heads);
    if (c->head_dim == 0)
        c->head_dim = c->hidden_size / c->heads;
    if (c->head_dim % 2 != 0 || c->head_dim > SIZE_MAX_HEAD_DIM)
        return hf_err_set(r->e,
                          "%s: a head size of %lld is not supported: rotary positions need "
                          "an even one of at most %d",
                          r->path, (long long)c->head_dim, SIZE_MAX_HEAD_DIM);
    return 0;
}

static int config_read_flags(const struct reader *r, struct hf_config *c)
{
    bool attention_bias = false, mlp_bias = false;
    const char *act = "silu";
    c->rms_norm_eps = 1e-6;
    if (hf_json_bool(r->root, r->path, "tie_word_embeddings", &c->tied, r->e) != 0 ||
        hf_json_bool(r->root, r->path, "attention_bias", &attention_bias, r->e) != 0 ||
        hf_json_bool(r->root, r->path, "mlp_bias", &mlp_bias, r->e) != 0 ||
        hf_json_text(r->root, r->path, "hidden_act", &act, r->e) != 0 ||
        hf_json_number(r->root, r->path, "rms_norm_eps", 1e-12, 1.0, &c->rms_norm_eps, r->e) != 0)
        return -1;
    if (strcmp(act, "silu") != 0)
        return hf_err_set(r->e, "%s: hidden_act %s is not supported, only silu", r->path, act);
    if (mlp_bias)
        return hf_err_set(r->e, "%s: mlp_bias is not supported", r->path);
    c->qk_norm = r->family->qk_norm;
    c->qkv_bias = r->family->qkv_bias || (attention_bias && !r->family->no_bias);
    c->o_bias = c->qkv_bias && !r->family->qkv_bias;
    return 0;
}

/* Whether layer_types names a layer with a window; -1 where it names a kind that is unknown. */
static int config_read_layer_types(const struct reader *r, bool *windowed)
{
    const json_t *types = json_object_get(r->root, "layer_types"), *value;
    size_t i;
    json_array_foreach(types, i, value)
    {
        const char *type = json_string_value(value);
        if (type && strcmp(type, "sliding_attention") == 0)
            *windowed = true;
        else if (!type || strcmp(type, "full_attention") != 0)
            return hf_err_set(r->e,
                              "%s: layer_types: %s is not supported, only full_attention and "
                              "sliding_attention",
                              r->path, type ? type : "what is no text");
    }
    return 0;
}

/* One layer with a window is enough: beyond it the model is another one. */
static int config_read_window(const struct reader *r, struct hf_config *c)
{
    bool use = !r->family->window_is_a_choice, windowed = false;
    int64_t window = 0, from = MAX_WINDOW_LAYERS;
    if (hf_json_bool(r->root, r->path, "use_sliding_window", &use, r->e) != 0)
        return -1;
    if (!json_object_get(r->root, "sliding_window"))
        window = r->family->sliding_window; /* null is no window */
    if (hf_json_int(r->root, r->path, "sliding_window", 0, INT64_MAX, &window, r->e) != 0 ||
        hf_json_int(r->root, r->path, "max_window_layers", 0, INT64_MAX, &from, r->e) != 0)
        return -1;
    if (json_is_array(json_object_get(r->root, "layer_types"))) {
        if (config_read_layer_types(r, &windowed) != 0)
            return -1;
    } else {
        windowed = !r->family->window_is_a_choice || from < c->layers;
    }
    c->sliding_window = use && windowed ? window : 0;
    return 0;
}

/* Refuses what would change the arithmetic behind our back. */
static int config_check_extras(const struct reader *r)
{
    const json_t *quantised = json_object_get(r->root, "quantization_config");
    if (quantised && !json_is_null(quantised))
        return hf_err_set(r->e, "%s: quantised checkpoints are not supported; use the float16 one",
                          r->path);
    return 0;
}

static int config_read_llama3(const struct reader *r, const json_t *rope, struct hf_config *c)
{
    const struct {
        const char *key;
        double *value;
    } keys[] = {
        {"factor", &c->rope_factor},
        {"low_freq_factor", &c->rope_low_freq_factor},
        {"high_freq_factor", &c->rope_high_freq_factor},
        {"original_max_position_embeddings", &c->rope_original_positions},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (hf_json_number(rope, r->path, keys[i].key, 1e-3, 1e9, keys[i].value, r->e) != 0)
            return -1;
        if (*keys[i].value == 0.0)
            return hf_err_set(r->e, "%s: llama3 rope scaling lacks %s", r->path, keys[i].key);
    }
    if (!(c->rope_high_freq_factor > c->rope_low_freq_factor))
        return hf_err_set(r->e, "%s: high_freq_factor must be above low_freq_factor", r->path);
    c->rope = HF_ROPE_LLAMA3;
    return 0;
}

/* Both forms: rope_theta and rope_scaling at the top, or all in rope_parameters. */
static int config_read_rope(const struct reader *r, struct hf_config *c)
{
    c->rope_theta = 10000.0;
    double partial = 1.0;
    const char *key;
    json_t *value;
    const json_t *rope = json_object_get(r->root, "rope_parameters");
    if (!json_is_object(rope))
        rope = json_object_get(r->root, "rope_scaling");
    if (rope && !json_is_null(rope) && !json_is_object(rope))
        return hf_err_set(r->e, "%s: rope_parameters or rope_scaling must be an object", r->path);
    json_object_foreach(
        (json_t *)(uintptr_t)rope, key,
        value) if (json_is_object(value)) return hf_err_set(r->e,
                                                            "%s: rope parameters of their own for "
                                                            "%s are not supported",
                                                            r->path, key);
    if (hf_json_number(r->root, r->path, "rope_theta", 1.0, 1e12, &c->rope_theta, r->e) != 0 ||
        hf_json_number(rope, r->path, "rope_theta", 1.0, 1e12, &c->rope_theta, r->e) != 0 ||
        hf_json_number(r->root, r->path, "partial_rotary_factor", 0.0, 1.0, &partial, r->e) != 0 ||
        hf_json_number(rope, r->path, "partial_rotary_factor", 0.0, 1.0, &partial, r->e) != 0)
        return -1;
    if (partial != 1.0)
        return hf_err_set(r->e, "%s: partial_rotary_factor %g is not supported", r->path, partial);
    const char *type = "default";
    if (hf_json_text(rope, r->path, "type", &type, r->e) != 0 ||
        hf_json_text(rope, r->path, "rope_type", &type, r->e) != 0)
        return -1;
    if (strcmp(type, "llama3") == 0)
        return config_read_llama3(r, rope, c);
    if (strcmp(type, "default") != 0)
        return hf_err_set(r->e,
                          "%s: rope type %s is not supported; supported are default and llama3",
                          r->path, type);
    return 0;
}

static void config_add_special(struct hf_config *c, const json_t *id)
{
    if (!json_is_integer(id) || c->special_count == HF_SPECIAL_MAX)
        return;
    int64_t n = json_integer_value(id);
    if (n < 0 || n >= c->vocab_size)
        return;
    int at = 0;
    while (at < c->special_count && c->special[at] < n)
        at++;
    if (at < c->special_count && c->special[at] == n)
        return;
    memmove(&c->special[at + 1], &c->special[at],
            (size_t)(c->special_count - at) * sizeof *c->special);
    c->special[at] = (int32_t)n;
    c->special_count++;
}

/* bos, eos and pad: each an id, a list of ids, or null. */
static void config_read_special(const struct reader *r, struct hf_config *c)
{
    static const char *const keys[] = {"bos_token_id", "eos_token_id", "pad_token_id"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *ids = json_object_get(r->root, keys[i]);
        config_add_special(c, ids);
        for (size_t j = 0; j < json_array_size(ids); j++)
            config_add_special(c, json_array_get(ids, j));
    }
}

static int config_parse(struct reader *r, struct hf_config *c)
{
    if (config_read_family(r, c) != 0 || config_read_sizes(r, c) != 0 ||
        config_check_heads(r, c) != 0 || config_read_flags(r, c) != 0 ||
        config_read_window(r, c) != 0 || config_check_extras(r) != 0 || config_read_rope(r, c) != 0)
        return -1;
    if (c->vocab_size < HF_SPECIAL_MAX * 2)
        return hf_err_set(r->e, "%s: a vocabulary of %lld tokens is too small", r->path,
                          (long long)c->vocab_size);
    config_read_special(r, c);
    return 0;
}

/* The config.json that `path` stands for; NULL with the reason. */
static char *config_file(const char *path, struct hf_err *e)
{
    char *folder = hf_path_is_folder(path) ? hf_path_snapshot(path, e) : NULL, *file = NULL;
    if (folder)
        file = hf_path_join(folder, "config.json");
    else if (hf_path_is_folder(path))
        return NULL;
    else
        file = hf_path_copy(path);
    hf_path_free(folder);
    if (!file)
        hf_err_memory(e, strlen(path) + 16);
    return file;
}

int hf_config_load(const char *path, struct hf_config *ret_config, struct hf_err *e)
{
    char *file = config_file(path, e);
    if (!file)
        return -1;
    int result = -1;
    json_t *root = hf_json_load(file, e);
    if (root) {
        struct hf_config c = {0};
        struct reader r = {.root = root, .path = file, .e = e};
        result = config_parse(&r, &c);
        if (result == 0)
            *ret_config = c;
        json_decref(root);
    }
    hf_path_free(file);
    return result;
}

void hf_config_rope_frequencies(const struct hf_config *c, bool as_half, float *out)
{
    const double pi = 3.14159265358979323846;
    for (int64_t i = 0; i < c->head_dim / 2; i++) {
        double frequency = pow(c->rope_theta, -2.0 * (double)i / (double)c->head_dim);
        if (c->rope == HF_ROPE_LLAMA3) {
            double turns = c->rope_original_positions * frequency / (2.0 * pi);
            double keep = (turns - c->rope_low_freq_factor) /
                          (c->rope_high_freq_factor - c->rope_low_freq_factor);
            keep = fmin(fmax(keep, 0.0), 1.0);
            frequency *= keep + (1.0 - keep) / c->rope_factor;
        }
        out[i] = (float)frequency;
        if (as_half)
            out[i] = hf_half_to_float(hf_float_to_half(out[i]));
    }
}
