/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The same attention in three passes over all scores at once, [heads][panels][keys][P], masked ones
 * included: what transformers' eager attention does with a prompt, memory and work quadratic in its
 * length. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <math.h>

struct eager_job {
    struct cpu_engine *g;
    int64_t layer, from, tokens, panels;
};

/* A piece is one head with one panel of queries. */
struct eager_piece {
    int64_t kv_head, panel;
    int64_t keys;
    float *scores;
    int64_t at; /* of the queries in scratch.q and of the output in scratch.attended */
};

static struct eager_piece piece_of(const struct eager_job *j, int piece)
{
    const struct hf_config *c = &j->g->config;
    const int64_t p = j->g->kernels->panel, head = piece % c->heads, panel = piece / c->heads;
    const int64_t keys = j->from + j->tokens;
    return (struct eager_piece){
        .kv_head = head / (c->heads / c->kv_heads),
        .panel = panel,
        .keys = keys,
        .scores = (float *)j->g->scores_block.data + (head * j->panels + panel) * keys * p,
        .at = (panel * c->heads + head) * c->head_dim * p,
    };
}

static void scores_piece(void *arg, int piece, int thread)
{
    const struct eager_job *j = arg;
    const struct eager_piece e = piece_of(j, piece);
    float *spare = cpu_thread_scratch(j->g, thread);
    for (int64_t at = 0; at < e.keys; at += CPU_KEY_TILE) {
        int64_t keys = e.keys - at < CPU_KEY_TILE ? e.keys - at : CPU_KEY_TILE;
        const float *k = cpu_attention_keys(j->g, j->layer, e.kv_head, at, keys, spare);
        cpu_attention_scores(j->g, k, j->g->scratch.q + e.at, keys,
                             e.scores + at * j->g->kernels->panel);
    }
}

static void softmax_piece(void *arg, int piece, int thread)
{
    (void)thread;
    const struct eager_job *j = arg;
    const struct eager_piece e = piece_of(j, piece);
    const struct cpu_kernels *k = j->g->kernels;
    float max[CPU_PANEL_MAX], sum[CPU_PANEL_MAX], factor[CPU_PANEL_MAX];
    for (int t = 0; t < k->panel; t++) {
        max[t] = -INFINITY;
        sum[t] = 0.0f;
    }
    k->panel_softmax(e.scores, e.keys, j->from + e.panel * k->panel,
                     1.0f / sqrtf((float)j->g->config.head_dim), max, sum, factor);
    for (int t = 0; t < k->panel; t++)
        sum[t] = 1.0f / sum[t];
    k->panel_scale(e.scores, sum, e.keys);
}

static void gather_piece(void *arg, int piece, int thread)
{
    const struct eager_job *j = arg;
    const struct eager_piece e = piece_of(j, piece);
    float *spare = cpu_thread_scratch(j->g, thread);
    for (int64_t at = 0; at < e.keys; at += CPU_KEY_TILE) {
        int64_t keys = e.keys - at < CPU_KEY_TILE ? e.keys - at : CPU_KEY_TILE;
        const float *v = cpu_attention_values(j->g, j->layer, e.kv_head, at, keys, spare);
        cpu_attention_gather(j->g, v, e.scores + at * j->g->kernels->panel, keys, at > 0,
                             j->g->scratch.attended + e.at);
    }
}

void cpu_attention_eager(struct cpu_engine *g, int64_t layer, int64_t from, int64_t tokens)
{
    struct eager_job j = {g, layer, from, tokens, cpu_panels(g, tokens)};
    int pieces = (int)(j.panels * g->config.heads);
    cpu_pool_run(g->pool, scores_piece, &j, pieces);
    cpu_pool_run(g->pool, softmax_piece, &j, pieces);
    cpu_pool_run(g->pool, gather_piece, &j, pieces);
}
