/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/stats/adjust.h"
#include "plugins/analysis/stats/ranks.h"
#include "plugins/analysis/stats/two_sample.h"

#define C(member, type, role, unit, definition)                                                    \
    FIELD(struct comparison, member, type, role, unit, definition)
#define O(member, type, role, unit, definition)                                                    \
    FIELD_OPTIONAL(struct comparison, member, type, role, unit, definition)
#define ADJUSTED(test, words)                                                                      \
    C(adjusted_##test##_m, INTEGER, DETAIL, "", "tests in the family: all comparisons with a p"),  \
        C(adjusted_##test##_bonferroni, NUMBER, DETAIL, "", words "'s p times m, at most 1"),      \
        C(adjusted_##test##_holm, NUMBER, DETAIL, "", words "'s p after Holm's step-down"),        \
        C(adjusted_##test##_bh, NUMBER, DETAIL, "",                                                \
          words "'s p after Benjamini and Hochberg's step-up (false discovery rate)")

static const struct field fields[] = {
    KEY_FIELDS(struct comparison),
    C(baseline, TEXT, KEY, "", "side a: the backend or run that others are held against"),
    C(candidate, TEXT, KEY, "", "side b"),
    C(ratio, NUMBER, VALUE, "",
      "latency of b over a: median of all pairwise ratios (Hodges and Lehmann on logarithms); "
      "below 1 b is faster"),
    C(ratio_low, NUMBER, LOW, "", "its 95 % interval by inverting the Mann-Whitney test"),
    C(ratio_high, NUMBER, HIGH, "", "see ratio_low"),
    C(verdict, TEXT, VALUE, "",
      "faster, slower: combined_holm below 0.05 and mean and ratio on one side; equivalent: TOST "
      "p below 0.05; inconclusive: neither"),
    C(sample, TEXT, DETAIL, "",
      "what the verdict and combined_p rest on: launches where both sides have several, else "
      "repetitions"),
    O(regression, TEXT, VALUE, "",
      "whether b is more than regression_pct slower: proven (regression_holm below 0.05), excluded "
      "(regression_p below 0.05 on the other side) or inconclusive"),
    O(regression_holm, NUMBER, VALUE, "", "regression_p after Holm's correction"),
    O(regression_p, NUMBER, DETAIL, "",
      "combined_p of b against a's latencies times 1 + regression_pct / 100"),
    C(combined_holm, NUMBER, VALUE, "", "combined_p after Holm's correction over all comparisons"),
    C(cohens_d, NUMBER, VALUE, "", "diff / pooled_sd"),
    C(mann_whitney_cliffs_delta, NUMBER, VALUE, "",
      "(pairs with b > a - pairs with b < a) / pairs"),
    C(tests_disagree, FLAG, VALUE, "",
      "of Student's, Welch's and the Mann-Whitney p some are below 0.05 and some are not"),
    C(median_a, NUMBER, VALUE, "ms", "median latency of a"),
    C(median_b, NUMBER, VALUE, "ms", "median latency of b"),
    O(first_ratio, NUMBER, VALUE, "",
      "first repetition of b over median_a (a's first where a is cached too): the ratio of real "
      "prefills where the others are hits of a prompt cache"),
    O(launch_ratio, NUMBER, VALUE, "", "exp of the difference of mean ln latency over launches"),
    O(launch_ratio_low, NUMBER, LOW, "", "its 95 % interval, launches as the sample (Welch)"),
    O(launch_ratio_high, NUMBER, HIGH, "", "see launch_ratio_low"),
    C(n_a, INTEGER, DETAIL, "", "usable repetitions of a"),
    C(n_b, INTEGER, DETAIL, "", "usable repetitions of b"),
    C(mean_a, NUMBER, DETAIL, "ms", "mean latency of a"),
    C(mean_b, NUMBER, DETAIL, "ms", "mean latency of b"),
    C(diff, NUMBER, DETAIL, "ms", "mean_b - mean_a; negative: b is faster"),
    C(pct_change, NUMBER, DETAIL, "%", "100 diff / mean_a"),
    C(speedup, NUMBER, DETAIL, "", "mean_a / mean_b"),
    C(mean_ratio, NUMBER, DETAIL, "", "ratio of geometric means, b over a"),
    C(mean_ratio_low, NUMBER, DETAIL, "", "its 95 % interval by Welch's test on ln latency"),
    C(mean_ratio_high, NUMBER, DETAIL, "", "see mean_ratio_low"),
    C(pooled_sd, NUMBER, DETAIL, "ms", "sqrt of the pooled variance"),
    C(hedges_g, NUMBER, DETAIL, "", "cohens_d (1 - 3 / (4 df - 1)), df = n_a + n_b - 2"),
    C(student_t, NUMBER, DETAIL, "", "t with the pooled variance"),
    C(student_df, NUMBER, DETAIL, "", "n_a + n_b - 2"),
    C(student_p, NUMBER, DETAIL, "", "two-sided"),
    C(student_log10_p, NUMBER, DETAIL, "", "log10 of it, which does not underflow"),
    C(welch_t, NUMBER, DETAIL, "", "t with separate variances"),
    C(welch_df, NUMBER, DETAIL, "", "degrees of freedom by Satterthwaite"),
    C(welch_p, NUMBER, DETAIL, "", "two-sided"),
    C(welch_log10_p, NUMBER, DETAIL, "", "log10 of it"),
    C(welch_diff_ci95_low, NUMBER, DETAIL, "ms", "95 % interval of diff"),
    C(welch_diff_ci95_high, NUMBER, DETAIL, "ms", "see welch_diff_ci95_low"),
    C(mann_whitney_U_b, NUMBER, DETAIL, "", "pairs with b > a, ties as half"),
    C(mann_whitney_U_a, NUMBER, DETAIL, "", "pairs with a > b, ties as half"),
    C(mann_whitney_ties, FLAG, DETAIL, "", "there are equal values"),
    C(mann_whitney_z, NUMBER, DETAIL, "", "of the larger U, corrected for continuity and ties"),
    C(mann_whitney_p_asymptotic, NUMBER, DETAIL, "", "two-sided, normal approximation"),
    C(mann_whitney_log10_p_asymptotic, NUMBER, DETAIL, "", "log10 of it"),
    C(mann_whitney_p_exact, NUMBER, DETAIL, "", "two-sided; without ties, up to 2,500 pairs"),
    C(mann_whitney_log10_p_exact, NUMBER, DETAIL, "", "log10 of it"),
    ADJUSTED(student, "Student"),
    ADJUSTED(welch, "Welch"),
    ADJUSTED(mann_whitney, "Mann-Whitney (asymptotic)"),
    C(combined_p, NUMBER, DETAIL, "",
      "twice the smaller of Welch's and the Mann-Whitney p (exact where known), at most 1; "
      "launch_p "
      "where the sample is launches"),
    C(tost_p, NUMBER, DETAIL, "",
      "two one-sided Welch tests on ln latency: p of a ratio outside the margin"),
    C(tost_log10_p, NUMBER, DETAIL, "", "log10 of it"),
    C(equivalent, FLAG, DETAIL, "",
      "tost_p below 0.05; launch_tost_p where the sample is launches"),
    O(launches_a, INTEGER, DETAIL, "", "launches of a"),
    O(launches_b, INTEGER, DETAIL, "", "launches of b"),
    O(launch_p, NUMBER, DETAIL, "", "Welch's p of mean ln latency over launches, two-sided"),
    O(launch_tost_p, NUMBER, DETAIL, "", "as tost_p, over launches"),
    C(note, TEXT, NOTE, "", "why figures are missing, or how to read them"),
};

const struct table comparison_table =
    TABLE("comparisons", "Side by side: latency at each context", "comparison", 10, fields);

void comparison_clear(struct comparison *c)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const double unknown = NAN;
        if (fields[i].type != CTXMARK_TEXT)
            memcpy((char *)c + fields[i].offset, &unknown, sizeof unknown);
    }
}

static void compare_means(struct comparison *c, const double *a, size_t n_a, const double *b,
                          size_t n_b)
{
    struct moments_of x = two_sample_moments(a, n_a), y = two_sample_moments(b, n_b);
    struct t_test student = two_sample_student(&x, &y, COMPARISON_LEVEL),
                  welch = two_sample_welch(&x, &y, COMPARISON_LEVEL);
    struct effect e = two_sample_effect(&x, &y);
    c->mean_a = x.mean;
    c->mean_b = y.mean;
    c->diff = y.mean - x.mean;
    c->pct_change = x.mean != 0 ? 100 * c->diff / x.mean : NAN;
    c->speedup = y.mean != 0 ? x.mean / y.mean : NAN;
    c->pooled_sd = two_sample_pooled_sd(&x, &y);
    c->cohens_d = e.d;
    c->hedges_g = e.g;
    c->student_t = student.t;
    c->student_df = student.df;
    c->student_p = student.p.p;
    c->student_log10_p = student.p.log10_p;
    c->welch_t = welch.t;
    c->welch_df = welch.df;
    c->welch_p = welch.p.p;
    c->welch_log10_p = welch.p.log10_p;
    c->welch_diff_ci95_low = welch.interval.low;
    c->welch_diff_ci95_high = welch.interval.high;
}

static int compare_ranks(struct comparison *c, const double *a, size_t n_a, const double *b,
                         size_t n_b, struct ranks_memory *memory)
{
    struct mann_whitney w;
    if (ranks_mann_whitney(a, n_a, b, n_b, memory, &w) < 0)
        return -1;
    c->mann_whitney_U_a = w.U_a;
    c->mann_whitney_U_b = w.U_b;
    c->mann_whitney_cliffs_delta = w.delta;
    c->mann_whitney_ties = w.ties;
    c->mann_whitney_z = w.z;
    c->mann_whitney_p_asymptotic = w.asymptotic.p;
    c->mann_whitney_log10_p_asymptotic = w.asymptotic.log10_p;
    c->mann_whitney_p_exact = w.exact.p;
    c->mann_whitney_log10_p_exact = w.exact.log10_p;
    return 0;
}

/* On logarithms, which only positive latencies have. */
static int compare_ratios(struct comparison *c, const double *a, size_t n_a, const double *b,
                          size_t n_b, double margin, double *scratch, struct ranks_memory *memory)
{
    double *x = scratch, *y = scratch + n_a;
    struct shift shift;
    if (!(a[0] > 0) || !(b[0] > 0))
        return 0;
    for (size_t i = 0; i < n_a; i++)
        x[i] = log(a[i]);
    for (size_t i = 0; i < n_b; i++)
        y[i] = log(b[i]);
    if (ranks_shift(x, n_a, y, n_b, COMPARISON_LEVEL, memory, &shift) < 0)
        return -1;
    c->ratio = exp(shift.median);
    c->ratio_low = exp(shift.interval.low);
    c->ratio_high = exp(shift.interval.high);
    struct moments_of p = two_sample_moments(x, n_a), q = two_sample_moments(y, n_b);
    struct t_test welch = two_sample_welch(&p, &q, COMPARISON_LEVEL);
    struct tail tost = two_sample_equivalence(&welch, log1p(margin));
    c->mean_ratio = exp(welch.diff);
    c->mean_ratio_low = exp(welch.interval.low);
    c->mean_ratio_high = exp(welch.interval.high);
    c->tost_p = tost.p;
    c->tost_log10_p = tost.log10_p;
    c->equivalent = isnan(tost.p) ? NAN : tost.p < COMPARISON_ALPHA;
    return 0;
}

static double rank_p(const struct comparison *c)
{
    return isnan(c->mann_whitney_p_exact) ? c->mann_whitney_p_asymptotic : c->mann_whitney_p_exact;
}

/* Whether some of the known p are below alpha and some are not. */
static double disagreement(const struct comparison *c)
{
    const double p[] = {c->student_p, c->welch_p, rank_p(c)};
    int below = 0, known = 0;
    for (size_t i = 0; i < 3; i++) {
        known += !isnan(p[i]);
        below += p[i] < COMPARISON_ALPHA;
    }
    return known < 2 ? NAN : below > 0 && below < known;
}

int comparison_make(struct comparison *c, const double *a, size_t n_a, const double *b, size_t n_b,
                    double margin, double *scratch, struct ranks_memory *memory)
{
    c->sample = "repetitions";
    c->n_a = (double)n_a;
    c->n_b = (double)n_b;
    c->median_a = stats_median(a, n_a);
    c->median_b = stats_median(b, n_b);
    compare_means(c, a, n_a, b, n_b);
    if (compare_ratios(c, a, n_a, b, n_b, margin, scratch, memory) < 0)
        return -1;
    if (n_a < 2 || n_b < 2) {
        c->note = "a side has only one repetition: no test";
        return 0;
    }
    if (compare_ranks(c, a, n_a, b, n_b, memory) < 0)
        return -1;
    if (isnan(c->student_p))
        c->note = "no variation on either side: no t-test";
    c->tests_disagree = disagreement(c);
    c->combined_p = fmin(1, 2 * fmin(c->welch_p, rank_p(c)));
    if (isnan(c->welch_p) && isnan(rank_p(c)))
        c->combined_p = NAN;
    return 0;
}

void comparison_add_launches(struct comparison *c, const double *a, size_t n_a, const double *b,
                             size_t n_b, double margin)
{
    struct moments_of x = two_sample_moments(a, n_a), y = two_sample_moments(b, n_b);
    struct t_test t = two_sample_welch(&x, &y, COMPARISON_LEVEL);
    c->launches_a = (double)n_a;
    c->launches_b = (double)n_b;
    c->launch_ratio = exp(t.diff);
    c->launch_ratio_low = exp(t.interval.low);
    c->launch_ratio_high = exp(t.interval.high);
    if (n_a < 2 || n_b < 2)
        return;
    c->sample = "launches";
    c->launch_p = c->combined_p = t.p.p;
    c->launch_tost_p = two_sample_equivalence(&t, log1p(margin)).p;
    c->equivalent = isnan(c->launch_tost_p) ? NAN : c->launch_tost_p < COMPARISON_ALPHA;
}

/* -1: b is faster, 1: slower, 0: the sample does not say. */
static int side_of(const struct comparison *c)
{
    if (!isnan(c->launch_p))
        return (c->launch_ratio > 1) - (c->launch_ratio < 1);
    bool faster = c->ratio < 1 && c->diff<0, slower = c->ratio> 1 && c->diff > 0;
    return slower - faster;
}

void comparison_add_regression(struct comparison *c, const struct comparison *beyond)
{
    int side = side_of(beyond);
    c->regression_p = beyond->combined_p;
    c->regression = side > 0 ? "proven" : side < 0 ? "excluded" : "inconclusive";
}

/* --- over the family */

/* Corrects one column of p; the results go into four columns from `to` on. */
static int adjust_column(struct comparison *c, size_t count, size_t from, size_t to, double *p,
                         struct adjusted *a)
{
    for (size_t i = 0; i < count; i++)
        memcpy(&p[i], (const char *)&c[i] + from, sizeof *p);
    if (adjust_family(p, count, a) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        memcpy((char *)&c[i] + to, &a[i], sizeof a[i]);
    return 0;
}

_Static_assert(sizeof(struct adjusted) == 4 * sizeof(double), "four columns side by side");

static const char *verdict_of(const struct comparison *c)
{
    int side = side_of(c);
    if (c->equivalent == 1)
        return "equivalent";
    if (c->combined_holm < COMPARISON_ALPHA && side)
        return side < 0 ? "faster" : "slower";
    return "inconclusive";
}

/* That a regression is there somewhere is one claim of many, and corrected; that there is none is
 * claimed only of all cells together, for which each must exclude it by itself. */
static const char *regression_of(const struct comparison *c)
{
    bool proven = strcmp(c->regression, "proven") == 0;
    double p = proven ? c->regression_holm : c->regression_p;
    return p < COMPARISON_ALPHA ? c->regression : "inconclusive";
}

int comparison_judge(struct comparison *c, size_t count)
{
    double *p = malloc((count + 1) * sizeof *p);
    struct adjusted *a = malloc((count + 1) * sizeof *a);
    const size_t columns[][2] = {
        {offsetof(struct comparison, student_p), offsetof(struct comparison, adjusted_student_m)},
        {offsetof(struct comparison, welch_p), offsetof(struct comparison, adjusted_welch_m)},
        {offsetof(struct comparison, mann_whitney_p_asymptotic),
         offsetof(struct comparison, adjusted_mann_whitney_m)},
    };
    int done = p && a ? 0 : -1;
    for (size_t i = 0; done == 0 && i < 3; i++)
        done = adjust_column(c, count, columns[i][0], columns[i][1], p, a);
    for (size_t i = 0; done == 0 && i < count; i++)
        p[i] = c[i].combined_p;
    if (done == 0)
        done = adjust_family(p, count, a);
    for (size_t i = 0; done == 0 && i < count; i++) {
        c[i].combined_holm = a[i].holm;
        c[i].verdict = verdict_of(&c[i]);
        p[i] = c[i].regression_p;
    }
    if (done == 0)
        done = adjust_family(p, count, a);
    for (size_t i = 0; done == 0 && i < count; i++) {
        c[i].regression_holm = a[i].holm;
        c[i].regression = c[i].regression ? regression_of(&c[i]) : NULL;
    }
    free(p);
    free(a);
    return done;
}
