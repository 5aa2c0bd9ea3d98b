/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "shape.h"

#include <math.h>
#include <string.h>

#include "facts.h"

#define MIB 1048576.0
#define WORKSPACE_MIB 8.125

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

static double or_else(double x, double otherwise)
{
    return isnan(x) ? otherwise : x;
}

struct shape shape_get(const struct ctxmark_host *h, const char *backend, const char *model)
{
    struct shape s = {.attention = facts_text(h, backend, model, "attention"),
                      .logits = facts_text(h, backend, model, "logits")};
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
        {"parameters", &s.parameters},
        {"kv_bytes_per_element", &s.kv_bytes},
        {"weight_bytes_per_element", &s.weight_bytes},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        *wanted[i].value = facts_number(h, backend, model, wanted[i].key);
    s.kv_bytes = or_else(s.kv_bytes, 2);
    s.weight_bytes = or_else(s.weight_bytes, 2);
    return s;
}

double shape_kv_bytes(const struct shape *s)
{
    return 2 * s->layers * s->kv_heads * s->head_size * s->kv_bytes;
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
           fixed = s->parameters * s->weight_bytes / MIB + WORKSPACE_MIB;
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
