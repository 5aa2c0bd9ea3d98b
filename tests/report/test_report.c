/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/report/markdown.h"
#include "core/report/report.h"
#include "core/report/value.h"
#include "sample.h"

static const char *escaped(struct buf *b, const char *text)
{
    buf_clear(b);
    markdown_text(b, text);
    return buf_text(b);
}

START_TEST(text_from_outside_stays_text)
{
    static const char *const cases[][2] = {
        {"plain 1.5b", "plain 1.5b"},
        {"a|b", "a\\|b"},
        {"`rm`", "\\`rm\\`"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"&amp;", "&amp;amp;"},
        {"two\nlines\r\n", "two lines  "},
        {"*bold* _it_", "\\*bold\\* \\_it\\_"},
        {"[a](http://x)", "\\[a\\](http\\://x)"},
        {"![a]", "\\!\\[a\\]"},
        {"back\\slash", "back\\\\slash"},
        {"\x1b[31mred", " \\[31mred"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
    };
    struct buf b = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(escaped(&b, cases[i][0]), cases[i][1]);
    buf_free(&b);
}
END_TEST

START_TEST(numbers_are_for_people)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {{0, "0"},           {0.1234567, "0.1235"}, {12.34567, "12.35"},
                 {999.94, "999.9"},  {999.96, "1000"},      {474119.75, "474120"},
                 {-1234.5, "-1234"}, {1.2e11, "1.2e+11"},   {1.5e-7, "1.5e-07"}};
    struct buf b = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_clear(&b);
        value_number(&b, cases[i].x);
        ck_assert_str_eq(buf_text(&b), cases[i].text);
    }
    buf_free(&b);
}
END_TEST

static char *render(const json_t *manifest)
{
    return sample_render(manifest, report_markdown);
}

static void assert_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%s", part, text);
}

static void assert_order(const char *text, const char *first, const char *second)
{
    const char *a = strstr(text, first), *b = strstr(text, second);
    ck_assert_msg(a && b && a < b, "'%s' is not before '%s' in:\n%s", first, second, text);
}

START_TEST(any_table_is_rendered)
{
    char *text = render(NULL);
    assert_has(text, "| model | mid [low, high] (ms) |\n| --- | ---: |\n");
    assert_has(text, "| evil\\|&lt;b&gt; | 1.5 [1.25, 2] |\n");
    assert_has(text, "| n | 2.5 |\n");
    assert_has(text, "Table `x.first`; 1 more column in analysis.json.\n");
    assert_has(text, "### First \\| one\n");
    assert_has(text, "| 1234567 |\n");
    assert_has(text, "| yes |\n| \xe2\x80\x93 |\n");
    ck_assert_ptr_null(strstr(text, "<b>"));
    free(text);
}
END_TEST

START_TEST(chapters_come_in_the_order_that_a_decision_needs)
{
    char *text = render(NULL);
    assert_order(text, "## What was measured", "## What failed");
    assert_order(text, "## What failed", "## Findings");
    assert_order(text, "**error** big", "**info** small");
    assert_order(text, "## Findings", "## Prefill");
    assert_order(text, "## Prefill", "## Memory");
    assert_order(text, "## Memory", "## My chapter");
    assert_order(text, "## My chapter", "## Methods and definitions");
    assert_has(text, "- Rows with status oom: 1\n");
    assert_has(text, "- mid (ms): middle\n");
    free(text);
}
END_TEST

START_TEST(findings_show_what_they_rest_on)
{
    char *text = render(NULL);
    assert_has(text, "big \\`thing\\`  (`x.first` row 0: evil\\|&lt;b&gt;; mid = 1.5)\n");
    free(text);
}
END_TEST

START_TEST(the_manifest_tells_what_the_run_was)
{
    json_t *manifest = json_loads(
        "{\"experiment\": \"My <run>\", \"run_id\": \"r1\", \"machine\": {\"cpu\": \"C | D\", "
        "\"cores\": 2}, \"backends\": [{\"name\": \"b\", \"plugin\": \"p\", \"version\": \"1\", "
        "\"limits\": {\"matrix_flops\": {\"number\": 1.2e11, \"unit\": \"FLOP/s\", \"provenance\": "
        "\"measured\"}}}], \"counts\": {\"planned\": 12, \"done\": 8, \"failed\": 1}, "
        "\"provenance\": [\"Random weights.\"], \"plan\": {\"cells\": 3, \"repetitions\": 3, "
        "\"warmup\": 1}}",
        0, NULL);
    ck_assert_ptr_nonnull(manifest);
    char *text = render(manifest);
    ck_assert(strncmp(text, "# My &lt;run&gt;\n", 16) == 0);
    assert_has(text, "- Machine: C \\| D, 2 cores\n");
    assert_has(text, "- Backend: **b** (plugin p 1): matrix\\_flops 1.2e+11 FLOP/s (measured)\n");
    assert_has(text, "- Plan: 3 cells, 3 measured repetitions each after 1 for warm-up\n");
    assert_has(text, "- Repetitions: 12 planned, 8 done, 1 failed, 3 not begun\n");
    assert_order(text, "\n> - Random weights.\n", "- Run: r1\n");
    free(text);
    json_decref(manifest);
}
END_TEST

START_TEST(the_terminal_gets_plain_lines)
{
    struct buf b = {0};
    json_t *analysis = sample_analysis();
    report_findings(analysis, 0, &b);
    ck_assert_str_eq(buf_text(&b), "error: big `thing` \ninfo: small thing\n");
    buf_clear(&b);
    report_findings(analysis, 1, &b);
    ck_assert_str_eq(buf_text(&b), "error: big `thing` \n1 more finding is in the report\n");
    buf_free(&b);
    json_decref(analysis);
}
END_TEST

/* A table of that many integer columns and rows; the values of each row differ. */
static json_t *make_table(int columns, int rows)
{
    json_t *head = json_array(), *body = json_array();
    for (int i = 0; i < columns; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        json_array_append_new(head,
                              json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "type",
                                        "integer", "role", "value", "unit", "", "definition", ""));
    }
    for (int r = 0; r < rows; r++) {
        json_t *row = json_array();
        for (int i = 0; i < columns; i++)
            json_array_append_new(row, json_integer(100 * r + i));
        json_array_append_new(body, row);
    }
    return json_pack("{s:[{s:s, s:s, s:s, s:s, s:i, s:o, s:o}]}", "tables", "analyzer", "x", "name",
                     "wide", "title", "Wide", "section", "prefill", "order", 1, "columns", head,
                     "rows", body);
}

static char *render_table(int columns, int rows)
{
    json_t *analysis = make_table(columns, rows);
    char *text = sample_render_of(analysis, NULL, report_markdown);
    json_decref(analysis);
    return text;
}

START_TEST(a_wide_table_says_what_it_leaves_out)
{
    char *text = render_table(20, 1);
    assert_has(text, "| 11 |\n");
    assert_has(text, "Table `x.wide`; 8 more columns in analysis.json.\n");
    free(text);
}
END_TEST

START_TEST(a_long_table_shows_its_first_rows_and_how_many_there_are)
{
    char *text = render_table(2, 49);
    assert_has(text, "| 1100 | 1101 |\n");
    ck_assert_ptr_null(strstr(text, "| 1200 |"));
    assert_has(text, "Table `x.wide`; 12 of its 49 rows are shown, the others are in "
                     "analysis.json.\n");
    free(text);
    text = render_table(2, 48);
    assert_has(text, "| 4700 | 4701 |\n");
    assert_has(text, "Table `x.wide`.\n");
    free(text);
}
END_TEST

START_TEST(what_is_the_same_in_all_rows_takes_no_column)
{
    json_t *analysis = make_table(3, 4), *row;
    size_t i;
    json_t *table = json_array_get(json_object_get(analysis, "tables"), 0);
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        json_array_set_new(row, 1, json_integer(7));
        json_array_set_new(row, 2, json_null());
    }
    char *text = sample_render_of(analysis, NULL, report_markdown);
    assert_has(text, "In all rows: c1 7.\n\n| c0 |\n");
    assert_has(text, "Table `x.wide`; 1 more column in analysis.json.\n");
    free(text);
    json_decref(analysis);
}
END_TEST

START_TEST(many_findings_of_one_kind_are_counted)
{
    json_t *list = json_array();
    for (int i = 0; i < 9; i++) {
        char text[32];
        snprintf(text, sizeof text, "number %d", i);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:[]}", "analyzer", "x", "id",
                                        "often", "severity", "notice", "text", text, "evidence"));
    }
    json_t *analysis = json_pack("{s:o}", "findings", list);
    char *text = sample_render_of(analysis, NULL, report_markdown);
    assert_has(text, "9 notices.");
    assert_has(text, "- **notice** number 3\n- **notice** 5 more `x.often` in analysis.json\n");
    free(text);
    json_decref(analysis);
}
END_TEST

START_TEST(amounts_take_the_larger_unit_where_it_reads_better)
{
    static const struct {
        double x;
        const char *unit, *text;
    } cases[] = {{12, "ms", "12 ms"},       {1452, "ms", "1.452 s"},       {12288, "MiB", "12 GiB"},
                 {1000, "MiB", "1000 MiB"}, {47.5, "tok/s", "47.5 tok/s"}, {16384, "", "16384"},
                 {0.00001, "", "1e-05"}};
    struct buf b = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_clear(&b);
        value_with_unit(&b, cases[i].x, cases[i].unit);
        ck_assert_str_eq(buf_text(&b), cases[i].text);
    }
    buf_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("report");
    TCase *t = tcase_create("report");
    tcase_add_test(t, text_from_outside_stays_text);
    tcase_add_test(t, numbers_are_for_people);
    tcase_add_test(t, any_table_is_rendered);
    tcase_add_test(t, chapters_come_in_the_order_that_a_decision_needs);
    tcase_add_test(t, findings_show_what_they_rest_on);
    tcase_add_test(t, the_manifest_tells_what_the_run_was);
    tcase_add_test(t, the_terminal_gets_plain_lines);
    tcase_add_test(t, a_wide_table_says_what_it_leaves_out);
    tcase_add_test(t, a_long_table_shows_its_first_rows_and_how_many_there_are);
    tcase_add_test(t, what_is_the_same_in_all_rows_takes_no_column);
    tcase_add_test(t, many_findings_of_one_kind_are_counted);
    tcase_add_test(t, amounts_take_the_larger_unit_where_it_reads_better);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
