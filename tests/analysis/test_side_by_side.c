/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the analyzers compare, anova, plausibility, questions and guidance say about small files. */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "support.h"

#define HEADER "backend,model,context_length,mode,rep,latency_ms,prompt_tokens,generated_tokens\n"

static char csv[1 << 16];

static void begin(const char *header)
{
    snprintf(csv, sizeof csv, "%s", header);
}

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
    size_t len = strlen(csv);
    va_list ap;
    va_start(ap, format);
    vsnprintf(csv + len, sizeof csv - len, format, ap);
    va_end(ap);
}

/* Runs analyzers over what was added; facts: of the user, taken over, or NULL. */
static json_t *analyze(const char *names, json_t *facts)
{
    struct err e;
    char problem[1024];
    json_t *user = json_object(), *all = json_pack("{s:o}", "run", user), *value;
    const char *key;
    json_object_foreach(facts, key, value)
        json_object_set_new(user, key,
                            json_pack("{s:O, s:s, s:s}", json_is_string(value) ? "text" : "number",
                                      value, "unit", "", "provenance", "user"));
    const char *path = write_file(csv, strlen(csv));
    json_t *analysis = analyze_csv_facts(path, names, NULL, all, &e);
    remove_file(path);
    json_decref(facts);
    json_decref(all);
    ck_assert_msg(analysis != NULL, "%s", e.text);
    ck_assert_msg(schema_accepts(analysis, problem, sizeof problem), "%s", problem);
    ck_assert_msg(!finding_of(analysis, "analyzer_failed"), "an analyzer failed");
    return analysis;
}

static double number(const json_t *a, const char *analyzer, const char *table, size_t row,
                     const char *column)
{
    const json_t *v = value_of(table_of(a, analyzer, table), row, column);
    ck_assert_msg(v != NULL, "%s.%s has no %s in row %zu", analyzer, table, column, row);
    return json_is_number(v)  ? json_number_value(v)
           : json_is_true(v)  ? 1
           : json_is_false(v) ? 0
                              : NAN;
}

static const char *text(const json_t *a, const char *analyzer, const char *table, size_t row,
                        const char *column)
{
    const char *t = json_string_value(value_of(table_of(a, analyzer, table), row, column));
    return t ? t : "";
}

static size_t rows(const json_t *a, const char *analyzer, const char *table)
{
    return json_array_size(json_object_get(table_of(a, analyzer, table), "rows"));
}

static const char *words(const json_t *a, const char *finding)
{
    const char *t = json_string_value(json_object_get(finding_of(a, finding), "text"));
    return t ? t : "";
}

/* n repetitions around a latency, `spread` apart. */
static void add_cell(const char *backend, int context, const char *mode, int n, double latency,
                     double spread)
{
    for (int i = 0; i < n; i++)
        add("%s,m,%d,%s,%d,%.9g,%d,%d\n", backend, context, mode, i,
            latency + spread * ((i * 7) % n - (n - 1) / 2.0), context,
            strcmp(mode, "prefill") == 0 ? 0 : 64);
}

/* --- compare */

START_TEST(verdicts_tell_faster_slower_equivalent_and_unknown_apart)
{
    begin(HEADER);
    add_cell("a", 1, "e2e", 8, 100, 0.5);
    add_cell("b", 1, "e2e", 8, 50, 0.5);
    add_cell("a", 2, "e2e", 8, 100, 0.5);
    add_cell("b", 2, "e2e", 8, 150, 0.5);
    add_cell("a", 3, "e2e", 8, 100, 0.1);
    add_cell("b", 3, "e2e", 8, 100.2, 0.1);
    add_cell("a", 4, "e2e", 8, 100, 20);
    add_cell("b", 4, "e2e", 8, 104, 20);
    json_t *a = analyze("compare", NULL);
    static const char *const expected[] = {"faster", "slower", "equivalent", "inconclusive"};
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(text(a, "compare", "comparisons", i, "verdict"), expected[i]);
    ck_assert_double_eq_tol(number(a, "compare", "comparisons", 0, "ratio"), 0.5, 0.01);
    ck_assert(strstr(words(a, "within_one_launch"), "within one launch"));
    json_decref(a);
}
END_TEST

START_TEST(the_baseline_can_be_named)
{
    begin(HEADER);
    add_cell("a", 1, "e2e", 4, 100, 1);
    add_cell("b", 1, "e2e", 4, 50, 1);
    json_t *first = analyze("compare", NULL),
           *named = analyze("compare", json_pack("{s:s}", "baseline", "b"));
    ck_assert_str_eq(text(first, "compare", "comparisons", 0, "baseline"), "a");
    ck_assert_str_eq(text(named, "compare", "comparisons", 0, "baseline"), "b");
    ck_assert_str_eq(text(named, "compare", "comparisons", 0, "candidate"), "a");
    json_decref(first);
    json_decref(named);
}
END_TEST

START_TEST(one_repetition_and_constant_values_give_nulls_and_a_note)
{
    begin(HEADER);
    add_cell("a", 1, "e2e", 1, 100, 0);
    add_cell("b", 1, "e2e", 5, 50, 1);
    add_cell("a", 2, "e2e", 5, 100, 0);
    add_cell("b", 2, "e2e", 5, 100, 0);
    add_cell("a", 3, "e2e", 5, 100, 0);
    json_t *a = analyze("compare,anova", NULL);
    ck_assert_uint_eq(rows(a, "compare", "comparisons"), 2);
    ck_assert(isnan(number(a, "compare", "comparisons", 0, "welch_p")));
    ck_assert(isnan(number(a, "compare", "comparisons", 0, "adjusted_welch_m")));
    ck_assert(strstr(text(a, "compare", "comparisons", 0, "note"), "one repetition"));
    ck_assert(isnan(number(a, "compare", "comparisons", 1, "cohens_d")));
    ck_assert(isnan(number(a, "compare", "comparisons", 1, "mann_whitney_z")));
    ck_assert_str_eq(text(a, "compare", "comparisons", 1, "verdict"), "inconclusive");
    json_decref(a);
}
END_TEST

START_TEST(two_runs_are_compared_backend_by_backend)
{
    begin("run,backend,model,context_length,mode,rep,launch,latency_ms\n");
    for (int run = 0; run < 2; run++)
        for (int b = 0; b < 2; b++)
            for (int i = 0; i < 8; i++)
                add("%s,%s,m,512,e2e,%d,%d,%g\n", run ? "new" : "old", b ? "y" : "x", i % 4, i / 4,
                    (b ? 10 : 100) * (run && b ? 1.3 : 1) + i % 4 + 0.1 * (i / 4));
    json_t *a = analyze("compare,anova", NULL);
    ck_assert_uint_eq(rows(a, "compare", "comparisons"), 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(text(a, "compare", "comparisons", i, "baseline"), "old");
        ck_assert_str_eq(text(a, "compare", "comparisons", i, "candidate"), "new");
        ck_assert_double_eq(number(a, "compare", "comparisons", i, "launches_a"), 2);
    }
    ck_assert_str_eq(text(a, "compare", "comparisons", 0, "backend"), "x");
    ck_assert_double_eq_tol(number(a, "compare", "comparisons", 0, "launch_ratio"), 1, 1e-12);
    ck_assert(number(a, "compare", "comparisons", 1, "launch_ratio_low") > 1);
    ck_assert_ptr_null(finding_of(a, "within_one_launch"));
    ck_assert_str_eq(text(a, "anova", "oneway", 0, "effect"), "run_all_rows");
    json_decref(a);
}
END_TEST

/* --- anova */

START_TEST(an_interaction_is_classed_by_ratio_and_sign)
{
    static const struct {
        double gap[3];
        const char *expected;
    } cases[] = {{{1, 1, 1}, "none"},
                 {{2, 2, 2}, "constant_ratio"},
                 {{1.5, 2, 4}, "magnitude"},
                 {{0.5, 1, 2}, "crossover"}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        begin(HEADER);
        for (int k = 0; k < 3; k++) {
            double base = 100 << k;
            add_cell("a", 512 << k, "e2e", 6, base, 0.01 * base);
            add_cell("b", 512 << k, "e2e", 6, base * cases[c].gap[k],
                     0.01 * base * cases[c].gap[k]);
        }
        json_t *a = analyze("anova", NULL);
        ck_assert_str_eq(text(a, "anova", "design", 0, "interaction"), cases[c].expected);
        json_decref(a);
    }
}
END_TEST

START_TEST(missing_cells_are_named)
{
    begin(HEADER);
    add_cell("a", 512, "e2e", 4, 10, 1);
    add_cell("b", 512, "e2e", 4, 20, 1);
    add_cell("a", 1024, "e2e", 4, 30, 1);
    json_t *a = analyze("anova", NULL);
    const char *note = text(a, "anova", "design", 0, "note");
    ck_assert_msg(strstr(note, "refused") && strstr(note, "1024 (not on b)"), "%s", note);
    ck_assert(strstr(words(a, "twoway_refused"), "fewer than two contexts"));
    ck_assert_uint_eq(rows(a, "anova", "twoway"), 0);
    ck_assert(finding_of(a, "unequal_contexts") != NULL);
    json_decref(a);
}
END_TEST

/* --- plausibility */

static json_t *laptop(void)
{
    return json_pack("{s:s, s:f}", "gpu", "NVIDIA GeForce RTX 4080 Laptop GPU", "m.params_m",
                     1500.0);
}

START_TEST(impossible_prefill_is_named_with_the_work_it_needs)
{
    begin(HEADER);
    for (int k = 0; k < 4; k++) {
        add_cell("cached", 1024 << k, "prefill", 5, 10, 0.1);
        add_cell("cached", 1024 << k, "decode", 5, 63 * 9.5, 1);
        add_cell("real", 1024 << k, "prefill", 5, 100 << k, 0.1);
    }
    json_t *a = analyze("plausibility", laptop());
    /* 2 x 1.5e9 x 1024 FLOP in 10 ms: 307.2 TFLOP/s, 2.28 times the peak */
    ck_assert_str_eq(text(a, "plausibility", "cells", 0, "verdict"), "impossible");
    ck_assert_double_eq_tol(number(a, "plausibility", "cells", 0, "needed_tflop_s"), 307.2, 1e-9);
    ck_assert_double_eq_tol(number(a, "plausibility", "cells", 0, "compute_pct"), 227.5555555,
                            1e-6);
    ck_assert_str_eq(text(a, "plausibility", "cells", 0, "peak_from"), "table");
    const char *told = words(a, "impossible_prefill");
    ck_assert_msg(strstr(told, "m on cached") && strstr(told, "4 of 4 cells") &&
                      strstr(told, "2458 TFLOP/s") && strstr(told, "prompt cache"),
                  "%s", told);
    for (size_t i = 0; i < rows(a, "plausibility", "cells"); i++)
        if (strcmp(text(a, "plausibility", "cells", i, "backend"), "real") == 0)
            ck_assert_str_eq(text(a, "plausibility", "cells", i, "verdict"), "plausible");
    json_decref(a);
}
END_TEST

START_TEST(a_lower_bound_on_the_work_needs_twice_the_peak)
{
    begin(HEADER);
    add_cell("x", 1024, "prefill", 5, 15, 0.1); /* 204.8 TFLOP/s by parameters alone */
    json_t *bound = analyze("plausibility", laptop());
    ck_assert_str_eq(text(bound, "plausibility", "cells", 0, "verdict"), "doubtful");
    ck_assert_str_eq(text(bound, "plausibility", "cells", 0, "basis"), "parameters");
    json_t *facts = laptop();
    json_t *shape = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:s}", "layers", 28, "hidden_size",
                              1536, "heads", 12, "kv_heads", 2, "head_size", 128, "vocabulary",
                              151936, "quantisation", "none");
    json_object_update(facts, shape);
    json_decref(shape);
    json_t *whole = analyze("plausibility", facts);
    ck_assert_str_eq(text(whole, "plausibility", "cells", 0, "basis"), "shape");
    ck_assert_str_eq(text(whole, "plausibility", "cells", 0, "verdict"), "impossible");
    /* 2 (1500e6 - 1536 x 151936) n + 2 L H D n^2 + 2 E V, n = 1024 */
    double work = 2 * (1500e6 - 1536. * 151936) * 1024 + 2. * 28 * 12 * 128 * 1024 * 1024 +
                  2. * 1536 * 151936;
    ck_assert_double_eq_tol(number(whole, "plausibility", "cells", 0, "work_tflop"), work / 1e12,
                            1e-12);
    json_decref(bound);
    json_decref(whole);
}
END_TEST

START_TEST(decode_is_held_against_the_bandwidth)
{
    begin(HEADER);
    add_cell("x", 512, "decode", 5, 64 * 0.5, 0.01); /* 0.75 GB at the least in 0.5 ms */
    add_cell("y", 512, "decode", 5, 63 * 20, 0.01);
    json_t *a = analyze("plausibility", laptop());
    ck_assert_str_eq(text(a, "plausibility", "cells", 0, "verdict"), "impossible");
    ck_assert_str_eq(text(a, "plausibility", "cells", 1, "verdict"), "plausible");
    ck_assert(strstr(words(a, "impossible_decode"), "1500 GB/s"));
    json_decref(a);
}
END_TEST

/* Analyses with limits that a backend measured, half of what a result needs or a tenth. */
static json_t *analyze_measured(double flops, double foreign_cpu)
{
    struct err e;
    begin("backend,model,context_length,mode,rep,latency_ms,prompt_tokens,foreign_cpu\n");
    for (int i = 0; i < 5; i++)
        add("x,m,1000,prefill,%d,1000,1000,%g\n", i, foreign_cpu);
    json_t *facts = json_pack(
        "{s:{s:{s:{s:f, s:s, s:s}}}, s:{s:{s:f, s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:f, s:s, s:s}, "
        "s:{s:f, s:s, s:s}, s:{s:f, s:s, s:s}, s:{s:f, s:s, s:s}, s:{s:f, s:s, s:s}}}",
        "backends", "x", "matrix_flops", "number", flops, "unit", "", "provenance", "measured",
        "run", "parameters_without_embeddings", "number", 1e9, "unit", "", "provenance", "model",
        "quantisation", "text", "none", "unit", "", "provenance", "model", "layers", "number", 1.0,
        "unit", "", "provenance", "model", "heads", "number", 1.0, "unit", "", "provenance",
        "model", "head_size", "number", 1.0, "unit", "", "provenance", "model", "hidden_size",
        "number", 1.0, "unit", "", "provenance", "model", "vocabulary", "number", 1.0, "unit", "",
        "provenance", "model");
    const char *path = write_file(csv, strlen(csv));
    json_t *analysis = analyze_csv_facts(path, "plausibility", NULL, facts, &e);
    remove_file(path);
    json_decref(facts);
    ck_assert_msg(analysis != NULL, "%s", e.text);
    return analysis;
}

START_TEST(a_measured_limit_proves_less_than_a_peak)
{
    /* 2e12 FLOP in one second */
    const struct {
        double flops, foreign_cpu;
        const char *expected;
    } cases[] = {{1.8e12, 0, "plausible"},
                 {1e12, 0, "doubtful"},
                 {0.4e12, 0, "impossible"},
                 {0.4e12, 1.3, "doubtful"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *a = analyze_measured(cases[i].flops, cases[i].foreign_cpu);
        ck_assert_str_eq(text(a, "plausibility", "cells", 0, "verdict"), cases[i].expected);
        ck_assert_str_eq(text(a, "plausibility", "cells", 0, "peak_from"), "measured");
        json_decref(a);
    }
}
END_TEST

START_TEST(what_is_not_known_is_not_judged)
{
    begin(HEADER);
    add_cell("x", 512, "prefill", 5, 0.001, 0);
    json_t *a = analyze("plausibility", NULL);
    ck_assert_str_eq(text(a, "plausibility", "cells", 0, "verdict"), "unknown");
    ck_assert(strstr(words(a, "not_judged"), "params_m"));
    json_decref(a);
}
END_TEST

START_TEST(a_flat_prefill_alone_is_no_proof_of_a_cache)
{
    /* bound by launches: 25 ms whatever the prompt, and 20 ms a decode step */
    begin(HEADER);
    for (int k = 0; k < 4; k++) {
        add_cell("x", 512 << k, "prefill", 5, 25, 0.1);
        add_cell("x", 512 << k, "decode", 5, 63 * 20, 1);
    }
    json_t *a = analyze("cold_start,plausibility",
                        json_pack("{s:f, s:f}", "peak_tflops", 135.0, "m.params_m", 100.0));
    ck_assert_ptr_null(finding_of(a, "impossible_prefill"));
    ck_assert_ptr_nonnull(finding_of(a, "prefill_is_one_decode_step"));
    ck_assert_str_eq(
        json_string_value(json_object_get(finding_of(a, "prefill_is_one_decode_step"), "severity")),
        "notice");
    json_decref(a);
}
END_TEST

START_TEST(conditions_name_throttled_cut_cached_disturbed_and_late_cells)
{
    begin("backend,model,context_length,mode,rep,latency_ms,prompt_tokens,cached_tokens,"
          "generated_tokens,throttle,foreign_cpu,note,device_ms\n");
    for (int i = 0; i < 4; i++) {
        add("x,m,512,e2e,%d,%d,512,0,64,,0.01,,%d\n", i, 100 + i, 105 + i);
        add("x,m,1024,e2e,%d,%d,1024,0,64,thermal,0.01,,\n", i, 200 + i);
        add("x,m,2048,e2e,%d,%d,1800,0,64,,0.01,truncated,\n", i, 300 + i);
        add("x,m,4096,e2e,%d,%d,4096,4000,30,,0.9,short,%d\n", i, 400 + i, i < 2 ? 450 : 390);
    }
    json_t *a = analyze("plausibility", NULL);
    ck_assert_uint_eq(rows(a, "plausibility", "conditions"), 3);
    ck_assert_double_eq(number(a, "plausibility", "conditions", 0, "throttled"), 4);
    ck_assert_double_eq(number(a, "plausibility", "conditions", 1, "truncated"), 4);
    ck_assert_double_eq(number(a, "plausibility", "conditions", 2, "cut_short"), 4);
    ck_assert_double_eq(number(a, "plausibility", "conditions", 2, "disturbed"), 1);
    ck_assert_double_eq(number(a, "plausibility", "conditions", 2, "told_late"), 2);
    static const char *const ids[] = {"throttled",      "short_prompts", "short_answers",
                                      "cached_prompts", "disturbed",     "told_late"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        ck_assert_msg(strstr(words(a, ids[i]), "1 of 4 cells of x") != NULL, "%s: %s", ids[i],
                      words(a, ids[i]));
    json_decref(a);
}
END_TEST

/* --- questions and guidance */

static const char *verdict(const json_t *a, const char *id)
{
    for (size_t i = 0; i < rows(a, "questions", "questions"); i++)
        if (strcmp(text(a, "questions", "questions", i, "id"), id) == 0)
            return text(a, "questions", "questions", i, "verdict");
    return "";
}

START_TEST(questions_are_not_answered_without_data)
{
    begin(HEADER);
    add_cell("x", 512, "e2e", 4, 100, 1);
    json_t *a = analyze("descriptive,cold_start,plausibility,compare,questions,guidance", NULL);
    ck_assert_uint_eq(rows(a, "questions", "questions"), 12);
    for (size_t i = 0; i < 12; i++) {
        ck_assert_str_eq(text(a, "questions", "questions", i, "verdict"), "not measurable here");
        ck_assert_str_ne(text(a, "questions", "questions", i, "answer"), "");
        ck_assert_str_eq(text(a, "questions", "questions", i, "evidence"), "");
    }
    ck_assert_ptr_null(table_of(a, "guidance", "backend_by_context"));
    ck_assert_ptr_null(table_of(a, "guidance", "model_by_use"));
    ck_assert_ptr_null(table_of(a, "guidance", "budget_by_memory"));
    ck_assert_ptr_null(finding_of(a, "choose_backend"));
    json_decref(a);
}
END_TEST

START_TEST(a_cache_answers_no_question_about_scaling)
{
    begin(HEADER);
    for (int k = 0; k < 5; k++)
        for (int i = 0; i < 6; i++)
            add("x,m,%d,prefill,%d,%g,%d,0\n", 512 << k, i, i ? 10 + 0.1 * i : 80.0 * (1 << k),
                512 << k);
    json_t *a = analyze("descriptive,cold_start,plausibility,scaling,questions", NULL);
    ck_assert_str_eq(verdict(a, "c5"), "not measurable here");
    ck_assert_str_eq(verdict(a, "q1"), "not measurable here");
    ck_assert_str_eq(verdict(a, "q3"), "not measurable here");
    json_decref(a);
}
END_TEST

START_TEST(guidance_rests_on_rows)
{
    begin(HEADER);
    add_cell("a", 4096, "prefill", 8, 3000, 5);
    add_cell("a", 4096, "decode", 8, 6000, 5);
    add_cell("b", 4096, "prefill", 8, 300, 1);
    add_cell("b", 4096, "decode", 8, 600, 1);
    json_t *a = analyze("descriptive,cold_start,compare,guidance", NULL);
    ck_assert_str_eq(text(a, "guidance", "backend_by_context", 0, "choose"), "b");
    ck_assert_str_eq(text(a, "guidance", "backend_by_context", 0, "why"), "faster");
    ck_assert_uint_eq(rows(a, "guidance", "model_by_use"), 2);
    ck_assert_double_eq(number(a, "guidance", "model_by_use", 0, "meets"), 0);
    ck_assert_double_eq(number(a, "guidance", "model_by_use", 1, "meets"), 1);
    ck_assert(strstr(words(a, "model_for_use"), "m on b"));
    ck_assert_uint_ge(json_array_size(json_object_get(finding_of(a, "choose_backend"), "evidence")),
                      1);
    json_decref(a);
}
END_TEST

/* --- what servers say of themselves */

#define SERVER_HEADER                                                                              \
    "backend,model,context_length,mode,rep,latency_ms,device_ms,prompt_tokens,generated_tokens\n"

static void add_prefills(double device_share)
{
    begin(SERVER_HEADER);
    for (int context = 512; context <= 4096; context *= 2)
        for (int rep = 0; rep < 3; rep++)
            add("ollama,m,%d,prefill,%d,%d,%g,%d,1\n", context, rep, context,
                context * device_share, context);
}

START_TEST(a_server_that_times_the_last_batch_alone_is_warned_of)
{
    add_prefills(0.125);
    json_t *a =
        analyze("plausibility",
                json_pack("{s:s, s:s, s:s}", "server_version", "0.12.6", "server_prompt_cache",
                          "device memory", "server_prefill_time", "last batch of 512 tokens only"));
    const char *text = words(a, "server_prefill_time");
    ck_assert_ptr_nonnull(strstr(text, "0.12.6"));
    ck_assert_ptr_nonnull(strstr(text, "last batch of 512 tokens only (at 4096 tokens 12.5 %"));
    ck_assert_ptr_null(finding_of(a, "host_prompt_cache"));
    ck_assert_ptr_null(finding_of(a, "context_cut_down"));
    json_decref(a);
}
END_TEST

START_TEST(a_prompt_cache_in_host_memory_is_told)
{
    add_prefills(1);
    json_t *a = analyze("plausibility", json_pack("{s:s, s:s}", "server_version", "0.33.0",
                                                  "server_prompt_cache", "device and host memory"));
    ck_assert_ptr_nonnull(strstr(words(a, "host_prompt_cache"), "0.33.0"));
    ck_assert_ptr_null(finding_of(a, "server_prefill_time"));
    json_decref(a);
}
END_TEST

START_TEST(a_context_that_the_server_cut_down_is_told_and_worse_where_prompts_reach_it)
{
    add_prefills(1);
    json_t *a = analyze("plausibility", json_pack("{s:s, s:i, s:i}", "server_version", "0.33.0",
                                                  "num_ctx", 65536, "server_context", 32768));
    ck_assert_ptr_nonnull(strstr(words(a, "context_cut_down"), "are shorter"));
    json_decref(a);
    a = analyze("plausibility", json_pack("{s:s, s:i, s:i}", "server_version", "0.33.0", "num_ctx",
                                          8192, "server_context", 2048));
    ck_assert_ptr_nonnull(strstr(words(a, "context_cut_down"), "cut or refused"));
    json_decref(a);
}
END_TEST

START_TEST(backends_without_a_server_have_no_table_of_servers)
{
    add_prefills(1);
    json_t *a = analyze("plausibility", NULL);
    ck_assert_ptr_null(table_of(a, "plausibility", "servers"));
    json_decref(a);
}
END_TEST

/* --- findings that say the same */

START_TEST(series_that_break_alike_share_one_finding_with_all_rows_as_evidence)
{
    begin(HEADER);
    for (int model = 0; model < 9; model++)
        for (int context = 512; context <= 8192; context *= 2)
            for (int rep = 0; rep < 4; rep++)
                add("b,m%d,%d,prefill,%d,%d,%d,1\n", model, context, rep,
                    context * (context > 2048 ? 40 + model : 1) + rep, context);
    json_t *a = analyze("regimes", NULL);
    const json_t *f = finding_of(a, "latency_break");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(json_array_size(json_object_get(f, "evidence")), 9);
    const char *text = json_string_value(json_object_get(f, "text"));
    ck_assert_ptr_nonnull(strstr(text, " Likewise: "));
    ck_assert_ptr_nonnull(strstr(text, "; and 2 more."));
    size_t found = 0, i;
    json_t *one;
    json_array_foreach(json_object_get(a, "findings"), i, one) found +=
        strcmp(json_string_value(json_object_get(one, "id")), "latency_break") == 0;
    ck_assert_uint_eq(found, 1);
    json_decref(a);
}
END_TEST

int main(int argc, char **argv)
{
    int code = serve_child(argc, argv);
    if (code >= 0)
        return code;
    Suite *s = suite_create("side by side");
    TCase *t = tcase_create("side by side");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, verdicts_tell_faster_slower_equivalent_and_unknown_apart);
    tcase_add_test(t, the_baseline_can_be_named);
    tcase_add_test(t, one_repetition_and_constant_values_give_nulls_and_a_note);
    tcase_add_test(t, two_runs_are_compared_backend_by_backend);
    tcase_add_test(t, an_interaction_is_classed_by_ratio_and_sign);
    tcase_add_test(t, missing_cells_are_named);
    tcase_add_test(t, impossible_prefill_is_named_with_the_work_it_needs);
    tcase_add_test(t, a_lower_bound_on_the_work_needs_twice_the_peak);
    tcase_add_test(t, decode_is_held_against_the_bandwidth);
    tcase_add_test(t, a_measured_limit_proves_less_than_a_peak);
    tcase_add_test(t, what_is_not_known_is_not_judged);
    tcase_add_test(t, a_server_that_times_the_last_batch_alone_is_warned_of);
    tcase_add_test(t, a_prompt_cache_in_host_memory_is_told);
    tcase_add_test(t, a_context_that_the_server_cut_down_is_told_and_worse_where_prompts_reach_it);
    tcase_add_test(t, backends_without_a_server_have_no_table_of_servers);
    tcase_add_test(t, series_that_break_alike_share_one_finding_with_all_rows_as_evidence);
    tcase_add_test(t, a_flat_prefill_alone_is_no_proof_of_a_cache);
    tcase_add_test(t, conditions_name_throttled_cut_cached_disturbed_and_late_cells);
    tcase_add_test(t, questions_are_not_answered_without_data);
    tcase_add_test(t, a_cache_answers_no_question_about_scaling);
    tcase_add_test(t, guidance_rests_on_rows);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
