/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* hf_cpu: Hugging Face checkpoints on the CPU.  The engine is in engine.h; here is how ctxmark
 * drives it. */

#include "config.h"

#include "plugins/hf_cpu/plugin.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/contract.h"
#include "plugins/hf_common/lengths.h"
#include "plugins/hf_cpu/kernels/kernels.h"
#include "plugins/hf_cpu/memory.h"

int32_t hf_cpu_status(enum cpu_status s)
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

int32_t hf_cpu_report(const struct hf_cpu *p, enum cpu_status s, const struct hf_err *e)
{
    return s == CPU_OK ? CTXMARK_OK : p->host->fail(p->host, hf_cpu_status(s), e->text);
}

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
    int32_t status = hf_cpu_check_keys(p->host);
    if (status != CTXMARK_OK)
        return status;
    struct cpu_engine_options o = hf_cpu_engine_options(p->host);
    if (hf_config_load(o.path, &c, &e) != 0)
        return p->host->fail(p->host, CTXMARK_INVALID, e.text);
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
    int32_t status = hf_cpu_check_keys(h);
    if (status != CTXMARK_OK)
        return status;
    const struct hf_contract_weights weights = hf_contract_weights(h);
    struct cpu_engine_options o = hf_cpu_engine_options(h);
    p->options = o;
    enum cpu_status s = cpu_engine_load(&o, &p->engine, &e);
    if (s == CPU_OK &&
        hf_contract_prompts(h, cpu_engine_config(p->engine), &weights, &p->prompts, &e) != 0)
        s = CPU_ERROR;
    if (s == CPU_OK)
        hf_cpu_check_dtype(p);
    return hf_cpu_report(p, s, &e);
}

static int32_t hf_cpu_prepare(void *self, const struct ctxmark_cell *cell)
{
    struct hf_cpu *p = self;
    if (cell->concurrency > 1)
        return p->host->fail(p->host, CTXMARK_UNSUPPORTED, "hf_cpu runs one request at a time");
    struct hf_err warning;
    if (hf_length_is_beyond(cpu_engine_config(p->engine), cell->context_length,
                            cell->max_new_tokens, &warning))
        p->host->log(p->host, CTXMARK_LOG_WARNING, warning.text);
    return hf_cpu_make_room(p, cell->context_length, cell->max_new_tokens);
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
    .summary = "Hugging Face checkpoints (Llama, Mistral, Qwen) on the CPU, weights as they are, "
               "float32 arithmetic",
    .license = "MIT",
    .options = hf_cpu_options,
    .model_keys = hf_cpu_model_keys,
    .metrics = hf_cpu_metrics,
    .option_count = HF_CPU_OPTIONS,
    .model_key_count = HF_CPU_MODEL_KEYS,
    .metric_count = HF_CPU_METRICS,
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
