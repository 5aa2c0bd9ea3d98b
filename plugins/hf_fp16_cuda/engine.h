/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A decoder-only transformer on an NVIDIA GPU: float16 weights, activations and KV cache, sums in
 * float32.
 *
 * load -> (prepare -> (start -> prefill -> decode*)*)* -> free.  One sequence at a time, from one
 * thread.  Knows nothing of ctxmark's core. */

#ifndef HF_FP16_CUDA_ENGINE_H
#define HF_FP16_CUDA_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/hf_common/model_config.h"
#include "plugins/hf_fp16_cuda/driver.h"
#include "plugins/hf_fp16_cuda/memory.h"
#include "plugins/hf_fp16_cuda/plan.h"

struct gpu_engine;

struct gpu_engine_options {
    int device;       /* number of the GPU, from 0 */
    const char *path; /* a checkpoint's folder, or a config.json */
    bool random;      /* random weights for that config, none read */
    uint64_t seed;    /* of random weights */
    bool rope_half;   /* rotary frequencies rounded to float16: see hf_common/model_config.h */
    enum gpu_attention_mode attention;
    bool all_logits; /* of every prompt position, as programs do that return them; else of the last
                      */
    uint64_t budget; /* bytes of the device to use at most; 0: all */
    enum gpu_spill spill;
    int (*cancelled)(void *arg); /* asked several times a second; NULL: never */
    void *cancelled_arg;
};

/* Can it work on this machine?  GPU_OK, or GPU_UNAVAILABLE with the reason. */
enum gpu_status gpu_engine_probe(int device, struct hf_err *e);

/* Bytes that a loaded engine holds for this model, before any context. */
uint64_t gpu_engine_fixed_bytes(const struct hf_config *c);

enum gpu_status gpu_engine_load(const struct gpu_engine_options *o, struct gpu_engine **ret_engine,
                                struct hf_err *e);
void gpu_engine_free(struct gpu_engine *g);

/* Memory for a prompt and the new tokens, exactly; nothing is allocated after it.  Positions beyond
 * the model's max_position_embeddings are computed like all others, as transformers does.  After
 * GPU_OOM the engine holds the weights alone and can be prepared again. */
enum gpu_status gpu_engine_prepare(struct gpu_engine *g, int64_t prompt, int64_t new_tokens,
                                   struct hf_err *e);

/* Called with the logits (float[vocab_size], valid during the call) of one asked position. */
typedef void gpu_engine_logits_sink(void *arg, int64_t position, const float *logits);

/* Called when a generated token is on the host. */
typedef void gpu_engine_token_sink(void *arg, int32_t token);

/* What a request wants beside its tokens. */
struct gpu_engine_wish {
    const int64_t *positions; /* [count] ascending, from the sequence's start: logits are wanted */
    uint64_t count;
    gpu_engine_logits_sink *logits;
    gpu_engine_token_sink *token;
    void *arg; /* of both */
};

/* Takes the prompt's ids (as many as prepared for) over; not part of what is measured. */
enum gpu_status gpu_engine_start(struct gpu_engine *g, const int32_t *tokens, struct hf_err *e);

/* The whole prompt; wish->token gets the first new one. */
enum gpu_status gpu_engine_prefill(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                   struct hf_err *e);

/* `count` more tokens, one after the other. */
enum gpu_status gpu_engine_decode(struct gpu_engine *g, int64_t count,
                                  const struct gpu_engine_wish *wish, struct hf_err *e);

/* Nanoseconds on the device's clock: of the prefill, and of all decoding after it. */
void gpu_engine_times(const struct gpu_engine *g, int64_t *ret_prefill, int64_t *ret_decode);

const struct hf_config *gpu_engine_config(const struct gpu_engine *g);
const struct gpu_memory *gpu_engine_memory(const struct gpu_engine *g);
const struct gpu_plan *gpu_engine_plan(const struct gpu_engine *g);
const struct gpu_driver *gpu_engine_driver(const struct gpu_engine *g);
/* As cublasLtGetVersion() gives it: major * 10000 + minor * 100 + patch. */
int gpu_engine_blas_version(const struct gpu_engine *g);

/* Bytes in use at most in each phase. */
struct gpu_engine_phases {
    uint64_t load, prefill, decode;
};
struct gpu_engine_phases gpu_engine_phases(const struct gpu_engine *g);

/* The device as this engine can reach it, measured in less than two seconds: float16 multiply-adds
 * x 2 per second in a large product, bytes read per second, bytes per second from pinned host
 * memory. */
struct gpu_engine_limits {
    double flops, read_bytes, host_to_device_bytes;
};
enum gpu_status gpu_engine_measure(struct gpu_engine *g, struct gpu_engine_limits *ret_limits,
                                   struct hf_err *e);

#endif
