/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "shape.h"

#include <math.h>
#include <string.h>

#include "facts.h"

#define MIB 1048576.0
#define WORKSPACE_MIB 8.125
#define FP16_BYTES 2.0
#define LEAST_BYTES 0.5

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

static double or_else(double x, double otherwise)
{
    return isnan(x) ? otherwise : x;
}

struct shape shape_get(const struct ctxmark_host *h, const char *backend, const char *model,
                       double params_m)
{
    struct shape s = {.attention = facts_text(h, backend, model, "attention"),
                      .logits = facts_text(h, backend, model, "logits")};
    double by_fact = facts_number(h, backend, model, "params_m");
    const char *quantisation = facts_text(h, backend, model, "quantisation");
    const struct {
        const char *key;
        double *value;
    } wanted[] = {
        {"layers", &s.layers},
        {"hidden_size", &s.hidden},
        {"heads", &s.heads},
        {"kv_heads", &s.kv_heads},
        {"head_size", &s.head_size},
        {"vocabulary", &s.vocabulary},
        {"intermediate_size", &s.intermediate},
        {"window", &s.window},
        {"parameters", &s.parameters},
        {"parameters_without_embeddings", &s.inner},
        {"weight_bytes_per_element", &s.weight_bytes},
        {"kv_bytes_per_element", &s.kv_bytes},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        *wanted[i].value = facts_number(h, backend, model, wanted[i].key);
    s.parameters = or_else(s.parameters, 1e6 * or_else(by_fact, params_m));
    s.head_size = or_else(s.head_size, s.hidden / s.heads);
    /* at least one of the two embeddings is there, whether or not they are one */
    s.inner = or_else(s.inner, s.parameters - s.hidden * s.vocabulary);
    s.quantised = !(s.weight_bytes >= FP16_BYTES) && !is(quantisation, "none");
    return s;
}

bool shape_is_whole(const struct shape *s)
{
    return !isnan(s->inner) && !isnan(s->layers * s->heads * s->head_size) &&
           !isnan(s->hidden * s->vocabulary);
}

/* --- memory */

double shape_kv_bytes(const struct shape *s)
{
    return 2 * s->layers * s->kv_heads * s->head_size * or_else(s->kv_bytes, FP16_BYTES);
}

double shape_score_bytes(const struct shape *s, double n)
{
    if (is(s->attention, "flash"))
        return 0;
    if (is(s->attention, "math") || is(s->attention, "eager"))
        return (9 * s->heads + 4) * n * n;
    return NAN;
}

double shape_logit_bytes(const struct shape *s, double n)
{
    return is(s->logits, "all")    ? 2 * s->vocabulary * n
           : is(s->logits, "last") ? 2 * s->vocabulary
                                   : NAN;
}

double shape_peak_mib(const struct shape *s, double n)
{
    double kv = shape_kv_bytes(s) * n, width = s->kv_heads * s->head_size,
           fixed = s->parameters * or_else(s->weight_bytes, FP16_BYTES) / MIB + WORKSPACE_MIB;
    double scores = shape_score_bytes(s, n), logits = shape_logit_bytes(s, n);
    double attention = fixed + 4 + (kv + (24 * s->hidden + 12 * width) * n + scores) / MIB,
           last = fixed + 8 + (kv + 14 * s->hidden * n + logits) / MIB,
           mlp = fixed + 4 + (kv + 6 * (s->intermediate + s->hidden) * n) / MIB;
    if (scores == 0) /* the upcast copies belong to the scores' path */
        attention = mlp;
    if (isnan(attention) || isnan(last))
        return NAN;
    return fmax(fmax(attention, last), mlp);
}

/* --- work */

static double at_least(const struct shape *s, double bytes)
{
    return or_else(bytes, s->quantised ? LEAST_BYTES : FP16_BYTES);
}

/* Pairs of positions that attend to each other when n tokens are known. */
static double attended_pairs(const struct shape *s, double n)
{
    double w = s->window > 0 && s->window < n ? s->window : n;
    return n * w - w * w / 2;
}

double shape_prefill_flop(const struct shape *s, double n, double cached)
{
    if (!shape_is_whole(s))
        return 2 * s->parameters * (n - cached);
    double attention = 4 * s->layers * s->heads * s->head_size *
                       (attended_pairs(s, n) - attended_pairs(s, cached));
    return 2 * s->inner * (n - cached) + attention +
           2 * s->hidden * s->vocabulary * (is(s->logits, "all") ? n - cached : 1);
}

double shape_step_bytes(const struct shape *s, double n)
{
    double weight = at_least(s, s->weight_bytes), kv = at_least(s, s->kv_bytes);
    if (!shape_is_whole(s))
        return s->parameters * weight;
    double seen = s->window > 0 ? fmin(n, s->window) : n;
    return (s->inner + s->hidden * s->vocabulary) * weight +
           2 * s->layers * or_else(s->kv_heads, 1) * s->head_size * kv * seen;
}

double shape_step_flop(const struct shape *s, double n)
{
    if (!shape_is_whole(s))
        return 2 * s->parameters;
    double seen = s->window > 0 ? fmin(n, s->window) : n;
    return 2 * (s->inner + s->hidden * s->vocabulary) +
           4 * s->layers * s->heads * s->head_size * seen;
}
