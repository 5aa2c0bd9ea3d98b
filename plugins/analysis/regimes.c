/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Analyzer "regimes": whether a series breaks in two: by the memory limit where peaks are known
 * (the break found there holds for every mode of that model and backend), else by a jump beyond
 * x^3 between neighbours; beside it a search for one or two curves over all repetitions; and the
 * signs that announce a break.  Facts: memory_limit_mib (MiB). */

#include "config.h"

#include "plugins/analysis/library/emit.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/library/input.h"
#include "plugins/analysis/regimes/segments.h"
#include "plugins/analysis/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define BREAK_SEARCH "segments"
#define HIGH_SHARE_PCT 80.0
#define HIGH_SPREAD_PCT 5.0
#define SPREAD_GROWTH 3.0
#define NORMAL_IQR 1.3489795003921634 /* quartiles' distance of a normal with sd 1 */
#define JUMP_POWER 3.0

static const char one_regime[] = "one regime", two_regimes[] = "two regimes",
                  no_data[] = "not enough data";

/* --- series */

struct regime_row {
    struct keys keys;
    const char *verdict, *decided_by, *bracket, *segments_verdict, *segments_bracket, *note;
    double break_after, break_at, spillover_at, thrash_multiplier_median, thrash_multiplier_mean;
    double clean_contexts, spill_contexts, growth_factor_median, growth_factor_mean;
    double context_growth, segments_step, bic_one, bic_two;
    char bracket_text[64], segments_text[64];
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct regime_row, member, type, role, unit, definition)
static const struct field regime_fields[] = {
    KEY_FIELDS(struct regime_row),
    V(verdict, TEXT, VALUE, "", "one regime, two regimes or not enough data"),
    V(decided_by, TEXT, VALUE, "",
      "memory_limit: peak memory against the limit; jump: latency grows by more than the cube of "
      "context between neighbours; segments: the search for two curves"),
    V(bracket, TEXT, VALUE, "tokens", "the break lies beyond the first and not beyond the second"),
    V(thrash_multiplier_median, NUMBER, VALUE, "",
      "median at the first context beyond the break / median at the last before it"),
    V(thrash_multiplier_mean, NUMBER, DETAIL, "", "the same of the means"),
    V(segments_verdict, TEXT, VALUE, "",
      "one curve or two through ln latency of all repetitions, by BIC, where the break is a step "
      "of at least 1.5"),
    V(segments_bracket, TEXT, VALUE, "tokens", "where the best two curves part"),
    V(segments_step, NUMBER, VALUE, "",
      "first context after that break over what the curve before it says"),
    V(growth_factor_median, NUMBER, VALUE, "", "median at the last context over the first"),
    V(growth_factor_mean, NUMBER, DETAIL, "", "mean at the last context over the first"),
    V(context_growth, NUMBER, VALUE, "", "last context over first"),
    V(note, TEXT, NOTE, "", "what the verdict lacks"),
    V(break_after, INTEGER, DETAIL, "tokens", "last context before the break"),
    V(break_at, INTEGER, DETAIL, "tokens", "first context beyond the break"),
    V(spillover_at, INTEGER, DETAIL, "tokens",
      "first context whose peak memory exceeds the limit; unknown where none does"),
    V(clean_contexts, INTEGER, DETAIL, "", "contexts before the break"),
    V(spill_contexts, INTEGER, DETAIL, "", "contexts beyond it"),
    V(bic_one, NUMBER, DETAIL, "", "BIC of the best single curve: N ln(rss / N) + k ln N"),
    V(bic_two, NUMBER, DETAIL, "", "BIC of the best two curves; the break counts as a coefficient"),
};
#undef V

static const struct table regime_table =
    TABLE("regimes", "Regimes: where a series breaks", "scaling", 5, regime_fields);

static void write_bracket(char *text, size_t size, double low, double high)
{
    if (isnan(low))
        snprintf(text, size, "(-, %.0f]", high);
    else
        snprintf(text, size, "(%.0f, %.0f]", low, high);
}

static void fill_growth(struct regime_row *r, const struct series *s)
{
    const struct cell *first = &s->cells[0], *last = &s->cells[s->count - 1];
    r->growth_factor_median = last->median / first->median;
    r->growth_factor_mean = last->mean / first->mean;
    r->context_growth = last->context / first->context;
}

/* The break that the table gives. */
static void place_break(struct regime_row *r, const struct series *s, size_t clean, const char *by)
{
    r->decided_by = by;
    r->clean_contexts = (double)clean;
    r->spill_contexts = (double)(s->count - clean);
    r->break_at = s->cells[clean].context;
    r->break_after = clean ? s->cells[clean - 1].context : NAN;
    write_bracket(r->bracket_text, sizeof r->bracket_text, r->break_after, r->break_at);
    r->bracket = r->bracket_text;
    if (!clean) {
        r->verdict = one_regime;
        r->note = "every context lies beyond the limit";
        return;
    }
    r->verdict = two_regimes;
    r->thrash_multiplier_median = s->cells[clean].median / s->cells[clean - 1].median;
    r->thrash_multiplier_mean = s->cells[clean].mean / s->cells[clean - 1].mean;
}

static void fill_search(struct regime_row *r, const struct series *s, const struct segments *found)
{
    r->segments_verdict = found->two > 0 ? two_regimes : found->two == 0 ? one_regime : no_data;
    r->bic_one = found->bic_one;
    r->bic_two = found->bic_two;
    if (found->two < 0)
        return;
    r->segments_step = found->step;
    write_bracket(r->segments_text, sizeof r->segments_text,
                  s->cells[found->first_after - 1].context, s->cells[found->first_after].context);
    r->segments_bracket = r->segments_text;
}

static void judge(struct regime_row *r, const struct series *s, const struct segments *found)
{
    bool memory = s->memory && s->memory->known;
    if (s->break_at.by)
        place_break(r, s, series_clean_count(s), s->break_at.by);
    else if (memory && s->count > 1)
        r->verdict = one_regime, r->decided_by = BREAK_MEMORY;
    else if (!memory && found->two > 0)
        place_break(r, s, found->first_after, BREAK_SEARCH);
    else if (!memory && found->two == 0)
        r->verdict = one_regime, r->decided_by = BREAK_SEARCH;
    else
        r->verdict = no_data, r->note = "too few contexts, and peak memory is not known";
    if (memory && r->verdict == one_regime && found->two > 0 && !r->note)
        r->note = "the search for two curves finds a break that memory does not explain";
}

static int make_row(struct regime_row *r, const struct series *s)
{
    struct segments found;
    *r = (struct regime_row){.keys = s->keys,
                             .break_after = NAN,
                             .break_at = NAN,
                             .spillover_at = s->memory ? s->memory->spill : NAN,
                             .thrash_multiplier_median = NAN,
                             .thrash_multiplier_mean = NAN,
                             .clean_contexts = (double)s->count,
                             .spill_contexts = 0,
                             .segments_step = NAN};
    if (segments_find(&found, s->cells, s->count) < 0)
        return -1;
    fill_growth(r, s);
    fill_search(r, s, &found);
    judge(r, s, &found);
    return 0;
}

/* --- steps between neighbours, and signs of a break to come */

struct step_row {
    struct keys keys;
    double consecutive_ratio_median, context_ratio, step_exponent, memory_share_pct, spread_pct;
    double cv_pct, earlier_spread_pct, sign_memory, sign_jump, sign_variation;
    const char *regime;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct step_row, member, type, role, unit, definition)
static const struct field step_fields[] = {
    KEY_FIELDS(struct step_row),
    V(regime, TEXT, VALUE, "", "clean, or spill: beyond the series' break"),
    V(consecutive_ratio_median, NUMBER, VALUE, "", "median over that of the context before"),
    V(context_ratio, NUMBER, DETAIL, "", "context over the one before"),
    V(step_exponent, NUMBER, VALUE, "", "ln of the first over ln of the second: local exponent"),
    V(spread_pct, NUMBER, VALUE, "%",
      "100 (q3 - q1) / 1.349 / median: as cv_pct, but single slow repetitions do not count; n >= "
      "4"),
    FIELD_OPTIONAL(struct step_row, memory_share_pct, NUMBER, VALUE, "%",
                   "peak memory of the limit"),
    V(sign_memory, FLAG, VALUE, "", "memory_share_pct above 80: the next context may not fit"),
    V(sign_jump, FLAG, VALUE, "",
      "latency grew by more than the cube of context: no exact attention does (three times between "
      "neighbours, as is often said, is what a doubling costs anyway)"),
    V(sign_variation, FLAG, VALUE, "",
      "spread_pct above 5 and three times what it was: more than 3 earlier_spread_pct"),
    V(earlier_spread_pct, NUMBER, DETAIL, "%", "median spread_pct of the contexts before it"),
    V(cv_pct, NUMBER, DETAIL, "%", "100 sd / mean of the repetitions"),
};
#undef V

static const struct table step_table =
    TABLE("steps", "From context to context, and signs of a break", "scaling", 50, step_fields);

static double memory_share(const struct series *s, double context)
{
    for (size_t i = 0; s->memory && i < s->memory->count; i++)
        if (s->memory->cells[i].context == context)
            return 100 * s->memory->cells[i].peak / s->memory->limit;
    return NAN;
}

static double spread_of(const struct cell *c)
{
    if (c->n < 4 || !(c->median > 0))
        return NAN;
    double iqr = stats_quantile(c->x, c->n, 0.75) - stats_quantile(c->x, c->n, 0.25);
    return 100 * iqr / NORMAL_IQR / c->median;
}

static double median_of(double *x, size_t n)
{
    stats_sort(x, n);
    return stats_median(x, n);
}

/* spreads: room for the cells before i. */
static struct step_row make_step(const struct series *s, size_t i, double *spreads)
{
    const struct cell *c = &s->cells[i];
    struct step_row r = {.keys = s->keys,
                         .consecutive_ratio_median = NAN,
                         .context_ratio = NAN,
                         .step_exponent = NAN,
                         .memory_share_pct = memory_share(s, c->context),
                         .spread_pct = spread_of(c),
                         .cv_pct = c->mean > 0 ? 100 * c->sd / c->mean : NAN,
                         .earlier_spread_pct = NAN,
                         .sign_memory = NAN,
                         .sign_jump = NAN,
                         .sign_variation = NAN,
                         .regime = c->context >= s->break_at.first ? "spill" : "clean"};
    size_t n = 0;
    r.keys.context_length = c->context;
    for (size_t k = 0; k < i; k++)
        if (!isnan(spread_of(&s->cells[k])))
            spreads[n++] = spread_of(&s->cells[k]);
    r.earlier_spread_pct = median_of(spreads, n);
    if (!isnan(r.memory_share_pct))
        r.sign_memory = r.memory_share_pct > HIGH_SHARE_PCT;
    if (!isnan(r.spread_pct) && !isnan(r.earlier_spread_pct))
        r.sign_variation =
            r.spread_pct > HIGH_SPREAD_PCT && r.spread_pct > SPREAD_GROWTH * r.earlier_spread_pct;
    if (!i)
        return r;
    r.consecutive_ratio_median = c->median / c[-1].median;
    r.context_ratio = c->context / c[-1].context;
    r.step_exponent = log(r.consecutive_ratio_median) / log(r.context_ratio);
    r.sign_jump = r.consecutive_ratio_median > pow(r.context_ratio, JUMP_POWER);
    return r;
}

/* --- findings */

/* "prefill 100.7, decode 1.755": multipliers of all modes of the model that row `first` is of. */
static size_t list_multipliers(const struct regime_row *r, size_t count, size_t first, char *text,
                               size_t size)
{
    size_t n = 0, len = 0;
    text[0] = '\0';
    for (size_t i = first; i < count && keys_same_model(&r[i].keys, &r[first].keys); i++) {
        if (isnan(r[i].thrash_multiplier_median) || len >= size)
            continue;
        len += (size_t)snprintf(text + len, size - len, "%s%s %s", n++ ? ", " : "",
                                r[i].keys.mode ? r[i].keys.mode : "all",
                                figure(r[i].thrash_multiplier_median).text);
    }
    return n;
}

static void say_break(struct findings *said, const struct regime_row *r, size_t count, size_t row)
{
    char name[512], list[512];
    series_name(&r[row].keys, name, sizeof name);
    list_multipliers(r, count, row, list, sizeof list);
    if (strcmp(r[row].decided_by, BREAK_MEMORY) == 0)
        findings_say(said,
                     &(const struct saying){CTXMARK_SEVERITY_WARNING, "spill", regime_table.name,
                                            "thrash_multiplier_median"},
                     (int64_t)row, -r[row].break_at,
                     label_of(&r[row].keys, "after %.0f tokens: %s", r[row].break_after, list).text,
                     "%s falls off a cliff between %.0f and %.0f tokens, where its memory exceeds "
                     "the limit: medians rise by %s times. No error says so; up to %.0f tokens it "
                     "is sound.",
                     name, r[row].break_after, r[row].break_at, list, r[row].break_after);
    else
        findings_say(said,
                     &(const struct saying){CTXMARK_SEVERITY_WARNING, "latency_break",
                                            regime_table.name, "thrash_multiplier_median"},
                     (int64_t)row, -r[row].break_at,
                     label_of(&r[row].keys, "after %.0f tokens: %s", r[row].break_after, list).text,
                     "%s breaks between %.0f and %.0f tokens (%s; peak memory is not known): "
                     "medians rise by %s times.",
                     name, r[row].break_after, r[row].break_at,
                     strcmp(r[row].decided_by, BREAK_JUMP) == 0
                         ? "a step beyond the cube of context"
                         : "two curves describe it better than one",
                     list);
}

static bool breaks(const struct regime_row *r)
{
    return r->verdict == two_regimes;
}

static void say_rows(const struct ctxmark_host *h, const struct regime_row *r, size_t count)
{
    size_t none = 0;
    char name[512];
    struct findings said = {0};
    for (size_t i = 0; i < count; i++) {
        bool first = true;
        for (size_t k = i; k-- > 0 && keys_same_model(&r[k].keys, &r[i].keys);)
            first &= !breaks(&r[k]) || r[k].break_at != r[i].break_at;
        none += r[i].verdict == one_regime;
        if (breaks(&r[i]) && first)
            say_break(&said, r, count, i);
        if (r[i].note && r[i].verdict == one_regime && r[i].segments_verdict == two_regimes)
            findings_say(
                &said,
                &(const struct saying){CTXMARK_SEVERITY_NOTICE, "break_without_memory",
                                       regime_table.name, "segments_bracket"},
                (int64_t)i, r[i].segments_step,
                label_of(&r[i].keys, "%s in %s", r[i].keys.mode ? r[i].keys.mode : "all",
                         r[i].segments_bracket)
                    .text,
                "%s, %s: latency breaks in %s by %s times although memory stays within its "
                "limit; look for another cause (clocks, a change of kernel).",
                series_name(&r[i].keys, name, sizeof name), r[i].keys.mode ? r[i].keys.mode : "all",
                r[i].segments_bracket, figure(r[i].segments_step).text);
    }
    findings_emit(h, &said);
    if (none)
        finding_emit(h, CTXMARK_SEVERITY_INFO, "no_break", regime_table.name, -1, NULL,
                     "%zu of %zu series show one regime over all contexts that were measured.",
                     none, count);
}

/* Memory is the same in every mode: said once for the context. */
static bool is_said(const struct step_row *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (keys_same_model(&r[k].keys, &r[i].keys) && r[k].sign_memory == 1 &&
            r[k].keys.context_length == r[i].keys.context_length)
            return true;
    return false;
}

static void say_signs(const struct ctxmark_host *h, const struct step_row *r, size_t count)
{
    char name[512];
    struct findings said = {0};
    for (size_t i = 0; i < count; i++) {
        const struct step_row *s = &r[i];
        if (strcmp(s->regime, "clean") != 0)
            continue;
        series_name(&s->keys, name, sizeof name);
        if (s->sign_memory == 1 && !is_said(r, i))
            findings_say(&said,
                         &(const struct saying){CTXMARK_SEVERITY_NOTICE, "memory_nearly_full",
                                                step_table.name, "memory_share_pct"},
                         (int64_t)i, s->memory_share_pct,
                         label_of(&s->keys, "%.0f %% at %.0f tokens", s->memory_share_pct,
                                  s->keys.context_length)
                             .text,
                         "%s fills %.0f %% of its memory limit at %.0f tokens: a sign that the "
                         "next longer context may not fit.",
                         name, s->memory_share_pct, s->keys.context_length);
        if (s->sign_variation == 1)
            findings_say(&said,
                         &(const struct saying){CTXMARK_SEVERITY_NOTICE, "variation_grows",
                                                step_table.name, "spread_pct"},
                         (int64_t)i, s->spread_pct / s->earlier_spread_pct,
                         label_of(&s->keys, "%s, %.3g %% at %.0f tokens",
                                  s->keys.mode ? s->keys.mode : "all", s->spread_pct,
                                  s->keys.context_length)
                             .text,
                         "%s, %s: repetitions spread by %.3g %% at %.0f tokens, against %.2g %% at "
                         "shorter contexts: something begins to disturb them there.",
                         name, s->keys.mode ? s->keys.mode : "all", s->spread_pct,
                         s->keys.context_length, s->earlier_spread_pct);
    }
    findings_emit(h, &said);
}

/* --- putting it together */

static int work(struct input *in)
{
    struct regime_row *r = input_array(in, in->set.count, sizeof *r);
    struct step_row *steps = input_array(in, in->set.cell_count, sizeof *steps);
    double *spreads = input_array(in, in->set.cell_count, sizeof *spreads);
    size_t n = 0;
    if (in->failed)
        return -1;
    for (size_t i = 0; i < in->set.count; i++) {
        if (make_row(&r[i], &in->set.items[i]) < 0)
            return -1;
        for (size_t k = 0; k < in->set.items[i].count; k++)
            steps[n++] = make_step(&in->set.items[i], k, spreads);
    }
    table_emit(in->h, &regime_table, r, sizeof *r, in->set.count);
    table_emit(in->h, &step_table, steps, sizeof *steps, n);
    say_rows(in->h, r, in->set.count);
    say_signs(in->h, steps, n);
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
    .name = "regimes",
    .version = PACKAGE_VERSION,
    .summary = "Clean and spilled: where a series breaks, by how much, and what announces it.",
    .license = "GPL-3.0-or-later",
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
