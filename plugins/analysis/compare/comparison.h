/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One cell on two sides, as a row of the table `comparisons`. */

#ifndef ANALYSIS_COMPARISON_H
#define ANALYSIS_COMPARISON_H

#include "plugins/analysis/library/emit.h"

#define COMPARISON_ALPHA 0.05
#define COMPARISON_LEVEL 0.95

struct comparison {
    struct keys keys;
    const char *baseline, *candidate, *verdict, *note, *sample, *regression;
    double n_a, n_b, median_a, median_b, mean_a, mean_b, diff, pct_change, speedup;
    double ratio, ratio_low, ratio_high, mean_ratio, mean_ratio_low, mean_ratio_high;
    double pooled_sd, cohens_d, hedges_g;
    double student_t, student_df, student_p, student_log10_p;
    double welch_t, welch_df, welch_p, welch_log10_p, welch_diff_ci95_low, welch_diff_ci95_high;
    double mann_whitney_U_a, mann_whitney_U_b, mann_whitney_cliffs_delta, mann_whitney_ties;
    double mann_whitney_z, mann_whitney_p_asymptotic, mann_whitney_log10_p_asymptotic;
    double mann_whitney_p_exact, mann_whitney_log10_p_exact;
    double adjusted_student_m, adjusted_student_bonferroni, adjusted_student_holm;
    double adjusted_student_bh, adjusted_welch_m, adjusted_welch_bonferroni, adjusted_welch_holm;
    double adjusted_welch_bh, adjusted_mann_whitney_m, adjusted_mann_whitney_bonferroni;
    double adjusted_mann_whitney_holm, adjusted_mann_whitney_bh;
    double combined_p, combined_holm, tests_disagree, tost_p, tost_log10_p, equivalent;
    double launches_a, launches_b, launch_ratio, launch_ratio_low, launch_ratio_high;
    double launch_p, launch_tost_p;
    double first_ratio, regression_p, regression_holm;
};

extern const struct table comparison_table;

struct ranks_memory; /* see ranks.h */

/* All figures unknown. */
void comparison_clear(struct comparison *c);

/* Fills in what two samples say, each in ascending order and of n_a, n_b >= 1 values.
 * margin: ratios within 1 / (1 + margin) .. 1 + margin count as equivalent.  scratch: room for
 * n_a + n_b values.  memory: see ranks.h.  0, or -1: out of memory. */
int comparison_make(struct comparison *c, const double *a, size_t n_a, const double *b, size_t n_b,
                    double margin, double *scratch, struct ranks_memory *memory);

/* Adds what launches say: a, b: mean ln latency of each, n_a + n_b >= 3 of them.  With two or more
 * on both sides they are the sample that the verdict rests on: repetitions within one launch are
 * not independent. */
void comparison_add_launches(struct comparison *c, const double *a, size_t n_a, const double *b,
                             size_t n_b, double margin);

/* Adds whether b is more than a factor slower, from `beyond`: the same comparison with a's
 * latencies times that factor.  comparison_judge() corrects it. */
void comparison_add_regression(struct comparison *c, const struct comparison *beyond);

/* Corrects the p-values over the family c[count], and gives each its verdict.  0 or -1. */
int comparison_judge(struct comparison *c, size_t count);

#endif
