/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/markup.h"
#include "sample.h"

static void assert_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "'%s' in:\n%s", part, text);
}

START_TEST(markup_stays_text)
{
    static const char *const cases[][2] = {
        {"plain 1.5b", "plain 1.5b"},
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {"\" onclick=\"evil()", "&quot; onclick=&quot;evil()"},
        {"&amp;", "&amp;amp;"},
        {"]]>", "]]&gt;"},
        {"-->", "--&gt;"},
        {"two\nlines\r\x1b[31m", "two lines  [31m"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xff\xc3", "??"},
        {"c1\xc2\x9b", "c1 "},
        {"a\xe2\x80\xae"
         "b",
         "a b"},
        {"\xef\xbf\xbf", " "},
    };
    struct buf b = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_clear(&b);
        markup_text(&b, cases[i][0]);
        ck_assert_str_eq(buf_text(&b), cases[i][1]);
    }
    buf_free(&b);
}
END_TEST

START_TEST(hostile_names_do_no_harm)
{
    json_t *manifest = json_loads(
        "{\"experiment\": \"</title><script>1</script>\", \"provenance\": [\"<img src=x>\"], "
        "\"command\": [\"ctxmark\", \"<i>\"], \"machine\": {\"cpu\": \"<u>\"}, \"models\": "
        "[{\"name\": \"<b>\", \"backend\": \"<s>\", \"facts\": {\"<k>\": {\"text\": \"<v>\"}}}]}",
        0, NULL);
    ck_assert_ptr_nonnull(manifest);
    char *text = sample_render(manifest, report_html);
    static const char *const harmful[] = {"<script", "<img", "<i>", "<u>",     "<b>",
                                          "<s>",     "<k>",  "<v>", "onclick="};
    for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++)
        assert_lacks(text, harmful[i]);
    assert_has(text, "<title>&lt;/title&gt;&lt;script&gt;1&lt;/script&gt;");
    assert_has(text, "evil|&lt;b&gt;");
    free(text);
    json_decref(manifest);
}
END_TEST

START_TEST(the_page_needs_nothing_else)
{
    char *text = sample_render(NULL, report_html);
    assert_has(text, "content=\"default-src 'none'; style-src 'unsafe-inline'\"");
    assert_lacks(text, "src=");
    assert_lacks(text, "<link");
    assert_lacks(text, "@import");
    assert_lacks(text, "url(");
    assert_lacks(text, "href=\"http");
    free(text);
}
END_TEST

START_TEST(tables_say_what_heads_what)
{
    char *text = sample_render(NULL, report_html);
    assert_has(text, "<caption class=\"hidden\">First | one</caption>");
    assert_has(text, "<th scope=\"col\" title=\"the model\">model</th>");
    assert_has(text, "<th scope=\"row\">evil|&lt;b&gt;</th>");
    assert_has(text, "<td class=\"n\">1.5 <span>[1.25, 2]</span></td>");
    assert_has(text, "role=\"region\" aria-labelledby=\"t-x-first-h\" tabindex=\"0\"");
    free(text);
}
END_TEST

START_TEST(findings_lead_to_their_rows)
{
    char *text = sample_render(NULL, report_html);
    assert_has(
        text, "<a href=\"#t-x-first-0\"><code>x.first</code></a> row 0: evil|&lt;b&gt;; mid = 1.5");
    assert_has(text, "<tr id=\"t-x-first-0\">");
    assert_has(text, "<details class=\"table\" id=\"t-x-first\" open>");
    free(text);
}
END_TEST

/* Rows of three keys: model a and b, each at eight contexts. */
static json_t *keyed_table(void)
{
    json_t *rows = json_array();
    for (int m = 0; m < 2; m++)
        for (int i = 0; i < 8; i++)
            json_array_append_new(
                rows, json_pack("[s, s, i, f]", m ? "b" : "a", "prefill", 512 << i, 0.5 + i));
    json_t *columns = json_loads(
        "[{\"name\": \"model\", \"type\": \"text\", \"role\": \"key\", \"unit\": \"\"},"
        " {\"name\": \"mode\", \"type\": \"text\", \"role\": \"key\", \"unit\": \"\"},"
        " {\"name\": \"context_length\", \"type\": \"integer\", \"role\": \"key\", \"unit\": "
        "\"tokens\"},"
        " {\"name\": \"median\", \"type\": \"number\", \"role\": \"value\", \"unit\": \"ms\"}]",
        0, NULL);
    return json_pack("{s:[{s:s, s:s, s:s, s:s, s:i, s:o, s:o}]}", "tables", "analyzer", "x", "name",
                     "keyed", "title", "Keyed", "section", "decode", "order", 1, "columns", columns,
                     "rows", rows);
}

START_TEST(rows_of_one_series_stand_under_its_name)
{
    json_t *analysis = keyed_table();
    char *text = sample_render_of(analysis, NULL, report_html);
    assert_has(text, "<th scope=\"rowgroup\" colspan=\"2\"><span>a</span></th>");
    assert_has(text, "<th scope=\"rowgroup\" colspan=\"2\"><span>b</span></th>");
    assert_has(text, "<th scope=\"row\" class=\"n\">65536</th>");
    assert_has(text, "In all rows: mode prefill. ");
    free(text);
    json_decref(analysis);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("html");
    TCase *t = tcase_create("html");
    tcase_add_test(t, markup_stays_text);
    tcase_add_test(t, hostile_names_do_no_harm);
    tcase_add_test(t, the_page_needs_nothing_else);
    tcase_add_test(t, tables_say_what_heads_what);
    tcase_add_test(t, findings_lead_to_their_rows);
    tcase_add_test(t, rows_of_one_series_stand_under_its_name);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
