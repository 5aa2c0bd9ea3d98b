/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Holds every value of the reference's sections "comparisons", "corrections" and "anova", NIST's
 * analyses of variance and the values that scipy and statsmodels gave for the rest against
 * analysis.json or the statistics library, and counts. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/stats/anova_sums.h"
#include "plugins/analysis/stats/stats.h"
#include "schema.h"
#include "support.h"

struct tally {
    const char *set;
    size_t agreed, differed;
};

/* What is compared: a row of a table, and the scale of what it measures. */
struct place {
    struct tally *t;
    const json_t *table;
    size_t row;
    double scale;
};

static double number_of(const json_t *v)
{
    return json_is_boolean(v) ? json_is_true(v) : json_is_number(v) ? json_number_value(v) : NAN;
}

static void count(struct tally *t, const char *what, bool same, double expected, double got)
{
    if (same) {
        t->agreed++;
        return;
    }
    t->differed++;
    printf("%s: %s: expected %.17g, got %.17g\n", t->set, what, expected, got);
}

/* The rule, |difference| <= 1e-10 |x| + 1e-13 scale; nothing of it where x is undefined. */
static void check_number(struct tally *t, const char *what, double x, double got, double scale)
{
    bool same = isnan(x) ? isnan(got) : fabs(got - x) <= 1e-10 * fabs(x) + 1e-13 * scale;
    count(t, what, same, x, got);
}

/* A column that is not there agrees with nothing. */
static void check_column(const struct place *p, const char *column, const json_t *expected,
                         double scale)
{
    const json_t *have = value_of(p->table, p->row, column);
    check_number(p->t, column, number_of(expected), have ? number_of(have) : INFINITY, scale);
}

static void check_text(const struct place *p, const char *column, const json_t *expected)
{
    const json_t *have = value_of(p->table, p->row, column);
    bool same = have && json_is_string(have) &&
                strcmp(json_string_value(have), json_string_value(expected)) == 0;
    count(p->t, column, same, NAN, NAN);
}

/* ["a", "b"] or [512, 1024] against "a, b" or "512, 1024". */
static void check_list(const struct place *p, const char *column, const json_t *expected)
{
    char text[512] = "";
    size_t i, len = 0;
    json_t *item;
    json_array_foreach(expected, i, item)
    {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", i ? ", " : "");
        len +=
            json_is_string(item)
                ? (size_t)snprintf(text + len, sizeof text - len, "%s", json_string_value(item))
                : (size_t)snprintf(text + len, sizeof text - len, "%.0f", json_number_value(item));
    }
    json_t *words = json_string(text);
    check_text(p, column, words);
    json_decref(words);
}

static void check_interval(const struct place *p, const char *name, const json_t *expected)
{
    static const char *const ends[] = {"low", "high"};
    for (size_t i = 0; i < 2; i++) {
        char column[96];
        snprintf(column, sizeof column, "%s_%s", name, ends[i]);
        check_column(p, column, json_array_get(expected, i), p->scale);
    }
}

/* Differences of means have the scale of the samples; p, t and effects have one of their own. */
static double scale_of(const struct place *p, const char *column)
{
    static const char *const in_ms[] = {"diff", "mean_a", "mean_b", "pooled_sd"};
    for (size_t i = 0; i < sizeof in_ms / sizeof *in_ms; i++)
        if (strcmp(column, in_ms[i]) == 0)
            return p->scale;
    return strstr(column, "log10_p") ? 1 : 0;
}

/* All that stands under a key, nested keys joined by "_". */
static void check_tree(const struct place *p, const char *name, const json_t *expected)
{
    const char *key;
    json_t *value;
    if (json_is_object(expected)) {
        json_object_foreach((json_t *)expected, key, value)
        {
            char column[96];
            snprintf(column, sizeof column, "%s%s%s", name, *name ? "_" : "", key);
            check_tree(p, column, value);
        }
    } else if (json_is_array(expected)) {
        check_interval(p, name, expected);
    } else if (json_is_string(expected)) {
        check_text(p, name, expected);
    } else if (strcmp(name, "student") == 0 || strcmp(name, "welch") == 0) {
        char column[96]; /* a test that is undefined as a whole */
        snprintf(column, sizeof column, "%s_t", name);
        check_column(p, column, expected, 0);
        snprintf(column, sizeof column, "%s_p", name);
        check_column(p, column, expected, 0);
    } else {
        check_column(p, name, expected, scale_of(p, name));
    }
}

static bool same_key(const json_t *table, size_t row, const json_t *expected, const char *key)
{
    const json_t *want = json_object_get(expected, key), *have = value_of(table, row, key);
    return !want || json_equal((json_t *)want, (json_t *)have);
}

/* The row of the expected model, mode and context, and of this text in a further column. */
static bool find_row(struct place *p, const json_t *expected, const char *column, const char *text)
{
    size_t n = json_array_size(json_object_get(p->table, "rows"));
    for (size_t row = 0; row < n; row++) {
        const char *have = column ? json_string_value(value_of(p->table, row, column)) : NULL;
        if ((!column || (have && strcmp(have, text) == 0)) &&
            same_key(p->table, row, expected, "model") &&
            same_key(p->table, row, expected, "mode") &&
            same_key(p->table, row, expected, "context_length")) {
            p->row = row;
            return true;
        }
    }
    p->t->differed++;
    printf("%s: no row for %s\n", p->t->set, text ? text : "a cell");
    return false;
}

static void check_comparisons(struct tally *t, const json_t *analysis, const json_t *expected)
{
    size_t i;
    json_t *cell;
    json_array_foreach(json_object_get(expected, "comparisons"), i, cell)
    {
        struct place p = {t, table_of(analysis, "compare", "comparisons"), 0, 0};
        p.scale = number_of(json_object_get(cell, "pooled_sd")) +
                  number_of(json_object_get(cell, "mean_a"));
        if (find_row(&p, cell, NULL, NULL))
            check_tree(&p, "", cell);
    }
}

static void check_corrections(struct tally *t, const json_t *analysis, const json_t *expected)
{
    const char *test;
    json_t *values;
    json_object_foreach(json_object_get(expected, "corrections"), test, values)
    {
        struct place p = {t, table_of(analysis, "compare", "corrections"), 0, 0};
        if (find_row(&p, values, "test", test))
            check_tree(&p, "", values);
    }
}

/* --- analysis of variance */

static void check_oneway(struct tally *t, const json_t *analysis, const json_t *family,
                         const char *key, const json_t *expected)
{
    struct place p = {t, table_of(analysis, "anova", "oneway"), 0, 0};
    const char *column;
    json_t *value;
    double total = number_of(json_object_get(expected, "ss")) +
                   number_of(json_object_get(expected, "ss_within"));
    if (!find_row(&p, family, "effect", key + strlen("oneway_")))
        return;
    json_object_foreach((json_t *)expected, column, value)
        check_column(&p, strcmp(column, "F") == 0 ? "oneway_F" : column, value,
                     strncmp(column, "ss", 2) == 0 || strncmp(column, "ms", 2) == 0 ? total : 1e-2);
}

static void check_effects(struct tally *t, const json_t *analysis, const json_t *family,
                          const char *scale, const char *type, const json_t *effects, double total)
{
    const char *effect, *name;
    json_t *values, *value;
    json_object_foreach((json_t *)effects, effect, values)
    {
        struct place p = {t, table_of(analysis, "anova", "twoway"), 0, 0};
        bool found = false;
        size_t n = json_array_size(json_object_get(p.table, "rows"));
        for (p.row = 0; p.row < n && !found; p.row += !found)
            found = strcmp(json_string_value(value_of(p.table, p.row, "scale")), scale) == 0 &&
                    strcmp(json_string_value(value_of(p.table, p.row, "effect")), effect) == 0 &&
                    same_key(p.table, p.row, family, "model") &&
                    same_key(p.table, p.row, family, "mode");
        if (!found) {
            t->differed++;
            printf("%s: twoway has no row for %s, %s\n", t->set, scale, effect);
            continue;
        }
        json_object_foreach(values, name, value)
        {
            char column[96];
            snprintf(column, sizeof column, "twoway_%s_%s", type, name);
            check_column(&p, strcmp(name, "df") == 0 ? name : column, value,
                         strcmp(name, "ss") == 0 || strcmp(name, "ms") == 0 ? total : 1e-2);
        }
    }
}

static void check_twoway(struct tally *t, const json_t *analysis, const json_t *family,
                         const char *key, const json_t *expected)
{
    const char *scale = strcmp(key, "twoway_log") == 0 ? "log" : "raw", *column;
    struct place p = {t, table_of(analysis, "anova", "design"), 0, 0};
    json_t *value;
    double total = number_of(json_object_get(expected, "ss_total"));
    if (!find_row(&p, family, "scale", scale))
        return;
    json_object_foreach((json_t *)expected, column, value)
    {
        if (json_is_array(value))
            check_list(&p, column, value);
        else if (json_is_object(value))
            check_effects(t, analysis, family, scale, column, value, total);
        else
            check_column(&p, column, value, total);
    }
}

static void check_anova(struct tally *t, const json_t *analysis, const json_t *expected)
{
    size_t i;
    json_t *family, *value;
    const char *key;
    json_array_foreach(json_object_get(expected, "anova"), i, family)
    {
        struct place p = {t, table_of(analysis, "anova", "design"), 0, 0};
        if (!find_row(&p, family, "scale", "raw"))
            continue;
        json_object_foreach(family, key, value)
        {
            if (json_is_array(value))
                check_list(&p, key, value);
            else if (strncmp(key, "oneway", 6) == 0)
                check_oneway(t, analysis, family, key, value);
            else if (strncmp(key, "twoway", 6) == 0)
                check_twoway(t, analysis, family, key, value);
            else
                check_text(&p, key, value);
        }
    }
}

/* --- what scipy and statsmodels gave */

static void check_reference(struct tally *t, const json_t *analysis, const json_t *reference)
{
    size_t i;
    json_t *cell, *value;
    const char *key;
    json_array_foreach(json_object_get(json_object_get(reference, "sets"), t->set), i, cell)
    {
        struct place p = {t, table_of(analysis, "compare", "comparisons"), 0, 0};
        if (!find_row(&p, cell, NULL, NULL))
            continue;
        json_object_foreach(cell, key, value) if (json_is_string(value)) check_text(&p, key, value);
        else check_column(&p, key, value, strstr(key, "log10") ? 1 : 1e-3);
    }
}

static int check_set(const char *set, const json_t *reference)
{
    char name[64];
    struct err e;
    struct tally t = {set, 0, 0};
    snprintf(name, sizeof name, "reference/stats/expected_%s.json", set);
    json_t *expected = json_load_file(shared_file(name), 0, NULL);
    json_t *options = json_pack("{s:{s:s}, s:{s:s}}", "compare", "baseline", "transformers-gpu",
                                "anova", "baseline", "transformers-gpu");
    snprintf(name, sizeof name, "reference/stats/dataset_%s.csv", set);
    const char *csv = shared_file(name);
    json_t *analysis = csv ? analyze_csv(csv, "compare,anova", options, &e) : NULL;
    const struct {
        const char *name;
        void (*check)(struct tally *t, const json_t *analysis, const json_t *expected);
        const json_t *expected;
    } sections[] = {{"comparisons", check_comparisons, expected},
                    {"corrections", check_corrections, expected},
                    {"anova", check_anova, expected},
                    {"scipy, statsmodels", check_reference, reference}};
    if (!expected || !analysis) {
        printf("%s: cannot be analysed: %s\n", set, csv ? e.text : "the files are not there");
        t.differed++;
    }
    for (size_t i = 0; expected && analysis && i < sizeof sections / sizeof *sections; i++) {
        struct tally before = t;
        sections[i].check(&t, analysis, sections[i].expected);
        printf("%s: %s: %zu agreed, %zu differed\n", set, sections[i].name,
               t.agreed - before.agreed, t.differed - before.differed);
        if (t.agreed == before.agreed) /* nothing to hold against is no agreement */
            t.differed++;
    }
    char problem[1024];
    if (analysis && !schema_accepts(analysis, problem, sizeof problem)) {
        t.differed++;
        printf("%s: %s\n", set, problem);
    }
    json_decref(analysis);
    json_decref(expected);
    json_decref(options);
    return t.differed != 0;
}

/* --- NIST */

/* The nine treatments of SmLs01 to SmLs07. */
static size_t make_smls(const char *name, double *x, struct anova_cell *cells)
{
    static const double levels[] = {0.4, 0.3, 0.5, 0.3, 0.5, 0.3, 0.5, 0.3, 0.5};
    static const char *const bases[] = {"1", "1000000", "1000000000000"};
    int which = name[5] - '0';
    size_t n = which % 3 == 1 ? 21 : which % 3 == 2 ? 201 : 2001;
    for (size_t i = 0; i < 9; i++) {
        for (size_t k = 0; k < n; k++) {
            char text[64];
            int tenths = (int)lround(10 * levels[i]) + (k == 0 ? 0 : k % 2 ? -1 : 1);
            snprintf(text, sizeof text, "%s.%d", bases[(which - 1) / 3], tenths);
            x[k] = strtod(text, NULL);
        }
        cells[i] = anova_cell_make(x, n);
    }
    return 9;
}

static size_t make_groups(const json_t *groups, double *x, struct anova_cell *cells)
{
    size_t i, k;
    json_t *group, *value;
    json_array_foreach(groups, i, group)
    {
        json_array_foreach(group, k, value) x[k] = strtod(json_string_value(value), NULL);
        cells[i] = anova_cell_make(x, k);
    }
    return json_array_size(groups);
}

/* Digits in common with the certified value. */
static double digits(double got, double certified)
{
    double off = fabs(got - certified) / fabs(certified);
    return off > 0 ? fmin(15, -log10(off)) : 15;
}

/* How many digits exact arithmetic on the data as doubles has in common with the certified F. */
static double digits_to_be_had(const char *name)
{
    return strcmp(name, "SmLs07") == 0    ? 4.4
           : strcmp(name, "SmLs04") == 0  ? 10.4
           : strcmp(name, "SmLs05") == 0  ? 10.2
           : strcmp(name, "AtmWtAg") == 0 ? 10.2
                                          : 13;
}

static int check_nist(void)
{
    static double x[2001];
    struct anova_cell cells[9];
    struct tally t = {"NIST", 0, 0};
    json_t *all = json_load_file(shared_file("reference/stats/nist.json"), 0, NULL), *data;
    const char *name;
    json_object_foreach(all, name, data)
    {
        const char *kind = json_string_value(json_object_get(data, "kind"));
        if (strcmp(kind, "anova") != 0)
            continue;
        const json_t *groups = json_object_get(data, "groups");
        size_t n =
            json_is_array(groups) ? make_groups(groups, x, cells) : make_smls(name, x, cells);
        double certified = strtod(
            json_string_value(json_object_get(json_object_get(data, "certified"), "F")), NULL);
        struct anova_oneway a = anova_oneway(cells, n);
        double have = digits(a.effect.F, certified), need = digits_to_be_had(name) - 0.5;
        printf("NIST %s: F = %.15g, certified %.15g: %.1f digits, %.1f asked for\n", name,
               a.effect.F, certified, have, need);
        t.agreed += have >= need;
        t.differed += have < need;
    }
    json_decref(all);
    printf("NIST: %zu agreed, %zu differed\n", t.agreed, t.differed);
    return t.differed || !t.agreed;
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
    json_t *reference = json_load_file(SRCDIR "/tests/data/compare_reference.json", 0, NULL);
    if (!reference)
        printf("tests/data/compare_reference.json cannot be read\n");
    int a = check_set("A", reference), b = check_set("B", reference), nist = check_nist();
    json_decref(reference);
    return a || b || nist || !reference;
}
