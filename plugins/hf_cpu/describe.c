/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Facts: what the machine can do, and what the model is. */

#include "config.h"

#include "plugins/hf_cpu/memory.h"
#include "plugins/hf_cpu/plugin.h"

int32_t hf_cpu_limits(void *self)
{
    struct hf_cpu *p = self;
    struct hf_err e;
    double flops, bytes;
    enum cpu_status s = cpu_engine_measure(p->engine, &flops, &bytes, &e);
    if (s != CPU_OK)
        return hf_cpu_report(p, s, &e);
    ctxmark_fact_number(p->host, "matrix_flops", flops, "FLOP/s", "measured");
    ctxmark_fact_number(p->host, "read_bytes_s", bytes, "B/s", "measured");
    ctxmark_fact_number(p->host, "memory_bytes", (double)cpu_memory_limit(), "B", "measured");
    ctxmark_fact_number(p->host, "threads", cpu_engine_threads(p->engine), "", "user");
    ctxmark_fact_text(p->host, "instruction_set", cpu_engine_instructions(p->engine), "measured");
    return CTXMARK_OK;
}

int32_t hf_cpu_describe(void *self)
{
    const struct hf_cpu *p = self;
    const struct ctxmark_host *h = p->host;
    const struct hf_config *c = cpu_engine_config(p->engine);
    int64_t without, parameters = hf_config_parameters(c, &without);
    hf_contract_shape(h, c);
    ctxmark_fact_number(h, "weight_bytes_per_element",
                        (double)cpu_engine_memory(p->engine).weights / (double)parameters, "B",
                        "core");
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
