/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The KV cache: [layer][kv head][keys, values], keys as panels of positions, [positions / P][D][P],
 * so that a query meets P keys at once; values as rows, [positions][D rounded up to the panel]. */

#include "config.h"

#include "plugins/hf_cpu/internal.h"

#include <string.h>

int64_t cpu_cache_value_row(const struct cpu_frame *f)
{
    return cpu_round_up(f->config->head_dim, f->kernels->panel);
}

/* Elements of one head's keys, and of its keys and values. */
static int64_t key_elements(const struct cpu_frame *f, const struct cpu_room *r)
{
    return cpu_round_up(r->positions, f->kernels->panel) * f->config->head_dim;
}

static int64_t head_elements(const struct cpu_frame *f, const struct cpu_room *r)
{
    return key_elements(f, r) +
           cpu_round_up(r->positions, f->kernels->panel) * cpu_cache_value_row(f);
}

int64_t cpu_cache_bytes(const struct cpu_frame *f, const struct cpu_room *r)
{
    const struct hf_config *c = f->config;
    return c->layers * c->kv_heads * head_elements(f, r) * (int64_t)hf_dtype_bytes(f->kv);
}

static char *cache_at(const struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t element)
{
    int64_t head = layer * g->config.kv_heads + kv_head;
    int64_t at = head * head_elements(&g->frame, &g->room) + element;
    return (char *)g->kv_block.data + at * (int64_t)hf_dtype_bytes(g->frame.kv);
}

const void *cpu_cache_keys(const struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t at)
{
    return cache_at(g, layer, kv_head, at * g->config.head_dim);
}

const void *cpu_cache_values(const struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t at)
{
    return cache_at(g, layer, kv_head,
                    key_elements(&g->frame, &g->room) + at * cpu_cache_value_row(&g->frame));
}

/* n elements in the cache's own type. */
static void cache_store(const struct cpu_engine *g, void *to, const float *x, int64_t n)
{
    if (g->frame.kv == HF_F16)
        g->kernels->narrow_half(to, x, n);
    else
        memcpy(to, x, (size_t)n * sizeof *x);
}

/* One key among those of its panel. */
static void cache_put_key(struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t position,
                          const float *k, int64_t row, float *spare)
{
    const int64_t d = g->config.head_dim, panel = g->kernels->panel;
    const int64_t lane = position % panel, size = (int64_t)hf_dtype_bytes(g->frame.kv);
    char *to = cache_at(g, layer, kv_head, (position - lane) * d + lane);
    for (int64_t i = 0; i < d; i++)
        spare[i] = k[i * row];
    if (size == (int64_t)sizeof(uint16_t))
        g->kernels->narrow_half((uint16_t *)(void *)spare, spare, d);
    for (int64_t i = 0; i < d; i++)
        memcpy(to + i * panel * size, (char *)spare + i * size, (size_t)size);
}

static void cache_put_value(struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t position,
                            const float *v, int64_t row, float *spare)
{
    const int64_t d = g->config.head_dim;
    int64_t at = key_elements(&g->frame, &g->room) + position * cpu_cache_value_row(&g->frame);
    for (int64_t i = 0; i < d; i++)
        spare[i] = v[i * row];
    cache_store(g, cache_at(g, layer, kv_head, at), spare, d);
}

void cpu_cache_put(struct cpu_engine *g, int64_t layer, int64_t kv_head, int64_t position,
                   const float *k, const float *v, int64_t row, int64_t lanes, float *spare)
{
    const int64_t panel = g->kernels->panel, d = g->config.head_dim;
    /* A panel that fits is filed as it is; lanes after the last token are overwritten later. */
    bool whole = row == panel && position % panel == 0;
    if (whole)
        cache_store(g, cache_at(g, layer, kv_head, position * d), k, d * panel);
    for (int64_t t = 0; t < lanes; t++) {
        if (!whole)
            cache_put_key(g, layer, kv_head, position + t, k + t, row, spare);
        cache_put_value(g, layer, kv_head, position + t, v + t, row, spare);
    }
}
