/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "questions": four questions and eight claims about long contexts, each answered from the
 * other analyzers' tables or not at all. */

#include "config.h"

#include "plugins/analysis/library/answer.h"
#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/sources.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define SUPERLINEAR 1.0
#define KV_AGREES 2.0      /* measured growth within this factor of the theory */
#define CLEAN_STEP 4.0     /* what a quadratic cost makes of a doubled context */
#define LEAST_STEP_PCT 2.0 /* a rate that changes less has not changed */

struct row {
    struct keys keys;
    const char *id, *question, *answer, *verdict, *evidence;
};

#define R(member, type, role, definition) FIELD(struct row, member, type, role, "", definition)

static const struct field fields[] = {
    R(id, TEXT, KEY, "q: research question; c: claim"),
    R(question, TEXT, VALUE, "question or claim"),
    R(verdict, TEXT, VALUE,
      "supported: these data show it; not supported: they could, and do not; not measurable here: "
      "they cannot tell"),
    R(answer, TEXT, VALUE, "in words, with the figures that carry it"),
    R(evidence, TEXT, DETAIL, "tables and rows (from 0) that the answer rests on"),
};

static const struct table question_table =
    TABLE("questions", "Questions and claims, and what these data say", "questions", 10, fields);

static const char *name_of(const struct view *v, uint64_t row, const char *column)
{
    const char *text = view_text(v, row, column);
    return text ? text : "?";
}

static void not_measurable(struct answer *a, const char *why)
{
    a->verdict = VERDICT_NOT_MEASURABLE;
    if (!*a->text)
        answer_say(a, "%s", why);
}

/* --- growth of the prefill */

struct growth {
    size_t fitted, above, below, cached; /* series; exponents above and below 1 for sure */
};

/* One sentence for each series whose prefill is one; counts. */
static struct growth tell_growth(const struct sources *s, struct answer *a, bool tell)
{
    struct growth g = {0};
    const struct view *v = &s->fits;
    for (uint64_t row = 0; row < v->count; row++) {
        const char *model = view_text(v, row, "model"), *backend = view_text(v, row, "backend");
        if (!view_text_is(v, row, "mode", "prefill") ||
            sources_clean_fit(s, model, backend, "prefill") != (int64_t)row)
            continue;
        if (sources_is_cached(s, model, backend)) {
            g.cached++;
            continue;
        }
        double low = view_number(v, row, "power_b_ci95_low"),
               high = view_number(v, row, "power_b_ci95_high");
        g.fitted++;
        g.above += low > SUPERLINEAR;
        g.below += high < SUPERLINEAR;
        if (!tell)
            continue;
        answer_say(a, "%s on %s: context^%.2f (%.2f to %.2f) up to %.0f tokens. ",
                   name_of(v, row, "model"), name_of(v, row, "backend"),
                   view_number(v, row, "power_b"), low, high, view_number(v, row, "context_last"));
        answer_cite(a, v, row, "power_b");
    }
    if (g.cached && tell)
        answer_say(a, "%zu further series %s of a prompt cache's hits and say nothing. ", g.cached,
                   g.cached == 1 ? "is" : "are");
    return g;
}

static void judge_growth(struct answer *a, const struct growth *g, size_t supports)
{
    if (!g->fitted)
        not_measurable(a, "No prefill was measured at three contexts or more outside a cache.");
    else
        a->verdict = supports ? VERDICT_SUPPORTED : VERDICT_NOT_SUPPORTED;
}

/* How many series have a quadratic term for sure. */
static size_t tell_quadratic(const struct sources *s, struct answer *a)
{
    const struct view *v = &s->fits;
    size_t n = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        const char *model = view_text(v, row, "model"), *backend = view_text(v, row, "backend");
        if (!view_text_is(v, row, "mode", "prefill") ||
            sources_clean_fit(s, model, backend, "prefill") != (int64_t)row ||
            sources_is_cached(s, model, backend) ||
            !(view_number(v, row, "quadratic_a_ci95_low") > 0))
            continue;
        n++;
        answer_cite(a, v, row, "quadratic_a");
    }
    return n;
}

static void answer_quadratic(const struct sources *s, struct answer *a)
{
    struct growth g = tell_growth(s, a, true);
    size_t n = g.fitted ? tell_quadratic(s, a) : 0;
    if (g.fitted)
        answer_say(a, "A quadratic term is proven in %zu of %zu.", n, g.fitted);
    judge_growth(a, &g, n);
}

static void answer_superlinear(const struct sources *s, struct answer *a)
{
    struct growth g = tell_growth(s, a, true);
    if (g.fitted)
        answer_say(a, "Steeper than linear for sure in %zu of %zu.", g.above, g.fitted);
    judge_growth(a, &g, g.above);
}

/* The claim that some backend has no quadratic cost, made from prefill that grows less than
 * linearly: no prefill does that. */
static void answer_eliminated(const struct sources *s, struct answer *a)
{
    const struct view *v = &s->causes;
    size_t caches = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        if (!view_text_is(v, row, "verdict", "prompt_cache"))
            continue;
        caches++;
        answer_say(a,
                   "%s on %s: flat (context^%.2f) because a cache answers; the first "
                   "repetitions, which compute, grow as context^%.2f. ",
                   name_of(v, row, "model"), name_of(v, row, "backend"),
                   view_number(v, row, "rest_exponent"), view_number(v, row, "rep0_exponent"));
        answer_cite(a, v, row, "verdict");
    }
    struct growth g = tell_growth(s, a, false);
    if (g.below && !caches) {
        answer_say(a,
                   "%zu of %zu series grow less than linearly, which reading every token does "
                   "not allow: a fixed cost hides the work at these lengths.",
                   g.below, g.fitted);
        not_measurable(a, "");
    } else if (caches) {
        not_measurable(a, "");
    } else if (g.fitted) {
        a->verdict = VERDICT_NOT_SUPPORTED;
        tell_growth(s, a, true);
    } else {
        not_measurable(a, "No prefill was measured at three contexts or more.");
    }
}

/* --- memory */

static size_t tell_memory(const struct sources *s, struct answer *a, size_t *ret_known)
{
    const struct view *v = &s->growth;
    size_t found = 0;
    *ret_known = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        double spill = view_number(v, row, "spillover_at"), oom = view_number(v, row, "oom_at");
        int64_t budget = view_find(&s->budget, 0, view_text(v, row, "model"),
                                   view_text(v, row, "backend"), NULL, NAN);
        *ret_known += budget >= 0 || !isnan(spill) || !isnan(oom);
        if (isnan(spill) && isnan(oom))
            continue;
        found++;
        answer_say(a, "%s on %s: ", name_of(v, row, "model"), name_of(v, row, "backend"));
        if (!isnan(spill))
            answer_say(a, "beyond the memory limit from %.0f tokens%s", spill,
                       isnan(oom) ? ". " : ", ");
        if (!isnan(oom))
            answer_say(a, "out of memory at %.0f. ", oom);
        answer_cite(a, v, row, isnan(spill) ? "oom_at" : "spillover_at");
    }
    return found;
}

static void answer_bottleneck(const struct sources *s, struct answer *a)
{
    size_t known, found = tell_memory(s, a, &known);
    if (found)
        a->verdict = VERDICT_SUPPORTED;
    else if (known) {
        answer_say(a, "No context that was measured exceeds the memory limit.");
        a->verdict = VERDICT_NOT_SUPPORTED;
    } else
        not_measurable(a, "Peak memory or the memory limit is not known (fact memory_limit_mib).");
}

/* --- cliffs */

/* Series of prefill or decode in two regimes; those with a step beyond a quadratic cost's. */
static size_t tell_cliffs(const struct sources *s, struct answer *a, size_t *ret_judged)
{
    const struct view *v = &s->regimes;
    size_t found = 0;
    *ret_judged = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        double step = view_number(v, row, "thrash_multiplier_median");
        *ret_judged +=
            view_text(v, row, "verdict") && !view_text_is(v, row, "verdict", "not enough data");
        if (!view_text_is(v, row, "verdict", "two regimes") ||
            view_text_is(v, row, "mode", "e2e") || !(step > CLEAN_STEP))
            continue;
        found++;
        answer_say(a, "%s of %s on %s: %s times from %.0f to %.0f tokens. ",
                   name_of(v, row, "mode"), name_of(v, row, "model"), name_of(v, row, "backend"),
                   figure(step).text, view_number(v, row, "break_after"),
                   view_number(v, row, "break_at"));
        answer_cite(a, v, row, "thrash_multiplier_median");
    }
    return found;
}

static void answer_cliff(const struct sources *s, struct answer *a)
{
    size_t judged, found = tell_cliffs(s, a, &judged);
    if (found)
        a->verdict = VERDICT_SUPPORTED;
    else if (judged) {
        answer_say(a, "None of %zu series has a step beyond %.0f times.", judged, CLEAN_STEP);
        a->verdict = VERDICT_NOT_SUPPORTED;
    } else
        not_measurable(a, "No series has enough contexts.");
}

/* A limit of memory before one of computing: memory is exceeded, and latency breaks there. */
static void answer_memory_first(const struct sources *s, struct answer *a)
{
    size_t known, judged;
    size_t spilled = tell_memory(s, a, &known), cliffs = tell_cliffs(s, a, &judged);
    if (spilled && cliffs)
        a->verdict = VERDICT_SUPPORTED;
    else if (known && judged) {
        a->verdict = VERDICT_NOT_SUPPORTED;
        if (!*a->text)
            answer_say(a, "No context exceeds the memory limit, and no series breaks.");
    } else
        not_measurable(a, "Memory and its limit, or enough contexts, are not known.");
}

/* --- time to first token, decode */

static void answer_ttft(const struct sources *s, struct answer *a)
{
    const struct view *v = &s->prefill;
    size_t told = 0, cached = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        uint64_t first, last;
        if (!sources_ends(v, row, &first, &last) || first != row || first == last)
            continue;
        if (sources_is_cached(s, view_text(v, row, "model"), view_text(v, row, "backend"))) {
            cached++;
            continue;
        }
        double low = view_number(v, first, "median"), high = view_number(v, last, "median");
        told++;
        answer_say(a, "%s on %s: %s at %.0f tokens, %s at %.0f (%s times). ",
                   name_of(v, row, "model"), name_of(v, row, "backend"), figure_ms(low).text,
                   view_number(v, first, "context_length"), figure_ms(high).text,
                   view_number(v, last, "context_length"), figure(high / low).text);
        answer_cite(a, v, first, "median");
        answer_cite(a, v, last, "median");
    }
    if (cached)
        answer_say(a,
                   "%zu further series %s of a prompt cache's hits: their time to first token "
                   "is that of a repeated prompt.",
                   cached, cached == 1 ? "is" : "are");
    if (told)
        a->verdict = VERDICT_SUPPORTED;
    else
        not_measurable(a, "No prefill was measured at two contexts.");
}

static void answer_decode(const struct sources *s, struct answer *a)
{
    const struct view *v = &s->rates;
    size_t series = 0, falls = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        uint64_t first, last;
        if (!sources_ends(v, row, &first, &last) || first != row || first == last)
            continue;
        double from = view_number(v, first, "median"), to = view_number(v, last, "median");
        double change = 100 * (to - from) / from;
        bool apart = isnan(view_number(v, first, "median_low")) ||
                     view_number(v, last, "median_high") < view_number(v, first, "median_low");
        series++;
        falls += apart && change < -LEAST_STEP_PCT;
        answer_say(a, "%s on %s: %s tok/s at %.0f tokens, %s at %.0f (%+.0f %%). ",
                   name_of(v, row, "model"), name_of(v, row, "backend"), figure(from).text,
                   view_number(v, first, "context_length"), figure(to).text,
                   view_number(v, last, "context_length"), change);
        answer_cite(a, v, first, "median");
        answer_cite(a, v, last, "median");
    }
    if (!series)
        not_measurable(a, "No decode rate was measured at two contexts.");
    else {
        answer_say(a, "It falls in %zu of %zu series.", falls, series);
        a->verdict = 2 * falls > series ? VERDICT_SUPPORTED : VERDICT_NOT_SUPPORTED;
    }
}

/* --- memory against theory and size */

static void answer_theory(const struct sources *s, struct answer *a)
{
    const struct view *v = &s->kv;
    size_t known = 0, agree = 0;
    for (uint64_t row = 0; row < v->count; row++) {
        double ratio = view_number(v, row, "overhead_ratio");
        if (isnan(ratio))
            continue;
        known++;
        agree += ratio < KV_AGREES && ratio > 1 / KV_AGREES;
        answer_say(a, "%s on %s: %s times the KV cache's %.0f bytes per token. ",
                   name_of(v, row, "model"), name_of(v, row, "backend"), figure(ratio).text,
                   view_number(v, row, "kv_bytes_per_token"));
        answer_cite(a, v, row, "overhead_ratio");
    }
    if (!known)
        not_measurable(a, "The models' shapes or peak memory are not known (facts MODEL.layers, "
                          "MODEL.kv_heads, MODEL.head_size).");
    else
        a->verdict = agree == known ? VERDICT_SUPPORTED : VERDICT_NOT_SUPPORTED;
}

/* Of two models on one backend, which end of their clean contexts is earlier. */
static double clean_end(const struct view *v, uint64_t row)
{
    double spill = view_number(v, row, "spillover_at");
    return isnan(spill) ? view_number(v, row, "oom_at") : spill;
}

static void answer_size(const struct sources *s, struct answer *a)
{
    const struct view *v = &s->growth;
    size_t pairs = 0, agree = 0, against = 0;
    for (uint64_t i = 0; i < v->count; i++)
        for (uint64_t k = 0; k < v->count; k++) {
            const char *backend = view_text(v, k, "backend");
            if (!(view_number(v, i, "base_mb") < view_number(v, k, "base_mb")) || !backend ||
                !view_text_is(v, i, "backend", backend) || isnan(clean_end(v, i) - clean_end(v, k)))
                continue;
            pairs++;
            agree += clean_end(v, k) < clean_end(v, i);
            against += clean_end(v, k) > clean_end(v, i);
        }
    if (!pairs) {
        not_measurable(a, "It takes two models on one backend that both reach the memory limit.");
        return;
    }
    for (uint64_t row = 0; row < v->count; row++)
        if (!isnan(clean_end(v, row))) {
            answer_say(a,
                       "%s on %s: %s MiB at the shortest context, the limit is reached at %.0f. ",
                       name_of(v, row, "model"), name_of(v, row, "backend"),
                       figure(view_number(v, row, "base_mb")).text, clean_end(v, row));
            answer_cite(a, v, row, "base_mb");
        }
    answer_say(a, "Of %zu pairs the larger model reaches it earlier in %zu, later in %zu.", pairs,
               agree, against);
    a->verdict = agree && !against ? VERDICT_SUPPORTED : VERDICT_NOT_SUPPORTED;
}

/* --- putting it together */

static const struct question {
    const char *id, *text;
    void (*answer)(const struct sources *s, struct answer *a);
} questions[] = {
    {"q1", "Does the quadratic cost of attention show in the prefill?", answer_quadratic},
    {"q2", "At what context does memory become the bottleneck?", answer_bottleneck},
    {"q3", "How does the time to first token grow with context?", answer_ttft},
    {"q4", "Is there a context at which performance drops off a cliff?", answer_cliff},
    {"c1", "The quadratic cost of attention is visible.", answer_quadratic},
    {"c2", "Memory becomes the bottleneck before computing does.", answer_memory_first},
    {"c3", "Time to first token grows faster than linearly.", answer_superlinear},
    {"c4", "There is a cliff in context length.", answer_cliff},
    {"c5", "Some backend eliminates the quadratic cost.", answer_eliminated},
    {"c6", "Decode slows down with context.", answer_decode},
    {"c7", "Memory grows as the theory of the KV cache says.", answer_theory},
    {"c8", "The model's size decides how much context fits.", answer_size},
};

#define COUNT (sizeof questions / sizeof *questions)

static void emit_findings(const struct ctxmark_host *h, const struct answer *a)
{
    size_t supported = 0, not_supported = 0;
    for (size_t i = 0; i < COUNT; i++) {
        supported += strcmp(a[i].verdict, VERDICT_SUPPORTED) == 0;
        not_supported += strcmp(a[i].verdict, VERDICT_NOT_SUPPORTED) == 0;
    }
    finding_emit(h, CTXMARK_SEVERITY_INFO, "questions", question_table.name, -1, NULL,
                 "Of four questions and eight claims about long contexts these data support %zu, "
                 "do not support %zu, and cannot tell %zu.",
                 supported, not_supported, COUNT - supported - not_supported);
    for (size_t i = 4; i < COUNT; i++) {
        struct answer f = a[i];
        if (strcmp(a[i].verdict, VERDICT_SUPPORTED) == 0)
            continue;
        f.text[0] = '\0';
        answer_say(&f, "\"%s\" is %s: %s", questions[i].text, a[i].verdict, a[i].text);
        answer_emit(h, &f, CTXMARK_SEVERITY_INFO, "claim");
    }
}

static int32_t analyze(const struct ctxmark_host *h)
{
    struct sources s;
    struct row rows[COUNT];
    struct answer *a = calloc(COUNT, sizeof *a);
    if (!a)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    sources_get(&s, h);
    for (size_t i = 0; i < COUNT; i++) {
        questions[i].answer(&s, &a[i]);
        rows[i] = (struct row){.id = questions[i].id,
                               .question = questions[i].text,
                               .answer = a[i].text,
                               .verdict = a[i].verdict,
                               .evidence = *a[i].evidence_text ? a[i].evidence_text : NULL};
    }
    table_emit(h, &question_table, rows, sizeof *rows, COUNT);
    emit_findings(h, a);
    free(a);
    return CTXMARK_OK;
}

/* --- the plugin */

static const struct ctxmark_analyzer analyzer = {
    .size = sizeof analyzer, .after = sources_after, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "questions",
    .version = PACKAGE_VERSION,
    .summary = "Questions and claims about long contexts, answered from the other tables.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
