/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Holds every value of the reference's sections "descriptive" and "cold_start" against
 * analysis.json, or the statistics library for what other analyzers will give, and counts. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/stats/stats.h"
#include "schema.h"
#include "support.h"

struct tally {
    const char *set;
    size_t agreed, differed;
};

/* One sample as the library sees it. */
struct sample {
    double x[64];
    size_t n;
    double mean, sd;
};

static void check(struct tally *t, const char *what, const json_t *expected, double got,
                  double relative, double scale)
{
    double x = json_is_number(expected)    ? json_number_value(expected)
               : json_is_boolean(expected) ? json_is_true(expected)
                                           : NAN;
    bool same = isnan(x) ? isnan(got) : fabs(got - x) <= relative * fabs(x) + 1e-13 * scale;
    if (same) {
        t->agreed++;
        return;
    }
    t->differed++;
    printf("%s: %s: expected %.17g, got %.17g\n", t->set, what, x, got);
}

static double number_of(const json_t *v)
{
    return json_is_boolean(v) ? json_is_true(v) : json_is_number(v) ? json_number_value(v) : NAN;
}

static bool same_key(const json_t *table, size_t row, const json_t *expected, const char *key)
{
    const json_t *want = json_object_get(expected, key), *have = value_of(table, row, key);
    return !want || json_equal((json_t *)want, (json_t *)have);
}

static bool find_row(const json_t *table, const json_t *expected, size_t *ret_row)
{
    size_t n = json_array_size(json_object_get(table, "rows"));
    for (size_t row = 0; row < n; row++)
        if (same_key(table, row, expected, "model") && same_key(table, row, expected, "backend") &&
            same_key(table, row, expected, "mode") &&
            same_key(table, row, expected, "context_length")) {
            *ret_row = row;
            return true;
        }
    return false;
}

static bool text_is(const struct ctxmark_column *c, uint64_t row, const json_t *text)
{
    return c->code[row] >= 0 && strcmp(c->dictionary[c->code[row]], json_string_value(text)) == 0;
}

/* The usable latencies of a cell, by the conventions of the reference. */
static struct sample take_sample(const struct frame *f, const json_t *cell)
{
    struct sample s = {.n = 0};
    json_t *ok = json_string("ok");
    for (size_t row = 0; row < f->row_count; row++) {
        double ms = frame_column(f, "latency_ms")->number[row],
               context = frame_column(f, "context_length")->number[row];
        if (text_is(frame_column(f, "status"), row, ok) && !isnan(ms) &&
            text_is(frame_column(f, "model"), row, json_object_get(cell, "model")) &&
            text_is(frame_column(f, "backend"), row, json_object_get(cell, "backend")) &&
            text_is(frame_column(f, "mode"), row, json_object_get(cell, "mode")) &&
            context == json_number_value(json_object_get(cell, "context_length")) && s.n < 64)
            s.x[s.n++] = ms;
    }
    json_decref(ok);
    stats_sort(s.x, s.n);
    s.mean = stats_mean(s.x, s.n);
    s.sd = stats_sd(s.x, s.n);
    return s;
}

/* What the library gives for a key that the analyzer descriptive does not have; false: nothing. */
static bool library_value(const struct sample *s, const char *key, double *ret)
{
    double w, p;
    struct distribution_shape shape = stats_shape(s->x, s->n, s->mean, s->sd);
    stats_shapiro(s->x, s->n, &w, &p);
    const struct {
        const char *key;
        double value;
    } known[] = {
        {"skewness", shape.skewness},
        {"skewness_G1", shape.skewness_adjusted},
        {"excess_kurtosis", shape.excess_kurtosis},
        {"shapiro_w", w},
        {"shapiro_p", p},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].key, key) == 0) {
            *ret = known[i].value;
            return true;
        }
    return false;
}

/* iqr_lo and iqr_hi are Tukey's fence around what there is, also for n < 4. */
static double fence_value(const struct sample *s, const char *key)
{
    double q1 = stats_quantile(s->x, s->n, 0.25), q3 = stats_quantile(s->x, s->n, 0.75);
    return strcmp(key, "iqr_lo") == 0 ? q1 - 1.5 * (q3 - q1) : q3 + 1.5 * (q3 - q1);
}

static void check_outliers(struct tally *t, const json_t *expected, const struct sample *s)
{
    struct interval fence = stats_fence(s->x, s->n);
    size_t found = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->x[i] < fence.low || s->x[i] > fence.high)
            check(t, "outliers", json_array_get(expected, found++), s->x[i], 1e-10, s->sd);
    json_t *count = json_integer((json_int_t)json_array_size(expected));
    check(t, "outliers (count)", count, (double)found, 0, 0);
    json_decref(count);
}

static void check_interval(struct tally *t, const char *key, const json_t *expected,
                           const json_t *table, size_t row, double scale)
{
    static const char *const ends[] = {"low", "high"};
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_%s", key, ends[i]);
        check(t, name, json_array_get(expected, i), number_of(value_of(table, row, name)), 1e-10,
              scale);
    }
}

/* Detectable effect by the normal approximation: (z.975 + z.8) sqrt(2 / n) sd. */
static double mde_z(const struct sample *s)
{
    return s->n < 2 ? NAN
                    : (1.959963984540054 + 0.8416212335729143) * sqrt(2 / (double)s->n) * s->sd;
}

static void check_cell(struct tally *t, const struct frame *f, const json_t *table, size_t row,
                       const json_t *expected)
{
    struct sample s = take_sample(f, expected);
    double scale = isnan(s.sd) ? 0 : s.sd + fabs(s.mean), x;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)expected, key, value)
    {
        const json_t *have = value_of(table, row, key);
        if (json_is_string(value) || strcmp(key, "context_length") == 0)
            t->agreed++; /* the keys by which the row was found */
        else if (strncmp(key, "ci95", 4) == 0)
            check_interval(t, key, value, table, row, scale);
        else if (strcmp(key, "outliers") == 0)
            check_outliers(t, value, &s);
        else if (strncmp(key, "iqr_", 4) == 0)
            check(t, key, value, fence_value(&s, key), 1e-10, scale);
        else if (strcmp(key, "mde_z") == 0)
            check(t, key, value, mde_z(&s), 1e-10, scale);
        else if (library_value(&s, key, &x))
            check(t, key, value, x, strncmp(key, "shapiro", 7) == 0 ? 1e-9 : 1e-10, 10);
        else
            check(t, key, value, have ? number_of(have) : INFINITY, 1e-10, scale);
    }
}

static void check_descriptive(struct tally *t, const json_t *analysis, const json_t *expected,
                              const struct frame *f)
{
    size_t i, row;
    json_t *cell;
    json_array_foreach(json_object_get(expected, "descriptive"), i, cell)
    {
        char name[64];
        snprintf(name, sizeof name, "%s_latency", json_string_value(json_object_get(cell, "mode")));
        const json_t *table = table_of(analysis, "descriptive", name);
        if (find_row(table, cell, &row)) {
            check_cell(t, f, table, row, cell);
        } else {
            t->differed++;
            printf("%s: descriptive %zu has no row\n", t->set, i);
        }
    }
}

static void check_cold_start(struct tally *t, const json_t *analysis, const json_t *expected)
{
    const json_t *table = table_of(analysis, "cold_start", "cold_start");
    size_t i, row;
    json_t *cell, *value;
    const char *key;
    json_array_foreach(json_object_get(expected, "cold_start"), i, cell)
    {
        if (!find_row(table, cell, &row)) {
            t->differed++;
            printf("%s: cold_start %zu has no row\n", t->set, i);
            continue;
        }
        double scale = json_number_value(json_object_get(cell, "rep0"));
        json_object_foreach(cell, key, value)
        {
            const json_t *have = value_of(table, row, key);
            if (json_is_string(value))
                t->agreed++;
            else
                check(t, key, value, have ? number_of(have) : INFINITY, 1e-10,
                      strcmp(key, "mean_inflation_pct") == 0 ? 100 : scale);
        }
    }
}

/* The log-log exponents of rep-0 and of the others. */
static void check_exponents(struct tally *t, const json_t *analysis, const json_t *expected)
{
    const json_t *table = table_of(analysis, "cold_start", "cold_cause");
    size_t i, row;
    json_t *series;
    json_array_foreach(json_object_get(expected, "cold_start_fit"), i, series)
    {
        if (!find_row(table, series, &row))
            continue;
        const json_t *rep0 = json_object_get(json_object_get(series, "rep0"), "loglog");
        const json_t *rest = json_object_get(json_object_get(series, "rest_median"), "loglog");
        check(t, "rep0 loglog b", json_object_get(rep0, "b"),
              number_of(value_of(table, row, "rep0_exponent")), 1e-10, 1);
        check(t, "rep0 loglog se_b", json_object_get(rep0, "se_b"),
              number_of(value_of(table, row, "rep0_exponent_se")), 1e-9, 1);
        check(t, "rest loglog b", json_object_get(rest, "b"),
              number_of(value_of(table, row, "rest_exponent")), 1e-10, 1);
    }
}

static int check_set(const char *set)
{
    char name[64];
    struct err e;
    struct tally t = {set, 0, 0};
    snprintf(name, sizeof name, "reference/stats/expected_%s.json", set);
    json_t *expected = json_load_file(shared_file(name), 0, NULL);
    snprintf(name, sizeof name, "reference/stats/dataset_%s.csv", set);
    const char *csv = shared_file(name);
    struct frame *f = csv ? frame_read_csv(csv, NULL, &e) : NULL;
    json_t *analysis = csv ? analyze_csv(csv, "descriptive,cold_start", NULL, &e) : NULL;
    if (!expected || !f || !analysis) {
        printf("%s: cannot be analysed: %s\n", set, csv ? e.text : "the files are not there");
        t.differed++;
    } else {
        check_descriptive(&t, analysis, expected, f);
        printf("%s: descriptive: %zu agreed, %zu differed\n", set, t.agreed, t.differed);
        size_t before = t.agreed;
        check_cold_start(&t, analysis, expected);
        printf("%s: cold_start: %zu agreed, %zu differed in all\n", set, t.agreed - before,
               t.differed);
        before = t.agreed;
        check_exponents(&t, analysis, expected);
        printf("%s: cold_start_fit (log-log): %zu agreed\n", set, t.agreed - before);
    }
    char problem[1024];
    if (analysis && !schema_accepts(analysis, problem, sizeof problem)) {
        t.differed++;
        printf("%s: %s\n", set, problem);
    }
    json_decref(analysis);
    json_decref(expected);
    frame_free(f);
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
