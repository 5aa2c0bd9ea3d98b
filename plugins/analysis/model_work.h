/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a model must compute and read, from its shape or, as a lower bound, its parameters. */

#ifndef ANALYSIS_MODEL_WORK_H
#define ANALYSIS_MODEL_WORK_H

#include <stdbool.h>

#include <ctxmark/plugin.h>

struct model_shape {
    /* of the facts of these names; NaN: not known */
    double layers, hidden_size, heads, kv_heads, head_size, vocabulary, window;
    double weight_bytes, kv_bytes; /* per element; weights: 0.5 where not known (4 bit) */
    double inner;                  /* parameters without embeddings; NaN */
    double parameters;             /* in all; NaN */
    bool all_logits;               /* logits of every prompt token, not of the last alone */
    bool whole;                    /* work is known, not only bounded from below */
    bool quantised;                /* weights of other than 16 or 32 bit, or it is not known */
};

/* params_m: millions of parameters as the rows say, NaN where they do not. */
struct model_shape model_shape_get(const struct ctxmark_host *h, const char *backend,
                                   const char *model, double params_m);

/* FLOP of a prefill of n tokens, of which the first `cached` come from a cache:
 *   2 P n + 2 L H D n^2 (causal) + 2 E V (output layer, once), P without embeddings;
 * a sliding window cuts the attention.  Only the parameters known: 2 P n, P with embeddings.  NaN:
 * not even these. */
double model_prefill_flop(const struct model_shape *m, double n, double cached);
/* Bytes that one decode step at context n reads: weights and output layer, and 2 L KV D n of the
 * cache.  FLOP of it: 2 per weight, 4 L H D n. */
double model_step_bytes(const struct model_shape *m, double n);
double model_step_flop(const struct model_shape *m, double n);

#endif
