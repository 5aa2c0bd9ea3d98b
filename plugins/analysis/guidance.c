/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "guidance": which backend, which model, how much context; each sentence with the rows
 * that carry it, and none where there are no rows. */

#include "config.h"

#include "plugins/analysis/library/answer.h"
#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/sources.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define MARGIN 0.8
#define MIB_PER_GB 1024.0

struct work {
    const struct ctxmark_host *h;
    struct sources s;
    struct view firsts; /* cold_start.cold_start */
    struct findings *said;
};

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* --- which backend, by context */

struct choice {
    struct keys keys;
    const char *choose, *over, *why, *note;
    double prefill_ratio, decode_ratio, e2e_ratio;
};

#define B(member, type, role, unit, definition)                                                    \
    FIELD(struct choice, member, type, role, unit, definition)

static const struct field choice_fields[] = {
    KEY_FIELDS(struct choice),
    B(choose, TEXT, VALUE, "", "backend (or run) to choose; unknown: the data do not decide"),
    B(over, TEXT, VALUE, "", "the one it was held against"),
    B(why, TEXT, VALUE, "",
      "faster: all that can be compared is proven faster; only one: the other has no usable result "
      "here; equivalent, mixed or not proven: no choice"),
    B(prefill_ratio, NUMBER, VALUE, "",
      "latency of b over a; where one is a prompt cache's hit, of the first repetition"),
    B(decode_ratio, NUMBER, VALUE, "", "latency of decode, b over a"),
    FIELD_OPTIONAL(struct choice, e2e_ratio, NUMBER, VALUE, "",
                   "latency of the whole request, b over a; unknown where a prompt cache is in it"),
    B(note, TEXT, NOTE, "", "how to read it"),
};

static const struct table choice_table =
    TABLE("backend_by_context", "Which backend, by context", "guidance", 10, choice_fields);

struct ratios {
    double prefill, decode, e2e;
    size_t faster, slower, compared;
    bool cached;
};

/* The comparisons of one model, context and pair of sides, from the first of their rows on. */
static struct ratios gather_ratios(const struct view *v, uint64_t first, struct answer *a)
{
    struct ratios r = {NAN, NAN, NAN, 0, 0, 0, false};
    const char *model = view_text(v, first, "model"), *b = view_text(v, first, "candidate");
    double context = view_number(v, first, "context_length");
    for (int64_t row = -1;
         (row = view_find(v, (uint64_t)(row + 1), model, NULL, NULL, context)) >= 0;) {
        uint64_t at = (uint64_t)row;
        if (!same_text(view_text(v, at, "candidate"), b) ||
            !same_text(view_text(v, at, "backend"), view_text(v, first, "backend")))
            continue;
        double real = view_number(v, at, "first_ratio"), ratio = view_number(v, at, "ratio");
        bool prefill = view_text_is(v, at, "mode", "prefill"),
             decode = view_text_is(v, at, "mode", "decode");
        if (prefill) {
            r.cached = !isnan(real);
            r.prefill = r.cached ? real : ratio;
        } else if (decode) {
            r.decode = ratio;
        } else if (view_text_is(v, at, "mode", "e2e")) {
            r.e2e = ratio;
        }
        if ((prefill && r.cached) || (!prefill && !decode))
            continue; /* e2e is the other two again */
        r.compared++;
        r.faster += view_text_is(v, at, "verdict", "faster");
        r.slower += view_text_is(v, at, "verdict", "slower");
        answer_cite(a, v, at, "ratio");
    }
    if (r.cached)
        r.e2e = NAN;
    return r;
}

static struct choice choose(const struct view *v, uint64_t row, struct answer *a)
{
    struct ratios r = gather_ratios(v, row, a);
    const char *base = view_text(v, row, "baseline"), *candidate = view_text(v, row, "candidate");
    struct choice c = {.keys = {.model = view_text(v, row, "model"),
                                .backend = view_text(v, row, "backend"),
                                .context_length = view_number(v, row, "context_length"),
                                .concurrency = view_number(v, row, "concurrency"),
                                .launch = NAN},
                       .over = base,
                       .prefill_ratio = r.prefill,
                       .decode_ratio = r.decode,
                       .e2e_ratio = r.e2e};
    /* a first repetition is one value: it cannot prove, but it can contradict */
    bool faster = r.compared && r.faster == r.compared && !(r.cached && r.prefill > 1);
    bool slower = r.compared && r.slower == r.compared && !(r.cached && r.prefill < 1);
    c.choose = faster ? candidate : slower ? base : NULL;
    c.over = slower ? candidate : base;
    c.why = faster || slower         ? "faster"
            : r.faster && r.slower   ? "mixed"
            : !r.faster && !r.slower ? "not proven"
                                     : "mixed";
    if (r.cached)
        c.note = "prefill by single first repetitions: the others are a prompt cache's hits";
    return c;
}

/* Whether an earlier row is of the same model, context and candidate. */
static bool is_told(const struct view *v, uint64_t row)
{
    for (int64_t at = -1; (at = view_find(v, (uint64_t)(at + 1), view_text(v, row, "model"), NULL,
                                          NULL, view_number(v, row, "context_length"))) >= 0 &&
                          (uint64_t)at < row;)
        if (same_text(view_text(v, (uint64_t)at, "candidate"), view_text(v, row, "candidate")) &&
            same_text(view_text(v, (uint64_t)at, "backend"), view_text(v, row, "backend")))
            return true;
    return false;
}

/* One sentence for each model and candidate over all its contexts. */
static void tell_choices(const struct work *w, const struct choice *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = 0, of = 0, at = i;
        double low = NAN, high = NAN;
        bool seen = !c[i].choose;
        for (size_t k = 0; k < count && !seen; k++) {
            if (!same_text(c[k].keys.model, c[i].keys.model) ||
                !same_text(c[k].keys.backend, c[i].keys.backend))
                continue;
            of++;
            if (!same_text(c[k].choose, c[i].choose))
                continue;
            seen = k < i;
            n++;
            at = n == 1 ? k : at;
            low = fmin(low, c[k].keys.context_length);
            high = fmax(high, c[k].keys.context_length);
        }
        if (seen || !n)
            continue;
        struct answer a = {0};
        answer_say(&a,
                   "For %s choose %s over %s at %.0f to %.0f tokens (%zu of %zu contexts that both "
                   "have): all that can be compared is proven faster%s%s.",
                   text_or(c[i].keys.model, "?"), c[i].choose, text_or(c[i].over, "?"), low, high,
                   n, of, c[at].note ? "; " : "", text_or(c[at].note, ""));
        finding_emit(w->h, CTXMARK_SEVERITY_INFO, "choose_backend", choice_table.name, (int64_t)at,
                     "choose", "%s", a.text);
    }
}

static int advise_backend(const struct work *w)
{
    const struct view *v = &w->s.pairs;
    struct choice *c = calloc(v->count + 1, sizeof *c);
    struct answer *a = calloc(1, sizeof *a);
    size_t count = 0;
    for (uint64_t row = 0; c && a && row < v->count; row++)
        if (!is_told(v, row))
            c[count++] = choose(v, row, a);
    bool ready = c && a;
    if (ready) {
        table_emit(w->h, &choice_table, c, sizeof *c, count);
        tell_choices(w, c, count);
    }
    free(c);
    free(a);
    return ready ? 0 : -1;
}

/* --- which model, by use */

static const struct use {
    const char *name, *words;
    double context, ttft, rate;
} uses[] = {
    {"chat", "interactive chat", 4096, 1000, 20},
    {"retrieval", "answers over retrieved text", 8192, 5000, 20},
    {"documents", "whole documents", 32768, 30000, 10},
};

struct fitness {
    struct keys keys;
    const char *use, *note;
    double ttft, ttft_limit, rate, rate_limit, meets;
};

#define U(member, type, role, unit, definition)                                                    \
    FIELD(struct fitness, member, type, role, unit, definition)

static const struct field fitness_fields[] = {
    U(use, TEXT, KEY, "", "chat: 4,096 tokens; retrieval: 8,192; documents: 32,768"),
    KEY_FIELDS(struct fitness),
    U(meets, FLAG, VALUE, "", "both limits are kept"),
    U(ttft, NUMBER, VALUE, "ms",
      "median time to first token; of the first repetition where the others are a cache's hits"),
    U(ttft_limit, NUMBER, VALUE, "ms", "at most this for the use: chosen by convention"),
    U(rate, NUMBER, VALUE, "tok/s", "median decode rate"),
    U(rate_limit, NUMBER, VALUE, "tok/s", "at least this for the use: chosen by convention"),
    U(note, TEXT, NOTE, "", "how to read it"),
};

static const struct table fitness_table =
    TABLE("model_by_use", "Which model, by use", "guidance", 20, fitness_fields);

/* One model on one backend for one use; false: that context was not measured. */
static bool judge_use(const struct work *w, const struct use *u, uint64_t row, struct fitness *ret)
{
    const struct view *v = &w->s.prefill;
    const char *model = view_text(v, row, "model"), *backend = view_text(v, row, "backend");
    bool cached = sources_is_cached(&w->s, model, backend);
    int64_t rate = view_find(&w->s.rates, 0, model, backend, NULL, u->context),
            first = view_find(&w->firsts, 0, model, backend, "prefill", u->context);
    if (view_number(v, row, "context_length") != u->context || rate < 0)
        return false;
    *ret = (struct fitness){.keys = {.run = view_text(v, row, "run"),
                                     .model = model,
                                     .backend = backend,
                                     .context_length = u->context,
                                     .concurrency = view_number(v, row, "concurrency"),
                                     .launch = NAN},
                            .use = u->name,
                            .ttft = view_number(v, row, "median"),
                            .ttft_limit = u->ttft,
                            .rate = view_number(&w->s.rates, (uint64_t)rate, "median"),
                            .rate_limit = u->rate,
                            .meets = NAN};
    if (cached) {
        ret->ttft = first >= 0 ? view_number(&w->firsts, (uint64_t)first, "rep0") : NAN;
        ret->note = "time to first token of one first repetition: the others are a prompt cache's";
    }
    if (!isnan(ret->ttft) && !isnan(ret->rate))
        ret->meets = ret->ttft <= u->ttft && ret->rate >= u->rate;
    return true;
}

static void tell_use(const struct work *w, const struct use *u, const struct fitness *f,
                     size_t first, size_t end)
{
    size_t n = 0, best = first;
    for (size_t i = first; i < end; i++) {
        if (f[i].meets != 1)
            continue;
        best = !n || f[i].rate > f[best].rate ? i : best;
        n++;
    }
    if (first == end)
        return;
    if (!n) {
        finding_emit(w->h, CTXMARK_SEVERITY_INFO, "model_for_use", fitness_table.name,
                     (int64_t)first, "meets",
                     "For %s (%.0f tokens; first token within %s, %g tok/s) none of the %zu that "
                     "were measured at this context will do.",
                     u->words, u->context, figure_ms(u->ttft).text, u->rate, end - first);
        return;
    }
    finding_emit(w->h, CTXMARK_SEVERITY_INFO, "model_for_use", fitness_table.name, (int64_t)best,
                 "meets",
                 "For %s (%.0f tokens; first token within %s, %g tok/s) %zu of %zu will do; the "
                 "fastest is %s on %s: first token after %s, %s tok/s%s%s. Speed is all that was "
                 "measured: the quality of answers was not.",
                 u->words, u->context, figure_ms(u->ttft).text, u->rate, n, end - first,
                 text_or(f[best].keys.model, "?"), text_or(f[best].keys.backend, "?"),
                 figure_ms(f[best].ttft).text, figure(f[best].rate).text, f[best].note ? "; " : "",
                 text_or(f[best].note, ""));
}

static int advise_model(const struct work *w)
{
    enum { USES = sizeof uses / sizeof *uses };
    const struct view *v = &w->s.prefill;
    struct fitness *f = calloc(USES * v->count + 1, sizeof *f);
    size_t count = 0, ends[USES];
    for (size_t u = 0; f && u < USES; u++) {
        for (uint64_t row = 0; row < v->count; row++)
            count += judge_use(w, &uses[u], row, &f[count]);
        ends[u] = count;
    }
    if (!f)
        return -1;
    table_emit(w->h, &fitness_table, f, sizeof *f, count);
    for (size_t u = 0; u < USES; u++)
        tell_use(w, &uses[u], f, u ? ends[u - 1] : 0, ends[u]);
    free(f);
    return 0;
}

/* --- how much context, by memory */

static const double sizes_gb[] = {8, 12, 16, 24, 48, 80};

enum { SIZES = sizeof sizes_gb / sizeof *sizes_gb };

struct budget {
    struct keys keys;
    double memory_gb, tokens, tokens_with_margin, measured_to, extrapolated;
    const char *note;
};

#define G(member, type, role, unit, definition)                                                    \
    FIELD(struct budget, member, type, role, unit, definition)

static const struct field budget_fields[] = {
    KEY_FIELDS(struct budget),
    G(memory_gb, NUMBER, KEY, "GiB", "memory that the backend may use"),
    G(tokens, INTEGER, VALUE, "tokens",
      "context at which the parabola through the peaks within the limit (memory.growth) reaches "
      "it"),
    G(tokens_with_margin, INTEGER, VALUE, "tokens", "the same for 80 % of the memory"),
    G(extrapolated, FLAG, VALUE, "", "tokens lie beyond the longest context of the fit"),
    G(measured_to, INTEGER, DETAIL, "tokens", "longest context of the fit"),
    G(note, TEXT, NOTE, "", "why there is no figure"),
};

static const struct table budget_table =
    TABLE("budget_by_memory", "How much context, by memory", "guidance", 30, budget_fields);

/* Largest n with c + b n + a n^2 <= limit; NaN: none, or it never gets there. */
static double solve(double a, double b, double c, double limit)
{
    double room = limit - c;
    if (!(room > 0))
        return NAN;
    if (!(fabs(a) > 0))
        return b > 0 ? floor(room / b) : NAN;
    double root = b * b + 4 * a * room;
    /* the form without cancellation for either sign of b */
    double n = b >= 0 ? 2 * room / (b + sqrt(root)) : (sqrt(root) - b) / (2 * a);
    return root >= 0 && n > 0 ? floor(n) : NAN;
}

/* The longest context whose peak is in the fit. */
static double fitted_to(const struct work *w, uint64_t row)
{
    const struct view *v = &w->s.growth;
    struct view contexts = view_get(w->h, "memory", "contexts");
    double spill = view_number(v, row, "spillover_at"), longest = NAN;
    for (int64_t at = -1; (at = view_find(&contexts, (uint64_t)(at + 1), view_text(v, row, "model"),
                                          view_text(v, row, "backend"), NULL, NAN)) >= 0;) {
        double n = view_number(&contexts, (uint64_t)at, "context_length");
        if (!isnan(view_number(&contexts, (uint64_t)at, "peak_mb")) && !(n >= spill))
            longest = fmax(longest, n);
    }
    return longest;
}

/* Peaks that rise by less than a thousandth over all that was measured are flat: what a parabola
 * makes of their rounding must not be carried on to millions of tokens. */
static bool grows(double a, double b, double c, double measured_to)
{
    return (b + a * measured_to) * measured_to > 1e-3 * c;
}

static struct budget budget_of(const struct work *w, uint64_t row, double gb)
{
    const struct view *v = &w->s.growth;
    double a = view_number(v, row, "quadratic_in_gpu_a"),
           b = view_number(v, row, "quadratic_in_gpu_b"),
           c = view_number(v, row, "quadratic_in_gpu_c");
    struct budget r = {.keys = {.run = view_text(v, row, "run"),
                                .model = view_text(v, row, "model"),
                                .backend = view_text(v, row, "backend"),
                                .context_length = NAN,
                                .concurrency = view_number(v, row, "concurrency"),
                                .launch = NAN},
                       .memory_gb = gb,
                       .tokens = solve(a, b, c, gb * MIB_PER_GB),
                       .tokens_with_margin = solve(a, b, c, MARGIN * gb * MIB_PER_GB),
                       .measured_to = fitted_to(w, row),
                       .extrapolated = NAN};
    if (!grows(a, b, c, r.measured_to))
        r.tokens = r.tokens_with_margin = NAN;
    if (isnan(a))
        r.note = "peak memory is known at too few contexts";
    else if (c >= gb * MIB_PER_GB)
        r.note = "the model itself does not fit";
    else if (isnan(r.tokens))
        r.note = "memory does not grow with context here";
    else
        r.extrapolated = r.tokens > r.measured_to;
    return r;
}

/* "6595 tokens in 8 GiB, 25110 in 80 GiB": the first and last size that are known. */
static const char *short_of(const struct budget *b, char *text, size_t size)
{
    size_t low = 0, high = SIZES - 1;
    while (low < high && isnan(b[low].tokens_with_margin))
        low++;
    while (high > low && isnan(b[high].tokens_with_margin))
        high--;
    snprintf(text, size, "%.0f tokens in %g GiB, %.0f in %g GiB", b[low].tokens_with_margin,
             b[low].memory_gb, b[high].tokens_with_margin, b[high].memory_gb);
    return text;
}

static void tell_budget(const struct work *w, const struct budget *b, size_t first)
{
    struct answer a = {0};
    char text[128];
    size_t known = 0;
    for (size_t i = 0; i < SIZES; i++) {
        if (isnan(b[i].tokens_with_margin))
            continue;
        answer_say(&a, "%s%.0f in %g GiB%s", known++ ? ", " : "", b[i].tokens_with_margin,
                   b[i].memory_gb, b[i].extrapolated == 1 ? " (extrapolated)" : "");
    }
    if (known)
        findings_say(w->said,
                     &(const struct saying){CTXMARK_SEVERITY_INFO, "context_budget",
                                            budget_table.name, "tokens_with_margin"},
                     (int64_t)first, -b->tokens_with_margin,
                     label_of(&b->keys, "%s", short_of(b, text, sizeof text)).text,
                     "Context that fits %s on %s with a fifth of the memory to spare: %s tokens, "
                     "by the parabola through its peaks up to %.0f tokens.",
                     text_or(b->keys.model, "?"), text_or(b->keys.backend, "?"), a.text,
                     b->measured_to);
}

static int advise_context(const struct work *w)
{
    const struct view *v = &w->s.growth;
    struct budget *b = calloc(SIZES * v->count + 1, sizeof *b);
    if (!b)
        return -1;
    for (uint64_t row = 0; row < v->count; row++)
        for (size_t i = 0; i < SIZES; i++)
            b[row * SIZES + i] = budget_of(w, row, sizes_gb[i]);
    table_emit(w->h, &budget_table, b, sizeof *b, SIZES * v->count);
    for (uint64_t row = 0; row < v->count; row++)
        tell_budget(w, &b[row * SIZES], row * SIZES);
    findings_emit(w->h, w->said);
    free(b);
    return 0;
}

/* --- the plugin */

static int32_t analyze(const struct ctxmark_host *h)
{
    struct findings said = {0};
    struct work w = {.h = h, .said = &said};
    sources_get(&w.s, h);
    w.firsts = view_get(h, "cold_start", "cold_start");
    if (advise_backend(&w) < 0 || advise_model(&w) < 0 || advise_context(&w) < 0)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    return CTXMARK_OK;
}

static const struct ctxmark_analyzer analyzer = {
    .size = sizeof analyzer, .after = sources_after, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "guidance",
    .version = PACKAGE_VERSION,
    .summary = "Which backend, which model, how much context: only what the tables carry.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
