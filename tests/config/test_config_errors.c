/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/config/error_cases.h"
#include "tests/config/support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void expect(struct reading r, const char *message)
{
    ck_assert_msg(r.config == NULL, "no error, but expected: %s", message);
    ck_assert_ptr_null(r.registry);
    ck_assert_str_eq(r.e.text, message);
}

START_TEST(wrong_yaml_is_located)
{
    expect(read_text(yaml_errors[_i].text, NULL, NULL), yaml_errors[_i].message);
}
END_TEST

START_TEST(wrong_config_is_located)
{
    expect(read_text(config_errors[_i].text, NULL, NULL), config_errors[_i].message);
}
END_TEST

START_TEST(wrong_override_is_named)
{
    expect(read_text("context_lengths: [128]\nmodels: [{name: m, path: x}]\nbackends: [fake]\n"
                     "seed: 1\nfacts: {a.b: 1}\n",
                     set_errors[_i].key, set_errors[_i].value),
           set_errors[_i].message);
}
END_TEST

START_TEST(missing_file_is_refused)
{
    expect(read_path("no/such.yaml"),
           "no/such.yaml: cannot be read: No such file or directory; check the path");
}
END_TEST

START_TEST(folder_is_refused)
{
    expect(read_path("."), ".: is a folder; name a file in it");
}
END_TEST

START_TEST(large_file_is_refused)
{
    size_t len = (1 << 20) + 1;
    char *text = malloc(len);
    ck_assert_ptr_nonnull(text);
    memset(text, '#', len);
    write_file("large.yaml", text, len);
    free(text);
    expect(read_path("large.yaml"), "large.yaml: is larger than 1024 KiB; use a shorter file");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_located)
{
    write_file("c.yaml", "seed: 1\nexperiment: \xff\n", 22);
    expect(read_path("c.yaml"), "c.yaml:2:13: not UTF-8 text; save the file as UTF-8");
}
END_TEST

START_TEST(nul_byte_is_located)
{
    write_file("c.yaml", "seed: 1\nexperi\0ment: a\n", 23);
    expect(read_path("c.yaml"), "c.yaml:2:7: a control character; remove it");
}
END_TEST

/* Each line names the one before it ten times: 10^7 values from a few hundred bytes. */
START_TEST(alias_bomb_is_refused)
{
    struct buf text = {0};
    buf_puts(&text, "a0: &a0 [x]\n");
    for (int i = 1; i < 8; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        buf_puts(&text, "]\n");
    }
    struct reading r = read_text(buf_text(&text), NULL, NULL);
    buf_free(&text);
    expect(r,
           "c.yaml:7:5: more than 1000000 values once aliases are expanded; write fewer aliases");
}
END_TEST

/* Aliases nest as deep as what they stand for. */
START_TEST(depth_by_aliases_is_refused)
{
    struct buf text = {0};
    buf_puts(&text, "a0: &a0 [x]\n");
    for (int i = 1; i < 80; i++)
        buf_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    struct reading r = read_text(buf_text(&text), NULL, NULL);
    buf_free(&text);
    expect(r, "c.yaml:63:6: nested deeper than 64 levels; flatten it");
}
END_TEST

/* A million brackets: the parser must not be let into them. */
START_TEST(endless_nesting_is_refused)
{
    size_t len = 1 << 20;
    char *text = malloc(len);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', len);
    write_file("c.yaml", text, len);
    free(text);
    expect(read_path("c.yaml"), "c.yaml:1:65: nested deeper than 64 levels; flatten it");
}
END_TEST

START_TEST(prompt_file_must_be_a_file)
{
    ck_assert_int_eq(mkdir("prompts", 0700), 0);
    struct reading r = read_with("prompt: {file: prompts}");
    ck_assert_ptr_null(r.config);
    ck_assert_int_eq(strncmp(r.e.text, "c.yaml:4:16: prompt file '/", 27), 0);
    ck_assert_ptr_nonnull(strstr(r.e.text, "/prompts' is a folder; name a file in it"));
}
END_TEST

START_TEST(prompt_file_must_be_utf8)
{
    write_file("p.txt", "a\xff", 2);
    struct reading r = read_with("prompt: {file: p.txt}");
    expect(r, "c.yaml:4:16: the prompt is not UTF-8 text; save the file as UTF-8");
}
END_TEST

static Suite *suite(void)
{
    int yaml = 0, config = 0, set = 0;
    while (yaml_errors[yaml].text)
        yaml++;
    while (config_errors[config].text)
        config++;
    while (set_errors[set].key)
        set++;
    Suite *s = suite_create("config errors");
    TCase *c = tcase_create("errors");
    tcase_add_checked_fixture(c, enter_folder, leave_folder);
    tcase_add_loop_test(c, wrong_yaml_is_located, 0, yaml);
    tcase_add_loop_test(c, wrong_config_is_located, 0, config);
    tcase_add_loop_test(c, wrong_override_is_named, 0, set);
    tcase_add_test(c, missing_file_is_refused);
    tcase_add_test(c, folder_is_refused);
    tcase_add_test(c, large_file_is_refused);
    tcase_add_test(c, text_that_is_not_utf8_is_located);
    tcase_add_test(c, nul_byte_is_located);
    tcase_add_test(c, alias_bomb_is_refused);
    tcase_add_test(c, depth_by_aliases_is_refused);
    tcase_add_test(c, endless_nesting_is_refused);
    tcase_add_test(c, prompt_file_must_be_a_file);
    tcase_add_test(c, prompt_file_must_be_utf8);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
