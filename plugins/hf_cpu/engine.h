/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A decoder-only transformer on the CPU: weights as the checkpoint has them (float16, bfloat16,
 * float32), float32 arithmetic (bfloat16 products of bfloat16 weights where the processor has
 * them), KV cache in float16 or float32.
 *
 * load -> (prepare -> (reset -> prefill -> decode*)*)* -> free.  One sequence at a time, from one
 * thread.  Knows nothing of ctxmark's core. */

#ifndef HF_CPU_ENGINE_H
#define HF_CPU_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/hf_common/half.h"
#include "plugins/hf_common/model_config.h"

struct cpu_engine;

enum cpu_status {
    CPU_OK,
    CPU_ERROR,
    CPU_INVALID,   /* the input is wrong: a checkpoint, a token outside the vocabulary */
    CPU_OOM,       /* more memory needed than there is */
    CPU_CANCELLED, /* cancelled() said so; the sequence is lost, reset it */
};

enum cpu_attention {
    CPU_FLASH, /* scores tile by tile: memory linear in the context */
    CPU_EAGER, /* a prompt passes each layer at once, its scores [heads][n][n] all in memory */
};

struct cpu_engine_options {
    const char *path; /* a checkpoint's folder, or a config.json */
    bool random;      /* random weights for that config, none read */
    uint64_t seed;    /* of random weights */
    bool rope_half;   /* rotary frequencies rounded to float16: see hf_common/model_config.h */
    int threads;      /* 0: one for each processor that the process may use */
    bool pin;         /* each thread to a processor of its own, the caller's included */
    enum cpu_attention attention;
    bool logits_all;          /* logits of all of a prompt's tokens, not of the asked ones alone */
    enum hf_dtype kv;         /* HF_F16 or HF_F32 */
    const char *instructions; /* a set of kernels by name; NULL: the best there is */
    int (*cancelled)(void *arg); /* asked between layers; NULL: never */
    void *cancelled_arg;
};

/* Bytes by kind.  Scores: of eager attention; logits: of logits_all; scratch: all the rest, which
 * is activations, a row of logits and what the threads need for themselves. */
struct cpu_engine_memory {
    int64_t weights, kv, scores, logits, scratch;
};

enum cpu_status cpu_engine_load(const struct cpu_engine_options *o, struct cpu_engine **ret_engine,
                                struct hf_err *e);
void cpu_engine_free(struct cpu_engine *g);

/* Room for a sequence of `positions` tokens, of which up to `prompt` come in one prefill; keeps
 * what is there where it is enough.  A longer prefill works too, but not with logits_all. */
enum cpu_status cpu_engine_prepare(struct cpu_engine *g, int64_t prompt, int64_t positions,
                                   struct hf_err *e);

/* Forgets the sequence. */
void cpu_engine_reset(struct cpu_engine *g);

/* Called with the logits (float[vocab_size], valid during the call) of one asked position. */
typedef void cpu_engine_logits_sink(void *arg, int64_t position, const float *logits);

/* Adds count >= 1 tokens to the sequence; afterwards cpu_engine_logits() are those of the last.
 * positions[position_count], ascending and counted from the sequence's start, are given to sink
 * where they lie among the added ones; position_count 0: none. */
enum cpu_status cpu_engine_prefill(struct cpu_engine *g, const int32_t *tokens, int64_t count,
                                   const int64_t *positions, uint64_t position_count,
                                   cpu_engine_logits_sink *sink, void *sink_arg, struct hf_err *e);

/* Adds one token, by the code that is fast for one. */
enum cpu_status cpu_engine_decode(struct cpu_engine *g, int32_t token, struct hf_err *e);

/* float[vocab_size] after the last token; valid until the next call. */
const float *cpu_engine_logits(const struct cpu_engine *g);

/* The largest of them; the first where several are equal. */
int32_t cpu_engine_argmax(const struct cpu_engine *g);

const struct hf_config *cpu_engine_config(const struct cpu_engine *g);
int cpu_engine_threads(const struct cpu_engine *g);
const char *cpu_engine_instructions(const struct cpu_engine *g);
struct cpu_engine_memory cpu_engine_memory(const struct cpu_engine *g);

/* What an engine with these options would hold for that; weights that are not float16 apart.  Of
 * the options threads, instructions, attention, logits_all and kv count. */
struct cpu_engine_memory cpu_engine_memory_for(const struct hf_config *c,
                                               const struct cpu_engine_options *o, int64_t prompt,
                                               int64_t positions);

static inline int64_t cpu_engine_memory_sum(const struct cpu_engine_memory *m)
{
    return m->weights + m->kv + m->scores + m->logits + m->scratch;
}

/* That of the first matrix. */
enum hf_dtype cpu_engine_weight_type(const struct cpu_engine *g);

/* "fp32", or "bf16" where the products of prompts with bfloat16 weights are. */
const char *cpu_engine_arithmetic(const struct cpu_engine *g);

/* The machine with this engine's threads, measured in about a second: float32 multiply-adds x 2
 * per second in products of what is in the cache, and bytes read per second from a buffer beyond
 * the caches. */
enum cpu_status cpu_engine_measure(struct cpu_engine *g, double *ret_flops, double *ret_read_bytes,
                                   struct hf_err *e);

#endif
