/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/report/figure/scale.h"
#include "core/report/figure/svg.h"

static struct doc doc;

static void begin(void)
{
    memset(&doc, 0, sizeof doc);
}

static void end(void)
{
    ck_assert(!doc.failed);
    doc_release(&doc);
}

/* A figure of one series with points (x, y). */
static struct figure *figure_of(const double (*points)[2], size_t n, bool log_x, bool log_y,
                                const char *unit)
{
    static struct figures all;
    memset(&all, 0, sizeof all);
    struct figure *f = figure_add(&doc, &all, "f");
    ck_assert_ptr_nonnull(f);
    f->x = (struct figure_axis){"context length", "tokens", log_x, log_x};
    f->y = (struct figure_axis){"latency", unit, log_y, false};
    struct figure_series *s = figure_add_series(&doc, f, "s", 0);
    s->points = s->line = s->band = true;
    for (size_t i = 0; i < n; i++)
        figure_add_point(&doc, s,
                         (struct figure_point){points[i][0], points[i][1], NAN, NAN, false});
    return f;
}

static const double study[][2] = {{512, 52.7},    {1024, 144.5},  {2048, 441.4},
                                  {4096, 1452.1}, {8192, 4721.0}, {16384, 475338.8}};

static void assert_ticks(const struct figure *f, bool vertical, const char *wanted)
{
    struct tick ticks[TICK_MOST];
    struct buf b = {0};
    struct scale s = vertical ? scale_make(f, true, 300, 0) : scale_make(f, false, 0, 400);
    size_t n = scale_ticks(&s, f, vertical, 18, 0, ticks);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "|" : "", ticks[i].label);
    ck_assert_str_eq(buf_text(&b), wanted);
    buf_free(&b);
}

START_TEST(ticks_are_numbers_that_people_expect)
{
    static const double rates[][2] = {{512, 48.9}, {1024, 47.9}, {2048, 12.1}};
    static const double memory[][2] = {{512, 1122}, {16384, 34787}};
    static const double steady[][2] = {{1, 0.95}, {2, 1.06}}, order[][2] = {{0, 1}, {700, 1}};
    static const double near[][2] = {{1, 1.02}, {2, 3.5}};
    begin();
    struct figure *f = figure_of(study, 6, true, true, "ms");
    assert_ticks(f, false, "512|1024|2048|4096|8192|16384");
    assert_ticks(f, true, "100 ms|1 s|10 s|100 s");
    assert_ticks(figure_of(rates, 3, true, false, "tok/s"), true, "0|10|20|30|40|50");
    assert_ticks(figure_of(memory, 2, true, true, "MiB"), true,
                 "1 GiB|2 GiB|4 GiB|8 GiB|16 GiB|32 GiB");
    assert_ticks(figure_of(near, 2, false, true, ""), true, "1|2");
    assert_ticks(figure_of(steady, 2, false, true, ""), true, "0.95|1|1.05|1.1");
    assert_ticks(figure_of(order, 2, false, true, ""), false, "0|100|200|300|400|500|600|700");
    end();
}
END_TEST

START_TEST(a_scale_puts_ends_at_its_ends)
{
    begin();
    struct figure *f = figure_of(study, 6, true, true, "ms");
    struct scale s = scale_make(f, false, 60, 500);
    ck_assert_double_eq_tol(scale_at(&s, s.low), 60, 1e-9);
    ck_assert_double_eq_tol(scale_at(&s, s.high), 500, 1e-9);
    double step = scale_at(&s, 1024) - scale_at(&s, 512);
    ck_assert_double_eq_tol(scale_at(&s, 16384) - scale_at(&s, 8192), step, 1e-9);
    ck_assert(s.low < 512 && s.high > 16384);
    end();
}
END_TEST

START_TEST(degenerate_data_are_drawn_without_harm)
{
    static const double cases[][2] = {{512, 5}, {0, 0}, {-1, -3}, {NAN, 1}, {512, INFINITY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int logs = 0; logs < 4; logs++) {
            struct buf b = {0};
            begin();
            svg_file(&b, figure_of(&cases[i], 1, logs & 1, logs & 2, "ms"));
            ck_assert_ptr_null(strstr(buf_text(&b), "nan"));
            ck_assert_ptr_null(strstr(buf_text(&b), "inf"));
            buf_free(&b);
            end();
        }
}
END_TEST

START_TEST(a_figure_tells_its_values_and_escapes_names)
{
    struct buf b = {0};
    begin();
    struct figure *f = figure_of(study, 6, true, true, "ms");
    f->title = "</svg><script>1</script>";
    f->series[0].name = "<evil>&\"'";
    figure_add_limit(&doc, f, "<limit>", false, 1000);
    svg_file(&b, f);
    const char *text = buf_text(&b);
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strstr(text, "<evil"));
    ck_assert_ptr_null(strstr(text, "<limit"));
    ck_assert_ptr_nonnull(
        strstr(text, "<title>&lt;evil&gt;&amp;&quot;&#39;, 4096 tokens: 1.452 s</title>"));
    ck_assert_ptr_nonnull(strstr(text, "role=\"img\" aria-labelledby=\"fig-f-t fig-f-d\""));
    ck_assert_ptr_nonnull(strstr(text, "from 52.7 ms at 512 to 475.3 s at 16384"));
    buf_free(&b);
    end();
}
END_TEST

START_TEST(names_of_files_are_harmless_and_their_own)
{
    struct figures all = {0};
    begin();
    ck_assert_str_eq(figure_add(&doc, &all, "../../etc/Passwd $(x)")->name, "etc-passwd-x");
    ck_assert_str_eq(figure_add(&doc, &all, "run-order HF v1.5")->name, "run-order-hf-v1.5");
    ck_assert_str_eq(figure_add(&doc, &all, "run order hf v1.5")->name, "run-order-hf-v1.5-2");
    ck_assert_str_eq(figure_add(&doc, &all, "<>")->name, "figure");
    end();
}
END_TEST

/* The analysis of two models on two backends, with a break and a fit. */
static json_t *analysis_of_tables(void)
{
    return json_loads(
        "{\"data\": {\"models\": [\"a\", \"b\"], \"backends\": [\"x\", \"y\"]}, \"tables\": ["
        "{\"analyzer\": \"descriptive\", \"name\": \"prefill_latency\", \"columns\": ["
        "{\"name\": \"model\", \"type\": \"text\", \"role\": \"key\"},"
        "{\"name\": \"backend\", \"type\": \"text\", \"role\": \"key\"},"
        "{\"name\": \"mode\", \"type\": \"text\", \"role\": \"key\"},"
        "{\"name\": \"context_length\", \"type\": \"integer\", \"role\": \"key\"},"
        "{\"name\": \"median\", \"type\": \"number\", \"role\": \"value\"},"
        "{\"name\": \"median_low\", \"type\": \"number\", \"role\": \"low\"},"
        "{\"name\": \"median_high\", \"type\": \"number\", \"role\": \"high\"}], \"rows\": ["
        "[\"a\", \"x\", \"prefill\", 512, 10, 9, 11], [\"a\", \"x\", \"prefill\", 1024, 20, 19, "
        "21],"
        "[\"a\", \"x\", \"prefill\", 2048, 900, 890, 910],"
        "[\"b\", \"x\", \"prefill\", 512, 15, null, null], [\"b\", \"x\", \"prefill\", 1024, null, "
        "null, null],"
        "[\"a\", \"y\", \"prefill\", 512, 5, 4, 6]]},"
        "{\"analyzer\": \"regimes\", \"name\": \"regimes\", \"columns\": ["
        "{\"name\": \"model\"}, {\"name\": \"backend\"}, {\"name\": \"mode\"}, {\"name\": "
        "\"break_at\"}], \"rows\": [[\"a\", \"x\", \"prefill\", 2048], [\"a\", \"x\", \"decode\", "
        "512]]},"
        "{\"analyzer\": \"scaling\", \"name\": \"fits\", \"columns\": [{\"name\": \"model\"}, "
        "{\"name\": \"backend\"}, {\"name\": \"mode\"}, {\"name\": \"quantity\"}, {\"name\": "
        "\"center\"}, {\"name\": \"range\"}, {\"name\": \"power_a\"}, {\"name\": \"power_b\"}, "
        "{\"name\": \"context_first\"}], \"rows\": ["
        "[\"a\", \"x\", \"prefill\", \"latency\", \"median\", \"full\", 1e-9, 5.5, 512],"
        "[\"a\", \"x\", \"prefill\", \"latency\", \"median\", \"pre_spillover\", 0.02, 1.0, "
        "512]]}],"
        "\"plots\": [{\"analyzer\": \"scaling\", \"name\": \"prefill_fits\", \"title\": \"T\", "
        "\"section\": \"scaling\", \"x\": {}, \"y\": {}, \"series\": [], \"limits\": []},"
        "{\"analyzer\": \"mine\", \"name\": \"own\", \"title\": \"Own\", \"section\": \"mine\", "
        "\"x\": {\"label\": \"n\", \"unit\": \"\", \"logarithmic\": false}, \"y\": {\"label\": "
        "\"m\", \"unit\": \"\", \"logarithmic\": false}, \"series\": [{\"name\": \"s\", \"group\": "
        "null, \"kind\": \"both\", \"x\": [1, 2, 3], \"y\": [1, null, 3], \"low\": null, \"high\": "
        "null}], \"limits\": [{\"name\": \"l\", \"axis\": \"y\", \"value\": null}]}]}",
        0, NULL);
}

static const struct figure *find(const struct figures *all, const char *name)
{
    for (const struct figure *f = all->first; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

START_TEST(tables_become_figures_by_backend)
{
    struct figures all;
    json_t *analysis = analysis_of_tables();
    ck_assert_ptr_nonnull(analysis);
    begin();
    ck_assert_int_eq(figures_make(&doc, analysis, NULL, &all), 0);
    const struct figure *x = find(&all, "prefill-latency-x"), *y = find(&all, "prefill-latency-y");
    ck_assert_ptr_nonnull(x);
    ck_assert_ptr_nonnull(y);
    ck_assert_str_eq(x->series[0].name, "a: context^1.00");
    ck_assert_uint_eq(x->series[0].count, 3);
    ck_assert(!x->series[0].at[1].hollow && x->series[0].at[2].hollow);
    ck_assert_str_eq(x->series[1].name, "b");
    ck_assert_uint_eq(x->series[1].count, 1);
    ck_assert_uint_eq(x->series_count, 3); /* and the fit */
    ck_assert(x->series[2].dashed && x->series[2].style == x->series[0].style);
    ck_assert_double_eq_tol(x->series[2].at[0].y, 0.02 * 512, 1e-9);
    ck_assert_double_eq_tol(x->series[2].at[x->series[2].count - 1].x, 2048, 1e-6);
    ck_assert_uint_eq(y->series[0].style, 0);
    json_decref(analysis);
    end();
}
END_TEST

START_TEST(plots_of_other_analyzers_are_drawn_and_known_ones_not_twice)
{
    struct figures all;
    json_t *analysis = analysis_of_tables();
    begin();
    figures_make(&doc, analysis, NULL, &all);
    const struct figure *own = find(&all, "mine.own");
    ck_assert_ptr_nonnull(own);
    ck_assert_uint_eq(own->series[0].count, 3);
    ck_assert(!figure_shows(own, &own->series[0].at[1]));
    ck_assert_ptr_null(find(&all, "scaling.prefill-fits"));
    json_decref(analysis);
    end();
}
END_TEST

/* Two cells of three repetitions and one warm-up each, and a failure. */
static const char rows[] = "backend,model,context_length,mode,phase,rep,cold,status,latency_ms\n"
                           "x,a,512,prefill,warmup,0,1,ok,100\n"
                           "x,a,512,prefill,measured,0,0,ok,9\n"
                           "x,a,512,prefill,measured,1,0,ok,10\n"
                           "x,a,512,decode,measured,1,0,ok,77\n"
                           "x,a,512,prefill,measured,2,0,ok,12\n"
                           "x,a,1024,prefill,measured,0,0,ok,40\n"
                           "x,a,1024,prefill,measured,1,0,ok,60\n"
                           "x,a,1024,prefill,measured,2,0,oom,\n";

START_TEST(repetitions_stand_in_run_order_over_their_median)
{
    static const double wanted[][2] = {{0, 10}, {1, .9}, {2, 1}, {3, 1.2}, {4, .8}, {5, 1.2}};
    char path[] = "/tmp/ctxmark-figure.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, rows, sizeof rows - 1), (ssize_t)(sizeof rows - 1));
    close(fd);
    struct figures all;
    json_t *analysis = json_pack("{s:{s:[s]}}", "data", "models", "a");
    begin();
    figures_make(&doc, analysis, path, &all);
    unlink(path);
    const struct figure *f = find(&all, "run-order-x");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->series_count, 1);
    ck_assert_uint_eq(f->series[0].count, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_eq_tol(f->series[0].at[i].x, wanted[i][0], 1e-9);
        ck_assert_double_eq_tol(f->series[0].at[i].y, wanted[i][1], 1e-9);
        ck_assert_int_eq(f->series[0].at[i].hollow, i == 0);
    }
    json_decref(analysis);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("figure");
    TCase *t = tcase_create("figure");
    tcase_add_test(t, ticks_are_numbers_that_people_expect);
    tcase_add_test(t, a_scale_puts_ends_at_its_ends);
    tcase_add_test(t, degenerate_data_are_drawn_without_harm);
    tcase_add_test(t, a_figure_tells_its_values_and_escapes_names);
    tcase_add_test(t, names_of_files_are_harmless_and_their_own);
    tcase_add_test(t, tables_become_figures_by_backend);
    tcase_add_test(t, plots_of_other_analyzers_are_drawn_and_known_ones_not_twice);
    tcase_add_test(t, repetitions_stand_in_run_order_over_their_median);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
