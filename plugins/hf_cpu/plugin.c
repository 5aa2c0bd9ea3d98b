/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* hf_cpu: Hugging Face checkpoints on the CPU.  The engine is in engine.h; here is how ctxmark
 * drives it. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

#include "plugins/hf_common/prompts.h"
#include "plugins/hf_cpu/engine.h"
#include "plugins/hf_cpu/kernels/kernels.h"
#include "plugins/hf_cpu/memory.h"
#include "plugins/hf_cpu/pool.h"

/* ---------------------------------------------------------------- options */

static const char *const instruction_choices[] = {"auto",   "generic",    "avx2",
                                                  "avx512", "avx512bf16", NULL};
static const char *const attention_choices[] = {"flash", "eager", NULL};
static const char *const logits_choices[] = {"last", "all", NULL};
static const char *const kv_choices[] = {"fp16", "fp32", NULL};
static const char *const weights_choices[] = {"file", "random", NULL};
static const char *const frequency_choices[] = {"float32", "float16", NULL};

static const struct ctxmark_option options[] = {
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

static const struct ctxmark_option model_keys[] = {
    {"path", CTXMARK_TYPE_PATH, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL,
     "a checkpoint's folder (config.json and model.safetensors), its folder in Hugging Face's "
     "cache, or a config.json for random weights"},
    {"weights", CTXMARK_TYPE_CHOICE, 0, "file", 0, 0, weights_choices, NULL,
     "file: the checkpoint's; random: drawn from the run's seed, for the shape alone"},
    {"weights_seed", CTXMARK_TYPE_INT, 0, "42", 0, 9e15, NULL, NULL, "seed of random weights"},
    {"dtype", CTXMARK_TYPE_TEXT, 0, "fp16", 0, 0, NULL, NULL,
     "type of the weights in memory: fp16 (float16, half) is the only one"},
    {"rope_frequencies", CTXMARK_TYPE_CHOICE, 0, "float32", 0, 0, frequency_choices, NULL,
     "float16: round the rotary frequencies as a model has them that was cast by model.half()"},
};

enum { METRIC_WEIGHTS, METRIC_KV, METRIC_SCORES, METRIC_LOGITS, METRIC_ACTIVATIONS };

static const struct ctxmark_metric metrics[] = {
    {"weights_bytes", "bytes", "memory of the weights, mapped files included"},
    {"kv_bytes", "bytes", "memory of the KV cache"},
    {"scores_bytes", "bytes", "memory of the scores of eager attention"},
    {"logits_bytes", "bytes", "memory of the logits of all tokens of a prompt"},
    {"activations_bytes", "bytes", "memory of activations, a row of logits and threads' own"},
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---------------------------------------------------------------- state */

struct hf_cpu {
    const struct ctxmark_host *host;
    struct cpu_engine *engine;         /* NULL: no model loaded */
    struct cpu_engine_options options; /* it was loaded with */
    struct hf_prompts *prompts;        /* of that model */
};

/* One request while it runs. */
struct request_run {
    const struct ctxmark_request *request;
    const struct ctxmark_emit *emit;
    const struct hf_prompts *prompts;
    int32_t *prompt;
    int64_t prompt_tokens;
    int64_t generated;
};

/* ---------------------------------------------------------------- helpers */

static int32_t status_of(enum cpu_status s)
{
    static const int32_t map[] = {
        [CPU_OK] = CTXMARK_OK,
        [CPU_ERROR] = CTXMARK_ERROR,
        [CPU_INVALID] = CTXMARK_INVALID,
        [CPU_OOM] = CTXMARK_OOM,
        [CPU_CANCELLED] = CTXMARK_CANCELLED,
    };
    return map[s];
}

static int32_t report(const struct hf_cpu *p, enum cpu_status s, const struct hf_err *e)
{
    return s == CPU_OK ? CTXMARK_OK : p->host->fail(p->host, status_of(s), e->text);
}

static int engine_cancelled(void *arg)
{
    const struct ctxmark_host *h = arg;
    return h->cancelled(h) != 0;
}

static const char *model_text(const struct ctxmark_host *h, const char *key, const char *otherwise)
{
    const char *text = h->option_text(h, CTXMARK_SCOPE_MODEL, key, 0);
    return text ? text : otherwise;
}

static int32_t check_model_keys(const struct ctxmark_host *h)
{
    static const char *const names[] = {"fp16", "float16", "half", "f16"};
    const char *dtype = model_text(h, "dtype", "fp16");
    if (!h->option_text(h, CTXMARK_SCOPE_MODEL, "path", 0))
        return h->fail(h, CTXMARK_INVALID, "the model has no path");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(dtype, names[i]) == 0)
            return CTXMARK_OK;
    return ctxmark_failf(h, CTXMARK_INVALID, "dtype %s is not supported by hf_cpu, only fp16",
                         dtype);
}

static bool option_is(const struct ctxmark_host *h, const char *name, const char *value)
{
    const char *text = h->option_text(h, CTXMARK_SCOPE_PLUGIN, name, 0);
    return text && strcmp(text, value) == 0;
}

static struct cpu_engine_options engine_options(const struct ctxmark_host *h)
{
    return (struct cpu_engine_options){
        .path = model_text(h, "path", ""),
        .random = strcmp(model_text(h, "weights", "file"), "random") == 0,
        .seed = (uint64_t)h->option_int(h, CTXMARK_SCOPE_MODEL, "weights_seed", 0, 42),
        .rope_half = strcmp(model_text(h, "rope_frequencies", "float32"), "float16") == 0,
        .threads = (int)h->option_int(h, CTXMARK_SCOPE_PLUGIN, "threads", 0, 0),
        .pin = h->option_int(h, CTXMARK_SCOPE_PLUGIN, "pin", 0, 0) != 0,
        .attention = option_is(h, "attention", "eager") ? CPU_EAGER : CPU_FLASH,
        .logits_all = option_is(h, "logits", "all"),
        .kv = option_is(h, "kv", "fp32") ? HF_F32 : HF_F16,
        .instructions = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "instructions", 0),
        .cancelled = engine_cancelled,
        .cancelled_arg = (void *)(uintptr_t)h,
    };
}

/* ---------------------------------------------------------------- callbacks */

static int32_t hf_cpu_probe(const struct ctxmark_host *h)
{
    const char *name = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "instructions", 0);
    if (cpu_kernels_select(name))
        return CTXMARK_OK;
    return ctxmark_failf(h, CTXMARK_UNAVAILABLE,
                         "this processor has not got the instruction set %s; its best is %s", name,
                         cpu_kernels_select(NULL)->name);
}

static int32_t hf_cpu_open(const struct ctxmark_host *h, void **ret_self)
{
    struct hf_cpu *p = calloc(1, sizeof *p);
    if (!p)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    p->host = h;
    *ret_self = p;
    return CTXMARK_OK;
}

static int32_t hf_cpu_estimate(void *self, const struct ctxmark_model *model,
                               const struct ctxmark_cell *cell,
                               struct ctxmark_estimate *ret_estimate)
{
    (void)model;
    const struct hf_cpu *p = self;
    struct hf_config c;
    struct hf_err e;
    int32_t status = check_model_keys(p->host);
    if (status != CTXMARK_OK)
        return status;
    if (hf_config_load(model_text(p->host, "path", ""), &c, &e) != 0)
        return p->host->fail(p->host, CTXMARK_INVALID, e.text);
    struct cpu_engine_options o = engine_options(p->host);
    struct cpu_engine_memory m = cpu_engine_memory_for(&c, &o, cell->context_length,
                                                       cell->context_length + cell->max_new_tokens);
    ret_estimate->peak_bytes = cpu_engine_memory_sum(&m);
    ret_estimate->limit_bytes = cpu_memory_available();
    return CTXMARK_OK;
}

static int32_t hf_cpu_load(void *self, const struct ctxmark_model *model)
{
    struct hf_cpu *p = self;
    const struct ctxmark_host *h = p->host;
    struct hf_err e;
    if (model->max_concurrency > 1)
        return h->fail(h, CTXMARK_UNSUPPORTED, "hf_cpu runs one request at a time");
    int32_t status = check_model_keys(h);
    if (status != CTXMARK_OK)
        return status;
    struct cpu_engine_options o = engine_options(h);
    p->options = o;
    enum cpu_status s = cpu_engine_load(&o, &p->engine, &e);
    if (s == CPU_OK && hf_prompts_open(cpu_engine_config(p->engine), o.path, &p->prompts, &e) != 0)
        s = CPU_ERROR;
    if (s == CPU_OK && hf_prompts_lack(p->prompts))
        ctxmark_logf(h, o.random ? CTXMARK_LOG_DEBUG : CTXMARK_LOG_INFO,
                     "prompts are seeded token ids, since there is no tokenizer: %s",
                     hf_prompts_lack(p->prompts));
    return report(p, s, &e);
}

static int32_t hf_cpu_limits(void *self)
{
    struct hf_cpu *p = self;
    struct hf_err e;
    double flops, bytes;
    enum cpu_status s = cpu_engine_measure(p->engine, &flops, &bytes, &e);
    if (s != CPU_OK)
        return report(p, s, &e);
    ctxmark_fact_number(p->host, "matrix_flops", flops, "FLOP/s", "measured");
    ctxmark_fact_number(p->host, "read_bytes_s", bytes, "B/s", "measured");
    ctxmark_fact_number(p->host, "memory_bytes", (double)cpu_memory_limit(), "B", "measured");
    ctxmark_fact_number(p->host, "threads", cpu_engine_threads(p->engine), "", "user");
    ctxmark_fact_text(p->host, "instruction_set", cpu_engine_instructions(p->engine), "measured");
    return CTXMARK_OK;
}

static void describe_shape(const struct ctxmark_host *h, const struct hf_config *c)
{
    int64_t without, all = hf_config_parameters(c, &without);
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        {"layers", (double)c->layers},
        {"hidden_size", (double)c->hidden_size},
        {"heads", (double)c->heads},
        {"kv_heads", (double)c->kv_heads},
        {"head_size", (double)c->head_dim},
        {"intermediate_size", (double)c->intermediate_size},
        {"vocabulary", (double)c->vocab_size},
        {"parameters", (double)all},
        {"parameters_without_embeddings", (double)without},
        {"max_position_embeddings", (double)c->max_positions},
        {"rope_theta", c->rope_theta},
        {"window", (double)c->sliding_window},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ctxmark_fact_number(h, numbers[i].key, numbers[i].value, "", "model");
    ctxmark_fact_text(h, "architecture", c->model_type, "model");
    ctxmark_fact_text(h, "rope_scaling", c->rope == HF_ROPE_LLAMA3 ? "llama3" : "default", "model");
    ctxmark_fact_text(h, "tied_embeddings", c->tied ? "yes" : "no", "model");
}

static int32_t hf_cpu_describe(void *self)
{
    const struct hf_cpu *p = self;
    const struct ctxmark_host *h = p->host;
    describe_shape(h, cpu_engine_config(p->engine));
    ctxmark_fact_number(h, "weight_bytes_per_element", 2.0, "B", "core");
    ctxmark_fact_number(h, "kv_bytes_per_element", (double)hf_dtype_bytes(p->options.kv), "B",
                        "core");
    ctxmark_fact_text(h, "attention", p->options.attention == CPU_EAGER ? "eager" : "flash",
                      "core");
    ctxmark_fact_text(h, "logits", p->options.logits_all ? "all" : "last", "core");
    ctxmark_fact_text(h, "quantisation", "none", "core");
    ctxmark_fact_text(h, "arithmetic", cpu_engine_arithmetic(p->engine), "core");
    ctxmark_fact_text(h, "weights", p->options.random ? "random" : "file", "user");
    ctxmark_fact_text(h, "prompts", hf_prompts_lack(p->prompts) ? "seeded ids" : "text", "core");
    return CTXMARK_OK;
}

/* Room for the prompt and all new tokens. */
static int32_t prepare_positions(struct hf_cpu *p, int64_t prompt, int64_t new_tokens)
{
    struct hf_err e;
    if (hf_config_check_length(cpu_engine_config(p->engine), prompt, new_tokens, &e) != 0)
        return p->host->fail(p->host, CTXMARK_INVALID, e.text);
    return report(p, cpu_engine_prepare(p->engine, prompt, prompt + new_tokens, &e), &e);
}

static int32_t hf_cpu_prepare(void *self, const struct ctxmark_cell *cell)
{
    struct hf_cpu *p = self;
    if (cell->concurrency > 1)
        return p->host->fail(p->host, CTXMARK_UNSUPPORTED, "hf_cpu runs one request at a time");
    return prepare_positions(p, cell->context_length, cell->max_new_tokens);
}

static void emit_logits(void *arg, int64_t position, const float *logits)
{
    const struct request_run *r = ((void **)arg)[0];
    const struct cpu_engine *g = ((void **)arg)[1];
    r->emit->logits(r->emit, 0, position, logits, (uint64_t)cpu_engine_config(g)->vocab_size);
}

static bool position_asked(const struct ctxmark_request *q, int64_t position)
{
    for (uint64_t i = 0; i < q->logit_position_count; i++)
        if (q->logit_positions[i] == position)
            return true;
    return false;
}

/* One token more: adds `token`, and gives its logits where they are asked for. */
static enum cpu_status run_step(struct hf_cpu *p, struct request_run *r, int32_t token,
                                struct hf_err *e)
{
    void *sink_arg[] = {r, p->engine};
    int64_t position = r->prompt_tokens + r->generated - 1;
    enum cpu_status s = cpu_engine_decode(p->engine, token, e);
    if (s == CPU_OK && position_asked(r->request, position))
        emit_logits(sink_arg, position, cpu_engine_logits(p->engine));
    return s;
}

static void run_give_token(struct request_run *r, int32_t token)
{
    size_t length = 0;
    const char *text = hf_prompts_text(r->prompts, token, &length);
    r->generated++;
    r->emit->tokens(r->emit, 0, 1, &token, text, length);
}

/* The timed part, and after its end the logits of the last token if they are wanted. */
static enum cpu_status run_timed(struct hf_cpu *p, struct request_run *r, struct hf_err *e)
{
    const struct ctxmark_request *q = r->request;
    void *sink_arg[] = {r, p->engine};
    cpu_engine_reset(p->engine);
    r->emit->start(r->emit, 0);
    enum cpu_status s =
        cpu_engine_prefill(p->engine, r->prompt, r->prompt_tokens, q->logit_positions,
                           q->logit_position_count, emit_logits, sink_arg, e);
    if (s != CPU_OK)
        return s;
    int32_t token = cpu_engine_argmax(p->engine);
    run_give_token(r, token);
    while (r->generated < q->max_new_tokens) {
        s = run_step(p, r, token, e);
        if (s != CPU_OK)
            return s;
        token = cpu_engine_argmax(p->engine);
        run_give_token(r, token);
    }
    r->emit->end(r->emit, 0);
    if (position_asked(q, r->prompt_tokens + q->max_new_tokens - 1))
        s = run_step(p, r, token, e);
    return s;
}

static int32_t run_check(const struct hf_cpu *p, const struct request_run *r)
{
    const struct ctxmark_host *h = p->host;
    const struct ctxmark_request *q = r->request;
    int64_t positions = r->prompt_tokens + q->max_new_tokens;
    if (q->concurrency > 1)
        return h->fail(h, CTXMARK_UNSUPPORTED, "hf_cpu runs one request at a time");
    for (uint64_t i = 0; i < q->logit_position_count; i++)
        if (q->logit_positions[i] < 0 || q->logit_positions[i] >= positions)
            return ctxmark_failf(h, CTXMARK_INVALID,
                                 "logits are asked for at position %lld of a sequence of %lld",
                                 (long long)q->logit_positions[i], (long long)positions);
    return CTXMARK_OK;
}

static void run_report(const struct hf_cpu *p, const struct request_run *r, int32_t status,
                       const char *error)
{
    struct cpu_engine_memory m = cpu_engine_memory(p->engine);
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    result.status = status;
    result.error = status == CTXMARK_OK ? NULL : error;
    result.prompt_tokens = r->prompt_tokens;
    result.cached_tokens = 0;
    result.generated_tokens = r->generated;
    result.peak_memory_bytes = cpu_engine_memory_sum(&m);
    result.memory_limit_bytes = cpu_memory_limit();
    r->emit->metric(r->emit, 0, METRIC_WEIGHTS, (double)m.weights);
    r->emit->metric(r->emit, 0, METRIC_KV, (double)m.kv);
    r->emit->metric(r->emit, 0, METRIC_SCORES, (double)m.scores);
    r->emit->metric(r->emit, 0, METRIC_LOGITS, (double)m.logits);
    r->emit->metric(r->emit, 0, METRIC_ACTIVATIONS, (double)m.scratch);
    r->emit->result(r->emit, &result);
}

static int32_t hf_cpu_run(void *self, const struct ctxmark_request *q,
                          const struct ctxmark_emit *emit)
{
    struct hf_cpu *p = self;
    struct hf_err e = {""};
    struct request_run r = {.request = q, .emit = emit, .prompts = p->prompts};
    if (hf_prompts_make(p->prompts, q, 0, &r.prompt, &r.prompt_tokens, &e) != 0)
        return p->host->fail(
            p->host, q->text && hf_prompts_lack(p->prompts) ? CTXMARK_UNSUPPORTED : CTXMARK_INVALID,
            e.text);
    int32_t status = run_check(p, &r);
    if (status == CTXMARK_OK)
        status = prepare_positions(p, r.prompt_tokens, q->max_new_tokens);
    if (status != CTXMARK_OK) {
        free(r.prompt);
        return status;
    }
    enum cpu_status s = run_timed(p, &r, &e);
    free(r.prompt);
    run_report(p, &r, status_of(s), e.text);
    return report(p, s, &e);
}

static void hf_cpu_unload(void *self)
{
    struct hf_cpu *p = self;
    hf_prompts_close(p->prompts);
    cpu_engine_free(p->engine);
    p->prompts = NULL;
    p->engine = NULL;
}

static void hf_cpu_close(void *self)
{
    hf_cpu_unload(self);
    free(self);
}

/* ---------------------------------------------------------------- descriptor */

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities = CTXMARK_CAN_TOKENS | CTXMARK_CAN_TEXT | CTXMARK_CAN_LOGITS | CTXMARK_CAN_EXACT,
    .probe = hf_cpu_probe,
    .open = hf_cpu_open,
    .estimate = hf_cpu_estimate,
    .load = hf_cpu_load,
    .limits = hf_cpu_limits,
    .describe = hf_cpu_describe,
    .prepare = hf_cpu_prepare,
    .run = hf_cpu_run,
    .unload = hf_cpu_unload,
    .close = hf_cpu_close,
};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_BACKEND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "hf_cpu",
    .version = "0.1.0",
    .summary = "Hugging Face checkpoints (Qwen2, Llama) on the CPU, float16 weights, float32 "
               "arithmetic",
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
