/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The parts of the plugin around the engine. */

#ifndef HF_FP16_CUDA_PLUGIN_H
#define HF_FP16_CUDA_PLUGIN_H

#include <ctxmark/plugin.h>

#include "plugins/hf_common/contract.h"
#include "plugins/hf_common/prompts.h"
#include "plugins/hf_fp16_cuda/engine.h"

#define HF_CUDA_TYPICAL_PROCESSORS 128 /* for an estimate without a device */

enum hf_cuda_metric {
    METRIC_WEIGHTS,
    METRIC_KV,
    METRIC_ACTIVATIONS,
    METRIC_SCORES,
    METRIC_LOGITS,
    METRIC_WORKSPACE,
    METRIC_LOAD,
    METRIC_PREFILL,
    METRIC_DECODE,
    HF_CUDA_METRICS
};

struct hf_cuda {
    const struct ctxmark_host *host;
    struct gpu_engine *engine;  /* NULL: no model loaded */
    struct hf_prompts *prompts; /* of that model */
    struct gpu_engine_options options;
};

/* The host's status for the engine's, with its words. */
int32_t hf_cuda_report(const struct hf_cuda *p, enum gpu_status s, const struct hf_err *e);

int32_t hf_cuda_run(void *self, const struct ctxmark_request *request,
                    const struct ctxmark_emit *emit);

void hf_cuda_describe_device(const struct hf_cuda *p, const struct gpu_engine_limits *limits);
void hf_cuda_describe_model(const struct hf_cuda *p);

#endif
