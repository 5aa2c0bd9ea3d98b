/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A model's shape, and the memory that follows from it. */

#ifndef ANALYSIS_SHAPE_H
#define ANALYSIS_SHAPE_H

#include <stdbool.h>

#include <ctxmark/plugin.h>

/* From the facts layers, hidden_size, heads, kv_heads, head_size, vocabulary, intermediate_size,
 * parameters, kv_bytes_per_element (2 unless given), weight_bytes_per_element (2 unless given),
 * attention ("math", also "eager": scores are kept for all pairs; "flash": they are not) and logits
 * ("all": of every position, "last").  NaN, NULL: not known. */
struct shape {
    double layers, hidden, heads, kv_heads, head_size, vocabulary, intermediate, parameters;
    double kv_bytes, weight_bytes;
    const char *attention, *logits;
};

struct shape shape_get(const struct ctxmark_host *h, const char *backend, const char *model);

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

#endif
