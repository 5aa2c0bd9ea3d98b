/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a config may say to hf_cpu, and what the engine makes of it. */

#include "config.h"

#include "plugins/hf_cpu/plugin.h"

#include <string.h>

#include "plugins/hf_common/contract.h"
#include "plugins/hf_cpu/pool.h"

static const char *const instruction_choices[] = {"auto",   "generic",    "avx2",
                                                  "avx512", "avx512bf16", NULL};
static const char *const attention_choices[] = {"flash", "eager", NULL};
static const char *const logits_choices[] = {"last", "all", NULL};
static const char *const kv_choices[] = {"fp16", "fp32", NULL};
static const char *const weights_choices[] = {"file", "random", NULL};
static const char *const frequency_choices[] = {"float32", "float16", NULL};

const struct ctxmark_option hf_cpu_options[HF_CPU_OPTIONS] = {
    {"threads", CTXMARK_TYPE_INT, 0, "0", 0, CPU_THREADS_MAX, NULL, NULL,
     "threads to compute with; 0: one for each processor"},
    {"instructions", CTXMARK_TYPE_CHOICE, 0, "auto", 0, 0, instruction_choices, NULL,
     "instruction set of the vector code; auto: the best that the processor has (avx512bf16 "
     "multiplies prompts with bfloat16 weights in bfloat16)"},
    {"pin", CTXMARK_TYPE_BOOL, 0, "no", 0, 0, NULL, NULL,
     "keep each thread on a processor of its own"},
    {"attention", CTXMARK_TYPE_CHOICE, 0, "flash", 0, 0, attention_choices, NULL,
     "flash: memory linear in the context; eager: the scores of a prompt, heads x n x n, are in "
     "memory, as with transformers' eager attention"},
    {"logits", CTXMARK_TYPE_CHOICE, 0, "last", 0, 0, logits_choices, NULL,
     "last: of a prompt's last token; all: of all its tokens, n x vocabulary float32 in memory"},
    {"kv", CTXMARK_TYPE_CHOICE, 0, "fp16", 0, 0, kv_choices, NULL,
     "type of the KV cache: fp16 as on a GPU, half the bytes to read for each token; fp32 to "
     "compare arithmetic"},
};

const struct ctxmark_option hf_cpu_model_keys[HF_CPU_MODEL_KEYS] = {
    {"path", CTXMARK_TYPE_PATH, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL,
     "a checkpoint's folder (config.json and model.safetensors), its folder in Hugging Face's "
     "cache, or a config.json for random weights"},
    {"weights", CTXMARK_TYPE_CHOICE, 0, "file", 0, 0, weights_choices, NULL,
     "file: the checkpoint's; random: drawn from the run's seed, for the shape alone"},
    {"weights_seed", CTXMARK_TYPE_INT, 0, "42", 0, 9e15, NULL, NULL, "seed of random weights"},
    {"dtype", CTXMARK_TYPE_TEXT, 0, "auto", 0, 0, NULL, NULL,
     "type of the weights: auto, fp16, bf16 or fp32; they stay as the checkpoint has them, and a "
     "warning says where that is another"},
    {"rope_frequencies", CTXMARK_TYPE_CHOICE, 0, "float32", 0, 0, frequency_choices, NULL,
     "float16: round the rotary frequencies as a model has them that was cast by model.half()"},
};

static const char *model_text(const struct ctxmark_host *h, const char *key, const char *otherwise)
{
    return hf_contract_text(h, CTXMARK_SCOPE_MODEL, key, otherwise);
}

/* The names of each type, as configs have them. */
static const struct {
    const char *name;
    enum hf_dtype dtype;
} dtypes[] = {
    {"fp16", HF_F16}, {"float16", HF_F16}, {"half", HF_F16},
    {"f16", HF_F16},  {"bf16", HF_BF16},   {"bfloat16", HF_BF16},
    {"fp32", HF_F32}, {"float32", HF_F32}, {"f32", HF_F32},
};

/* The type that the model's dtype names; -1: none in particular, -2: there is no such type. */
static int asked_dtype(const struct ctxmark_host *h)
{
    const char *dtype = model_text(h, "dtype", "auto");
    if (strcmp(dtype, "auto") == 0)
        return -1;
    for (size_t i = 0; i < COUNT(dtypes); i++)
        if (strcmp(dtype, dtypes[i].name) == 0)
            return (int)dtypes[i].dtype;
    return -2;
}

int32_t hf_cpu_check_keys(const struct ctxmark_host *h)
{
    if (!h->option_text(h, CTXMARK_SCOPE_MODEL, "path", 0))
        return h->fail(h, CTXMARK_INVALID, "the model has no path");
    if (asked_dtype(h) != -2)
        return CTXMARK_OK;
    return ctxmark_failf(h, CTXMARK_INVALID,
                         "dtype %s is not supported by hf_cpu, only auto, fp16, bf16 and fp32",
                         model_text(h, "dtype", ""));
}

void hf_cpu_check_dtype(const struct hf_cpu *p)
{
    int asked = asked_dtype(p->host);
    enum hf_dtype found = cpu_engine_weight_type(p->engine);
    if (asked >= 0 && asked != (int)found)
        ctxmark_logf(p->host, CTXMARK_LOG_WARNING,
                     "the weights are %s and stay so: hf_cpu does not convert them to the dtype "
                     "%s that the model asks for",
                     hf_dtype_name(found), model_text(p->host, "dtype", ""));
}

static bool option_is(const struct ctxmark_host *h, const char *name, const char *value)
{
    const char *text = h->option_text(h, CTXMARK_SCOPE_PLUGIN, name, 0);
    return text && strcmp(text, value) == 0;
}

struct cpu_engine_options hf_cpu_engine_options(const struct ctxmark_host *h)
{
    const struct hf_contract_weights w = hf_contract_weights(h);
    return (struct cpu_engine_options){
        .path = w.path,
        .random = w.random,
        .seed = w.seed,
        .rope_half = w.rope_half,
        .threads = (int)h->option_int(h, CTXMARK_SCOPE_PLUGIN, "threads", 0, 0),
        .pin = h->option_int(h, CTXMARK_SCOPE_PLUGIN, "pin", 0, 0) != 0,
        .attention = option_is(h, "attention", "eager") ? CPU_EAGER : CPU_FLASH,
        .logits_all = option_is(h, "logits", "all"),
        .kv = option_is(h, "kv", "fp32") ? HF_F32 : HF_F16,
        .instructions = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "instructions", 0),
        .cancelled = hf_contract_cancelled,
        .cancelled_arg = (void *)(uintptr_t)h,
    };
}
