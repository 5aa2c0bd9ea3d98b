/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Norms and biases as float32: they are small, and every kernel takes them so. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <stdlib.h>

/* Walks over all vectors.  Counts their floats; with `to` it also widens them there. */
struct walk {
    const struct cpu_engine *g;
    float *to;
    int64_t used;
};

static const float *walk_take(struct walk *w, const struct hf_array *from, int64_t n)
{
    if (!from->data)
        return NULL;
    float *at = w->to ? w->to + w->used : NULL;
    w->used += n;
    if (at)
        w->g->kernels->widen[from->dtype](at, from->data, n);
    return at;
}

static struct cpu_vectors walk_layer(struct walk *w, const struct hf_layer *from)
{
    const struct hf_config *c = &w->g->config;
    const int64_t d = c->head_dim;
    return (struct cpu_vectors){
        .attention_norm = walk_take(w, &from->attention_norm, c->hidden_size),
        .mlp_norm = walk_take(w, &from->mlp_norm, c->hidden_size),
        .q_norm = walk_take(w, &from->q_norm, d),
        .k_norm = walk_take(w, &from->k_norm, d),
        .q_bias = walk_take(w, &from->q_bias, c->heads * d),
        .k_bias = walk_take(w, &from->k_bias, c->kv_heads * d),
        .v_bias = walk_take(w, &from->v_bias, c->kv_heads * d),
        .o_bias = walk_take(w, &from->o_bias, c->hidden_size),
    };
}

static void walk_model(struct walk *w, struct cpu_engine *g)
{
    for (int64_t i = 0; i < g->config.layers; i++)
        g->vectors[i] = walk_layer(w, &g->weights.layers[i]);
    g->final_norm = walk_take(w, &g->weights.final_norm, g->config.hidden_size);
}

int cpu_vectors_load(struct cpu_engine *g, struct hf_err *e)
{
    struct walk w = {g, NULL, 0};
    g->vectors = calloc((size_t)g->config.layers, sizeof *g->vectors);
    if (!g->vectors)
        return hf_err_memory(e, (unsigned long long)g->config.layers * sizeof *g->vectors);
    walk_model(&w, g);
    g->vector_floats = calloc((size_t)w.used, sizeof *g->vector_floats);
    if (!g->vector_floats)
        return hf_err_memory(e, (unsigned long long)w.used * sizeof *g->vector_floats);
    w = (struct walk){g, g->vector_floats, 0};
    walk_model(&w, g);
    return 0;
}
