/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A model's shape, and what follows from it: the memory it takes, and what it must compute and read
 * (from its parameters alone a lower bound). */

#ifndef ANALYSIS_SHAPE_H
#define ANALYSIS_SHAPE_H

#include <stdbool.h>

#include <ctxmark/plugin.h>

/* From the facts layers, hidden_size, heads, kv_heads, head_size, vocabulary, intermediate_size,
 * window, parameters (else params_m), parameters_without_embeddings, kv_bytes_per_element,
 * weight_bytes_per_element, attention ("math", also "eager": scores are kept for all pairs;
 * "flash": they are not) and logits ("all": of every position, "last").  NaN, NULL: not known. */
struct shape {
    double layers, hidden, heads, kv_heads, head_size, vocabulary, intermediate, window;
    double parameters, inner;      /* in all, and without embeddings */
    double weight_bytes, kv_bytes; /* per element */
    const char *attention, *logits;
    bool quantised; /* weights of other than 16 or 32 bit, or it is not known */
};

/* params_m: millions of parameters as the rows say, NaN where they do not. */
struct shape shape_get(const struct ctxmark_host *h, const char *backend, const char *model,
                       double params_m);

/* Whether the work is known, not only bounded from below by the parameters. */
bool shape_is_whole(const struct shape *s);

/* --- memory: of fp16 where the bytes per element are not known */

/* Bytes of keys and values per token: 2 layers kv_heads head_size kv_bytes. */
double shape_kv_bytes(const struct shape *s);

/* Bytes of attention scores at context n where all pairs are kept: (9 heads + 4) n^2, of one layer
 * at a time: fp32 scores, softmax's output, its one-byte mask, and one causal mask for all heads
 * (PyTorch's SDPA on the math path).  0 where attention keeps none; NaN: not known. */
double shape_score_bytes(const struct shape *s, double n);

/* Bytes of fp16 logits at context n: 2 vocabulary n for all positions, 2 vocabulary for the last.
 */
double shape_logit_bytes(const struct shape *s, double n);

/* Peak in MiB of an fp16 forward pass over n tokens by PyTorch (attention "math" or "flash"): the
 * largest of its attention, MLP and logits phases over weights, 8.125 MiB of workspace and 4 to 8
 * MiB of blocks.  NaN where the shape or its modes are not known. */
double shape_peak_mib(const struct shape *s, double n);

/* --- work: never more than it is; weights of 4 bit where they may be quantised */

/* FLOP of a prefill of n tokens, of which the first `cached` come from a cache:
 *   2 P n + 2 L H D n^2 (causal) + 2 E V (output layer, once), P without embeddings;
 * a sliding window cuts the attention.  Only the parameters known: 2 P n, P with embeddings.  NaN:
 * not even these. */
double shape_prefill_flop(const struct shape *s, double n, double cached);
/* Bytes that one decode step at context n reads: weights and output layer, and 2 L KV D n of the
 * cache.  FLOP of it: 2 per weight, 4 L H D n. */
double shape_step_bytes(const struct shape *s, double n);
double shape_step_flop(const struct shape *s, double n);

#endif
