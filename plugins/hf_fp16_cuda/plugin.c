/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* hf_fp16_cuda: Hugging Face checkpoints on an NVIDIA GPU in float16.  The engine is in engine.h;
 * here is how ctxmark drives it. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

#include "plugins/hf_common/contract.h"
#include "plugins/hf_common/lengths.h"
#include "plugins/hf_fp16_cuda/plugin.h"

/* ---------------------------------------------------------------- options */

static const char *const attention_choices[] = {"flash", "eager", "math", NULL};
static const char *const logits_choices[] = {"last", "all", NULL};
static const char *const spill_choices[] = {"none", "host", "managed", NULL};
static const char *const weights_choices[] = {"file", "random", NULL};
static const char *const frequency_choices[] = {"float32", "float16", NULL};

static const struct ctxmark_option options[] = {
    {"device", CTXMARK_TYPE_TEXT, 0, "cuda", 0, 0, NULL, NULL,
     "the GPU: cuda for the first, cuda:1 for the second, and so on"},
    {"attention", CTXMARK_TYPE_CHOICE, 0, "flash", 0, 0, attention_choices, NULL,
     "flash never stores scores; eager stores them in float16 as transformers does, math in "
     "float32 as PyTorch's fallback does: memory quadratic in the context"},
    {"logits", CTXMARK_TYPE_CHOICE, 0, "last", 0, 0, logits_choices, NULL,
     "logits of the last prompt token only, or of all of them at once"},
    {"vram_budget_mib", CTXMARK_TYPE_INT, 0, "0", 0, 1e9, NULL, "MiB",
     "use no more of the card's memory than this, as if it were smaller; 0: all"},
    {"spill", CTXMARK_TYPE_CHOICE, 0, "none", 0, 0, spill_choices, NULL,
     "what does not fit: none fails with oom, host puts it into pinned memory of the host, managed "
     "leaves it to the driver's paging"},
};

static const struct ctxmark_option model_keys[] = {
    {"path", CTXMARK_TYPE_PATH, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL,
     "a checkpoint's folder (config.json and model.safetensors), or a config.json for random "
     "weights"},
    {"weights", CTXMARK_TYPE_CHOICE, 0, "file", 0, 0, weights_choices, NULL,
     "file: the checkpoint's; random: drawn from the run's seed, for the shape alone"},
    {"weights_seed", CTXMARK_TYPE_INT, 0, "42", 0, 9e15, NULL, NULL, "seed of random weights"},
    {"dtype", CTXMARK_TYPE_TEXT, 0, "fp16", 0, 0, NULL, NULL,
     "type of the weights in memory: fp16 (float16, half) is the only one"},
    {"rope_frequencies", CTXMARK_TYPE_CHOICE, 0, "float32", 0, 0, frequency_choices, NULL,
     "float16: round the rotary frequencies as a model has them that was cast by model.half()"},
};

static const struct ctxmark_metric metrics[HF_CUDA_METRICS] = {
    [METRIC_WEIGHTS] = {"weights_bytes", "bytes", "memory of the weights"},
    [METRIC_KV] = {"kv_bytes", "bytes", "memory of the KV cache"},
    [METRIC_ACTIVATIONS] = {"activations_bytes", "bytes",
                            "memory of activations, of one block of tokens"},
    [METRIC_SCORES] = {"scores_bytes", "bytes",
                       "memory of attention's stored scores, masks and probabilities"},
    [METRIC_LOGITS] = {"logits_bytes", "bytes",
                       "memory of the logits of all positions; they use that of the scores first"},
    [METRIC_WORKSPACE] = {"workspace_bytes", "bytes", "memory of the matrix library"},
    [METRIC_LOAD] = {"load_peak_bytes", "bytes", "peak while the weights were loaded"},
    [METRIC_PREFILL] = {"prefill_peak_bytes", "bytes", "peak in use by a prefill"},
    [METRIC_DECODE] = {"decode_peak_bytes", "bytes", "most that a decoding step has in use"},
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---------------------------------------------------------------- helpers */

int32_t hf_cuda_report(const struct hf_cuda *p, enum gpu_status s, const struct hf_err *e)
{
    static const int32_t map[] = {
        [GPU_OK] = CTXMARK_OK,
        [GPU_ERROR] = CTXMARK_ERROR,
        [GPU_INVALID] = CTXMARK_INVALID,
        [GPU_OOM] = CTXMARK_OOM,
        [GPU_CANCELLED] = CTXMARK_CANCELLED,
        [GPU_UNAVAILABLE] = CTXMARK_UNAVAILABLE,
        [GPU_LOST] = CTXMARK_LOST,
    };
    return s == GPU_OK ? CTXMARK_OK : p->host->fail(p->host, map[s], e->text);
}

static const char *plugin_text(const struct ctxmark_host *h, const char *key, const char *otherwise)
{
    return hf_contract_text(h, CTXMARK_SCOPE_PLUGIN, key, otherwise);
}

static int choice_index(const char *text, const char *const *choices)
{
    int i = 0;
    while (choices[i] && strcmp(choices[i], text) != 0)
        i++;
    return choices[i] ? i : 0;
}

static int32_t check_model_keys(const struct ctxmark_host *h)
{
    static const char *const names[] = {"fp16", "float16", "half", "f16"};
    const char *dtype = hf_contract_text(h, CTXMARK_SCOPE_MODEL, "dtype", "fp16");
    if (!h->option_text(h, CTXMARK_SCOPE_MODEL, "path", 0))
        return h->fail(h, CTXMARK_INVALID, "the model has no path");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(dtype, names[i]) == 0)
            return CTXMARK_OK;
    return ctxmark_failf(h, CTXMARK_INVALID, "dtype %s is not supported by hf_fp16_cuda, only fp16",
                         dtype);
}

/* "cuda" or "cuda:N". */
static int32_t option_device(const struct ctxmark_host *h, int *ret_device)
{
    const char *text = plugin_text(h, "device", "cuda");
    char *end = NULL;
    long n = 0;
    bool right = strcmp(text, "cuda") == 0;
    if (strncmp(text, "cuda:", 5) == 0 && text[5] >= '0' && text[5] <= '9') {
        n = strtol(text + 5, &end, 10);
        right = *end == '\0' && n < 1024;
    }
    if (!right)
        return ctxmark_failf(h, CTXMARK_INVALID,
                             "device '%s' is not one of hf_fp16_cuda: cuda, or cuda:N with the "
                             "GPU's number from 0 (for the CPU there is the backend hf_cpu)",
                             text);
    *ret_device = (int)n;
    return CTXMARK_OK;
}

static enum gpu_attention_mode option_attention(const struct ctxmark_host *h)
{
    return (enum gpu_attention_mode)choice_index(plugin_text(h, "attention", "flash"),
                                                 attention_choices);
}

static bool option_all_logits(const struct ctxmark_host *h)
{
    return choice_index(plugin_text(h, "logits", "last"), logits_choices) == 1;
}

static uint64_t option_budget(const struct ctxmark_host *h)
{
    return (uint64_t)h->option_int(h, CTXMARK_SCOPE_PLUGIN, "vram_budget_mib", 0, 0) << 20;
}

/* ---------------------------------------------------------------- callbacks */

static int32_t hf_cuda_probe(const struct ctxmark_host *h)
{
    const struct hf_cuda p = {.host = h};
    struct hf_err e;
    int device;
    int32_t status = option_device(h, &device);
    return status == CTXMARK_OK ? hf_cuda_report(&p, gpu_engine_probe(device, &e), &e) : status;
}

static int32_t hf_cuda_open(const struct ctxmark_host *h, void **ret_self)
{
    int device;
    int32_t status = option_device(h, &device);
    if (status != CTXMARK_OK)
        return status;
    struct hf_cuda *p = calloc(1, sizeof *p);
    if (!p)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    p->host = h;
    *ret_self = p;
    return CTXMARK_OK;
}

static int32_t hf_cuda_estimate(void *self, const struct ctxmark_model *model,
                                const struct ctxmark_cell *cell,
                                struct ctxmark_estimate *ret_estimate)
{
    (void)model;
    const struct hf_cuda *p = self;
    struct hf_config c;
    struct gpu_plan plan;
    struct hf_err e;
    int32_t status = check_model_keys(p->host);
    if (status != CTXMARK_OK)
        return status;
    if (hf_config_load(hf_contract_weights(p->host).path, &c, &e) != 0)
        return p->host->fail(p->host, CTXMARK_INVALID, e.text);
    gpu_plan_make(&c, option_attention(p->host), option_all_logits(p->host), cell->context_length,
                  cell->max_new_tokens, HF_CUDA_TYPICAL_PROCESSORS, &plan);
    uint64_t fixed = gpu_engine_fixed_bytes(&c), budget = option_budget(p->host);
    ret_estimate->peak_bytes = (int64_t)(fixed + plan.total);
    ret_estimate->limit_bytes = budget > 0 ? (int64_t)budget : CTXMARK_UNKNOWN;
    return CTXMARK_OK;
}

static int32_t hf_cuda_load(void *self, const struct ctxmark_model *model)
{
    struct hf_cuda *p = self;
    const struct ctxmark_host *h = p->host;
    struct hf_err e;
    if (model->max_concurrency > 1)
        return h->fail(h, CTXMARK_UNSUPPORTED, "hf_fp16_cuda runs one request at a time");
    const struct hf_contract_weights weights = hf_contract_weights(h);
    struct gpu_engine_options o = {
        .path = weights.path,
        .random = weights.random,
        .seed = weights.seed,
        .rope_half = weights.rope_half,
        .attention = option_attention(h),
        .all_logits = option_all_logits(h),
        .budget = option_budget(h),
        .spill = (enum gpu_spill)choice_index(plugin_text(h, "spill", "none"), spill_choices),
        .cancelled = hf_contract_cancelled,
        .cancelled_arg = (void *)(uintptr_t)h,
    };
    int32_t status = check_model_keys(h);
    if (status == CTXMARK_OK)
        status = option_device(h, &o.device);
    if (status != CTXMARK_OK)
        return status;
    p->options = o;
    p->options.path = NULL;
    enum gpu_status s = gpu_engine_load(&o, &p->engine, &e);
    if (s == GPU_OK &&
        hf_contract_prompts(h, gpu_engine_config(p->engine), &weights, &p->prompts, &e) != 0)
        s = GPU_ERROR;
    return hf_cuda_report(p, s, &e);
}

static int32_t hf_cuda_limits(void *self)
{
    struct hf_cuda *p = self;
    struct hf_err e;
    struct gpu_engine_limits limits;
    enum gpu_status s = gpu_engine_measure(p->engine, &limits, &e);
    if (s != GPU_OK)
        return hf_cuda_report(p, s, &e);
    hf_cuda_describe_device(p, &limits);
    return CTXMARK_OK;
}

static int32_t hf_cuda_describe(void *self)
{
    hf_cuda_describe_model(self);
    return CTXMARK_OK;
}

static int32_t hf_cuda_prepare(void *self, const struct ctxmark_cell *cell)
{
    struct hf_cuda *p = self;
    struct hf_err e;
    if (cell->concurrency > 1)
        return p->host->fail(p->host, CTXMARK_UNSUPPORTED,
                             "hf_fp16_cuda runs one request at a time");
    if (hf_length_is_beyond(gpu_engine_config(p->engine), cell->context_length,
                            cell->max_new_tokens, &e))
        p->host->log(p->host, CTXMARK_LOG_WARNING, e.text);
    enum gpu_status s =
        gpu_engine_prepare(p->engine, cell->context_length, cell->max_new_tokens, &e);
    return hf_cuda_report(p, s, &e);
}

static void hf_cuda_unload(void *self)
{
    struct hf_cuda *p = self;
    hf_prompts_close(p->prompts);
    gpu_engine_free(p->engine);
    p->prompts = NULL;
    p->engine = NULL;
}

static void hf_cuda_close(void *self)
{
    hf_cuda_unload(self);
    free(self);
}

/* ---------------------------------------------------------------- descriptor */

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities = CTXMARK_CAN_TOKENS | CTXMARK_CAN_TEXT | CTXMARK_CAN_LOGITS | CTXMARK_CAN_EXACT,
    .probe = hf_cuda_probe,
    .open = hf_cuda_open,
    .estimate = hf_cuda_estimate,
    .load = hf_cuda_load,
    .limits = hf_cuda_limits,
    .describe = hf_cuda_describe,
    .prepare = hf_cuda_prepare,
    .run = hf_cuda_run,
    .unload = hf_cuda_unload,
    .close = hf_cuda_close,
};

static const char *const aliases[] = {"transformers-gpu", NULL};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_BACKEND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "hf_fp16_cuda",
    .version = "0.1.0",
    .summary =
        "Hugging Face checkpoints (Llama, Mistral, Qwen2, Qwen3) on an NVIDIA GPU in float16",
    .license = "MIT",
    .aliases = aliases,
    .options = options,
    .model_keys = model_keys,
    .metrics = metrics,
    .option_count = COUNT(options),
    .model_key_count = COUNT(model_keys),
    .metric_count = COUNT(metrics),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
