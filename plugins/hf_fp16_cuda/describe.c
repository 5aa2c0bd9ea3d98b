/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Facts about the device and the model. */

#include "config.h"

#include <stdio.h>

#include <ctxmark/util.h>

#include "plugins/hf_fp16_cuda/plugin.h"

static void describe_versions(const struct ctxmark_host *h, const struct hf_cuda *p)
{
    const struct gpu_driver *d = gpu_engine_driver(p->engine);
    int blas = gpu_engine_blas_version(p->engine);
    char text[64];
    ctxmark_fact_text(h, "device", d->name, "measured");
    snprintf(text, sizeof text, "%d.%d", d->major, d->minor);
    ctxmark_fact_text(h, "compute_capability", text, "measured");
    snprintf(text, sizeof text, "%d.%d", d->version / 1000, d->version % 1000 / 10);
    ctxmark_fact_text(h, "cuda_driver", text, "measured");
    snprintf(text, sizeof text, "%d.%d.%d", blas / 10000, blas % 10000 / 100, blas % 100);
    ctxmark_fact_text(h, "cublas", text, "measured");
    ctxmark_fact_number(h, "multiprocessors", d->processors, "", "measured");
}

void hf_cuda_describe_device(const struct hf_cuda *p, const struct gpu_engine_limits *limits)
{
    const struct ctxmark_host *h = p->host;
    const struct gpu_memory *m = gpu_engine_memory(p->engine);
    ctxmark_fact_number(h, "matrix_flops", limits->flops, "FLOP/s", "measured");
    ctxmark_fact_number(h, "read_bytes_s", limits->read_bytes, "B/s", "measured");
    ctxmark_fact_number(h, "host_to_device_bytes_s", limits->host_to_device_bytes, "B/s",
                        "measured");
    ctxmark_fact_number(h, "memory_bytes", (double)gpu_memory_limit(m), "B",
                        m->budget > 0 ? "user" : "measured");
    describe_versions(h, p);
}

static void describe_emulation(const struct ctxmark_host *h, const struct gpu_engine_options *o)
{
    char text[256];
    if (o->budget == 0)
        return;
    snprintf(text, sizeof text, "Emulated: a card of %llu MiB (vram_budget_mib)%s",
             (unsigned long long)(o->budget >> 20),
             o->spill == GPU_SPILL_HOST
                 ? "; its spill is emulated too: what does not fit lies in the host's pinned "
                   "memory, which the GPU reads over the bus."
             : o->spill == GPU_SPILL_MANAGED ? "; what does not fit is left to the driver's paging."
                                             : "; what does not fit fails.");
    ctxmark_fact_text(h, "emulation", text, "user");
}

void hf_cuda_describe_model(const struct hf_cuda *p)
{
    static const char *const attention[] = {"flash", "eager", "math"};
    static const char *const spill[] = {"none", "host", "managed"};
    const struct ctxmark_host *h = p->host;
    hf_contract_shape(h, gpu_engine_config(p->engine));
    ctxmark_fact_number(h, "weight_bytes_per_element", 2.0, "B", "core");
    ctxmark_fact_number(h, "kv_bytes_per_element", 2.0, "B", "core");
    ctxmark_fact_text(h, "attention", attention[p->options.attention], "user");
    ctxmark_fact_text(h, "logits", p->options.all_logits ? "all" : "last", "user");
    ctxmark_fact_text(h, "quantisation", "none", "core");
    ctxmark_fact_text(h, "arithmetic", "fp16, sums in fp32", "core");
    ctxmark_fact_text(h, "weights", p->options.random ? "random" : "file", "user");
    ctxmark_fact_text(h, "prompts", hf_prompts_lack(p->prompts) ? "seeded ids" : "text", "core");
    ctxmark_fact_text(h, "spill", spill[p->options.spill], "user");
    describe_emulation(h, &p->options);
}
