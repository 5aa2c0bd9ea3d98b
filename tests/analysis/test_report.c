/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/report/markdown.h"
#include "core/report/report.h"

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
        markdown_number(&b, cases[i].x);
        ck_assert_str_eq(buf_text(&b), cases[i].text);
    }
    buf_free(&b);
}
END_TEST

static const char sample[] =
    "{\"schema\": 1, \"run\": {}, \"data\": {\"rows\": 3, \"models\": [\"evil|<b>\"], "
    "\"backends\": "
    "[\"b\"], \"by_status\": {\"ok\": 2, \"oom\": 1}}, \"tables\": ["
    "{\"analyzer\": \"x\", \"name\": \"later\", \"title\": \"Later\", \"section\": \"memory\", "
    "\"order\": 1, \"columns\": [{\"name\": \"a_b\", \"type\": \"integer\", \"unit\": \"MiB\", "
    "\"role\": \"value\", \"definition\": \"an a\"}], \"rows\": [[1234567]]},"
    "{\"analyzer\": \"x\", \"name\": \"own\", \"title\": \"Own\", \"section\": \"my_chapter\", "
    "\"order\": 1, \"columns\": [{\"name\": \"a\", \"type\": \"flag\", \"unit\": \"\", \"role\": "
    "\"value\", \"definition\": \"\"}], \"rows\": [[true], [null]]},"
    "{\"analyzer\": \"x\", \"name\": \"first\", \"title\": \"First | one\", \"section\": "
    "\"prefill\", \"order\": 2, \"columns\": ["
    "{\"name\": \"model\", \"type\": \"text\", \"unit\": \"\", \"role\": \"key\", \"definition\": "
    "\"the model\"},"
    "{\"name\": \"mid\", \"type\": \"number\", \"unit\": \"ms\", \"role\": \"value\", "
    "\"definition\": \"middle\"},"
    "{\"name\": \"lo\", \"type\": \"number\", \"unit\": \"ms\", \"role\": \"low\", \"definition\": "
    "\"\"},"
    "{\"name\": \"hi\", \"type\": \"number\", \"unit\": \"ms\", \"role\": \"high\", "
    "\"definition\": \"\"},"
    "{\"name\": \"deep\", \"type\": \"number\", \"unit\": \"\", \"role\": \"detail\", "
    "\"definition\": \"deep inside\"}],"
    "\"rows\": [[\"evil|<b>\", 1.5, 1.25, 2, 9], [\"n\", 2.5, null, null, 9]]}],"
    "\"findings\": ["
    "{\"analyzer\": \"x\", \"id\": \"small\", \"severity\": \"info\", \"text\": \"small thing\", "
    "\"evidence\": []},"
    "{\"analyzer\": \"x\", \"id\": \"big\", \"severity\": \"error\", \"text\": \"big "
    "`thing`\\u001b\", "
    "\"evidence\": [{\"analyzer\": \"x\", \"table\": \"first\", \"row\": 0, \"column\": "
    "\"mid\"}]}],"
    "\"plots\": []}";

static char *render(const json_t *manifest)
{
    struct buf b = {0};
    json_t *analysis = json_loads(sample, 0, NULL);
    ck_assert_ptr_nonnull(analysis);
    report_markdown(analysis, manifest, &b);
    json_decref(analysis);
    ck_assert(buf_ok(&b));
    return buf_take(&b);
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
    assert_order(text, "## My chapter", "## Definitions");
    assert_has(text, "- Rows with status oom: 1\n");
    assert_has(text, "- `mid` (ms): middle\n");
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
        "\"measured\"}}}], \"counts\": {\"planned\": 9, \"done\": 8, \"failed\": 1}, "
        "\"provenance\": [\"Random weights.\"], \"plan\": {\"cells\": 3, \"repetitions\": 3, "
        "\"warmup\": 1}}",
        0, NULL);
    ck_assert_ptr_nonnull(manifest);
    char *text = render(manifest);
    ck_assert(strncmp(text, "# My &lt;run&gt;\n", 16) == 0);
    assert_has(text, "- Processor: C \\| D\n");
    assert_has(text, "- Backend b (plugin p 1): matrix\\_flops 1.2e+11 FLOP/s (measured)\n");
    assert_has(text, "- Plan: 3 cells, 3 measured repetitions each after 1 for warm-up\n");
    assert_has(text, "- Repetitions: 9 planned, 8 done, 1 failed\n");
    assert_order(text, "## Provenance\n\n- Random weights.\n", "## Findings");
    free(text);
    json_decref(manifest);
}
END_TEST

START_TEST(the_terminal_gets_plain_lines)
{
    struct buf b = {0};
    json_t *analysis = json_loads(sample, 0, NULL);
    report_findings(analysis, 0, &b);
    ck_assert_str_eq(buf_text(&b), "error: big `thing` \ninfo: small thing\n");
    buf_clear(&b);
    report_findings(analysis, 1, &b);
    ck_assert_str_eq(buf_text(&b), "error: big `thing` \n1 more finding is in the report\n");
    buf_free(&b);
    json_decref(analysis);
}
END_TEST

START_TEST(a_wide_table_says_what_it_leaves_out)
{
    json_t *columns = json_array(), *row = json_array();
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        json_array_append_new(columns, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "type",
                                                 "integer", "role", "value", "unit", ""));
        json_array_append_new(row, json_integer(i));
    }
    json_t *table = json_pack("{s:s, s:s, s:o, s:[o]}", "analyzer", "x", "name", "wide", "columns",
                              columns, "rows", row);
    struct buf b = {0};
    markdown_table(&b, table);
    assert_has(buf_text(&b), "| 13 |\n");
    assert_has(buf_text(&b), "Table `x.wide`; 6 more columns in analysis.json.\n");
    buf_free(&b);
    json_decref(table);
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
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
