/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "summary.h"

#include <math.h>

#include "plugins/analysis/stats/stats.h"

#define LEVEL 0.95
#define NORMAL_Z 1.96 /* as the report defines its interval */

static void fill_bootstrap(struct summary *s, const char *table, const double *x, size_t n,
                           size_t draws, double *scratch)
{
    const char *const texts[] = {table,
                                 s->keys.model ? s->keys.model : "",
                                 s->keys.backend ? s->keys.backend : "",
                                 s->keys.mode ? s->keys.mode : "",
                                 s->keys.run ? s->keys.run : "",
                                 NULL};
    double number =
        s->keys.context_length + 1e9 * (isnan(s->keys.concurrency) ? 1 : s->keys.concurrency);
    struct bootstrap b =
        stats_bootstrap_mean(x, n, draws, LEVEL, random_key(texts, number), scratch);
    s->bootstrap_low = b.percentile.low;
    s->bootstrap_high = b.percentile.high;
    s->bca_low = b.bca.low;
    s->bca_high = b.bca.high;
}

static void fill_intervals(struct summary *s, const double *x, size_t n)
{
    struct interval t = stats_t_interval(s->mean, s->sd, n, LEVEL),
                    z = stats_normal_interval(s->mean, s->sd, n, NORMAL_Z),
                    m = stats_median_interval(x, n, LEVEL);
    s->ci95_t_low = t.low;
    s->ci95_t_high = t.high;
    s->ci95_z_low = z.low;
    s->ci95_z_high = z.high;
    s->median_low = m.low;
    s->median_high = m.high;
}

void summary_make(struct summary *s, const char *table, const double *x, size_t n, size_t draws,
                  double *scratch)
{
    s->n = (double)n;
    s->mean = stats_mean(x, n);
    s->sd = stats_sd_about(x, n, s->mean);
    s->se = s->sd / sqrt(s->n);
    s->cv_pct = s->mean != 0 ? 100 * s->sd / s->mean : NAN;
    s->median = stats_median(x, n);
    s->median_upper = stats_median_upper(x, n);
    s->mean_median_ratio = s->median != 0 ? s->mean / s->median : NAN;
    s->min = x[0];
    s->max = x[n - 1];
    s->q1 = stats_quantile(x, n, 0.25);
    s->q3 = stats_quantile(x, n, 0.75);
    s->p95 = stats_quantile(x, n, 0.95);
    s->p99 = stats_quantile(x, n, 0.99);
    s->p95_known = stats_quantile_known(n, 0.95);
    s->p99_known = stats_quantile_known(n, 0.99);
    s->trim5 = stats_trimmed_mean(x, n, 0.05);
    s->trim10 = stats_trimmed_mean(x, n, 0.10);
    s->trim20 = stats_trimmed_mean(x, n, 0.20);
    s->harmonic_mean = stats_harmonic_mean(x, n);
    fill_intervals(s, x, n);
    fill_bootstrap(s, table, x, n, draws, scratch);
}
