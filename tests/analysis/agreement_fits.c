/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Holds every value of the reference's sections "counts", "vram", "series", "power", "outliers" and
 * "cold_start_fit", and what "descriptive" has of shape, outliers and detectable effects, against
 * analysis.json (fits of cold starts against the library), and counts.  A path without a
 * counterpart counts as a difference. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/stats/fit.h"
#include "expect.h"
#include "schema.h"
#include "support.h"

/* --- values below a key */

/* The scale that a difference of this value is measured on, beside the value itself. */
static double scale_of(const char *column, double tss)
{
    return strstr(column, "rss")        ? tss
           : strstr(column, "r2")       ? 1
           : strstr(column, "skewness") ? 10
           : strstr(column, "kurtosis") ? 10
                                        : 0;
}

static double tolerance_of(const char *column)
{
    return strncmp(column, "power_", 6) == 0 || strncmp(column, "shapiro", 7) == 0 ? 1e-9 : 1e-10;
}

/* Checks one value against the column of its name; an interval of two against _low and _high. */
static void check_column(struct tally *t, const struct place *p, const char *column,
                         const json_t *expected, double tss)
{
    static const char *const ends[] = {"low", "high"};
    char name[128];
    if (json_is_array(expected)) {
        for (size_t i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "%s_%s", column, ends[i]);
            check_column(t, p, name, json_array_get(expected, i), tss);
        }
        return;
    }
    const json_t *have = place_get(p, column);
    if (json_is_string(expected))
        expect_text(t, column, expected, have);
    else
        expect_number(t, column, expected, expect_value(have), tolerance_of(column),
                      scale_of(column, tss));
}

/* Checks what lies below `prefix`: nested keys are joined by _ to the column's name. */
static void check_below(struct tally *t, const struct place *p, const char *prefix,
                        const json_t *expected, double tss)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)expected, key, value)
    {
        char name[128];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "_" : "", key);
        if (strchr(name, '.'))
            *strchr(name, '.') = '_';
        if (json_is_object(value))
            check_below(t, p, name, value, tss);
        else
            check_column(t, p, name, value, tss);
    }
}

/* Total sum of squares behind a group of fits. */
static double total_of(const json_t *fits)
{
    const json_t *line = json_object_get(fits, "linear");
    double left = 1 - json_number_value(json_object_get(line, "r2"));
    return left > 0 ? json_number_value(json_object_get(line, "rss")) / left : 0;
}

/* A list with one value for each of the item's contexts. */
static void check_list(struct tally *t, const json_t *item, const json_t *values, size_t skip,
                       const char *analyzer, const char *table, const char *column)
{
    const json_t *contexts = json_object_get(item, "contexts");
    for (size_t i = 0; i < json_array_size(values); i++) {
        double context = json_number_value(json_array_get(contexts, i + skip));
        struct place p = place_find(t, analyzer, table, wanted_at(item, context));
        check_column(t, &p, column, json_array_get(values, i), 0);
    }
}

/* --- memory */

static const char *memory_table(const char *key)
{
    return strncmp(key, "budget", 6) == 0 ? "budget" : "growth";
}

static void check_vram(struct tally *t, const json_t *item)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)item, key, value)
    {
        struct place p = place_find(t, "memory", memory_table(key), wanted_any(item));
        json_t *one = json_pack("{s:O}", key, value);
        if (strcmp(key, "model") == 0 || strcmp(key, "backend") == 0)
            expect_text(t, key, value, place_get(&p, key));
        else if (json_is_array(value))
            check_list(t, item, value, 0, "memory", "contexts",
                       strcmp(key, "contexts") == 0 ? "context_length" : key);
        else
            check_below(t, &p, "", one, 0);
        json_decref(one);
    }
}

/* --- series */

static void check_fits(struct tally *t, const json_t *item, const char *quantity,
                       const char *center, const char *range, const json_t *fits)
{
    const char *table = strcmp(center, "median") == 0 ? "fits" : "fits_by_center";
    struct wanted w = wanted_any(item);
    w.quantity = quantity;
    w.center = center;
    w.range = range;
    struct place p = place_find(t, "scaling", table, w);
    check_below(t, &p, "", fits, total_of(fits));
}

static void check_centers(struct tally *t, const json_t *item, const json_t *centers)
{
    const char *center, *range;
    json_t *ranges, *fits;
    json_object_foreach((json_t *)centers, center, ranges)
    {
        json_object_foreach(ranges, range, fits)
            check_fits(t, item, "latency", center, range, fits);
    }
}

static void check_thresholds(struct tally *t, const json_t *item, const char *column,
                             const json_t *thresholds)
{
    const char *ms;
    json_t *value;
    json_object_foreach((json_t *)thresholds, ms, value)
    {
        struct wanted w = wanted_any(item);
        w.threshold_ms = strtod(ms, NULL);
        struct place p = place_find(t, "ttft", "thresholds", w);
        check_column(t, &p, column, value, 0);
    }
}

static void check_limit(struct tally *t, const json_t *item, const json_t *limit)
{
    struct place p = place_find(t, "decode", "limits", wanted_any(item));
    check_column(t, &p, json_is_string(limit) ? "status" : "decode_limit", limit, 0);
}

/* Where single values of a series are found. */
static const struct {
    const char *key, *analyzer, *table;
} singles[] = {
    {"spillover_at", "regimes", "regimes"},
    {"thrash_multiplier", "regimes", "regimes"},
    {"growth_factor", "regimes", "regimes"},
    {"context_growth", "regimes", "regimes"},
    {"b_ratio_max_min", "scaling", "robustness"},
    {"stable_10pct", "scaling", "robustness"},
    {"decode_degradation_pct", "decode", "degradation"},
    {"decode_slowdown", "decode", "degradation"},
};

/* And lists of one value for each context. */
static const struct {
    const char *key, *analyzer, *table, *column;
    size_t skip;
} lists[] = {
    {"contexts", "regimes", "steps", "context_length", 0},
    {"consecutive_ratio_median", "regimes", "steps", "consecutive_ratio_median", 1},
    {"decode_tok_s_mean", "decode", "rates", "decode_tok_s_mean", 0},
    {"decode_tok_s_ratio_of_means", "decode", "rates", "decode_tok_s_ratio_of_means", 0},
    {"ms_per_token_median", "decode", "rates", "ms_per_token_median", 0},
    {"prefill_tok_s_mean", "ttft", "contexts", "prefill_tok_s_mean", 0},
};

static bool check_listed(struct tally *t, const json_t *item, const char *key, json_t *value)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].key, key) == 0) {
            check_list(t, item, value, lists[i].skip, lists[i].analyzer, lists[i].table,
                       lists[i].column);
            return true;
        }
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if (strcmp(singles[i].key, key) == 0) {
            struct place p = place_find(t, singles[i].analyzer, singles[i].table, wanted_any(item));
            json_t *one = json_pack("{s:O}", key, value);
            check_below(t, &p, "", one, 0);
            json_decref(one);
            return true;
        }
    return false;
}

static void check_series(struct tally *t, const json_t *item)
{
    const char *key;
    json_t *value;
    struct place pooled = place_find(t, "distribution", "pooled", wanted_any(item));
    json_object_foreach((json_t *)item, key, value)
    {
        if (json_is_string(value) && strcmp(key, "decode_limit_50_tok_s") != 0)
            expect_text(t, key, value, place_get(&pooled, key));
        else if (strcmp(key, "fits") == 0)
            check_centers(t, item, value);
        else if (strcmp(key, "fit_ms_per_token_median") == 0)
            check_fits(t, item, "ms_per_token", "median", "full", value);
        else if (strcmp(key, "pooled") == 0)
            check_below(t, &pooled, "", value, 0);
        else if (strncmp(key, "ttft_threshold", 14) == 0)
            check_thresholds(t, item, key, value);
        else if (strcmp(key, "decode_limit_50_tok_s") == 0)
            check_limit(t, item, value);
        else if (!check_listed(t, item, key, value))
            expect_other(t, key, "a counterpart", "none");
    }
}

/* --- power and outliers */

static void check_power(struct tally *t, const json_t *power)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(power, "by_n"), i, item)
    {
        struct wanted w = wanted_any(NULL);
        w.n = json_number_value(json_object_get(item, "n"));
        struct place p = place_find(t, "power", "by_n", w);
        check_below(t, &p, "", item, 0);
    }
    json_array_foreach(json_object_get(power, "strata"), i, item)
    {
        struct place p = place_find(t, "power", "strata", wanted_any(item));
        check_below(t, &p, "", item, 0);
    }
    struct place first = place_find(t, "power", "strata", wanted_any(NULL));
    check_column(t, &first, "repetitions", json_object_get(power, "reps"), 0);
}

static void check_outliers(struct tally *t, const json_t *outliers)
{
    size_t i;
    json_t *item;
    struct place all = place_find(t, "outliers", "total", wanted_any(NULL));
    check_column(t, &all, "n", json_object_get(outliers, "total"), 0);
    check_column(t, &all, "outliers", json_object_get(outliers, "outliers"), 0);
    check_column(t, &all, "rate_pct", json_object_get(outliers, "rate_pct"), 0);
    json_array_foreach(json_object_get(outliers, "by_series"), i, item)
    {
        struct place p = place_find(t, "outliers", "series", wanted_any(item));
        check_below(t, &p, "", item, 0);
    }
}

/* --- shape, outliers and detectable effects of cells */

static const char *cell_analyzer(const char *key)
{
    return strncmp(key, "iqr_", 4) == 0 ? "outliers"
           : strcmp(key, "mde_z") == 0  ? "power"
           : strstr(key, "skewness") || strstr(key, "kurtosis") || strncmp(key, "shapiro", 7) == 0
               ? "distribution"
               : NULL;
}

/* Each expected outlier is a row of the table of points, and there are no more. */
static void check_points(struct tally *t, const json_t *item, const json_t *outliers)
{
    const json_t *table = table_of(t->analysis, "outliers", "points");
    struct wanted w = wanted_any(item);
    w.context_length = json_number_value(json_object_get(item, "context_length"));
    size_t rows = json_array_size(json_object_get(table, "rows")), found = 0;
    for (size_t row = 0; row < rows; row++) {
        if (!row_fits(table, row, &w) || !json_is_true(value_of(table, row, "by_fence")))
            continue;
        bool known = false;
        for (size_t i = 0; i < json_array_size(outliers); i++)
            known |= expect_value(json_array_get(outliers, i)) ==
                     expect_value(value_of(table, row, "latency"));
        found += known;
        if (!known)
            expect_other(t, "outliers", "no such outlier", "one");
    }
    struct place p = place_find(t, "outliers", "cells", w);
    json_t *count = json_integer((json_int_t)json_array_size(outliers));
    check_column(t, &p, "outliers", count, 0);
    expect_number(t, "outliers found", count, (double)found, 0, 0);
    json_decref(count);
}

static void check_cell(struct tally *t, const json_t *item)
{
    const char *key;
    json_t *value;
    double context = json_number_value(json_object_get(item, "context_length"));
    json_object_foreach((json_t *)item, key, value)
    {
        if (strcmp(key, "outliers") == 0)
            check_points(t, item, value);
        if (!cell_analyzer(key))
            continue;
        struct place p = place_find(t, cell_analyzer(key), "cells", wanted_at(item, context));
        double sd = json_number_value(json_object_get(item, "sd"));
        const json_t *have = place_get(&p, key);
        expect_number(t, key, value, expect_value(have), tolerance_of(key),
                      strncmp(key, "iqr_", 4) == 0 ? sd : scale_of(key, 0));
    }
}

/* --- fits of cold starts, by the library */

static void check_group(struct tally *t, const char *name, const json_t *expected, double got,
                        double tss)
{
    expect_number(t, name, expected, got, tolerance_of(name), scale_of(name, tss));
}

static void check_power_fit(struct tally *t, const json_t *e, const struct power_fit *f, double tss)
{
    check_group(t, "power_a", json_object_get(e, "a"), f->a, tss);
    check_group(t, "power_b", json_object_get(e, "b"), f->b, tss);
    check_group(t, "power_rss", json_object_get(e, "rss"), f->rss, tss);
    check_group(t, "power_r2", json_object_get(e, "r2"), f->r2, tss);
    check_group(t, "power_se_a", json_object_get(e, "se_a"), f->se_a, tss);
    check_group(t, "power_se_b", json_object_get(e, "se_b"), f->se_b, tss);
    const json_t *ci = json_object_get(e, "b_ci95");
    check_group(t, "power_b_low", json_array_get(ci, 0), f->b_low, tss);
    check_group(t, "power_b_high", json_array_get(ci, 1), f->b_high, tss);
}

static void check_other_fits(struct tally *t, const json_t *e, const struct fits *f, double tss)
{
    const json_t *g = json_object_get(e, "loglog");
    check_group(t, "ln_a", json_object_get(g, "ln_a"), f->loglog.ln_a, tss);
    check_group(t, "loglog b", json_object_get(g, "b"), f->loglog.b, tss);
    check_group(t, "loglog se_b", json_object_get(g, "se_b"), f->loglog.se_b, tss);
    check_group(t, "loglog r2_log", json_object_get(g, "r2_log"), f->loglog.r2_log, tss);
    g = json_object_get(e, "linear");
    check_group(t, "intercept", json_object_get(g, "intercept"), f->linear.intercept, tss);
    check_group(t, "slope", json_object_get(g, "slope"), f->linear.slope, tss);
    check_group(t, "linear rss", json_object_get(g, "rss"), f->linear.rss, tss);
    check_group(t, "linear r2", json_object_get(g, "r2"), f->linear.r2, tss);
    check_group(t, "se_slope", json_object_get(g, "se_slope"), f->linear.se_slope, tss);
    g = json_object_get(e, "quadratic");
    check_group(t, "quadratic c", json_object_get(g, "c"), f->quadratic.c, tss);
    check_group(t, "quadratic b", json_object_get(g, "b"), f->quadratic.b, tss);
    check_group(t, "quadratic a", json_object_get(g, "a"), f->quadratic.a, tss);
    check_group(t, "quadratic rss", json_object_get(g, "rss"), f->quadratic.rss, tss);
    check_group(t, "quadratic r2", json_object_get(g, "r2"), f->quadratic.r2, tss);
    json_t *better = f->better ? json_string(f->better) : json_null();
    expect_text(t, "better_fit", json_object_get(e, "better_fit"), better);
    json_decref(better);
}

/* The figures of one column of cold_start's cells, fitted over context. */
static void check_cold_fit(struct tally *t, const json_t *item, const char *column)
{
    double x[64], y[64];
    size_t n = 0;
    const json_t *e = json_object_get(item, column);
    const json_t *table = table_of(t->analysis, "cold_start", "cold_start");
    size_t rows = json_array_size(json_object_get(table, "rows"));
    struct wanted w = wanted_any(item);
    for (size_t row = 0; row < rows && n < 64; row++) {
        double value = expect_value(value_of(table, row, column));
        if (!row_fits(table, row, &w) || !row_has_text(table, row, "mode", "prefill") ||
            !isfinite(expect_value(value_of(table, row, "rest_median"))))
            continue;
        x[n] = expect_value(value_of(table, row, "context_length"));
        y[n++] = value;
    }
    struct fits f = fit_all(x, y, n);
    expect_number(t, "n_points", json_object_get(e, "n_points"), (double)n, 0, 0);
    if (json_object_get(e, "error")) {
        expect_number(t, "error", json_null(), f.power.b, 0, 0);
        return;
    }
    check_power_fit(t, json_object_get(e, "power"), &f.power, total_of(e));
    check_other_fits(t, e, &f, total_of(e));
}

/* --- counts */

static void check_counts(struct tally *t, const json_t *counts)
{
    const json_t *data = json_object_get(t->analysis, "data");
    const char *key;
    json_t *value;
    expect_number(t, "rows", json_object_get(counts, "rows"),
                  expect_value(json_object_get(data, "rows")), 0, 0);
    json_object_foreach(json_object_get(counts, "by_status"), key, value)
        expect_number(t, key, value,
                      expect_value(json_object_get(json_object_get(data, "by_status"), key)), 0, 0);
    struct place all = place_find(t, "outliers", "total", wanted_any(NULL));
    check_column(t, &all, "n", json_object_get(counts, "usable"), 0);
    const json_t *series = table_of(t->analysis, "outliers", "series");
    json_object_foreach(json_object_get(counts, "usable_by_backend"), key, value)
    {
        double n = 0;
        for (size_t i = 0; i < json_array_size(json_object_get(series, "rows")); i++)
            n += row_has_text(series, i, "backend", key) ? expect_value(value_of(series, i, "n"))
                                                         : 0;
        expect_number(t, key, value, n, 0, 0);
    }
    double ok = expect_value(json_object_get(json_object_get(data, "by_status"), "ok"));
    expect_number(t, "ok_without_latency", json_object_get(counts, "ok_without_latency"),
                  ok - expect_value(place_get(&all, "n")), 0, 0);
    const json_t *cells = table_of(t->analysis, "distribution", "cells");
    expect_number(t, "groups", json_object_get(counts, "groups"),
                  (double)json_array_size(json_object_get(cells, "rows")), 0, 0);
}

/* Lists of names and numbers are compared as sets. */
static void check_members(struct tally *t, const char *name, const json_t *expected,
                          const json_t *have)
{
    size_t i, k;
    json_t *a, *b;
    json_array_foreach(expected, i, a)
    {
        bool found = false;
        json_array_foreach(have, k, b) found |=
            json_equal(a, b) || (json_is_number(a) && expect_value(a) == expect_value(b));
        if (found)
            t->agreed++;
        else
            expect_other(t, name, "a member", "none");
    }
}

/* --- all of one set */

static void report(struct tally *t, const char *section, size_t *before)
{
    printf("%s: %s: %zu agreed\n", t->set, section, t->agreed - *before);
    *before = t->agreed;
}

static void check_all(struct tally *t, const json_t *expected)
{
    size_t i, before = 0;
    json_t *item;
    const json_t *counts = json_object_get(expected, "counts"),
                 *data = json_object_get(t->analysis, "data");
    check_counts(t, counts);
    check_members(t, "models", json_object_get(counts, "models"), json_object_get(data, "models"));
    check_members(t, "contexts", json_object_get(counts, "contexts"),
                  json_object_get(data, "context_lengths"));
    report(t, "counts", &before);
    json_array_foreach(json_object_get(expected, "vram"), i, item) check_vram(t, item);
    report(t, "vram", &before);
    json_array_foreach(json_object_get(expected, "series"), i, item) check_series(t, item);
    report(t, "series", &before);
    check_power(t, json_object_get(expected, "power"));
    report(t, "power", &before);
    check_outliers(t, json_object_get(expected, "outliers"));
    report(t, "outliers", &before);
    json_array_foreach(json_object_get(expected, "descriptive"), i, item) check_cell(t, item);
    report(t, "descriptive (shape, outliers, detectable effects)", &before);
    json_array_foreach(json_object_get(expected, "cold_start_fit"), i, item)
    {
        check_cold_fit(t, item, "rep0");
        check_cold_fit(t, item, "rest_median");
    }
    report(t, "cold_start_fit", &before);
}

static int check_set(const char *set)
{
    char name[64], problem[1024];
    struct err e;
    struct tally t = {.set = set};
    snprintf(name, sizeof name, "reference/stats/expected_%s.json", set);
    json_t *expected = json_load_file(shared_file(name), 0, NULL);
    snprintf(name, sizeof name, "reference/stats/dataset_%s.csv", set);
    json_t *facts = json_pack("{s:{s:{s:f,s:s,s:s},s:{s:f,s:s,s:s}}}", "run", "memory_limit_mib",
                              "number", 12288.0, "unit", "MiB", "provenance", "user", "rate_tok_s",
                              "number", 50.0, "unit", "tok/s", "provenance", "user");
    json_t *analysis = analyze_csv_facts(
        shared_file(name),
        "scaling,regimes,decode,memory,ttft,outliers,distribution,power,cold_start,cross_model",
        NULL, facts, &e);
    t.analysis = analysis;
    if (expected && analysis)
        check_all(&t, expected);
    else
        expect_other(&t, name, "an analysis", analysis ? "no reference" : e.text);
    if (analysis && !schema_accepts(analysis, problem, sizeof problem))
        expect_other(&t, "analysis.json", "as the schema says", problem);
    printf("%s: %zu agreed, %zu differed\n", set, t.agreed, t.differed);
    json_decref(facts);
    json_decref(analysis);
    json_decref(expected);
    return t.differed ? 1 : 0;
}

int main(int argc, char **argv)
{
    int code = serve_child(argc, argv);
    if (code >= 0)
        return code;
    if (!shared_file("reference/stats/expected_A.json")) {
        printf("SKIP: the reference data are not here (CTXMARK_SHARED)\n");
        return 77;
    }
    int a = check_set("A"), b = check_set("B");
    return a || b;
}
