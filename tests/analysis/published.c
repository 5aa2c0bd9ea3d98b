/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Feeds the published tables of TR127 through the statistics library and prints, value by value,
 * what the report says and what comes out.  reproduction.csv says which of them must match: those
 * it calls exact must round to what is printed, and all must come out as it works them out. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "plugins/analysis/library/series.h"
#include "plugins/analysis/stats/fit.h"
#include "plugins/analysis/stats/lsq.h"
#include "plugins/analysis/stats/stats.h"
#include "support.h"

#define LIMIT_MIB 12288.0
#define MIB 1048576.0
#define MOST_ROWS 500
#define MOST_FIELDS 12

/* --- CSV files of the reference: no quotes that matter here, commas only inside the last field */

struct csv {
    char fields[MOST_ROWS][MOST_FIELDS][80];
    size_t rows, columns; /* row 0: header */
};

static void split_line(struct csv *c, char *line)
{
    size_t k = 0;
    char *p = line;
    line[strcspn(line, "\r\n")] = '\0';
    while (p && k < MOST_FIELDS) {
        char *comma = k + 1 < MOST_FIELDS ? strchr(p, ',') : NULL;
        snprintf(c->fields[c->rows][k++], sizeof c->fields[0][0], "%.*s",
                 comma ? (int)(comma - p) : (int)strlen(p), p);
        p = comma ? comma + 1 : NULL;
    }
    c->columns = k > c->columns ? k : c->columns;
    c->rows++;
}

static int read_csv(struct csv *c, const char *name)
{
    char path[128], line[1024];
    snprintf(path, sizeof path, "reference/tr127/%s", name);
    const char *file = shared_file(path);
    FILE *f = file ? fopen(file, "r") : NULL;
    memset(c, 0, sizeof *c);
    while (f && c->rows < MOST_ROWS && fgets(line, sizeof line, f))
        split_line(c, line);
    if (f)
        fclose(f);
    if (!c->rows)
        printf("%s cannot be read\n", name);
    return c->rows ? 0 : -1;
}

static const char *text_at(const struct csv *c, size_t row, const char *column)
{
    for (size_t k = 0; k < c->columns; k++)
        if (strcmp(c->fields[0][k], column) == 0)
            return c->fields[row][k];
    return "";
}

static double number_at(const struct csv *c, size_t row, const char *column)
{
    const char *text = text_at(c, row, column);
    char *end;
    double x = strtod(text, &end);
    return end > text ? x : NAN;
}

/* The row whose first column is `key`; 0: none. */
static size_t row_of(const struct csv *c, const char *key)
{
    for (size_t row = 1; row < c->rows; row++)
        if (strcmp(c->fields[row][0], key) == 0)
            return row;
    return 0;
}

/* --- checking */

static struct csv known; /* reproduction.csv: table, row, quantity, published, computed, status */
static struct {
    size_t matched, off_as_known, differed;
} tally;

/* Half of the last digit that a number is printed with; zeros at an integer's end are not printed
 * digits. */
static double half_digit(const char *text)
{
    const char *point = strchr(text, '.');
    size_t len = strspn(text, "-0123456789.");
    if (point && point < text + len)
        return 0.5 * pow(10, -(double)(text + len - point - 1));
    double unit = 1;
    while (len > 1 && text[len - 1] == '0') {
        unit *= 10;
        len--;
    }
    return 0.5 * unit;
}

static bool is_computed(const char *text, double x)
{
    double y = strtod(text, NULL), loose = strchr(text, 'e') ? 0 : 1.02 * half_digit(text);
    if (!strchr(text, '.') && !strchr(text, 'e'))
        loose = 0.51;
    return fabs(x - y) <= fmax(loose, 5.1e-6 * fabs(y));
}

static bool is_row(size_t i, const char *table, const char *row, const char *quantity)
{
    return strcmp(known.fields[i][0], table) == 0 && strcmp(known.fields[i][1], row) == 0 &&
           strcmp(known.fields[i][2], quantity) == 0;
}

/* Two tables of 10.3 share a row's name: the one that comes out is meant. */
static bool is_meant(size_t i, double x)
{
    for (size_t k = i + 1; k < known.rows; k++)
        if (is_row(k, known.fields[i][0], known.fields[i][1], known.fields[i][2]))
            return is_computed(known.fields[i][4], x);
    return true;
}

static void check(const char *table, const char *row, const char *quantity, double x)
{
    for (size_t i = 1; i < known.rows; i++) {
        if (!is_row(i, table, row, quantity) || !is_meant(i, x))
            continue;
        const char *published = known.fields[i][3], *computed = known.fields[i][4],
                   *status = known.fields[i][5];
        bool never = strcmp(published, "Never") == 0,
             same = never ? isnan(x) : is_computed(computed, x),
             exact = strcmp(status, "exact") == 0,
             prints = never ? isnan(x)
                            : fabs(x - strtod(published, NULL)) <= half_digit(published) * 1.0001;
        bool ok = same && (!exact || prints);
        printf("%-5s %-32s %-34s report %-9s ours %-12.6g %s\n", table, row, quantity, published, x,
               !ok                         ? "DIFFERS"
               : exact                     ? "matches"
               : prints                    ? "matches"
               : strcmp(status, "NO") == 0 ? "the report is off"
                                           : "within its rounding");
        tally.differed += !ok;
        tally.matched += ok && (exact || prints);
        tally.off_as_known += ok && !exact && !prints;
        return;
    }
    printf("%s %s %s is not in reproduction.csv\n", table, row, quantity);
    tally.differed++;
}

static void check2(const char *table, const char *a, const char *b, const char *quantity, double x)
{
    char row[192];
    snprintf(row, sizeof row, "%s%s%s", a, *a && *b ? " " : "", b);
    check(table, row, quantity, x);
}

/* --- series of the tables */

struct published {
    const char *model, *backend, *short_backend;
    struct csv prefill, memory;
    size_t count, clean; /* contexts, and those within the memory limit */
    double x[16], median[16], mean[16], sd[16], peak[16], rate[16];
    size_t peaks;
};

static struct published all[] = {
    {.model = "llama3.2-1b", .backend = "ollama", .short_backend = "ollama"},
    {.model = "llama3.2-3b", .backend = "ollama", .short_backend = "ollama"},
    {.model = "qwen2.5-1.5b", .backend = "ollama", .short_backend = "ollama"},
    {.model = "qwen2.5-0.5b", .backend = "transformers-gpu", .short_backend = "HF"},
    {.model = "qwen2.5-1.5b", .backend = "transformers-gpu", .short_backend = "HF"},
    {.model = "qwen2.5-3b", .backend = "transformers-gpu", .short_backend = "HF"},
};
#define SERIES (sizeof all / sizeof *all)

static bool is_hf(const struct published *p)
{
    return strcmp(p->short_backend, "HF") == 0;
}

static int read_series(struct published *p)
{
    char name[128], column[64];
    struct csv *rates = malloc(sizeof *rates);
    snprintf(name, sizeof name, "tables/%s%s.csv",
             is_hf(p) ? "4.4_prefill_" : "4.6_prefill_ollama_", p->model);
    int done = rates ? read_csv(&p->prefill, name) : -1;
    if (done == 0)
        done =
            read_csv(rates, is_hf(p) ? "tables/5.1_decode_hf.csv" : "tables/5.1_decode_ollama.csv");
    snprintf(column, sizeof column, "%s_tok_s", p->model);
    for (size_t row = 1; done == 0 && row < p->prefill.rows; row++) {
        if (isnan(number_at(&p->prefill, row, "mean_ms")))
            continue;
        p->x[p->count] = number_at(&p->prefill, row, "context_length");
        p->median[p->count] = number_at(&p->prefill, row, "median_ms");
        p->mean[p->count] = number_at(&p->prefill, row, "mean_ms");
        p->sd[p->count] = number_at(&p->prefill, row, "std_ms");
        p->rate[p->count++] = number_at(rates, row, column);
    }
    p->clean = p->count;
    free(rates);
    if (done < 0 || !is_hf(p))
        return done;
    snprintf(name, sizeof name, "tables/6.2_vram_%s.csv", p->model);
    done = read_csv(&p->memory, name);
    for (size_t row = 1; done == 0 && row < p->memory.rows; row++) {
        p->peak[p->peaks++] = number_at(&p->memory, row, "peak_alloc_mb");
        if (p->peak[row - 1] > LIMIT_MIB && p->clean == p->count)
            p->clean = row - 1;
    }
    return done;
}

/* --- fits: 4.2, 4.3, 4.8, 5.2, 5.3 */

static void check_prefill_fits(const struct published *p)
{
    struct fits f = fit_all(p->x, p->median, p->count), m = fit_all(p->x, p->mean, p->count);
    check2("4.2", p->model, p->backend, "b", f.power.b);
    check2("4.2", p->model, p->backend, "r2_power", f.power.r2);
    check2("4.2", p->model, p->backend, "r2_quad", f.quadratic.r2);
    check2("4.2", p->model, p->backend, "r2_linear", f.linear.r2);
    check2("4.8", p->model, p->short_backend, "median_b", f.power.b);
    check2("4.8", p->model, p->short_backend, "trim5_b (= mean)", m.power.b);
    if (p->clean == p->count)
        return;
    f = fit_all(p->x, p->median, p->clean);
    check("4.3", p->model, "b", f.power.b);
    check("4.3", p->model, "r2_power", f.power.r2);
    check("4.3", p->model, "r2_quad", f.quadratic.r2);
    check("4.3", p->model, "r2_linear", f.linear.r2);
    check("4.3", p->model, "thrashing_mult", p->median[p->clean] / p->median[p->clean - 1]);
    if (series_jump(p->x, p->median, p->count) != p->clean)
        printf("%s: the jump rule finds another break\n", p->model), tally.differed++;
}

static void check_decode_fits(const struct published *p)
{
    double y[16];
    for (size_t i = 0; i < p->count; i++)
        y[i] = 128 * 1000 / p->rate[i];
    struct fits f = fit_all(p->x, y, p->count);
    check2("5.2", p->model, p->short_backend, "b (128 tok / tok_s)", f.power.b);
    check2("5.2", p->model, p->short_backend, "r2 (128 tok / tok_s)", f.power.r2);
    if (p->clean == p->count)
        return;
    f = fit_all(p->x, y, p->clean);
    check("5.3", p->model, "b", f.power.b);
    check("5.3", p->model, "r2", f.power.r2);
    check("5.3", p->model, "thrashing_mult", y[p->clean] / y[p->clean - 1]);
}

/* --- cells and series in figures: 4.4, 4.6, 5.1, 7.1, 7.2 */

static void check_cells(const struct published *p)
{
    for (size_t i = 0; i < p->count; i++) {
        char row[128];
        snprintf(row, sizeof row, "%s %.0f", p->model, p->x[i]);
        if (!is_hf(p) && strcmp(p->model, "llama3.2-1b") != 0)
            continue; /* their table has no CV */
        check(is_hf(p) ? "4.4" : "4.6", row, "cv_pct", 100 * p->sd[i] / p->mean[i]);
        if (!is_hf(p))
            continue;
        struct interval t = stats_t_interval(p->mean[i], p->sd[i], 10, 0.95),
                        z = stats_normal_interval(p->mean[i], p->sd[i], 10, 1.96);
        check("4.4", row, "ci95_lo (t)", t.low);
        check("4.4", row, "ci95_hi (t)", t.high);
        check("4.4", row, "ci95_lo (1.96)", z.low);
        check("4.4", row, "ci95_hi (1.96)", z.high);
    }
}

static double first_reaching(const struct published *p, double ms)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->mean[i] >= ms)
            return p->x[i];
    return NAN;
}

static void check_growth(const struct published *p)
{
    size_t last = p->count - 1;
    if (!is_hf(p)) {
        check("5.1", p->model, "degradation", 100 * (p->rate[last] / p->rate[0] - 1));
        check("5.1", p->model, "factor", p->rate[0] / p->rate[last]);
    }
    check2("7.1", p->model, p->short_backend, "gt_1s", first_reaching(p, 1000));
    check2("7.1", p->model, p->short_backend, "gt_5s", first_reaching(p, 5000));
    check2("7.1", p->model, p->short_backend, "gt_10s", first_reaching(p, 10000));
    check2("7.2", p->model, p->short_backend, "growth",
           is_hf(p) ? p->mean[last] / p->mean[0] : p->median[last] / p->median[0]);
}

/* --- memory: 6.1 to 6.4, 14.3 */

static void check_memory(const struct published *p)
{
    struct lsq line, clean;
    if (!is_hf(p))
        return;
    lsq_polynomial(&line, p->x, p->peak, NULL, p->peaks, 1);
    lsq_polynomial(&clean, p->x, p->peak, NULL, p->clean, 1);
    check("6.1", p->model, "slope (all points)", line.coef[1]);
    check("6.1", p->model, "r2 (all points)", line.r2);
    check("6.1", p->model, "B/token = in-GPU slope * 2^20", clean.coef[1] * MIB);
    /* the formula that the text states, from the slope as it is printed */
    check("6.1", p->model, "B/token = slope * 2^20 / 2 (as stated)",
          round(100 * line.coef[1]) / 100 * MIB / 2);
    for (size_t i = 0; i < p->peaks; i++) {
        char row[128];
        snprintf(row, sizeof row, "%s %.0f", p->model, p->x[i]);
        check("6.2", row, "ratio", p->peak[i] / LIMIT_MIB);
        if (p->peak[i] > LIMIT_MIB)
            check("6.2", row, "spill GB", (p->peak[i] - LIMIT_MIB) / 1024);
    }
}

static void check_budgets(const struct csv *budget, const struct csv *kv)
{
    static const char *const models[] = {"qwen2.5-0.5b", "qwen2.5-1.5b", "qwen2.5-3b"};
    static const double sizes[] = {8, 12, 16, 24};
    for (size_t m = 0; m < 3; m++) {
        size_t b = row_of(budget, models[m]), k = row_of(kv, models[m]);
        double base = number_at(budget, b, "base_mb"),
               slope = number_at(budget, b, "slope_mb_per_tok");
        double theory = 4 * number_at(kv, k, "layers") * number_at(kv, k, "kv_heads") *
                        number_at(kv, k, "head_dim");
        check("6.3", models[m], "available", LIMIT_MIB - base);
        check("6.3", models[m], "max_context (no 0.8)", (LIMIT_MIB - base) / slope);
        check("6.4", models[m], "theory", theory);
        check("6.4", models[m], "overhead", number_at(kv, k, "empirical_b_per_tok") / theory);
        for (size_t i = 0; i < 4; i++) {
            char row[64];
            snprintf(row, sizeof row, "%.0f GB %s", sizes[i], models[m]);
            check("14.3", row, "tokens with 0.8", (sizes[i] * 1024 - base) / slope * 0.8);
        }
    }
}

/* --- power: 10.1 to 10.3; models: 11.1; cliffs: 13 Q4 */

static double effect_z(double n)
{
    return (gsl_cdf_ugaussian_Pinv(0.975) + gsl_cdf_ugaussian_Pinv(0.8)) * sqrt(2 / n);
}

/* Standard deviation over all contexts together, from what the table says of each. */
static double pooled_sd(const struct published *p)
{
    double squares = 0, mean = stats_mean(p->mean, p->count), n = 10;
    for (size_t i = 0; i < p->count; i++)
        squares += (n - 1) * p->sd[i] * p->sd[i] + n * (p->mean[i] - mean) * (p->mean[i] - mean);
    return sqrt(squares / (n * (double)p->count - 1));
}

static void check_power(const struct csv *strata)
{
    check("10.1", "", "d z-based", effect_z(10));
    check("10.1", "", "d t-based (critical value only)", gsl_cdf_tdist_Pinv(0.975, 18) * sqrt(0.2));
    for (size_t i = 0; i < SERIES; i++)
        for (size_t row = 1; row < strata->rows; row++) {
            char name[128];
            if (strcmp(text_at(strata, row, "model"), all[i].model) != 0 ||
                strcmp(text_at(strata, row, "backend"), all[i].short_backend) != 0)
                continue;
            snprintf(name, sizeof name, "%s%s", all[i].model, all[i].short_backend);
            check("10.2", name, "pooled sd", pooled_sd(&all[i]));
            check("10.2", name, "mde", effect_z(10) * number_at(strata, row, "pooled_std_ms"));
        }
}

static void check_precision(const struct csv *c)
{
    for (size_t row = 1; row < c->rows; row++) {
        char name[192];
        snprintf(name, sizeof name, "%s %s", c->fields[row][0], c->fields[row][1]);
        check("10.3", name, "mde", effect_z(10) * number_at(c, row, "std_ms"));
    }
}

static void check_models(void)
{
    for (size_t i = 0; i < all[5].count; i++) {
        char row[32];
        snprintf(row, sizeof row, "%.0f", all[3].x[i]);
        check("11.1", row, "1.5/0.5", all[4].mean[i] / all[3].mean[i]);
        check("11.1", row, "3/0.5", all[5].mean[i] / all[3].mean[i]);
    }
}

static void check_cliffs(const struct csv *c)
{
    for (size_t row = 1; row < c->rows; row++)
        check("13 Q4", c->fields[row][0], "multiplier (means)",
              number_at(c, row, "to_ms") / number_at(c, row, "from_ms"));
}

/* Every line of these tables in reproduction.csv has been worked out. */
static size_t count_known(void)
{
    static const char *const tables[] = {"4.2", "4.3",  "4.4",  "4.6",  "5.1",   "5.2",
                                         "5.3", "6.1",  "6.2",  "6.3",  "6.4",   "7.1",
                                         "7.2", "10.2", "10.3", "11.1", "13 Q4", "14.3"};
    size_t n = 0;
    for (size_t row = 1; row < known.rows; row++)
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            n += strcmp(known.fields[row][0], tables[i]) == 0;
    return n + 12 + 2; /* of 4.8 the exponents, of 10.1 what needs no non-central t */
}

int main(void)
{
    static struct csv budget, kv, strata, hf, ollama, cliffs;
    if (!shared_file("reference/tr127/reproduction.csv")) {
        printf("SKIP: the reference data are not here (CTXMARK_SHARED)\n");
        return 77;
    }
    int done =
        read_csv(&known, "reproduction.csv") | read_csv(&budget, "tables/6.3_vram_budget.csv") |
        read_csv(&kv, "tables/6.4_kv_theory.csv") | read_csv(&strata, "tables/10.2_strata.csv") |
        read_csv(&hf, "tables/10.3_precision_hf.csv") |
        read_csv(&ollama, "tables/10.3_precision_ollama.csv") |
        read_csv(&cliffs, "tables/13_q4_cliff.csv");
    for (size_t i = 0; done == 0 && i < SERIES; i++)
        done = read_series(&all[i]);
    if (done != 0)
        return 1;
    for (size_t i = 0; i < SERIES; i++) {
        check_prefill_fits(&all[i]);
        check_decode_fits(&all[i]);
        check_cells(&all[i]);
        check_growth(&all[i]);
        check_memory(&all[i]);
    }
    check_budgets(&budget, &kv);
    check_power(&strata);
    check_precision(&hf);
    check_precision(&ollama);
    check_models();
    check_cliffs(&cliffs);
    size_t checked = tally.matched + tally.off_as_known + tally.differed;
    printf(
        "%zu values match the report; %zu do not and come out as they should (the printed inputs "
        "are rounded, or the report is off); %zu differ; %zu of %zu worked out\n",
        tally.matched, tally.off_as_known, tally.differed, checked, count_known());
    return tally.differed || checked != count_known();
}
