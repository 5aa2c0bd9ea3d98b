/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "launches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"
#include "plugins/analysis/stats/nested.h"

#define LEVEL 0.95
#define ALPHA 0.05

struct launch_row {
    struct keys keys;
    double launches, n, mean, mean_low, mean_high, sd_within, sd_between, between_pct;
    double one_launch_low, one_launch_high, launch_F, launch_p, launch_log10_p;
    const char *note;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct launch_row, member, type, role, unit, definition)
static const struct field fields[] = {
    KEY_FIELDS(struct launch_row),
    V(launches, INTEGER, VALUE, "", "starts of the program that measured the cell"),
    V(n, INTEGER, VALUE, "", "usable repetitions in all of them"),
    V(mean, NUMBER, VALUE, "ms", "mean of the launches' means"),
    V(mean_low, NUMBER, LOW, "ms",
      "95 % interval of the mean with launches as the sample (t, launches - 1): it holds for the "
      "next launch too"),
    V(mean_high, NUMBER, HIGH, "ms", "see mean_low"),
    V(one_launch_low, NUMBER, DETAIL, "ms",
      "95 % t interval that takes all repetitions for independent: too narrow where launches "
      "differ"),
    V(one_launch_high, NUMBER, DETAIL, "ms", "see one_launch_low"),
    V(sd_within, NUMBER, VALUE, "ms", "standard deviation of repetitions within a launch, pooled"),
    V(sd_between, NUMBER, VALUE, "ms",
      "standard deviation between launches beyond that (random effects, by moments; 0: none "
      "shows)"),
    V(between_pct, NUMBER, VALUE, "%", "share of the variance that lies between launches"),
    V(launch_F, NUMBER, DETAIL, "", "analysis of variance: launches against repetitions within"),
    V(launch_p, NUMBER, VALUE, "", "whether launches differ at all"),
    V(launch_log10_p, NUMBER, DETAIL, "", "its decimal logarithm"),
    V(note, TEXT, NOTE, "", "why figures are missing"),
};

static const struct table launch_table =
    TABLE("launches", "Within a launch and between launches", "reliability", 8, fields);

static struct launch_row make_row(const struct group *g, const double *x, const size_t *sizes,
                                  size_t count)
{
    struct nested r = nested_make(x, sizes, count, LEVEL);
    struct interval all =
        stats_t_interval(stats_mean(x, (size_t)r.n), stats_sd(x, (size_t)r.n), (size_t)r.n, LEVEL);
    struct launch_row row = {.keys = keys_of(g),
                             .launches = r.launches,
                             .n = r.n,
                             .mean = r.mean,
                             .mean_low = r.interval.low,
                             .mean_high = r.interval.high,
                             .one_launch_low = all.low,
                             .one_launch_high = all.high,
                             .sd_within = sqrt(r.var_within),
                             .sd_between = sqrt(r.var_between),
                             .between_pct = 100 * r.var_between / (r.var_between + r.var_within),
                             .launch_F = r.F,
                             .launch_p = r.p.p,
                             .launch_log10_p = r.p.log10_p};
    row.keys.launch = NAN;
    if (count < 2)
        row.note = "one launch only: what differs between launches is not known";
    else if (isnan(r.var_within))
        row.note = "one repetition a launch: within and between cannot be told apart";
    return row;
}

static bool same_cell(const struct group *a, const struct group *b)
{
    struct keys x = keys_of(a), y = keys_of(b);
    const char *const p[] = {x.run, x.model, x.backend, x.mode}, *const q[] = {y.run, y.model,
                                                                               y.backend, y.mode};
    for (size_t i = 0; i < sizeof p / sizeof *p; i++)
        if (strcmp(p[i] ? p[i] : "", q[i] ? q[i] : "") != 0)
            return false;
    return x.context_length == y.context_length &&
           (x.concurrency == y.concurrency || (isnan(x.concurrency) && isnan(y.concurrency)));
}

/* Groups of one cell lie together, launch by launch. */
static size_t make_rows(const struct groups *g, const struct rows *r, double *x, size_t *sizes,
                        struct launch_row *ret)
{
    size_t count = 0;
    for (size_t i = 0, n; i < g->count; i += n) {
        size_t values = 0;
        for (n = 0; i + n < g->count && same_cell(&g->items[i], &g->items[i + n]); n++) {
            sizes[n] = group_values(&g->items[i + n], &r->latency, x + values);
            values += sizes[n];
        }
        ret[count++] = make_row(&g->items[i], x, sizes, n);
    }
    return count;
}

static void say_rows(const struct ctxmark_host *h, const struct launch_row *r, size_t count)
{
    struct findings said = {0};
    const struct saying differ = {CTXMARK_SEVERITY_NOTICE, "launches_differ", launch_table.name,
                                  "between_pct"};
    for (size_t i = 0; i < count; i++) {
        double wider =
            (r[i].mean_high - r[i].mean_low) / (r[i].one_launch_high - r[i].one_launch_low);
        /* as many tests as there are cells */
        if (!(r[i].launch_p * (double)count < ALPHA))
            continue;
        const char *mode = r[i].keys.mode ? r[i].keys.mode : "all";
        findings_say(&said, &differ, (int64_t)i, r[i].between_pct,
                     label_of(&r[i].keys, "%s at %.0f tokens, %.0f %%", mode,
                              r[i].keys.context_length, r[i].between_pct)
                         .text,
                     "%s on %s, %s at %.0f tokens: launches differ by more than repetitions within "
                     "one do, %.0f %% of the variance lies between them (standard deviation %s "
                     "between, %s within). The interval over %.0f launches, %s to %s, is %s times "
                     "as wide as one that takes repetitions for independent.",
                     r[i].keys.model ? r[i].keys.model : "?",
                     r[i].keys.backend ? r[i].keys.backend : "?", mode, r[i].keys.context_length,
                     r[i].between_pct, figure_ms(r[i].sd_between).text,
                     figure_ms(r[i].sd_within).text, r[i].launches, figure_ms(r[i].mean_low).text,
                     figure_ms(r[i].mean_high).text, figure(wider).text);
    }
    findings_emit(h, &said);
}

static bool has_several(const struct rows *r)
{
    for (uint64_t row = 1; r->launch.number && row < r->count; row++)
        if (r->launch.number[row] != r->launch.number[0] && !isnan(r->launch.number[row]))
            return true;
    return false;
}

int launches_report(const struct ctxmark_host *h, const struct rows *r)
{
    struct groups g;
    if (!has_several(r))
        return 0;
    if (groups_make(&g, r, GROUP_CELL | GROUP_LAUNCH, rows_is_usable) < 0)
        return -1;
    struct launch_row *rows = calloc(g.count + 1, sizeof *rows);
    size_t *sizes = calloc(g.count + 1, sizeof *sizes);
    double *x = malloc((r->count + 1) * sizeof *x);
    bool ready = rows && sizes && x;
    if (ready) {
        size_t count = make_rows(&g, r, x, sizes, rows);
        table_emit(h, &launch_table, rows, sizeof *rows, count);
        say_rows(h, rows, count);
    }
    free(rows);
    free(sizes);
    free(x);
    groups_free(&g);
    return ready ? 0 : -1;
}
