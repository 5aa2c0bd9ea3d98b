/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* One sample in figures, as a row of a table. */

#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "emit.h"

struct summary {
    struct keys keys;
    double n, median, median_low, median_high, mean, ci95_t_low, ci95_t_high, mean_median_ratio;
    double sd, cv_pct, min, p95, max, p99, p95_known, p99_known, median_upper, q1, q3, se;
    double ci95_z_low, ci95_z_high, trim5, trim10, trim20, harmonic_mean;
    double bootstrap_low, bootstrap_high, bca_low, bca_high;
};

#define SUMMARY_(member, type, role, unit, definition)                                             \
    FIELD(struct summary, member, type, role, unit, definition)
#define SUMMARY_FIELDS(unit)                                                                       \
    KEY_FIELDS(struct summary),                                                                    \
        SUMMARY_(n, INTEGER, VALUE, "", "usable repetitions: ok and measured"),                    \
        SUMMARY_(median, NUMBER, VALUE, unit, "middle value, of an even number the mean of two"),  \
        SUMMARY_(median_low, NUMBER, LOW, unit,                                                    \
                 "95 % interval of the median from order statistics; unknown for n < 6"),          \
        SUMMARY_(median_high, NUMBER, HIGH, unit, "see median_low"),                               \
        SUMMARY_(mean, NUMBER, VALUE, unit, "arithmetic mean"),                                    \
        SUMMARY_(ci95_t_low, NUMBER, LOW, unit, "mean - t(n - 1) se, 95 %"),                       \
        SUMMARY_(ci95_t_high, NUMBER, HIGH, unit, "mean + t(n - 1) se, 95 %"),                     \
        SUMMARY_(mean_median_ratio, NUMBER, VALUE, "",                                             \
                 "mean / median; above 2 the mean misleads"),                                      \
        SUMMARY_(sd, NUMBER, DETAIL, unit, "standard deviation, n - 1"),                           \
        SUMMARY_(cv_pct, NUMBER, VALUE, "%", "100 sd / mean"),                                     \
        SUMMARY_(min, NUMBER, VALUE, unit, "smallest value"),                                      \
        SUMMARY_(max, NUMBER, VALUE, unit, "largest value"),                                       \
        SUMMARY_(p95, NUMBER, VALUE, unit, "95 % quantile, type 7 (linear); see p95_known"),       \
        SUMMARY_(p99, NUMBER, DETAIL, unit, "99 % quantile, type 7 (linear); see p99_known"),      \
        SUMMARY_(p95_known, FLAG, DETAIL, "", "n is large enough to know p95: at least 20"),       \
        SUMMARY_(p99_known, FLAG, DETAIL, "", "n is large enough to know p99: at least 100"),      \
        SUMMARY_(median_upper, NUMBER, DETAIL, unit,                                               \
                 "sorted[n / 2]: the upper of two middle values"),                                 \
        SUMMARY_(q1, NUMBER, DETAIL, unit, "25 % quantile, type 7"),                               \
        SUMMARY_(q3, NUMBER, DETAIL, unit, "75 % quantile, type 7"),                               \
        SUMMARY_(se, NUMBER, DETAIL, unit, "standard error of the mean, sd / sqrt(n)"),            \
        SUMMARY_(ci95_z_low, NUMBER, DETAIL, unit, "mean - 1.96 se"),                              \
        SUMMARY_(ci95_z_high, NUMBER, DETAIL, unit, "mean + 1.96 se"),                             \
        SUMMARY_(trim5, NUMBER, DETAIL, unit, "mean without floor(0.05 n) values at either end"),  \
        SUMMARY_(trim10, NUMBER, DETAIL, unit, "mean without floor(0.1 n) values at either end"),  \
        SUMMARY_(trim20, NUMBER, DETAIL, unit, "mean without floor(0.2 n) values at either end"),  \
        SUMMARY_(harmonic_mean, NUMBER, DETAIL, unit, "n / sum(1 / x)"),                           \
        SUMMARY_(bootstrap_low, NUMBER, DETAIL, unit,                                              \
                 "95 % bootstrap interval of the mean, percentile"),                               \
        SUMMARY_(bootstrap_high, NUMBER, DETAIL, unit, "see bootstrap_low"),                       \
        SUMMARY_(bca_low, NUMBER, DETAIL, unit,                                                    \
                 "95 % bootstrap interval of the mean, BCa, from n = 20"),                         \
        SUMMARY_(bca_high, NUMBER, DETAIL, unit, "see bca_low")

/* Fills in all but s->keys, which are there already, from the n >= 1 values, in ascending order.
 * The bootstrap's random numbers depend on the table's name and the keys; draws 0: no bootstrap;
 * scratch: room for `draws` values. */
void summary_make(struct summary *s, const char *table, const double *values, size_t n,
                  size_t draws, double *scratch);

#endif
