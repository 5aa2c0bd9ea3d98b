/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the loader refuses, word for word, and that old and new plugins load.  In this process where
 * the plugin lets it live, in a probe child (this program again) where it does not. */

#include "config.h"

#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>

#include "core/base/child.h"
#include "core/base/sha256.h"
#include "core/plugin/load.h"
#include "core/plugin/probe.h"

/* "FILE" in the words stands for the mock's path. */
static void expect_words(const char *got, const char *path, const char *words)
{
    char expected[8192];
    size_t n = 0;
    for (const char *p = words; *p && n + 1 < sizeof expected; p++) {
        if (strncmp(p, "FILE", 4) == 0) {
            n += (size_t)snprintf(expected + n, sizeof expected - n, "%s", path);
            p += 3;
        } else
            expected[n++] = *p;
    }
    expected[n] = '\0';
    ck_assert_str_eq(got, expected);
}

static void expect_refusal(const char *mock, const char *words)
{
    struct err e = {""};
    const struct ctxmark_plugin *p = NULL;
    const char *path = support_mock(mock);
    ck_assert_int_eq(plugin_load(path, NULL, PLUGIN_BIND_NOW, &p, &e), -1);
    ck_assert_ptr_null(p);
    expect_words(e.text, path, words);
}

static void expect_probe_refusal(const char *mock, const char *words)
{
    struct err e = {""};
    const char *path = support_mock(mock);
    ck_assert_ptr_null(probe_descriptor(path, &e));
    expect_words(e.text, path, words);
}

START_TEST(another_major_names_both_versions_and_the_remedy)
{
    expect_refusal("mock_major_2",
                   "FILE was built for plugin interface 2.0, and this ctxmark (" PACKAGE_VERSION
                   ") has 1.0: install a newer ctxmark");
    expect_refusal("mock_major_0",
                   "FILE was built for plugin interface 0.0, and this ctxmark (" PACKAGE_VERSION
                   ") has 1.0: rebuild the plugin, or install a newer one");
}
END_TEST

START_TEST(an_unknown_need_is_refused)
{
    expect_refusal("mock_needs",
                   "FILE (plugin interface 1.0) needs features that this ctxmark (" PACKAGE_VERSION
                   ", 1.0) does not have (bits 8000000000000001): install a newer ctxmark");
}
END_TEST

START_TEST(a_descriptor_that_is_none_is_refused)
{
    expect_refusal("mock_magic", "FILE is no ctxmark plugin: its descriptor begins with 12345678, "
                                 "not 6b6d7463");
    expect_refusal("mock_null", "FILE: ctxmark_plugin_query() returns nothing");
    expect_refusal("mock_kind", "FILE: the descriptor's kind is 3; backends are 1, analyzers 2");
    expect_refusal("mock_name", "FILE: the descriptor's name must be [a-z][a-z0-9_]*");
    expect_refusal("mock_no_run", "FILE: a backend needs open, load and run");
}
END_TEST

START_TEST(a_descriptor_that_is_too_short_is_refused)
{
    char words[200];
    snprintf(words, sizeof words,
             "FILE has a descriptor of %zu bytes and options of %zu: the plugin was built wrongly",
             sizeof(struct ctxmark_head), sizeof(struct ctxmark_option));
    expect_refusal("mock_tiny", words);
}
END_TEST

START_TEST(a_symbol_of_its_own_is_needed)
{
    expect_refusal("mock_no_symbol",
                   "FILE is no ctxmark plugin: it does not export ctxmark_plugin_query() (write "
                   "CTXMARK_PLUGIN(descriptor) at the end of its source)");
    expect_refusal("mock_borrowed", "FILE is no ctxmark plugin: ctxmark_plugin_query() comes from "
                                    "a library it links to, not from itself");
}
END_TEST

START_TEST(what_cannot_be_opened_says_why)
{
    struct err e = {""};
    const struct ctxmark_plugin *p;
    const char *path = support_mock("mock_unresolved");
    ck_assert_int_eq(plugin_load(path, NULL, PLUGIN_BIND_NOW, &p, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, path));
    ck_assert_ptr_nonnull(strstr(e.text, "mock_function_that_nobody_has"));
    path = support_write("text.so", "no shared object");
    ck_assert_int_eq(plugin_load(path, NULL, PLUGIN_BIND_NOW, &p, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "text.so cannot be opened: "));
}
END_TEST

START_TEST(a_file_that_changed_is_refused)
{
    struct err e = {""};
    const struct ctxmark_plugin *p;
    char hash[65];
    ck_assert_int_eq(sha256_file(support_mock("mock_ok"), hash, &e), 0);
    ck_assert_int_eq(plugin_load(support_mock("mock_ok"), hash, PLUGIN_BIND_NOW, &p, &e), 0);
    hash[0] = hash[0] == '0' ? '1' : '0';
    ck_assert_int_eq(plugin_load(support_mock("mock_ok"), hash, PLUGIN_BIND_NOW, &p, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "changed between being examined and being loaded"));
}
END_TEST

START_TEST(a_plugin_of_an_earlier_time_gets_zeros_behind_its_end)
{
    struct err e = {""};
    const struct ctxmark_plugin *p;
    ck_assert_msg(plugin_load(support_mock("mock_shorter"), NULL, PLUGIN_BIND_NOW, &p, &e) == 0,
                  "%s", e.text);
    ck_assert_ptr_null(p->analyzer);
    ck_assert_ptr_nonnull(p->backend->run);
    ck_assert(p->backend->unload == NULL);
    ck_assert(p->backend->close == NULL);
}
END_TEST

START_TEST(a_plugin_of_a_later_minor_is_read_by_its_own_strides)
{
    struct err e = {""};
    const struct ctxmark_plugin *p;
    ck_assert_msg(plugin_load(support_mock("mock_newer"), NULL, PLUGIN_BIND_NOW, &p, &e) == 0, "%s",
                  e.text);
    ck_assert_uint_eq(p->metric_count, 3);
    ck_assert_str_eq(p->metrics[1].name, "mock_second");
    ck_assert_str_eq(p->metrics[2].name, "mock_third");
    struct descriptor *d = probe_descriptor(support_mock("mock_newer"), &e);
    ck_assert_msg(d != NULL, "%s", e.text);
    ck_assert_uint_eq(d->abi_minor, 7);
    ck_assert_uint_eq(d->option_count, 2);
    ck_assert_str_eq(d->options[1].name, "second");
    ck_assert_str_eq(d->options[1].default_text, "two");
    ck_assert_uint_eq(d->metric_count, 3);
    ck_assert_str_eq(d->metrics[2].name, "mock_third");
    descriptor_free(d);
}
END_TEST

START_TEST(a_plugin_of_1_0_loads)
{
    struct err e = {""};
    const struct ctxmark_plugin *p;
    ck_assert_msg(plugin_load(support_mock("mock_1_0"), NULL, PLUGIN_BIND_NOW, &p, &e) == 0, "%s",
                  e.text);
    ck_assert_str_eq(p->name, "mock_1_0");
    ck_assert_ptr_nonnull(p->backend->run);
}
END_TEST

START_TEST(a_probe_tells_all_of_a_descriptor)
{
    struct err e = {""};
    struct descriptor *d = probe_descriptor(support_mock("mock_ok"), &e);
    ck_assert_msg(d != NULL, "%s", e.text);
    ck_assert_str_eq(d->name, "mock_ok");
    ck_assert_str_eq(d->path, support_mock("mock_ok"));
    ck_assert_uint_eq(strlen(d->sha256), 64);
    ck_assert_uint_eq(d->kind, CTXMARK_BACKEND);
    ck_assert_uint_eq(d->capabilities, CTXMARK_CAN_TOKENS | CTXMARK_CAN_TEXT | CTXMARK_CAN_EXACT);
    const struct option_schema *o = descriptor_option(d, "status");
    ck_assert_ptr_nonnull(o);
    ck_assert_uint_eq(o->type, CTXMARK_TYPE_CHOICE);
    ck_assert_str_eq(o->choices[1], "oom");
    o = descriptor_option(d, "prefill_us");
    ck_assert_double_eq(o->max, 1e9);
    ck_assert_str_eq(o->unit, "us");
    ck_assert_ptr_null(descriptor_option(d, "none"));
    ck_assert_ptr_null(descriptor_serves(d));
    ck_assert_uint_eq(d->metric_count, 2);
    descriptor_free(d);
}
END_TEST

START_TEST(a_plugin_that_dies_while_being_read_is_refused)
{
    expect_probe_refusal("mock_crash_constructor",
                         "FILE cannot be used: the process that opened it was killed by signal 11 "
                         "(Segmentation fault)");
    expect_probe_refusal("mock_crash_query",
                         "FILE cannot be used: the process that opened it was killed by signal 11 "
                         "(Segmentation fault)");
    expect_probe_refusal("mock_exit_constructor",
                         "FILE cannot be used: the process that opened it was ended by the plugin");
}
END_TEST

START_TEST(a_constructor_that_hangs_is_refused)
{
    expect_probe_refusal("mock_hang_constructor",
                         "FILE does not answer: it hung for 10 s while it was examined");
}
END_TEST

START_TEST(a_query_that_hangs_is_refused)
{
    expect_probe_refusal("mock_hang_query",
                         "FILE does not answer: it hung for 10 s while it was examined");
}
END_TEST

static void expect_probe(const char *fault, int works, const char *words)
{
    struct err e = {""};
    const char *path = support_mock("mock_fault");
    struct descriptor *d = probe_descriptor(path, &e);
    ck_assert_msg(d != NULL, "%s", e.text);
    json_t *options = json_pack("{s:s, s:s}", "at", "probe", "fault", fault);
    ck_assert_int_eq(probe_backend(d, options, &e), works);
    expect_words(e.text, path, words);
    json_decref(options);
    descriptor_free(d);
}

START_TEST(a_backend_says_whether_it_can_work_here)
{
    expect_probe("unavailable", 0, "probe found no device");
    expect_probe("crash", -1,
                 "FILE cannot be used: the process that opened it was killed by signal 11 "
                 "(Segmentation fault)");
    expect_probe("exit", -1,
                 "FILE cannot be used: the process that opened it was ended with exit status 3");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, another_major_names_both_versions_and_the_remedy);
    tcase_add_test(t, an_unknown_need_is_refused);
    tcase_add_test(t, a_descriptor_that_is_none_is_refused);
    tcase_add_test(t, a_descriptor_that_is_too_short_is_refused);
    tcase_add_test(t, a_symbol_of_its_own_is_needed);
    tcase_add_test(t, what_cannot_be_opened_says_why);
    tcase_add_test(t, a_file_that_changed_is_refused);
    tcase_add_test(t, a_plugin_of_an_earlier_time_gets_zeros_behind_its_end);
    tcase_add_test(t, a_plugin_of_a_later_minor_is_read_by_its_own_strides);
    tcase_add_test(t, a_plugin_of_1_0_loads);
    tcase_add_test(t, a_probe_tells_all_of_a_descriptor);
    tcase_add_test(t, a_plugin_that_dies_while_being_read_is_refused);
    tcase_add_test(t, a_constructor_that_hangs_is_refused);
    tcase_add_test(t, a_query_that_hangs_is_refused);
    tcase_add_test(t, a_backend_says_whether_it_can_work_here);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], CHILD_ARGUMENT "probe") == 0)
        return probe_child_main();
    return support_run("load", add);
}
