/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "memory": how peak memory grows with context, what it consists of, where it spills and
 * ends, and how much context a limit carries.  Facts: memory_limit_mib (MiB), and the model's shape
 * (see shape.h), each also for one model alone as MODEL.KEY. */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/library/shape.h"
#include "plugins/analysis/stats/lsq.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define MIB 1048576.0
#define MIB_PER_GIB 1024.0
#define MARGIN 0.8
#define FEWEST 3
#define CURVE_POINTS 30

/* --- growth */

struct growth_row {
    struct keys keys;
    double spillover_at, oom_at, base_mb, contexts, in_gpu_contexts;
    double linear_full_n, linear_full_slope_mb_per_token, linear_full_intercept_mb, linear_full_r2;
    double linear_full_bytes_per_token;
    double quadratic_full_a, quadratic_full_b, quadratic_full_c, quadratic_full_r2;
    double quadratic_full_bytes_per_token2;
    double linear_in_gpu_n, linear_in_gpu_slope_mb_per_token, linear_in_gpu_intercept_mb;
    double linear_in_gpu_r2, linear_in_gpu_bytes_per_token;
    double quadratic_in_gpu_a, quadratic_in_gpu_b, quadratic_in_gpu_c, quadratic_in_gpu_r2;
    double quadratic_in_gpu_bytes_per_token2;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct growth_row, member, type, role, unit, definition)
static const struct field growth_fields[] = {
    KEY_FIELDS(struct growth_row),
    V(base_mb, NUMBER, VALUE, "MiB", "peak at the shortest context"),
    V(spillover_at, INTEGER, VALUE, "tokens", "first context whose peak exceeds the limit"),
    V(oom_at, INTEGER, VALUE, "tokens", "first context that ran out of memory"),
    V(linear_full_slope_mb_per_token, NUMBER, VALUE, "MiB/token", "line through all contexts"),
    V(linear_full_r2, NUMBER, VALUE, "", "its R2"),
    V(linear_in_gpu_bytes_per_token, NUMBER, VALUE, "B/token",
      "slope of the line through the contexts within the limit"),
    V(linear_in_gpu_r2, NUMBER, VALUE, "", "its R2"),
    V(quadratic_in_gpu_bytes_per_token2, NUMBER, VALUE, "B/token^2",
      "a of the parabola through the contexts within the limit"),
    V(quadratic_in_gpu_r2, NUMBER, VALUE, "", "its R2"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
    V(contexts, INTEGER, DETAIL, "", "contexts whose peak is known"),
    V(in_gpu_contexts, INTEGER, DETAIL, "", "of those, within the limit"),
    V(linear_full_n, INTEGER, DETAIL, "", "contexts of the line through all"),
    V(linear_full_intercept_mb, NUMBER, DETAIL, "MiB", "intercept of the line through all"),
    V(linear_full_bytes_per_token, NUMBER, DETAIL, "B/token", "its slope x 2^20"),
    V(quadratic_full_a, NUMBER, DETAIL, "MiB/token^2", "a of c + b n + a n^2 through all"),
    V(quadratic_full_b, NUMBER, DETAIL, "MiB/token", "its b"),
    V(quadratic_full_c, NUMBER, DETAIL, "MiB", "its c"),
    V(quadratic_full_r2, NUMBER, DETAIL, "", "its R2"),
    V(quadratic_full_bytes_per_token2, NUMBER, DETAIL, "B/token^2", "its a x 2^20"),
    V(linear_in_gpu_n, INTEGER, DETAIL, "", "contexts of the line within the limit"),
    V(linear_in_gpu_slope_mb_per_token, NUMBER, DETAIL, "MiB/token", "its slope"),
    V(linear_in_gpu_intercept_mb, NUMBER, DETAIL, "MiB", "its intercept"),
    V(quadratic_in_gpu_a, NUMBER, DETAIL, "MiB/token^2", "a of c + b n + a n^2 within the limit"),
    V(quadratic_in_gpu_b, NUMBER, DETAIL, "MiB/token", "its b"),
    V(quadratic_in_gpu_c, NUMBER, DETAIL, "MiB", "its c"),
};
#undef V

static const struct table growth_table =
    TABLE("growth", "Growth of peak memory with context", "memory", 30, growth_fields);

/* Peaks of one model and backend that are known. */
struct peaks {
    const struct memory *m;
    double *x, *y;
    size_t count, in_gpu;
};

struct memory_fits {
    struct lsq line, parabola;
};

static struct memory_fits fit_peaks(const struct peaks *p, size_t n)
{
    struct memory_fits f;
    size_t used = n < FEWEST ? 0 : n; /* too few: both are unknown */
    lsq_polynomial(&f.line, p->x, p->y, NULL, used, 1);
    lsq_polynomial(&f.parabola, p->x, p->y, NULL, used, 2);
    return f;
}

static struct growth_row make_growth(const struct peaks *p)
{
    struct memory_fits full = fit_peaks(p, p->count), in_gpu = fit_peaks(p, p->in_gpu);
    return (struct growth_row){
        .keys = p->m->keys,
        .spillover_at = p->m->spill,
        .oom_at = p->m->oom_at,
        .base_mb = p->y[0],
        .contexts = (double)p->count,
        .in_gpu_contexts = (double)p->in_gpu,
        .linear_full_n = (double)p->count,
        .linear_full_slope_mb_per_token = full.line.coef[1],
        .linear_full_intercept_mb = full.line.coef[0],
        .linear_full_r2 = full.line.r2,
        .linear_full_bytes_per_token = full.line.coef[1] * MIB,
        .quadratic_full_a = full.parabola.coef[2],
        .quadratic_full_b = full.parabola.coef[1],
        .quadratic_full_c = full.parabola.coef[0],
        .quadratic_full_r2 = full.parabola.r2,
        .quadratic_full_bytes_per_token2 = full.parabola.coef[2] * MIB,
        .linear_in_gpu_n = (double)p->in_gpu,
        .linear_in_gpu_slope_mb_per_token = in_gpu.line.coef[1],
        .linear_in_gpu_intercept_mb = in_gpu.line.coef[0],
        .linear_in_gpu_r2 = in_gpu.line.r2,
        .linear_in_gpu_bytes_per_token = in_gpu.line.coef[1] * MIB,
        .quadratic_in_gpu_a = in_gpu.parabola.coef[2],
        .quadratic_in_gpu_b = in_gpu.parabola.coef[1],
        .quadratic_in_gpu_c = in_gpu.parabola.coef[0],
        .quadratic_in_gpu_r2 = in_gpu.parabola.r2,
        .quadratic_in_gpu_bytes_per_token2 = in_gpu.parabola.coef[2] * MIB,
        .note = p->in_gpu < FEWEST ? "fewer than 3 contexts within the limit" : NULL,
    };
}

/* --- contexts and what fills them */

struct context_row {
    struct keys keys;
    double peak_mb, limit_mb, alloc_ratio, in_gpu, spill_gb, ok, oom;
    double kv_mb, scores_mb, logits_mb, theory_mb;
    const char *dominant;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct context_row, member, type, role, unit, definition)
#define O(member, type, role, unit, definition)                                                    \
    FIELD_OPTIONAL(struct context_row, member, type, role, unit, definition)
static const struct field context_fields[] = {
    KEY_FIELDS(struct context_row),
    V(peak_mb, NUMBER, VALUE, "MiB", "largest peak of any repetition and mode"),
    O(limit_mb, NUMBER, DETAIL, "MiB", "memory limit: the fact memory_limit_mib, else as recorded"),
    O(alloc_ratio, NUMBER, VALUE, "", "peak over limit"),
    O(in_gpu, FLAG, VALUE, "", "peak within the limit"),
    O(spill_gb, NUMBER, VALUE, "GiB", "peak beyond the limit"),
    O(kv_mb, NUMBER, VALUE, "MiB", "keys and values by the model's shape"),
    O(scores_mb, NUMBER, VALUE, "MiB",
      "attention scores: by the shape where attention is known, else a n^2 of the parabola within "
      "the limit"),
    O(logits_mb, NUMBER, VALUE, "MiB", "logits by the shape"),
    O(theory_mb, NUMBER, VALUE, "MiB", "peak of a PyTorch fp16 forward pass by the shape"),
    O(dominant, TEXT, VALUE, "",
      "largest of these terms: kv, attention_scores or logits; without a "
      "shape the larger of the parabola's two: linear or quadratic"),
    V(ok, INTEGER, DETAIL, "", "rows with status ok"),
    V(oom, INTEGER, DETAIL, "", "rows with status oom"),
};
#undef O
#undef V

static const struct table context_table = TABLE(
    "contexts", "Peak memory by context, and what it consists of", "memory", 20, context_fields);

static const char *dominant_term(const struct context_row *r, const struct growth_row *g)
{
    double n = r->keys.context_length, linear = g->quadratic_in_gpu_b * n,
           quadratic = g->quadratic_in_gpu_a * n * n;
    if (isnan(r->kv_mb))
        return isnan(linear) ? NULL : quadratic > linear ? "quadratic" : "linear";
    double most = fmax(fmax(r->kv_mb, r->scores_mb), r->logits_mb);
    return isnan(r->scores_mb)    ? NULL
           : most == r->kv_mb     ? "kv"
           : most == r->scores_mb ? "attention_scores"
                                  : "logits";
}

static struct context_row make_context(const struct memory *m, const struct memory_cell *c,
                                       const struct shape *s, const struct growth_row *g)
{
    double n = c->context, measured = g->quadratic_in_gpu_a * n * n;
    struct context_row r = {.keys = m->keys,
                            .peak_mb = c->peak,
                            .limit_mb = m->limit,
                            .alloc_ratio = c->peak / m->limit,
                            .in_gpu = NAN,
                            .spill_gb = NAN,
                            .ok = c->ok,
                            .oom = c->oom,
                            .kv_mb = shape_kv_bytes(s) * n / MIB,
                            .scores_mb = shape_score_bytes(s, n) / MIB,
                            .logits_mb = shape_logit_bytes(s, n) / MIB,
                            .theory_mb = shape_peak_mib(s, n)};
    r.keys.context_length = n;
    if (isnan(r.scores_mb) && !s->attention)
        r.scores_mb = measured > 0 ? measured : NAN;
    if (!isnan(r.alloc_ratio)) {
        r.in_gpu = c->peak <= m->limit;
        r.spill_gb = fmax(0, c->peak - m->limit) / MIB_PER_GIB;
    }
    r.dominant = dominant_term(&r, g);
    return r;
}

/* --- KV cache by the model's shape */

struct kv_row {
    struct keys keys;
    double layers, kv_heads, head_size, heads, kv_bytes_per_element, kv_bytes_per_token;
    double measured_bytes_per_token, overhead_ratio, kv_share_pct, scores_bytes_per_token2;
    double measured_bytes_per_token2;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct kv_row, member, type, role, unit, definition)
static const struct field kv_fields[] = {
    KEY_FIELDS(struct kv_row),
    V(layers, INTEGER, VALUE, "", "layers"),
    V(kv_heads, INTEGER, VALUE, "", "heads of keys and values"),
    V(head_size, INTEGER, VALUE, "", "width of a head"),
    V(heads, INTEGER, DETAIL, "", "heads of queries"),
    V(kv_bytes_per_element, NUMBER, DETAIL, "B", "bytes of one number in the cache"),
    V(kv_bytes_per_token, NUMBER, VALUE, "B/token",
      "2 layers kv_heads head_size kv_bytes_per_element"),
    V(measured_bytes_per_token, NUMBER, VALUE, "B/token",
      "slope of peak memory within the limit: all that grows with context, drawn as a line"),
    V(overhead_ratio, NUMBER, VALUE, "", "measured_bytes_per_token / kv_bytes_per_token"),
    V(kv_share_pct, NUMBER, VALUE, "%", "of what grows, the KV cache: 100 / overhead_ratio"),
    V(scores_bytes_per_token2, NUMBER, VALUE, "B/token^2",
      "9 heads + 4: what attention scores of all pairs take on PyTorch's math path"),
    V(measured_bytes_per_token2, NUMBER, VALUE, "B/token^2",
      "a of the parabola through the peaks within the limit"),
};
#undef V

static const struct table kv_table =
    TABLE("kv_theory", "KV cache by the model's shape, against what was measured", "memory", 40,
          kv_fields);

static struct kv_row make_kv(const struct shape *s, const struct growth_row *g)
{
    double kv = shape_kv_bytes(s);
    return (struct kv_row){.keys = g->keys,
                           .layers = s->layers,
                           .kv_heads = s->kv_heads,
                           .head_size = s->head_size,
                           .heads = s->heads,
                           .kv_bytes_per_element = s->kv_bytes,
                           .kv_bytes_per_token = kv,
                           .measured_bytes_per_token = g->linear_in_gpu_bytes_per_token,
                           .overhead_ratio = g->linear_in_gpu_bytes_per_token / kv,
                           .kv_share_pct = 100 * kv / g->linear_in_gpu_bytes_per_token,
                           .scores_bytes_per_token2 = 9 * s->heads + 4,
                           .measured_bytes_per_token2 = g->quadratic_in_gpu_bytes_per_token2};
}

/* --- budget */

struct budget_row {
    struct keys keys;
    double limit_mb, base_mb, available_mb, budget_tokens_report, budget_tokens_report_x0_8;
    double budget_tokens, budget_tokens_x0_8, largest_clean, smallest_spilled;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct budget_row, member, type, role, unit, definition)
static const struct field budget_fields[] = {
    KEY_FIELDS(struct budget_row),
    V(limit_mb, NUMBER, VALUE, "MiB", "memory limit"),
    V(available_mb, NUMBER, VALUE, "MiB", "limit - peak at the shortest context"),
    V(budget_tokens, NUMBER, VALUE, "tokens",
      "context at which the parabola through the peaks within the limit reaches the limit"),
    V(budget_tokens_x0_8, NUMBER, VALUE, "tokens", "0.8 budget_tokens: with a margin"),
    V(budget_tokens_report, NUMBER, VALUE, "tokens",
      "available_mb / slope of the line through all contexts: wrong where memory grows faster than "
      "a line; given for comparison"),
    V(budget_tokens_report_x0_8, NUMBER, DETAIL, "tokens", "0.8 budget_tokens_report"),
    V(largest_clean, INTEGER, VALUE, "tokens", "longest context measured within the limit"),
    V(smallest_spilled, INTEGER, VALUE, "tokens", "shortest measured beyond it"),
    V(note, TEXT, NOTE, "", "why figures are missing, or how far they reach"),
    V(base_mb, NUMBER, DETAIL, "MiB", "peak at the shortest context"),
};
#undef V

static const struct table budget_table =
    TABLE("budget", "How much context the memory limit carries", "memory", 50, budget_fields);

/* Smallest n > 0 with c + b n + a n^2 = limit, also for a line (a = 0); NaN: never. */
static double reach(double c, double b, double a, double limit)
{
    double rest = limit - c, root = b * b + 4 * a * rest;
    if (isnan(root) || rest < 0)
        return NAN;
    if (fabs(a) * rest < 1e-12 * b * b)
        return b > 0 ? rest / b : NAN;
    if (root < 0)
        return NAN;
    double q = b + sqrt(root); /* (-b + sqrt) / 2a without cancellation for b > 0 */
    double n = b >= 0 ? 2 * rest / q : (-b + sqrt(root)) / (2 * a);
    return n > 0 ? n : NAN;
}

static struct budget_row make_budget(const struct peaks *p, const struct growth_row *g)
{
    const struct memory *m = p->m;
    struct budget_row r = {.keys = m->keys,
                           .limit_mb = m->limit,
                           .base_mb = g->base_mb,
                           .available_mb = m->limit - g->base_mb,
                           .largest_clean = p->in_gpu ? p->x[p->in_gpu - 1] : NAN,
                           .smallest_spilled = m->spill};
    r.budget_tokens_report = r.available_mb / g->linear_full_slope_mb_per_token;
    r.budget_tokens_report_x0_8 = MARGIN * r.budget_tokens_report;
    /* Peaks that rise by less than a thousandth over all that was measured are flat: what a
     * parabola makes of their rounding must not be carried on. */
    double grown =
        (g->quadratic_in_gpu_b + g->quadratic_in_gpu_a * r.largest_clean) * r.largest_clean;
    r.budget_tokens =
        grown > 1e-3 * g->quadratic_in_gpu_c
            ? reach(g->quadratic_in_gpu_c, g->quadratic_in_gpu_b, g->quadratic_in_gpu_a, m->limit)
            : NAN;
    r.budget_tokens_x0_8 = MARGIN * r.budget_tokens;
    if (isnan(r.budget_tokens))
        r.note = "fewer than 3 contexts within the limit, or no growth";
    else if (r.budget_tokens > 4 * r.largest_clean)
        r.note = "far beyond what was measured";
    return r;
}

/* --- findings */

static void say_spill(struct findings *said, const struct context_row *r, size_t row, double oom_at)
{
    char name[512], end[96] = "";
    if (!isnan(oom_at))
        snprintf(end, sizeof end, " At %.0f tokens it runs out of memory.", oom_at);
    findings_say(
        said,
        &(const struct saying){CTXMARK_SEVERITY_WARNING, "memory_spill", context_table.name,
                               "alloc_ratio"},
        (int64_t)row, r->alloc_ratio,
        label_of(&r->keys, "%.2f times at %.0f tokens", r->alloc_ratio, r->keys.context_length)
            .text,
        "%s needs %.1f GiB at %.0f tokens, %.2f times its limit of %.1f GiB: %.1f GiB of "
        "it lie elsewhere.%s",
        series_name(&r->keys, name, sizeof name), r->peak_mb / MIB_PER_GIB, r->keys.context_length,
        r->alloc_ratio, r->limit_mb / MIB_PER_GIB, r->spill_gb, end);
}

static void say_growth(struct findings *said, const struct growth_row *g, size_t row)
{
    char name[512];
    if (g->in_gpu_contexts > FEWEST && g->quadratic_in_gpu_a > 0 && g->quadratic_in_gpu_r2 > 0.99 &&
        1 - g->quadratic_in_gpu_r2 < (1 - g->linear_in_gpu_r2) / 10)
        findings_say(said,
                     &(const struct saying){CTXMARK_SEVERITY_NOTICE, "memory_grows_quadratically",
                                            growth_table.name, "quadratic_in_gpu_bytes_per_token2"},
                     (int64_t)row, g->quadratic_in_gpu_bytes_per_token2,
                     label_of(&g->keys, "%.0f bytes", g->quadratic_in_gpu_bytes_per_token2).text,
                     "%s: peak memory grows with the square of context, %.0f bytes per token pair "
                     "(parabola R2 %.5f, line %.3f), as attention scores of all pairs do. A cost "
                     "per token read off a line holds nowhere.",
                     series_name(&g->keys, name, sizeof name), g->quadratic_in_gpu_bytes_per_token2,
                     g->quadratic_in_gpu_r2, g->linear_in_gpu_r2);
}

static void say_kv(struct findings *said, const struct kv_row *k, size_t row)
{
    char name[512];
    if (k->overhead_ratio > 2)
        findings_say(said,
                     &(const struct saying){CTXMARK_SEVERITY_INFO, "kv_cache_is_small",
                                            kv_table.name, "overhead_ratio"},
                     (int64_t)row, k->overhead_ratio,
                     label_of(&k->keys, "%.3g times", k->overhead_ratio).text,
                     "%s: the KV cache takes %s bytes per token by the model's shape, memory grows "
                     "by %s (%.3g times): %.2g %% of the growth is KV cache.",
                     series_name(&k->keys, name, sizeof name), figure(k->kv_bytes_per_token).text,
                     figure(k->measured_bytes_per_token).text, k->overhead_ratio, k->kv_share_pct);
}

static void say_budget(struct findings *said, const struct budget_row *b, size_t row)
{
    char name[512];
    if (!isnan(b->budget_tokens) && !isnan(b->smallest_spilled))
        findings_say(said,
                     &(const struct saying){CTXMARK_SEVERITY_INFO, "memory_budget",
                                            budget_table.name, "budget_tokens"},
                     (int64_t)row, -b->budget_tokens,
                     label_of(&b->keys, "%.0f tokens, %.0f with the margin", b->budget_tokens,
                              b->budget_tokens_x0_8)
                         .text,
                     "%s: the limit of %.1f GiB carries about %.0f tokens (%.0f with a margin of "
                     "20 %%); measured: %.0f fit, %.0f do not. A line through all peaks would say "
                     "%.0f.",
                     series_name(&b->keys, name, sizeof name), b->limit_mb / MIB_PER_GIB,
                     b->budget_tokens, b->budget_tokens_x0_8, b->largest_clean, b->smallest_spilled,
                     b->budget_tokens_report);
}

/* --- plot */

static void plot_model(struct lines *l, const struct peaks *p, const struct growth_row *g,
                       const struct shape *s)
{
    char name[512], curve[600];
    series_name(&g->keys, name, sizeof name);
    for (size_t i = 0; i < p->count; i++)
        lines_add(l, name, g->keys.model, p->x[i], p->y[i], NAN, NAN);
    lines_draw_as(l, name, CTXMARK_SERIES_POINTS);
    double first = p->x[0], last = p->x[p->count - 1], kv = shape_kv_bytes(s) / MIB;
    for (int i = 0; i < CURVE_POINTS && last > first; i++) {
        double x = first * pow(last / first, i / (CURVE_POINTS - 1.0));
        snprintf(curve, sizeof curve, "%s: parabola within the limit", name);
        if (!isnan(g->quadratic_in_gpu_a))
            lines_add(l, curve, g->keys.model, x,
                      g->quadratic_in_gpu_c +
                          x * (g->quadratic_in_gpu_b + x * g->quadratic_in_gpu_a),
                      NAN, NAN);
        lines_draw_as(l, curve, CTXMARK_SERIES_LINE);
        snprintf(curve, sizeof curve, "%s: KV cache alone", name);
        if (!isnan(kv))
            lines_add(l, curve, g->keys.model, x, g->base_mb + kv * (x - first), NAN, NAN);
        lines_draw_as(l, curve, CTXMARK_SERIES_LINE);
    }
}

static void emit_plot(const struct ctxmark_host *h, struct lines *l, double limit)
{
    const struct ctxmark_limit_line line = {"memory limit", 0, 0, limit};
    lines_emit(h, l,
               (struct ctxmark_plot){.name = "peak_memory",
                                     .title = "Peak memory by context length",
                                     .section = "memory",
                                     .order = 10,
                                     .x = {"context length", "tokens", 1, 0},
                                     .y = {"peak memory", "MiB", 1, 0},
                                     .limits = &line,
                                     .limit_count = limit > 0,
                                     .limit_stride = sizeof line});
}

/* --- putting it together */

struct work {
    const struct ctxmark_host *h;
    struct growth_row *growth;
    struct context_row *contexts;
    struct kv_row *kv;
    struct budget_row *budgets;
    size_t growth_count, context_count, kv_count, budget_count;
    struct lines lines;
    double limit; /* the one limit of all, NaN where they differ */
};

static void take_peaks(struct peaks *p, const struct memory *m, double *room)
{
    *p = (struct peaks){.m = m, .x = room, .y = room + m->count};
    for (size_t i = 0; i < m->count; i++) {
        if (isnan(m->cells[i].peak))
            continue;
        p->x[p->count] = m->cells[i].context;
        p->y[p->count++] = m->cells[i].peak;
        p->in_gpu += !(m->cells[i].context >= m->spill);
    }
}

static void analyze_model(struct work *w, const struct memory *m, double *room)
{
    struct peaks p;
    take_peaks(&p, m, room);
    if (!p.count)
        return;
    struct shape s = shape_get(w->h, m->keys.backend, m->keys.model, NAN);
    struct growth_row *g = &w->growth[w->growth_count++];
    *g = make_growth(&p);
    for (size_t i = 0; i < m->count; i++)
        if (!isnan(m->cells[i].peak))
            w->contexts[w->context_count++] = make_context(m, &m->cells[i], &s, g);
    if (!isnan(shape_kv_bytes(&s)))
        w->kv[w->kv_count++] = make_kv(&s, g);
    if (m->limit > 0)
        w->budgets[w->budget_count++] = make_budget(&p, g);
    w->limit = w->growth_count == 1 || w->limit == m->limit ? m->limit : NAN;
    plot_model(&w->lines, &p, g, &s);
}

static void say_all(const struct work *w)
{
    struct findings said = {0};
    for (size_t i = 0; i < w->context_count; i++) {
        const struct context_row *r = &w->contexts[i];
        bool last = i + 1 == w->context_count || !keys_same_model(&r->keys, &r[1].keys);
        double oom_at = NAN;
        for (size_t k = 0; k < w->growth_count; k++)
            if (keys_same_model(&w->growth[k].keys, &r->keys))
                oom_at = w->growth[k].oom_at;
        if (last && r->in_gpu == 0)
            say_spill(&said, r, i, oom_at);
    }
    for (size_t i = 0; i < w->growth_count; i++)
        say_growth(&said, &w->growth[i], i);
    for (size_t i = 0; i < w->kv_count; i++)
        say_kv(&said, &w->kv[i], i);
    for (size_t i = 0; i < w->budget_count; i++)
        say_budget(&said, &w->budgets[i], i);
    findings_emit(w->h, &said);
}

static int work(struct input *in)
{
    const struct series_set *set = &in->set;
    size_t cells = 0;
    for (size_t i = 0; i < set->memory_count; i++)
        cells += set->memories[i].count;
    struct work w = {.h = in->h, .limit = NAN};
    w.growth = input_array(in, set->memory_count, sizeof *w.growth);
    w.kv = input_array(in, set->memory_count, sizeof *w.kv);
    w.budgets = input_array(in, set->memory_count, sizeof *w.budgets);
    w.contexts = input_array(in, cells, sizeof *w.contexts);
    double *room = input_array(in, 2 * cells, sizeof *room);
    if (in->failed)
        return -1;
    for (size_t i = 0; i < set->memory_count; i++)
        analyze_model(&w, &set->memories[i], room);
    table_emit(in->h, &context_table, w.contexts, sizeof *w.contexts, w.context_count);
    table_emit(in->h, &growth_table, w.growth, sizeof *w.growth, w.growth_count);
    table_emit(in->h, &kv_table, w.kv, sizeof *w.kv, w.kv_count);
    table_emit(in->h, &budget_table, w.budgets, sizeof *w.budgets, w.budget_count);
    say_all(&w);
    emit_plot(in->h, &w.lines, w.limit);
    return 0;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    return input_analyze(h, work);
}

/* --- the plugin */

static const struct ctxmark_analyzer analyzer = {.size = sizeof analyzer, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "memory",
    .version = PACKAGE_VERSION,
    .summary = "Growth of peak memory, KV-cache theory, spill and OOM, context budgets.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
