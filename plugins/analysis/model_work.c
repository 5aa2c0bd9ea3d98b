/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "model_work.h"

#include <math.h>
#include <string.h>

#include "facts.h"

#define LEAST_WEIGHT_BYTES 0.5
#define FP16_BYTES 2.0

static double first_known(double a, double b)
{
    return isnan(a) ? b : a;
}

struct model_shape model_shape_get(const struct ctxmark_host *h, const char *backend,
                                   const char *model, double params_m)
{
    struct model_shape m = {0};
    const struct {
        const char *key;
        double *to;
    } numbers[] = {{"layers", &m.layers},
                   {"hidden_size", &m.hidden_size},
                   {"heads", &m.heads},
                   {"kv_heads", &m.kv_heads},
                   {"head_size", &m.head_size},
                   {"vocabulary", &m.vocabulary},
                   {"window", &m.window},
                   {"weight_bytes_per_element", &m.weight_bytes},
                   {"kv_bytes_per_element", &m.kv_bytes},
                   {"parameters_without_embeddings", &m.inner},
                   {"parameters", &m.parameters}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i].to = facts_number(h, backend, model, numbers[i].key);
    double by_fact = facts_number(h, backend, model, "params_m");
    m.parameters = first_known(m.parameters, 1e6 * first_known(by_fact, params_m));
    m.head_size = first_known(m.head_size, m.hidden_size / m.heads);
    /* at least one of the two embeddings is there, whether or not they are one */
    m.inner = first_known(m.inner, m.parameters - m.hidden_size * m.vocabulary);
    m.whole = !isnan(m.inner) && !isnan(m.layers * m.heads * m.head_size) &&
              !isnan(m.hidden_size * m.vocabulary);
    const char *logits = facts_text(h, backend, model, "logits"),
               *quantisation = facts_text(h, backend, model, "quantisation");
    m.all_logits = logits && strcmp(logits, "all") == 0;
    m.quantised =
        !(m.weight_bytes >= FP16_BYTES) && !(quantisation && !strcmp(quantisation, "none"));
    m.weight_bytes = first_known(m.weight_bytes, m.quantised ? LEAST_WEIGHT_BYTES : FP16_BYTES);
    m.kv_bytes = first_known(m.kv_bytes, m.quantised ? LEAST_WEIGHT_BYTES : FP16_BYTES);
    return m;
}

/* Pairs of positions that attend to each other when n tokens are known. */
static double attended_pairs(const struct model_shape *m, double n)
{
    double w = m->window > 0 && m->window < n ? m->window : n;
    return n * w - w * w / 2;
}

double model_prefill_flop(const struct model_shape *m, double n, double cached)
{
    if (!m->whole)
        return 2 * m->parameters * (n - cached);
    double attention = 4 * m->layers * m->heads * m->head_size *
                       (attended_pairs(m, n) - attended_pairs(m, cached));
    return 2 * m->inner * (n - cached) + attention +
           2 * m->hidden_size * m->vocabulary * (m->all_logits ? n - cached : 1);
}

double model_step_bytes(const struct model_shape *m, double n)
{
    if (!m->whole)
        return m->parameters * m->weight_bytes;
    double seen = m->window > 0 ? fmin(n, m->window) : n,
           kv_heads = isnan(m->kv_heads) ? 1 : m->kv_heads;
    return (m->inner + m->hidden_size * m->vocabulary) * m->weight_bytes +
           2 * m->layers * kv_heads * m->head_size * m->kv_bytes * seen;
}

double model_step_flop(const struct model_shape *m, double n)
{
    if (!m->whole)
        return 2 * m->parameters;
    double seen = m->window > 0 ? fmin(n, m->window) : n;
    return 2 * (m->inner + m->hidden_size * m->vocabulary) +
           4 * m->layers * m->heads * m->head_size * seen;
}
