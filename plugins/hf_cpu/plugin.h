/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The plugin's parts among themselves: plugin.c is its life, options.c what its user may set,
 * describe.c the facts it gives, request.c one request. */

#ifndef HF_CPU_PLUGIN_H
#define HF_CPU_PLUGIN_H

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

#include "plugins/hf_common/contract.h"
#include "plugins/hf_common/prompts.h"
#include "plugins/hf_cpu/engine.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

struct hf_cpu {
    const struct ctxmark_host *host;
    struct cpu_engine *engine;         /* NULL: no model loaded */
    struct cpu_engine_options options; /* it was loaded with */
    struct hf_prompts *prompts;        /* of that model */
};

#define HF_CPU_OPTIONS 6
#define HF_CPU_MODEL_KEYS 5
#define HF_CPU_METRICS 7

extern const struct ctxmark_option hf_cpu_options[HF_CPU_OPTIONS];
extern const struct ctxmark_option hf_cpu_model_keys[HF_CPU_MODEL_KEYS];
extern const struct ctxmark_metric hf_cpu_metrics[HF_CPU_METRICS];

/* CTXMARK_OK, or what is wrong with the model's keys. */
int32_t hf_cpu_check_keys(const struct ctxmark_host *h);
/* The engine's options from the plugin's and the model's. */
struct cpu_engine_options hf_cpu_engine_options(const struct ctxmark_host *h);
/* A warning where the model's dtype is not that of the weights. */
void hf_cpu_check_dtype(const struct hf_cpu *p);

int32_t hf_cpu_limits(void *self);
int32_t hf_cpu_describe(void *self);

/* Room for the prompt and all new tokens. */
int32_t hf_cpu_make_room(struct hf_cpu *p, int64_t prompt, int64_t new_tokens);
int32_t hf_cpu_run(void *self, const struct ctxmark_request *q, const struct ctxmark_emit *emit);

/* The contract's words for an engine's status; the second also gives the reason. */
int32_t hf_cpu_status(enum cpu_status s);
int32_t hf_cpu_report(const struct hf_cpu *p, enum cpu_status s, const struct hf_err *e);

#endif
